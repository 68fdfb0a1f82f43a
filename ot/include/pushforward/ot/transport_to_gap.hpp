/// Optimal transport to a requested duality gap, by entropic problems of falling epsilon.
#pragma once

#include <cstdint>

#include "pushforward/core/options.hpp"
#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::ot {

struct TransportToGapOptions {
  double gap = 1e-2;                       ///< (primal - dual) / |primal| to reach.
  std::int64_t max_passes = 20'000;        ///< Over all pairs, certificates not counted.
  std::int64_t stored_pairs = 25'000'000;  ///< Couplings of at most n m entries may be stored.
  int threads = 0;                         ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("gap", self.gap, positive, "duality gap to reach, relative to the cost");
    field("max_passes", self.max_passes, at_least(0), "passes over all pairs");
    field("stored_pairs", self.stored_pairs, at_least(0),
          "largest number of entries of a coupling that may be stored");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is (primal - dual) / |primal| of the best stage, `iterations` counts stages.
struct TransportToGapResult : SolveReport {
  Vector f, g;                        ///< Entropic potentials of the best stage.
  double transport_cost = not_known;  ///< Of the rounded coupling, whose marginals are exact.
  DualityGap certificate;             ///< The optimal cost lies between.
  double epsilon = not_known;         ///< Of the best stage.
  std::int64_t passes = 0;
};

/// Halves epsilon, solves, rounds onto the marginals and bounds the optimum from both sides, until
/// the bounds are close enough. Any time it stops the bounds hold.
///
/// Entropic bias is at most epsilon min(H(a), H(b)), so epsilon <= gap |cost| / (2 min(H(a), H(b)))
/// is always enough; the certificate usually allows to stop before. Gaps below about 1e-6 are work
/// for an exact solver: epsilon is in proportion to the gap.
/// @throws std::invalid_argument as `sinkhorn`.
/// Source: \cite altschuler2017 (rounding), \cite schmitzer2019 (stages).
TransportToGapResult transport_to_gap(const TransportProblem& problem,
                                      const TransportToGapOptions& options = {},
                                      const Observer& observer = {});

/// The same for any costs. @param cost  must outlive the call.
TransportToGapResult transport_to_gap(const CostView& cost, VectorIn a, VectorIn b,
                                      const TransportToGapOptions& options = {},
                                      const Observer& observer = {});

}  // namespace pushforward::ot
