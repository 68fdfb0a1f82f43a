/// Entropic transport of a given part of the mass.
#pragma once

#include <cstdint>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/cost_view.hpp"

namespace pushforward::ot {

struct EntropicPartialOptions {
  double epsilon = 0.05;                  ///< Entropic regularisation, in units of the cost.
  double tolerance = 1e-6;                ///< Relative duality gap.
  std::int64_t max_iterations = 100'000;  ///< Sweeps over both potentials.
  bool epsilon_scaling = true;            ///< Start from a large epsilon.
  int threads = 0;                        ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive, "entropic regularisation, in units of the cost");
    field("tolerance", self.tolerance, positive, "relative duality gap");
    field("max_iterations", self.max_iterations, at_least(0), "sweeps over both potentials");
    field("epsilon_scaling", self.epsilon_scaling, any_value, "start from a large epsilon");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// The coupling is a_i b_j exp((f_i + g_j + multiplier - C_ij) / epsilon) with f and g at most 0.
/// Rows that shipped more than their mass are scaled down at the end: P 1 <= a and P^T 1 <= b hold
/// to rounding, and what is missing of the mass is in `residual`: the larger of the relative gap
/// and of that share.
struct EntropicPartialResult : SolveReport {
  Vector f, g;                        ///< n and m, at most 0.
  double multiplier = not_known;      ///< Gain per unit of mass moved: twice the price lambda.
  double epsilon = not_known;         ///< Of these potentials.
  Vector row_marginal, col_marginal;  ///< P 1 and P^T 1.
  double mass = not_known;            ///< |P|, the mass asked for up to the tolerance.
  double linear_cost = not_known;     ///< <P, C>
  double dual = not_known;            ///< Lower bound of the regularised minimum.
};

/// min <P, C> + epsilon KL(P | a b^T) over P >= 0 with P 1 <= a, P^T 1 <= b and |P| = mass.
///
/// Exact block ascent of the dual in the log domain: the row potentials and the multiplier of the
/// mass together, then the column potentials and the multiplier together. Each block is solved by
/// sorting soft minima; it is Dykstra's scheme on the three sets with two of them at a time.
/// @param mass  positive, at most the smaller sum. @param a, b, cost  as `partial_transport`,
/// without forbidden arcs.
/// @throws std::invalid_argument naming the first bad mass or option.
/// Work O(n m d) a half sweep. Source: \cite benamou2015.
EntropicPartialResult entropic_partial(VectorIn a, VectorIn b, const CostView& cost, double mass,
                                       const EntropicPartialOptions& options = {},
                                       const Observer& observer = {});

/// The same from a potential near the solution, at once with the epsilon asked for.
/// @param f  n finite numbers; positive ones count as 0.
EntropicPartialResult entropic_partial_from(VectorIn f, VectorIn a, VectorIn b,
                                            const CostView& cost, double mass,
                                            const EntropicPartialOptions& options = {},
                                            const Observer& observer = {});

}  // namespace pushforward::ot
