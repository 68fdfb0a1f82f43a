/// Transport restricted to couplings of low rank, in time linear in the number of points.
#pragma once

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/problem.hpp"

namespace pushforward::ot {

struct LowRankOptions {
  int rank = 10;              ///< r; capped by the number of points on either side.
  double step = 10.0;         ///< Of mirror descent, over the squared largest gradient.
  double tolerance = 1e-7;    ///< Symmetrised KL of a step, over its squared size and n + m.
  int max_iterations = 2000;  ///< Mirror descent steps.
  double least_mass = 1e-10;  ///< Of an inner weight g_k.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("rank", self.rank, at_least(1), "rank of the coupling");
    field("step", self.step, positive, "step of mirror descent, over the squared largest gradient");
    field("tolerance", self.tolerance, positive, "change of a step at which to stop");
    field("max_iterations", self.max_iterations, at_least(0), "mirror descent steps");
    field("least_mass", self.least_mass, strictly_between(0.0, 1.0),
          "lower bound of inner weights");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// P = Q diag(1/g) R^T. `residual` is the symmetrised change of the last step, as `tolerance`.
struct LowRankResult : SolveReport {
  Matrix q;                           ///< n x r: a coupling of a and g.
  Matrix r;                           ///< m x r: a coupling of b and g.
  Vector g;                           ///< r inner weights of sum one.
  double transport_cost = not_known;  ///< <P, C>: an upper bound of the optimum, marginals exact.
};

/// min <P, C> over couplings P = Q diag(1/g) R^T of rank at most r, by mirror descent on (Q, R, g)
/// with projections by Dykstra's algorithm. The problem is not convex: the result is a stationary
/// point, reached from a deterministic coupling of rank two that is monotone in the first
/// coordinate.
///
/// Costs squared_euclidean, half_squared_euclidean and negative_dot, which have rank d + 2.
/// Work O((n + m) r (d + projections)) a step, memory O((n + m)(r + d)).
/// @throws std::invalid_argument for a bad option or another cost.
/// Source: \cite scetbon2021.
LowRankResult low_rank_sinkhorn(const TransportProblem& problem, const LowRankOptions& options = {},
                                const Observer& observer = {});

}  // namespace pushforward::ot
