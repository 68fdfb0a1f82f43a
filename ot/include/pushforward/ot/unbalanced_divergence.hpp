/// The debiased distance between measures of any mass.
#pragma once

#include "pushforward/core/cost.hpp"
#include "pushforward/ot/unbalanced.hpp"

namespace pushforward::ot {

/// `residual` is the largest of the three problems, `iterations` their sum.
struct UnbalancedDivergenceResult : SolveReport {
  double divergence = not_known;           ///< From the dual values.
  DualityGap certificate;                  ///< The divergence lies between.
  UnbalancedResult cross, source, target;  ///< OT(a, b), OT(a, a) and OT(b, b).
};

/// S(a, b) = OT(a, b) - OT(a, a) / 2 - OT(b, b) / 2 + epsilon (|a| - |b|)^2 / 2 with OT the
/// minimum of `unbalanced_transport`: zero for equal measures, and for squared distances and
/// distances non-negative and symmetric. It tends to the unregularised minimum for epsilon to 0.
///
/// @param x, a    d x n points and n masses. @param y, b  d x m points and m masses.
/// @param options  of one penalty on both sides and entropy relative to the product of masses.
/// @throws std::invalid_argument for other options, and as `unbalanced_transport`.
/// Source: \cite sejourne2019.
UnbalancedDivergenceResult unbalanced_divergence(PointsIn x, VectorIn a, PointsIn y, VectorIn b,
                                                 const Cost& cost = {},
                                                 const UnbalancedOptions& options = {},
                                                 const Observer& observer = {});

}  // namespace pushforward::ot
