/// Mixtures of isotropic components, evaluated through the vector kernels.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward::detail {

/// Components with log-weight plus log-normaliser `constants` (K), `means` (d x K) and `variances`
/// (K); log_p = log sum_k exp(constant_k - |x - m_k|^2 / (2 v_k)) and
/// out = sum_k r_k pull_k + (sum_k r_k gain_k) x.
struct IsotropicTerms {
  Matrix means;
  Vector variances, constants, gain;
  Matrix pull;
};

/// log_p (n) or out (d x n) may be null.
void evaluate_isotropic(const IsotropicTerms& terms, PointsIn x, double* log_p, PointsOut* out);

}  // namespace pushforward::detail
