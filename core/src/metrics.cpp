#include "pushforward/core/metrics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/stats.hpp"

#include "core/src/parallel.hpp"

namespace pushforward {
namespace {

constexpr Index tile_rows = 64;
constexpr Index tile_columns = 256;
constexpr Index median_points = 1000;

void check_samples(PointsIn x, PointsIn y, const char* where) {
  require(x.rows() >= 1, where, "x.rows()", x.rows(), "at least 1");
  require(y.rows() == x.rows(), where, "y.rows()", y.rows(), "the dimension of x");
  require(x.cols() >= 2, where, "x.cols()", x.cols(), "at least two points");
  require(y.cols() >= 2, where, "y.cols()", y.cols(), "at least two points");
  detail::require_finite(x, where, "x");
  detail::require_finite(y, where, "y");
}

// For each column of x: sum over the columns of y of kernel(squared distance). The kernel maps an
// array of squared distances in place.
template <class Kernel>
Vector kernel_sums(PointsIn x, PointsIn y, int threads, const Kernel& kernel) {
  Vector sums = Vector::Zero(x.cols());
  detail::parallel_blocks(x.cols(), tile_rows, threads, [&](Index begin, Index end, Index) {
    Matrix tile(end - begin, std::min(tile_columns, y.cols()));
    for (Index at = 0; at < y.cols(); at += tile_columns) {
      const Index width = std::min(tile_columns, y.cols() - at);
      auto part = tile.leftCols(width);
      squared_euclidean(x.middleCols(begin, end - begin), y.middleCols(at, width), part, 1);
      kernel(part);
      sums.segment(begin, end - begin) += part.rowwise().sum();
    }
  });
  return sums;
}

// For each entry of x: sum over y of |x_i - y_j|, by sorting y.
Vector line_sums(VectorIn x, VectorIn y) {
  Vector sorted = y;
  std::sort(sorted.data(), sorted.data() + sorted.size());
  Vector below = Vector::Zero(y.size() + 1);  // below[c]: sum of the c least
  for (Index c = 0; c < y.size(); ++c) below[c + 1] = below[c] + sorted[c];
  const double total = below[y.size()];
  Vector sums(x.size());
  for (Index i = 0; i < x.size(); ++i) {
    const Index c =
        std::upper_bound(sorted.data(), sorted.data() + sorted.size(), x[i]) - sorted.data();
    sums[i] = x[i] * static_cast<double>(2 * c - y.size()) + total - 2.0 * below[c];
  }
  return sums;
}

struct KernelSums {
  Vector x_to_x, x_to_y, y_to_y, y_to_x;  // the point itself left out
};

// E k(x, x') + E k(y, y') - 2 E k(x, y). Its first-order term at x_i is 2 a_i with
// a_i = E k(x_i, x') - E k(x_i, y), and likewise b_j: the variance is
// 4 Var(a) / n + 4 Var(b) / m up to second-order terms, which estimated a_i include.
Estimate discrepancy(const KernelSums& sums) {
  const auto n = static_cast<double>(sums.x_to_x.size());
  const auto m = static_cast<double>(sums.y_to_y.size());
  RunningMoments a, b;
  a.add(sums.x_to_x / (n - 1.0) - sums.x_to_y / m);
  b.add(sums.y_to_y / (m - 1.0) - sums.y_to_x / n);
  return {a.mean() + b.mean(), 2.0 * std::hypot(a.standard_error(), b.standard_error())};
}

// P(sup |Brownian bridge| > t).
double kolmogorov_tail(double t) {
  if (t < 0.2) return 1.0;  // the rest is below 1e-12
  double tail = 0.0;
  for (int k = 1; k <= 100; ++k) {
    const double term = 2.0 * std::exp(-2.0 * k * k * t * t);
    tail += k % 2 == 1 ? term : -term;
    if (term < 1e-18) break;
  }
  return std::clamp(tail, 0.0, 1.0);
}

}  // namespace

double median_distance(PointsIn x, PointsIn y) {
  check_samples(x, y, "median_distance");
  const Index total = x.cols() + y.cols();
  const Index used = std::min(total, median_points);
  Matrix points(x.rows(), used);
  for (Index k = 0; k < used; ++k) {
    const Index at = k * total / used;
    points.col(k) = at < x.cols() ? x.col(at) : y.col(at - x.cols());
  }
  Matrix squared(used, used);
  squared_euclidean(points, points, squared, 1);
  std::vector<double> pairs;
  pairs.reserve(static_cast<std::size_t>(used * (used - 1) / 2));
  for (Index j = 1; j < used; ++j) {
    for (Index i = 0; i < j; ++i) pairs.push_back(squared(i, j));
  }
  const auto middle = pairs.begin() + static_cast<std::ptrdiff_t>(pairs.size() / 2);
  std::nth_element(pairs.begin(), middle, pairs.end());
  return *middle > 0.0 ? std::sqrt(*middle) : 1.0;
}

Estimate mmd_squared(PointsIn x, PointsIn y, const MmdOptions& options) {
  validate_fields("MmdOptions", options);
  check_samples(x, y, "mmd_squared");
  const double bandwidth = options.bandwidth ? *options.bandwidth : median_distance(x, y);
  const double factor = -0.5 / (bandwidth * bandwidth);
  const auto gaussian = [factor](auto& squared) {
    squared = (factor * squared.array()).exp().matrix();
  };
  const int threads = options.threads;
  KernelSums sums{kernel_sums(x, x, threads, gaussian), kernel_sums(x, y, threads, gaussian),
                  kernel_sums(y, y, threads, gaussian), kernel_sums(y, x, threads, gaussian)};
  sums.x_to_x.array() -= 1.0;  // k(x_i, x_i), exactly
  sums.y_to_y.array() -= 1.0;
  return discrepancy(sums);
}

Estimate energy_distance(PointsIn x, PointsIn y, int threads) {
  check_samples(x, y, "energy_distance");
  KernelSums sums;
  if (x.rows() == 1) {
    // Far from the origin the prefix sums would cancel: measure from the mean.
    const double centre = 0.5 * (x.mean() + y.mean());
    const Vector on_x = x.row(0).transpose().array() - centre;
    const Vector on_y = y.row(0).transpose().array() - centre;
    sums = {line_sums(on_x, on_x), line_sums(on_x, on_y), line_sums(on_y, on_y),
            line_sums(on_y, on_x)};
  } else {
    const auto distance = [](auto& squared) { squared = squared.array().sqrt().matrix(); };
    sums = {kernel_sums(x, x, threads, distance), kernel_sums(x, y, threads, distance),
            kernel_sums(y, y, threads, distance), kernel_sums(y, x, threads, distance)};
  }
  const Estimate estimate = discrepancy(sums);
  return {-estimate.value, estimate.standard_error};
}

GoodnessOfFit kolmogorov_smirnov_two_sample(VectorIn x, VectorIn y) {
  constexpr const char* here = "kolmogorov_smirnov_two_sample";
  require(x.size() >= 1, here, "x.size()", x.size(), "at least one number");
  require(y.size() >= 1, here, "y.size()", y.size(), "at least one number");
  detail::require_finite(x, here, "x");
  detail::require_finite(y, here, "y");
  Vector a = x, b = y;
  std::sort(a.data(), a.data() + a.size());
  std::sort(b.data(), b.data() + b.size());
  const Index n = a.size();
  const Index m = b.size();
  Index largest = 0;  // of |F_n - G_m| n m, a whole number
  for (Index i = 0, j = 0; i < n && j < m;) {
    const double at = std::min(a[i], b[j]);
    while (i < n && a[i] == at) ++i;
    while (j < m && b[j] == at) ++j;
    largest = std::max(largest, std::abs(i * m - j * n));
  }
  const auto nm = static_cast<double>(n) * static_cast<double>(m);
  const double statistic = static_cast<double>(largest) / nm;
  return {statistic, kolmogorov_tail(statistic * std::sqrt(nm / static_cast<double>(n + m)))};
}

}  // namespace pushforward
