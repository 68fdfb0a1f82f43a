/// Exact assignment: optimal transport between n and n points of equal weight.
#pragma once

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"

namespace pushforward::ot {

struct AssignmentOptions {
  double tolerance = 1e-11;  ///< Largest duality gap, relative to the largest |cost|.
  int threads = 0;           ///< For the cost matrix and the certificate; the search is serial.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive, "duality gap, relative to the largest |cost|");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `iterations` counts augmenting paths found among all costs, `residual` is gap / largest |cost|.
struct AssignmentResult : SolveReport {
  IndexVector target_of;  ///< n: row i goes to column target_of[i], each column taken once at most;
                          ///< -1 where an infeasible or stopped problem leaves a row without one.
  Vector f, g;  ///< n and m: f_i + g_j <= C_ij to rounding. Square: mean f = mean g; else g <= 0.
  double mean_cost = not_known;  ///< (1/n) sum_i C(i, target_of[i]): the cost of the coupling.
  DualityGap certificate;        ///< Of mean costs; the dual is recomputed from g alone.
};

/// min over one-to-one s of (1/n) sum_i C(i, s(i)), with optimal potentials.
///
/// Shortest augmenting paths: prices by row reduction and auctions, then one Dijkstra search for
/// each point still free. Large problems search a shortlist of arcs of least reduced cost first,
/// then all costs for the few points whose match on it is not their best. Arcs of reduced cost
/// zero, of which costs with ties have many, are used up before. Ends at an optimum whatever the
/// ties. The potentials
/// are recomputed against the whole matrix afterwards, so the certificate does not rest on the
/// search. An observer that stops the run leaves a permutation whose rest is arbitrary, certified
/// by a gap that is not small.
///
/// More columns than rows and forbidden pairs go through the network simplex on the allowed pairs;
/// without a solution `termination` is `infeasible`.
///
/// @param cost  n x m, n <= m, of any sign, |C_ij| <= 1e300 or +infinity (forbidden). Read in
/// place. Work O(n^3) at worst, about O(n^2.3) on point sets; memory 7 n numbers beside the cost.
/// @throws std::invalid_argument for a cost with fewer columns than rows, empty, or with NaN.
/// Source: \cite jonker1987.
AssignmentResult assignment(PointsIn cost, const AssignmentOptions& options = {},
                            const Observer& observer = {});

/// The same from potentials f (n), g (m) or both, as those of a similar cost. An empty f is the
/// transform of g, else f counts. From the potentials of an optimum hardly any path is left to
/// find; bad ones, which prove less than the minima of the rows do, are not used.
/// @throws std::invalid_argument also for neither potential, one of another size, or a number in it
/// that is not finite.
AssignmentResult assignment_from(const Potentials& start, PointsIn cost,
                                 const AssignmentOptions& options = {},
                                 const Observer& observer = {});

/// The same for C_ij = |x_i - y_j|^2. Builds the matrix: 8 n^2 bytes, 128 MB at n = 4000.
/// @param x, y  d x n each, finite.
AssignmentResult assignment_squared_euclidean(PointsIn x, PointsIn y,
                                              const AssignmentOptions& options = {},
                                              const Observer& observer = {});

}  // namespace pushforward::ot
