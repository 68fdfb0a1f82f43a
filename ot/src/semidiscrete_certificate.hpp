/// What fresh draws prove about the cell masses.
#pragma once

#include <cstdint>

#include "pushforward/core/types.hpp"
#include "pushforward/ot/semidiscrete.hpp"

namespace pushforward::ot::detail {

struct MassBounds {
  double relative_error = not_known;  ///< max_j |m_j - nu_j| / nu_j: estimated ...
  double relative_bound = not_known;  ///< ... and bounded.
  double l1_error = not_known;        ///< |m - nu|_1: estimated ...
  double l1_bound = not_known;        ///< ... and bounded.
};

/// Independent trials that hit cell j with probability chances_j m_j. A trial is one draw, and
/// chances are 1; or a draw and its mirror image about the mean of a symmetric source. A cell is
/// convex, so one with both of them holds the mean: every other is hit once or not at all, with
/// probability 2 m_j. For cells that may hold the mean the first draw of the two counts alone.
struct BinomialCounts {
  std::int64_t trials = 0;
  IndexVector hits;     ///< N.
  IndexVector chances;  ///< N: 1 or 2.
};

/// Bounds that each fail with probability `failure` at most.
///
/// relative_bound is the largest of the cells' own one-sided Clopper-Pearson bounds on
/// |m_j - nu_j| / nu_j, each at level `failure`: no division among the N cells is needed. The
/// largest bound lies below the largest error only if the bound of the cell with that error, one
/// fixed cell, does (an intersection-union test). l1_bound adds to the estimate its mean noise and
/// the deviation from that by McDiarmid's inequality.
MassBounds mass_bounds(const BinomialCounts& counts, VectorIn weights, double failure);

/// The share of `failure_probability` spent by look k = 1, 2, ...: p / (k (k + 1)), of sum p.
double look_failure(double failure_probability, std::int64_t look);

/// Ordered pairs of draws that depend on each other, as those on one circle do.
struct DependentPairs {
  double count = 0.0;
  double coincidences = 0.0;  ///< Sum of 1 / nu_j over those of which both draws lie in one cell j.
};

/// sum_j (m_j - nu_j)^2 / nu_j without bias, and its standard error, from hits of n >= 2 draws: the
/// U-statistic of the kernel [x and x' share cell j] / nu_j, less one, over pairs of independent
/// draws.
MonteCarloEstimate chi_squared(const IndexVector& hits, std::int64_t n, VectorIn weights,
                               const DependentPairs& left_out = {});

/// Draws in the smallest cell after which the certificate is expected to come out at `tolerance`,
/// when the masses themselves are off by a random relative error of standard deviation
/// `relative_deviation` in that cell. Infinite if they are off by too much.
double certificate_hits(double tolerance, double relative_deviation, double failure, Index cells);

/// Draws in the smallest cell at which the bound comes to `tolerance` if the largest estimated
/// relative error, in that cell, stays `error`.
double hits_for_error(double tolerance, double error, double failure);

/// The largest of `cells` standard normals in absolute value, in the median.
double typical_maximum(Index cells);

}  // namespace pushforward::ot::detail
