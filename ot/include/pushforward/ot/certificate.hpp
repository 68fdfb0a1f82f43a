/// Numbers that bracket the truth and can be checked without trusting the solver.
#pragma once

#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/cost_view.hpp"
#include "pushforward/ot/coupling.hpp"

namespace pushforward::ot {

/// Values of a feasible coupling and of feasible potentials: by weak duality the optimal cost lies
/// in [dual, primal], up to rounding.
struct DualityGap {
  double primal = not_known;
  double dual = not_known;

  double gap() const { return primal - dual; }
};

/// Potentials f (n) and g (m).
struct Potentials {
  Vector f, g;
};

/// g_j = min_i (C_ij - f_i), the largest g for which f_i + g_j <= C_ij everywhere. One pass over
/// the costs; +infinity where every arc into j is forbidden or f is -infinity.
Vector c_transform(const CostView& cost, VectorIn f, int threads = 0);

/// f_i = min_j (C_ij - g_j).
Vector c_transform_rows(const CostView& cost, VectorIn g, int threads = 0);

/// Feasible potentials from any g: f = c_transform_rows(g), then g = c_transform(f). They satisfy
/// f_i + g_j <= C_ij up to the rounding of one subtraction.
Potentials feasible_potentials(const CostView& cost, VectorIn g, int threads = 0);

/// Adds t to f and -t to g so that <a, f> = <b, g>, the gauge in which all solvers report.
void balance_gauge(VectorIn a, VectorIn b, Potentials& potentials);

/// A lower bound of the optimal cost from feasible potentials: <a, f> + <b, g>, lowered by what
/// rounding may have raised it, in the potentials, the sums, and the masses that do not balance.
/// @param cost_rounding  bound on the error of one entry of the cost, 0 for stored costs.
double lower_bound(VectorIn a, VectorIn b, const Potentials& potentials,
                   double cost_rounding = 0.0);

/// An upper bound from a coupling with the marginals a and b: <P, C>, raised by its rounding.
double upper_bound(const CostView& cost, const SparseCoupling& coupling,
                   double cost_rounding = 0.0);

/// A bound on the error of entry(i, j), in the unit of the cost: 0 for stored costs.
double entry_rounding(const CostView& cost);

/// [lower_bound, upper_bound] of feasible potentials and a coupling, with directed rounding.
DualityGap certify(const CostView& cost, VectorIn a, VectorIn b, const Potentials& potentials,
                   const SparseCoupling& coupling);

/// How far a pair is from complementary slackness, recomputed on the original costs.
struct Slackness {
  double infeasibility;  ///< max_ij (f_i + g_j - C_ij), at least 0.
  double on_support;     ///< max |C_ij - f_i - g_j| over P_ij > 0.
};

Slackness complementary_slackness(const CostView& cost, const Potentials& potentials,
                                  const SparseCoupling& coupling, int threads = 0);

}  // namespace pushforward::ot
