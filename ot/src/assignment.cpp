#include "pushforward/ot/assignment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/assignment_simplex.hpp"
#include "ot/src/augmenting_paths.hpp"
#include "ot/src/cost_kernels.hpp"
#include "ot/src/given_start.hpp"

namespace pushforward::ot {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Index certificate_block = 64;
constexpr Index fewest_for_shortlist = 1200;
// A start that is near leaves to the shortlist what it is good at.
constexpr Index fewest_for_given_start = 64;

double largest_magnitude(PointsIn cost, int threads) {
  std::vector<double> parts(
      static_cast<std::size_t>(pushforward::detail::block_count(cost.cols(), certificate_block)));
  pushforward::detail::parallel_blocks(
      cost.cols(), certificate_block, threads, [&](Index begin, Index end, Index b) {
        const auto block = cost.middleCols(begin, end - begin);
        parts[static_cast<std::size_t>(b)] = block.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
      });
  double largest = 0.0;
  for (const double part : parts) {
    if (!(part <= largest)) largest = part;
  }
  return largest;
}

// Returns whether every entry is finite.
bool check(PointsIn cost, double largest) {
  if (largest <= 1e300) return true;
  bool all_finite = true;
  for (Index j = 0; j < cost.cols(); ++j) {
    for (Index i = 0; i < cost.rows(); ++i) {
      if (std::abs(cost(i, j)) <= 1e300) continue;
      if (cost(i, j) == infinite) {
        all_finite = false;
        continue;
      }
      pushforward::detail::throw_invalid(
          "assignment", "cost(" + std::to_string(i) + ", " + std::to_string(j) + ")",
          pushforward::detail::shown(cost(i, j)),
          "a number between -1e300 and 1e300, or inf for a forbidden pair");
    }
  }
  return all_finite;
}

// Potentials from the row prices alone: g_j = min_i (C_ij - f_i) is feasible by construction.
void certify(PointsIn cost, const Vector& prices, int threads, AssignmentResult& result) {
  const Index n = cost.rows();
  result.f = prices;
  result.g.resize(n);
  const detail::CostKernels& passes = detail::cost_kernels(active_isa());
  pushforward::detail::parallel_blocks(
      n, certificate_block, threads, [&](Index begin, Index end, Index) {
        for (Index j = begin; j < end; ++j)
          result.g[j] = passes.least(cost.col(j).data(), prices.data(), n).value;
      });
  const double shift = 0.5 * (result.g.mean() - result.f.mean());
  result.f.array() += shift;
  result.g.array() -= shift;
  double sum = 0.0;
  for (Index i = 0; i < n; ++i) sum += cost(i, result.target_of[i]);
  result.mean_cost = sum / static_cast<double>(n);
  result.certificate = {.primal = result.mean_cost, .dual = result.f.mean() + result.g.mean()};
}

// @param start  potentials to start from, or null.
AssignmentResult solved(const Potentials* start, PointsIn cost, const AssignmentOptions& options,
                        const Observer& observer) {
  options.validate();
  const auto begin = std::chrono::steady_clock::now();
  const Index n = cost.rows();
  require(n >= 1, "assignment", "cost.rows()", n, "at least 1");
  require(cost.cols() >= n, "assignment", "cost.cols()", cost.cols(),
          "at least " + std::to_string(n) + ", one for every row");
  if (start != nullptr) detail::check_start(*start, n, cost.cols(), "assignment_from");
  const double largest = largest_magnitude(cost, options.threads);
  if (!check(cost, largest) || cost.cols() > n) {
    return detail::assignment_by_simplex(start, cost, options, observer);
  }

  AssignmentResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  detail::AugmentingPaths paths(cost);
  const bool starts_near =
      start != nullptr &&
      paths.take_better(start->f.size() > 0
                            ? start->f
                            : c_transform_rows(MatrixCost(cost), start->g, options.threads));
  if (!starts_near || n < fewest_for_given_start) {
    paths.reduce_rows();
    paths.auction();
  }
  const Index fewest = starts_near ? fewest_for_given_start : fewest_for_shortlist;
  if (n < fewest || !paths.settle_on_shortlist()) paths.auction();
  paths.match_tight_arcs();
  const std::vector<Index> open = paths.free_columns();
  bool stopped = false;
  for (const Index j : open) {
    if (observer && !observer({.phase = "assignment",
                               .done = result.iterations,
                               .total = static_cast<std::int64_t>(open.size())})) {
      stopped = true;
      break;
    }
    paths.augment(j);
    ++result.iterations;
  }
  if (stopped) paths.complete();
  result.target_of.resize(n);
  for (Index i = 0; i < n; ++i) result.target_of[i] = paths.column_of(i);

  certify(cost, paths.prices(), options.threads, result);
  result.residual = largest > 0.0 ? result.certificate.gap() / largest : 0.0;
  result.converged = !stopped && result.residual <= options.tolerance;
  result.termination = stopped            ? Termination::interrupted
                       : result.converged ? Termination::converged
                                          : Termination::stalled;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace

void AssignmentOptions::validate() const { validate_fields("AssignmentOptions", *this); }

AssignmentResult assignment(PointsIn cost, const AssignmentOptions& options,
                            const Observer& observer) {
  return solved(nullptr, cost, options, observer);
}

AssignmentResult assignment_from(const Potentials& start, PointsIn cost,
                                 const AssignmentOptions& options, const Observer& observer) {
  return solved(&start, cost, options, observer);
}

AssignmentResult assignment_squared_euclidean(PointsIn x, PointsIn y,
                                              const AssignmentOptions& options,
                                              const Observer& observer) {
  options.validate();
  constexpr const char* here = "assignment_squared_euclidean";
  require(x.rows() >= 1, here, "x.rows()", x.rows(), "at least 1");
  require(x.cols() >= 1, here, "x.cols()", x.cols(), "at least 1");
  require(y.rows() == x.rows(), here, "y.rows()", y.rows(), "the dimension of x");
  require(y.cols() == x.cols(), here, "y.cols()", y.cols(), "as many points as x");
  pushforward::detail::require_finite(x, here, "x");
  pushforward::detail::require_finite(y, here, "y");
  Matrix cost(x.cols(), y.cols());
  squared_euclidean(x, y, cost, options.threads);
  return assignment(cost, options, observer);
}

}  // namespace pushforward::ot
