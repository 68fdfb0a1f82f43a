/// Exact transport between any two discrete measures, with potentials that prove it.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/coupling.hpp"
#include "pushforward/ot/problem.hpp"

namespace pushforward::ot {

/// Which arcs the simplex looks at.
enum class ExactMethod {
  automatic,  ///< all_arcs for small or sparse costs, else shortlist.
  all_arcs,   ///< Every arc is held in memory and priced: 16 bytes an arc.
  shortlist,  ///< The likely arcs; all others are priced until none improves the coupling.
  streaming   ///< No arc is held: costs are read or computed block by block for every pivot.
};

constexpr std::array<std::string_view, 4> enum_names(ExactMethod) {
  return {"automatic", "all_arcs", "shortlist", "streaming"};
}

struct NetworkSimplexOptions {
  ExactMethod method = ExactMethod::automatic;
  double tolerance = 1e-10;  ///< Largest duality gap, relative to cost and typical cost.
  std::int64_t max_iterations = std::int64_t{1} << 62;                  ///< Pivots.
  double time_limit_seconds = std::numeric_limits<double>::infinity();  ///< Wall time.
  Index arcs_per_node = 12;  ///< Of the shortlist, on average.
  int threads = 0;           ///< For passes over the costs; pivots are serial.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("method", self.method, any_value, "which arcs the simplex looks at");
    field("tolerance", self.tolerance, positive,
          "duality gap, relative to the larger of the cost and a typical cost times the mass");
    field("max_iterations", self.max_iterations, at_least(0), "pivots");
    field("time_limit_seconds", self.time_limit_seconds, positive.or_infinite(),
          "wall time after which the best coupling so far is returned");
    field("arcs_per_node", self.arcs_per_node, at_least(1), "of the shortlist, on average");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `iterations` counts pivots; `residual` is the gap over the larger of the cost and typical_cost
/// times the mass.
struct NetworkSimplexResult : SolveReport {
  SparseCoupling coupling;            ///< At most n + m - 1 entries when converged.
  Vector f, g;                        ///< n and m: f_i + g_j <= C_ij to rounding, <a, f> = <b, g>.
  double transport_cost = not_known;  ///< <P, C>.
  DualityGap certificate;             ///< The optimum lies between, rounding included.
  double row_error = not_known;       ///< |P 1 - a|_1 ...
  double col_error = not_known;       ///< ... and |P^T 1 - b|_1, absolute.
  double mass_rescaled = 1.0;         ///< Sum of b over sum of a, as given.
  ExactMethod method_used = ExactMethod::automatic;
  std::int64_t arcs = 0;    ///< Held at the end; 0 when streaming.
  std::int64_t rounds = 0;  ///< Pricing passes over all costs.
};

/// min <P, C> over couplings of two weighted point clouds.
///
/// Network simplex on strongly feasible trees, which cannot cycle, on masses scaled to whole
/// numbers, so that flows are exact. By default on a shortlist: potentials of a short entropic
/// solve choose some arcs for every point, shortest augmenting paths and the simplex solve the
/// problem on those, and a pass over all costs adds arcs of negative reduced cost until there is
/// none: the coupling is then optimal among all. Nothing of size n x m is held. A limit that is hit
/// returns the best coupling so far with its true gap.
///
/// Work O(n m) a pricing pass, 1 to 4 of them, and up to some 5 (n + m) pivots; for costs that grow
/// with the squared distance in up to four dimensions passes leave out cells that are too far
/// apart, which makes them nearly linear. Memory O((n + m) (d + arcs_per_node)).
/// @throws std::invalid_argument for bad options or unequal dimensions.
/// Source: \cite cunningham1976, pivot rules \cite kovacs2015.
NetworkSimplexResult network_simplex(const TransportProblem& problem,
                                     const NetworkSimplexOptions& options = {},
                                     const Observer& observer = {});

/// The same for stored costs, read in place. @param a, b  masses of equal sum in any unit
/// (`balanced_masses`). @param cost  n x m, finite, of any sign.
NetworkSimplexResult network_simplex(VectorIn a, VectorIn b, PointsIn cost,
                                     const NetworkSimplexOptions& options = {},
                                     const Observer& observer = {});

/// The same for any costs. With forbidden arcs (`SparseCost`) the problem may have no coupling:
/// then `termination` is `infeasible` and `coupling` ships what can be shipped.
NetworkSimplexResult network_simplex(VectorIn a, VectorIn b, const CostView& cost,
                                     const NetworkSimplexOptions& options = {},
                                     const Observer& observer = {});

/// The same from potentials f (n), g (m) or both, such as those of a problem on the same points
/// with other masses. An empty one is the transform of the other; where both are given f counts,
/// and g saves time if it is near the transform of f. From the potentials of an optimum few pivots
/// are left. However bad they are, the optimum is the same: where they prove less than zeros do
/// they are not used.
/// @throws std::invalid_argument also for neither potential, one of another size, or a number in it
/// that is not finite.
NetworkSimplexResult network_simplex_from(const Potentials& start, const TransportProblem& problem,
                                          const NetworkSimplexOptions& options = {},
                                          const Observer& observer = {});
NetworkSimplexResult network_simplex_from(const Potentials& start, VectorIn a, VectorIn b,
                                          const CostView& cost,
                                          const NetworkSimplexOptions& options = {},
                                          const Observer& observer = {});

}  // namespace pushforward::ot
