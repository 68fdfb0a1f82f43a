#include "runner/data_remarks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>

#include <Eigen/Eigenvalues>

namespace pushforward::runner {

namespace {

// Squares of numbers 1e8 times as large as their differences have no digit of these left.
constexpr double most_size_to_spread = 1e8;
constexpr double most_condition = 1e12;

std::string rounded(double x) {
  std::array<char, 32> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%.2g", x);
  return buffer.data();
}

/// "3 coordinates, the first 0" or "coordinate 0", counted from 0.
std::string coordinates(const std::vector<Index>& found) {
  const std::string first = std::to_string(found.front());
  if (found.size() == 1) return "coordinate " + first + " (from 0)";
  return std::to_string(found.size()) + " coordinates (the first is " + first + ", from 0)";
}

/// The interquartile range, or the standard deviation where half of the values agree.
double spread(Vector values) {
  const auto quantile = [&](Index rank) {
    std::nth_element(values.data(), values.data() + rank, values.data() + values.size());
    return values(rank);
  };
  const Index n = values.size();
  const double range = quantile(3 * (n - 1) / 4) - quantile((n - 1) / 4);
  if (range > 0.0) return range;
  const double mean = values.mean();
  return std::sqrt((values.array() - mean).square().mean());
}

Index repeated_points(PointsIn points) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto less = [&](Index a, Index b) {
    const double* const p = points.col(a).data();
    const double* const q = points.col(b).data();
    return std::lexicographical_compare(p, p + points.rows(), q, q + points.rows());
  };
  std::sort(order.begin(), order.end(), less);
  Index repeated = 0;
  for (std::size_t k = 1; k < order.size(); ++k) {
    if (!less(order[k - 1], order[k])) ++repeated;
  }
  return repeated;
}

/// Classes or counts: that they repeat is what they are for.
bool whole_numbers(PointsIn points) {
  return points.rows() == 1 && (points.array() == points.array().floor()).all();
}

/// Largest over smallest eigenvalue of the covariance of the rows `varying`; infinite if singular
/// to rounding. Of many points every k-th is taken, for about a second's work.
double condition(PointsIn points, const std::vector<Index>& varying) {
  const auto d = static_cast<Index>(varying.size());
  const Index most = std::max<Index>(d + 1, Index{2'000'000'000} / (d * d));
  const Index stride = (points.cols() + most - 1) / most;
  const Index n = points.cols() / stride;
  Eigen::MatrixXd centred(d, n);
  for (Index i = 0; i < d; ++i) {
    const Index row = varying[static_cast<std::size_t>(i)];
    for (Index j = 0; j < n; ++j) centred(i, j) = points(row, j * stride);
    centred.row(i).array() -= centred.row(i).mean();
  }
  Eigen::MatrixXd covariance(d, d);
  covariance.noalias() = centred * centred.transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance, Eigen::EigenvaluesOnly);
  const auto& values = solver.eigenvalues();
  const double rounding = 1e-15 * static_cast<double>(d) * values(d - 1);
  return values(0) > rounding ? values(d - 1) / values(0) : std::numeric_limits<double>::infinity();
}

}  // namespace

std::vector<std::string> data_remarks(PointsIn points) {
  std::vector<std::string> remarks;
  if (points.cols() < 2) return remarks;
  std::vector<Index> constant, varying, far;
  double worst = 0.0;
  for (Index i = 0; i < points.rows(); ++i) {
    if (points.row(i).maxCoeff() == points.row(i).minCoeff()) {
      constant.push_back(i);
      continue;
    }
    varying.push_back(i);
    const double ratio = points.row(i).cwiseAbs().maxCoeff() / spread(points.row(i).transpose());
    if (!(ratio > most_size_to_spread)) continue;
    far.push_back(i);
    worst = std::max(worst, ratio);
  }
  if (!constant.empty()) {
    remarks.push_back(coordinates(constant) + (constant.size() == 1 ? " is" : " are") +
                      " the same in all points; leave out what carries nothing");
  }
  if (!far.empty()) {
    remarks.push_back(coordinates(far) + " reach" + (far.size() == 1 ? "es " : " ") +
                      rounded(worst) +
                      " times the spread of the values, above 1e8: squared distances keep no "
                      "digit; look for outliers, and subtract what all values share");
  }
  const auto axes = static_cast<Index>(varying.size());
  if (axes > 1 && axes <= most_axes && points.cols() > axes) {
    const double number = condition(points, varying);
    if (number > most_condition) {
      remarks.push_back("the covariance of the coordinates " +
                        (std::isinf(number) ? "is singular to rounding"
                                            : "has condition number " + rounded(number)) +
                        " (the limit is 1e12): some coordinates follow from others, or their units "
                        "differ widely; leave out the former, rescale the latter");
    }
  }
  const Index repeated = whole_numbers(points) ? 0 : repeated_points(points);
  if (repeated > 0) {
    remarks.push_back(std::to_string(repeated) +
                      (repeated == 1 ? " point repeats" : " points repeat") +
                      " an earlier one; if that is not meant, merge them and give weights");
  }
  return remarks;
}

}  // namespace pushforward::runner
