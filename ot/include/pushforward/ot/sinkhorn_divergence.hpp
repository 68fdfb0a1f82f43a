/// The debiased entropic distance between two measures, and its gradient.
#pragma once

#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::ot {

/// OT_eps(a, a) of one measure with itself: the part of Sinkhorn divergences that does not depend
/// on the other measure, to be kept where one measure is compared with many.
struct SelfTransport : SolveReport {
  Vector f;  ///< n: both potentials; P_ij = a_i a_j exp((f_i + f_j - C_ij) / eps).
  double epsilon = not_known;
  double kl_cost = not_known;  ///< The dual value.
};

/// By averaged soft minima, f <- (f + softmin f) / 2, which keep f = g. `residual` is |P 1 - a|_1.
/// @param options  epsilon, tolerance, max_passes, stored_pairs, precision and threads count.
SelfTransport self_transport(const DiscreteMeasure& measure, const Cost& cost = {},
                             const SinkhornOptions& options = {});

/// `residual` is the largest L1 marginal error of the three problems.
struct SinkhornDivergenceResult : SolveReport {
  double divergence = not_known;  ///< S_eps, in units of the cost; at least 0 to the tolerance.
  SinkhornResult cross;           ///< OT_eps(a, b).
  SelfTransport source, target;   ///< OT_eps(a, a) and OT_eps(b, b).
  Vector source_variation;        ///< n: dS/da_i up to a constant: f - f_self.
  Vector target_variation;        ///< m: dS/db_j up to a constant.
};

/// S_eps(a, b) = OT_eps(a, b) - OT_eps(a, a) / 2 - OT_eps(b, b) / 2 with OT_eps the `kl_cost`: zero
/// for equal measures, non-negative, symmetric, and a metric of weak convergence for |x - y|^p with
/// p in [1, 2]. Nearly W for small epsilon, a kernel distance for large.
///
/// Source: \cite feydy2019.
SinkhornDivergenceResult sinkhorn_divergence(const TransportProblem& problem,
                                             const SinkhornOptions& options = {},
                                             const Observer& observer = {});

/// The same with self transports from before, of the same cost and epsilon.
/// @throws std::invalid_argument where their epsilon or sizes are others.
SinkhornDivergenceResult sinkhorn_divergence(const TransportProblem& problem,
                                             const SelfTransport& source,
                                             const SelfTransport& target,
                                             const SinkhornOptions& options = {},
                                             const Observer& observer = {});

}  // namespace pushforward::ot
