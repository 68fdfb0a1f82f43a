/// Exact transport of part of the mass: a given amount, or what is worth its cost.
#pragma once

#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/coupling.hpp"
#include "pushforward/ot/network_simplex.hpp"

namespace pushforward::ot {

/// A coupling with P 1 <= a and P^T 1 <= b, and potentials that prove it optimal: f_i <= lambda,
/// g_j <= lambda, f_i + g_j <= C_ij. `iterations` counts pivots; `residual` is the gap over the
/// larger of the objective and a typical cost times the smaller mass.
struct PartialResult : SolveReport {
  SparseCoupling coupling;
  Vector f, g;                        ///< n and m.
  double lambda = not_known;          ///< Price of a unit of mass left at either end.
  double mass = not_known;            ///< |P|, what is moved.
  double transport_cost = not_known;  ///< <P, C>
  double objective = not_known;       ///< What is minimised; equal to the line above by mass.
  DualityGap certificate;             ///< Of the objective, with directed rounding.
  double row_excess = not_known;      ///< sum_i max(0, (P 1 - a)_i), rounding only ...
  double col_excess = not_known;      ///< ... and of the columns.
};

/// min <P, C> over P >= 0 with P 1 <= a, P^T 1 <= b and |P| = mass.
///
/// Balanced transport with one more row and column, which take what stays at no cost; there is no
/// arc between the two, so that exactly `mass` is moved and no large constant enters the
/// potentials. Dual value: <a, f> + <b, g> - lambda (|a| + |b| - 2 mass), lambda of any sign.
/// @param a, b  masses in one unit, non-negative; their sums may differ.
/// @param cost  n x m; forbidden arcs only as `SparseCost`, and then perhaps `infeasible`.
/// @param mass  between 0 and the smaller sum; if it is within rounding of the sums of 0, not 0,
/// the run may end `infeasible`.
/// @throws std::invalid_argument naming the first bad mass or option.
/// Work that of `network_simplex` on all arcs; memory about 50 bytes an arc.
/// Source: \cite chapel2020.
PartialResult partial_transport(VectorIn a, VectorIn b, const CostView& cost, double mass,
                                const NetworkSimplexOptions& options = {});

/// min <P, C> + lambda (|a| + |b| - 2 |P|) over P >= 0 with P 1 <= a and P^T 1 <= b: mass left at
/// either end costs lambda a unit, so that no arc of cost above 2 lambda carries any.
///
/// Dual value: <a, f> + <b, g>. As lambda grows, balanced transport of the smaller mass.
/// @param lambda  finite, at least 0. Others as above; costs are computed when asked for.
/// Source: \cite figalli2010.
PartialResult penalized_partial_transport(VectorIn a, VectorIn b, const CostView& cost,
                                          double lambda, const NetworkSimplexOptions& options = {});

/// The least cost of moving k units of mass, for every k: convex and piecewise linear.
struct PartialPath {
  Vector mass;  ///< Rising, from 0 to the smaller sum: where the slope changes, and the ends.
  Vector cost;  ///< Least <P, C> at each.

  double cost_at(double k) const;  ///< @throws std::invalid_argument outside of the path.
};

/// By successive shortest augmentations: each moves as much mass as its path allows. Accurate to
/// rounding of the largest cost per augmentation.
/// @param cost  without forbidden arcs. Work O((n + m)^2) an augmentation, of which there are at
/// least max(n, m) or so; memory O(n m).
PartialPath partial_path(VectorIn a, VectorIn b, const CostView& cost);

}  // namespace pushforward::ot
