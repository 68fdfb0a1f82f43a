/// Gaussian mixtures: exact densities, scores, draws, and the same at every noise level.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "pushforward/core/density.hpp"

namespace pushforward {

/// The law sum_k w_k N(m_k, C_k) on R^d. Each covariance is kept as eigenpairs, found once: the law
/// of a X + s e has the same axes, so a change of noise level costs no factorisation. Components
/// with C_k = sigma_k^2 I take a faster path. Immutable; copies share what is large.
///
/// Covariances may be singular. A law without a density then still has draws, moments and
/// `denoise`, while the functions of its log-density throw.
class GaussianMixture final : public SmoothLogDensity, public Sampler {
 public:
  /// weights: K, non-negative, of sum 1 within 1e-9 (rescaled to rounding). means: d x K.
  /// covariances: K matrices d x d, symmetric and positive semidefinite within 1e-10 of their
  /// largest entry.
  /// @throws std::invalid_argument naming the first bad argument.
  GaussianMixture(VectorIn weights, PointsIn means, const std::vector<Matrix>& covariances);

  /// Components N(m_k, sigma_k^2 I). standard_deviations: K, at least 0.
  static GaussianMixture isotropic(VectorIn weights, PointsIn means, VectorIn standard_deviations);

  Index dim() const override { return means_.rows(); }
  Index components() const { return means_.cols(); }
  bool is_isotropic() const { return axes_ == nullptr; }
  const Vector& weights() const { return weights_; }
  const Matrix& means() const { return means_; }  ///< d x K.
  Matrix component_covariance(Index k) const;     ///< d x d.

  Vector mean() const;        ///< Of the whole law.
  Matrix covariance() const;  ///< Of the whole law.

  /// Normalised: the density integrates to one.
  /// @throws std::invalid_argument if a covariance is singular; likewise the next two.
  void log_density(PointsIn x, VectorOut log_p) const override;
  void log_density_and_score(PointsIn x, VectorOut log_p, PointsOut score) const override;

  /// r: K x n; column i holds P(component = k | x_i).
  void responsibilities(PointsIn x, PointsOut r) const;

  /// d: d x n; d_i = E[X | a X + s e = x_i] with e standard normal. No small difference of large
  /// numbers is formed: components contribute m_k + gain (x - a m_k), gain = a C_k (a^2 C_k +
  /// s^2)^-1. s = 0 gives x / a; other s must be at least 1e-100.
  void denoise(PointsIn x, double a, double s, PointsOut d) const;

  /// The law of a X + s e. O(K d); axes are shared.
  GaussianMixture noised(double a, double s) const;

  void draw(const RngKey& key, PointsOut x) const override;

  /// Known of a single component.
  std::optional<Vector> gaussian_mean() const override;

  /// Draws with the component that each point came from.
  IndexVector draw_labelled(const RngKey& key, PointsOut x) const;

 private:
  using Axes = std::shared_ptr<const std::vector<Matrix>>;
  struct Level;
  GaussianMixture(Vector weights, Matrix means, Matrix variances, Axes axes);
  Level level(double a, double s) const;
  Level density_level(const char* where) const;

  Vector weights_;    // K
  Matrix means_;      // d x K
  Matrix variances_;  // eigenvalues of C_k: d x K, or 1 x K if all are isotropic
  Axes axes_;         // eigenvectors of C_k; null if all are isotropic
};

}  // namespace pushforward
