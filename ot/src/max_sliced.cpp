#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/ot/sliced.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "max_sliced_wasserstein_2_squared";

/// W_2^2 along a direction, and its gradient in the direction.
struct Slice {
  double value = 0.0;
  Vector gradient;
};

std::vector<Index> order_along(const Vector& places) {
  std::vector<Index> order(static_cast<std::size_t>(places.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index i, Index j) { return places[i] < places[j]; });
  return order;
}

Slice slice(PointsIn x, PointsIn y, const Vector& direction) {
  const Vector on_x = x.transpose() * direction, on_y = y.transpose() * direction;
  const std::vector<Index> order_x = order_along(on_x), order_y = order_along(on_y);
  const Index n = x.cols(), m = y.cols();
  Slice out{0.0, Vector::Zero(x.rows())};
  // Cumulated masses in units of 1 / (n m) are whole numbers.
  Index at = 0;
  for (Index i = 0, j = 0; i < n && j < m;) {
    const Index next = std::min((i + 1) * m, (j + 1) * n);
    const Index from = order_x[static_cast<std::size_t>(i)];
    const Index to = order_y[static_cast<std::size_t>(j)];
    const double gap = on_x[from] - on_y[to];
    const double mass = static_cast<double>(next - at);
    out.value += mass * gap * gap;
    out.gradient += (2.0 * mass * gap) * (x.col(from) - y.col(to));
    at = next;
    if (next == (i + 1) * m) ++i;
    if (next == (j + 1) * n) ++j;
  }
  const double total = static_cast<double>(n) * static_cast<double>(m);
  out.value /= total;
  out.gradient /= total;
  return out;
}

struct Ascent {
  Vector direction;
  double value = 0.0;
  double residual = 0.0;
  std::int64_t steps = 0;
};

Ascent ascend(PointsIn x, PointsIn y, Vector direction, const MaxSlicedOptions& options) {
  constexpr double sufficient = 0.1;  // share of the first-order gain that a step must have
  constexpr double smallest_step = 1e-12;
  Slice now = slice(x, y, direction);
  Ascent out;
  double step = 1.0;  // as an angle, per relative gradient
  for (;;) {
    const Vector tangent = now.gradient - now.gradient.dot(direction) * direction;
    const double length = tangent.norm();
    out.residual = now.value > 0.0 ? length / now.value : length;
    if (out.residual <= options.tolerance || out.steps >= options.max_iterations) break;
    bool moved = false;
    for (; step > smallest_step; step *= 0.5) {
      const double angle = std::min(step * out.residual, 1.5);
      const Vector trial =
          (std::cos(angle) * direction + (std::sin(angle) / length) * tangent).normalized();
      Slice there = slice(x, y, trial);
      if (there.value >= now.value + sufficient * angle * length) {
        direction = trial;
        now = std::move(there);
        moved = true;
        break;
      }
    }
    if (!moved) break;  // rounding, or a kink where two couplings tie
    step = std::min(2.0 * step, 1e6);
    ++out.steps;
  }
  out.value = now.value;
  out.direction = std::move(direction);
  return out;
}

}  // namespace

MaxSlicedDistance max_sliced_wasserstein_2_squared(PointsIn x, PointsIn y, const RngKey& key,
                                                   const MaxSlicedOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  validate_fields("MaxSlicedOptions", options);
  require(x.rows() >= 1, here, "x.rows()", x.rows(), "at least 1");
  require(y.rows() == x.rows(), here, "y.rows()", y.rows(), "the dimension of x");
  require(x.cols() >= 1, here, "x.cols()", x.cols(), "at least one point");
  require(y.cols() >= 1, here, "y.cols()", y.cols(), "at least one point");
  pushforward::detail::require_finite(x, here, "x");
  pushforward::detail::require_finite(y, here, "y");
  Matrix starts(x.rows(), options.restarts + 1);
  starts.rightCols(options.restarts) =
      random_directions(key, x.rows(), options.restarts, options.threads);
  const Vector apart = x.rowwise().mean() - y.rowwise().mean();
  starts.col(0) = apart.norm() > 0.0 ? Vector(apart.normalized()) : Vector::Unit(x.rows(), 0);
  std::vector<Ascent> ascents(static_cast<std::size_t>(starts.cols()));
  pushforward::detail::parallel_blocks(
      starts.cols(), 1, options.threads, [&](Index k, Index, Index) {
        ascents[static_cast<std::size_t>(k)] = ascend(x, y, starts.col(k), options);
      });
  MaxSlicedDistance result;
  result.per_restart.resize(starts.cols());
  result.threads = pushforward::detail::thread_count(options.threads);
  std::size_t best = 0;
  for (std::size_t k = 0; k < ascents.size(); ++k) {
    result.per_restart[static_cast<Index>(k)] = ascents[k].value;
    result.iterations += ascents[k].steps;
    if (ascents[k].value > ascents[best].value) best = k;
  }
  result.squared = ascents[best].value;
  result.direction = ascents[best].direction;
  result.residual = ascents[best].residual;
  result.converged = result.residual <= options.tolerance;
  result.termination = result.converged                                ? Termination::converged
                       : ascents[best].steps >= options.max_iterations ? Termination::max_iterations
                                                                       : Termination::stalled;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace pushforward::ot
