#include "pushforward/core/measure.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

namespace pushforward {
namespace {

constexpr const char* here = "DiscreteMeasure";

// Neumaier's sum: its error does not grow with n, so the 1e-9 below judges the weights alone.
double compensated_sum(VectorIn x) {
  double sum = 0.0;
  double lost = 0.0;
  for (Index i = 0; i < x.size(); ++i) {
    const double next = sum + x[i];
    lost += std::abs(sum) >= std::abs(x[i]) ? (sum - next) + x[i] : (x[i] - next) + sum;
    sum = next;
  }
  // Past the largest double the corrections are inf - inf.
  return std::isfinite(sum) ? sum + lost : sum;
}

void check_support(const Matrix& points) {
  require(points.rows() >= 1, here, "points.rows()", points.rows(), "at least one dimension");
  require(points.cols() >= 1, here, "points.cols()", points.cols(), "at least one point");
  detail::require_finite(points, here, "points");
}

}  // namespace

namespace detail {

void require_finite(PointsIn points, const char* where, const char* argument) {
  for (Index j = 0; j < points.cols(); ++j) {
    for (Index i = 0; i < points.rows(); ++i) {
      if (std::isfinite(points(i, j))) continue;
      throw_invalid(
          where, std::string(argument) + "(" + std::to_string(i) + ", " + std::to_string(j) + ")",
          shown(points(i, j)), "a finite coordinate");
    }
  }
}

}  // namespace detail

DiscreteMeasure::DiscreteMeasure(Matrix points, Vector weights, Mass mass)
    : points_(std::move(points)), weights_(std::move(weights)) {
  check_support(points_);
  require(weights_.size() == points_.cols(), here, "weights.size()", weights_.size(),
          std::to_string(points_.cols()) + ", one per point");
  for (Index i = 0; i < weights_.size(); ++i) {
    if (std::isfinite(weights_[i]) && weights_[i] >= 0.0) continue;
    detail::throw_invalid(here, "weights[" + std::to_string(i) + "]", detail::shown(weights_[i]),
                          "a finite number of at least 0");
  }
  const double sum = compensated_sum(weights_);
  require(sum > 0.0, here, "sum of weights", sum, "a positive sum");
  if (mass == Mass::normalise) {
    // Scaled by the largest first: a sum may overflow, or its reciprocal.
    weights_ /= weights_.maxCoeff();
    weights_ /= compensated_sum(weights_);
  } else {
    require(std::abs(sum - 1.0) <= 1e-9, here, "sum of weights", sum,
            "1 within 1e-9; pass Mass::normalise to divide by the sum");
    // Weights that are right to rounding stay as given: 1 / n stays 1 / n.
    if (std::abs(sum - 1.0) > 1e-15) weights_ /= sum;
  }
}

DiscreteMeasure DiscreteMeasure::uniform(Matrix points) {
  check_support(points);
  const Index n = points.cols();
  return {std::move(points), Vector::Constant(n, 1.0 / static_cast<double>(n))};
}

bool DiscreteMeasure::has_uniform_weights() const {
  return (weights_.array() == weights_[0]).all();
}

Vector DiscreteMeasure::mean() const { return points_ * weights_; }

Matrix DiscreteMeasure::covariance() const {
  const Matrix centred = points_.colwise() - mean();
  return centred * weights_.asDiagonal() * centred.transpose();
}

}  // namespace pushforward
