/// Entropic transport between measures of any mass: marginals that are relaxed, bounded or exact.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/cost_view.hpp"

namespace pushforward::ot {

/// What a marginal r of the coupling pays for differing from the masses a.
enum class MarginalPenalty {
  exact,             ///< r = a.
  kullback_leibler,  ///< rho KL(r | a), with KL(p | q) = sum p log(p / q) - p + q.
  total_variation,   ///< rho |r - a|_1: mass is left or made at rho a unit.
  range              ///< low a <= r <= high a.
};

constexpr std::array<std::string_view, 4> enum_names(MarginalPenalty) {
  return {"exact", "kullback_leibler", "total_variation", "range"};
}

struct MarginalOptions {
  MarginalPenalty penalty = MarginalPenalty::kullback_leibler;
  double rho = 1.0;   ///< In units of the cost; infinite means exact.
  double low = 0.0;   ///< Of `range`.
  double high = 1.0;  ///< Of `range`, at least low.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("penalty", self.penalty, any_value, "what a marginal pays for differing from the masses");
    field("rho", self.rho, positive.or_infinite(), "price of the difference, in units of the cost");
    field("low", self.low, non_negative, "least share of each mass, of `range`");
    field("high", self.high, positive, "largest share of each mass, of `range`");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// What the entropy of the coupling is relative to.
enum class EntropyReference {
  product,  ///< KL(P | a b^T)
  counting  ///< KL(P | 1): sum P log P - P + 1 over pairs of positive mass.
};

constexpr std::array<std::string_view, 2> enum_names(EntropyReference) {
  return {"product", "counting"};
}

struct UnbalancedOptions {
  double epsilon = 0.05;  ///< Entropic regularisation, in units of the cost.
  MarginalOptions source, target;
  EntropyReference reference = EntropyReference::product;
  double tolerance = 1e-6;                ///< Duality gap and violation of what is exact, relative.
  std::int64_t max_iterations = 100'000;  ///< Sweeps over both potentials.
  bool translation = true;      ///< Maximise over common shifts of both potentials each sweep.
  bool epsilon_scaling = true;  ///< Start from a large epsilon.
  bool over_relaxation = true;  ///< For small epsilon: a fifth to a twentieth of the sweeps.
  int threads = 0;              ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive, "entropic regularisation, in units of the cost");
    field("source", self.source, nested, "the marginal of the rows");
    field("target", self.target, nested, "the marginal of the columns");
    field("reference", self.reference, any_value, "what the entropy is relative to");
    field("tolerance", self.tolerance, positive,
          "duality gap and violation of what is exact, relative");
    field("max_iterations", self.max_iterations, at_least(0), "sweeps over both potentials");
    field("translation", self.translation, any_value,
          "maximise over common shifts of both potentials in each sweep");
    field("epsilon_scaling", self.epsilon_scaling, any_value, "start from a large epsilon");
    field("over_relaxation", self.over_relaxation, any_value,
          "take longer steps once the rate of plain ones is known");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is the larger of the relative gap and the relative violation of exact and bounded
/// marginals; `iterations` counts sweeps.
struct UnbalancedResult : SolveReport {
  /// P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon), without the masses for `counting`.
  Vector f, g;
  Vector row_marginal, col_marginal;  ///< P 1 and P^T 1.
  double epsilon = not_known;         ///< Of these potentials.
  double mass = not_known;            ///< |P|
  double linear_cost = not_known;     ///< <P, C>
  double violation = not_known;       ///< L1, of exact and bounded marginals.
  DualityGap certificate;  ///< Of the regularised objective at P; primal if nothing is violated.
};

/// min <P, C> + epsilon KL(P | reference) + F_a(P 1) + F_b(P^T 1) over P >= 0.
///
/// Soft minima by turns, each followed by the proximal map of its marginal's penalty, with epsilon
/// decreased to its value. For Kullback-Leibler marginals each sweep ends with the exact maximum of
/// the dual along (f + t, g - t), which removes the slow mode of rho much larger than epsilon. At
/// the last epsilon steps are over-relaxed once their rate is known, which helps where epsilon is
/// small against the costs.
///
/// The gap is a sum over points of Fenchel-Young terms, non-negative one by one, so that it loses
/// nothing to cancellation. Not converging is a result, and so is a run that the observer stops:
/// the potentials so far with their gap.
/// @param a, b  n and m masses in one unit, non-negative; sums may differ unless both are exact.
/// @param cost  n x m; forbidden arcs as `SparseCost`, which is then stored whole.
/// @throws std::invalid_argument naming the first bad option or mass.
/// Work O(n m d) a half sweep; memory as `sinkhorn`. The same bits for any number of threads.
/// Source: \cite chizat2018, translation \cite sejourne2022, relaxation \cite thibault2021.
UnbalancedResult unbalanced_transport(VectorIn a, VectorIn b, const CostView& cost,
                                      const UnbalancedOptions& options = {},
                                      const Observer& observer = {});

/// The same from a potential near the solution, for instance that of a problem nearby, at once with
/// the epsilon asked for. @param f  n finite numbers.
UnbalancedResult unbalanced_transport_from(VectorIn f, VectorIn a, VectorIn b, const CostView& cost,
                                           const UnbalancedOptions& options = {},
                                           const Observer& observer = {});

/// Of one measure with itself: f = g, by averaged steps f <- (f + best f) / 2, which have no slow
/// modes of f against g. @param cost  symmetric, n x n.
/// @throws std::invalid_argument also for penalties that differ.
UnbalancedResult unbalanced_self_transport(VectorIn a, const CostView& cost,
                                           const UnbalancedOptions& options = {},
                                           const Observer& observer = {});

/// Costs -2 log cos(|x - y| / scale), forbidden from |x - y| = scale pi / 2 on: with
/// Kullback-Leibler marginals of rho = 1, the Hellinger-Kantorovich distance squared.
/// @param x, y  d x n and d x m. @param scale  positive, a length.
/// Source: \cite liero2018.
SparseCost hellinger_kantorovich_cost(PointsIn x, PointsIn y, double scale);

/// Two point masses p and q at cost c: what relaxed transport moves and what that costs.
struct TwoPointTransport {
  double mass, value;
};

/// min over m >= 0 of m c + epsilon KL(m | p q) + rho KL(m | p) + rho KL(m | q).
/// @param epsilon  at least 0.
TwoPointTransport two_point_kullback_leibler(double p, double q, double c, double rho,
                                             double epsilon = 0.0);

/// min over m of m c + rho (p - m) + rho (q - m): all of the smaller mass if c < 2 rho, else none.
TwoPointTransport two_point_total_variation(double p, double q, double c, double rho);

}  // namespace pushforward::ot
