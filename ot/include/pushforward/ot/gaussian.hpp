/// Transport between Gaussians in closed form: distance, map, geodesic, barycenter, and what
/// entropy and relaxed marginals change. The cost is |x - y|^2 throughout.
#pragma once

#include <cstdint>
#include <vector>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// N(mean, covariance); singular covariances are ordinary. Functions below take eigenvalues down to
/// -1e-12 of the trace for zero and refuse lower ones, and covariances that are not symmetric to
/// 1e-12 of their largest entry.
struct Gaussian {
  Vector mean;        ///< d
  Matrix covariance;  ///< d x d, symmetric and positive semi-definite.
};

/// W_2^2 = |a - b|^2 + tr A + tr B - 2 tr (A^{1/2} B A^{1/2})^{1/2}, the Bures-Wasserstein
/// distance.
///
/// Computed as |a - b|^2 + |A^{1/2} - B^{1/2} Q|_F^2 with the best orthogonal Q: never negative,
/// and small distances keep the digits that the traces would cancel.
/// @throws std::invalid_argument for a covariance that is not positive semi-definite, unequal
/// dimensions, d = 0, or an entry that is not finite; so do all functions here.
/// Work O(d^3). Source: \cite gelbrich1990, \cite bhatia2019.
double gaussian_wasserstein_2_squared(const Gaussian& source, const Gaussian& target);

/// x -> offset + slope x.
struct AffineMap {
  Matrix slope;   ///< d x d
  Vector offset;  ///< d

  Matrix operator()(PointsIn x) const;  ///< Columns to columns: d x n.
};

/// The optimal map T(x) = b + A^{-1/2} (A^{1/2} B A^{1/2})^{1/2} A^{-1/2} (x - a). For singular A
/// on its range, where the source lives, if the range of B lies within it.
/// @throws std::invalid_argument also if it does not: then no linear map is optimal in this form.
AffineMap gaussian_map(const Gaussian& source, const Gaussian& target);

/// The law of (1 - t) X + t Y under the optimal coupling: the geodesic, which covers the distance
/// at constant speed. No inverse is taken. @param t  between 0 and 1.
Gaussian gaussian_geodesic(const Gaussian& source, const Gaussian& target, double t);

struct GaussianBarycenterOptions {
  double tolerance = 1e-12;           ///< Relative change of the covariance at which to stop.
  std::int64_t max_iterations = 500;  ///< Each takes one square root per Gaussian.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive, "relative change of the covariance");
    field("max_iterations", self.max_iterations, at_least(0), "fixed-point steps");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is the last relative change.
struct GaussianBarycenter : SolveReport {
  Gaussian barycenter;
  double mean_squared_distance = not_known;  ///< sum_i w_i W_2^2(barycenter, Gaussian i).
};

/// argmin_S sum_i w_i W_2^2(S, N_i), by the fixed point
///   S <- S^{-1/2} (sum_i w_i (S^{1/2} A_i S^{1/2})^{1/2})^2 S^{-1/2},
/// started at sum_i w_i A_i, on the range of that. It converges if one A_i has full rank there.
/// @param weights  one each, non-negative, of positive sum; divided by it.
/// Source: \cite alvarezesteban2016.
GaussianBarycenter gaussian_barycenter(const std::vector<Gaussian>& gaussians, VectorIn weights,
                                       const GaussianBarycenterOptions& options = {});

/// The solution of min <P, C> + epsilon KL(P | a b^T) between Gaussians: a Gaussian.
struct EntropicGaussian {
  double kl_cost;              ///< The minimum.
  double linear_cost;          ///< <P, C>
  Matrix cross_covariance;     ///< d x d: Cov(X, Y) of the optimal coupling.
  AffineMap conditional_mean;  ///< E[Y | X = x], on the range of the source's covariance.
};

/// @param epsilon  positive, in units of the cost. Source: \cite janati2020.
EntropicGaussian gaussian_entropic(const Gaussian& source, const Gaussian& target, double epsilon);

/// OT_epsilon(a, b) - OT_epsilon(a, a) / 2 - OT_epsilon(b, b) / 2: from W_2^2 for epsilon to 0 down
/// to |mean difference|^2 for epsilon to infinity. Source: \cite janati2020.
double gaussian_sinkhorn_divergence(const Gaussian& source, const Gaussian& target, double epsilon);

/// The solution of min <P, C> + epsilon KL(P | a b^T) + rho KL(P 1 | a) + rho KL(P^T 1 | b).
struct UnbalancedGaussian {
  double mass;   ///< Of the optimal coupling.
  double value;  ///< The minimum.
};

/// @param source_mass, target_mass, epsilon, rho  positive.
/// Source: \cite janati2020, with determinants taken together so that singular covariances pass.
UnbalancedGaussian gaussian_unbalanced(const Gaussian& source, double source_mass,
                                       const Gaussian& target, double target_mass, double epsilon,
                                       double rho);

}  // namespace pushforward::ot
