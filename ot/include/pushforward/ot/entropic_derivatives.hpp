/// Derivatives of entropic transport costs in the points and of its potentials.
#pragma once

#include "pushforward/ot/sinkhorn.hpp"
#include "pushforward/ot/sinkhorn_divergence.hpp"

namespace pushforward::ot {

/// d x n: derivative of `kl_cost` in the source points, sum_j P_ij grad_x c(x_i, y_j). By the
/// envelope theorem the potentials count as constants; exact at convergence, off by the marginal
/// error before. The derivatives in the weights are the potentials f up to a constant, those in C
/// are P.
/// @param solution  of this problem. Costs squared_euclidean, half_squared_euclidean, negative_dot.
/// @throws std::invalid_argument for another cost or other sizes.
/// Source: \cite feydy2019.
Matrix source_gradient(const TransportProblem& problem, const SinkhornResult& solution,
                       int threads = 0);

/// d x n: derivative of the divergence in the source points; the self term is subtracted.
Matrix source_gradient(const TransportProblem& problem, const SinkhornDivergenceResult& solution,
                       int threads = 0);

struct HessianProductOptions {
  double tolerance = 1e-10;   ///< Relative residual of the linear system.
  int max_iterations = 2000;  ///< Conjugate gradient steps, two passes each.
  int threads = 0;            ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive, "relative residual of the linear system");
    field("max_iterations", self.max_iterations, at_least(1), "conjugate gradient steps");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is that of the linear system, relative.
struct HessianProduct : SolveReport {
  Matrix gradient;  ///< d x n: derivative of source_gradient as the sources move along `direction`.
  Vector f, g;      ///< n and m: derivatives of the potentials, f of mean zero under a.
};

/// The second derivative of `kl_cost` in the source points, applied to a direction: implicit
/// differentiation of the marginal conditions, one linear system by conjugate gradients.
/// @param direction  d x n. @throws as source_gradient.
/// Work O(n m (d^2 + iterations)), memory O((n + m) d^2).
HessianProduct source_hessian_product(const TransportProblem& problem,
                                      const SinkhornResult& solution, PointsIn direction,
                                      const HessianProductOptions& options = {});

}  // namespace pushforward::ot
