/// Problems that the sampler tests share: laws, start points and fitted orders.
#pragma once

#include <cmath>
#include <functional>
#include <vector>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/diffusion/time_grid.hpp"

namespace pushforward::diffusion::testing {

// Not inlined: gcc 12 takes copies of vectors whose size 1 it can see for overflows.
[[gnu::noinline]] inline Vector vector(std::initializer_list<double> values) {
  Vector v(static_cast<Index>(values.size()));
  Index i = 0;
  for (const double value : values) v[i++] = value;
  return v;
}

/// One point on the line.
[[gnu::noinline]] inline Matrix point(double x) {
  Matrix p(1, 1);
  p(0, 0) = x;
  return p;
}

/// Three components on the line with unequal weights and widths.
inline GaussianMixture line_mixture() {
  Matrix means(1, 3);
  means << -2.0, 0.5, 3.0;
  return GaussianMixture::isotropic(vector({0.3, 0.5, 0.2}), means, vector({0.6, 0.9, 0.5}));
}

/// A Gaussian with correlated coordinates and a mean.
inline GaussianMixture correlated_gaussian() {
  Matrix mean(3, 1);
  mean << 1.0, -2.0, 0.5;
  Matrix covariance(3, 3);
  covariance << 2.0, 0.6, -0.3, 0.6, 1.0, 0.2, -0.3, 0.2, 0.5;
  return GaussianMixture(vector({1.0}), mean, {covariance});
}

inline GaussianMixture centred_gaussian(Index dim, double deviation) {
  const Matrix mean = point(0.0).replicate(dim, 1);
  return GaussianMixture::isotropic(vector({1.0}), mean, vector({deviation}));
}

/// Levels equidistant in log rho from `first` to `last`, no step to 0.
inline Vector log_levels(Index steps, double first = 10.0, double last = 0.05) {
  return time_grid(LogSnrGrid{}, NoisePath(Edm{}), steps, {first, last, false});
}

inline double rms(const Matrix& difference) {
  return std::sqrt(difference.squaredNorm() / static_cast<double>(difference.size()));
}

/// Minus the least-squares slope of log error against log steps.
inline double fitted_order(const std::vector<Index>& steps,
                           const std::function<double(Index)>& error) {
  double sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
  for (const Index n : steps) {
    const double x = std::log(static_cast<double>(n));
    const double y = std::log(error(n));
    sx += x;
    sy += y;
    sxx += x * x;
    sxy += x * y;
  }
  const double count = static_cast<double>(steps.size());
  return -(count * sxy - sx * sy) / (count * sxx - sx * sx);
}

}  // namespace pushforward::diffusion::testing
