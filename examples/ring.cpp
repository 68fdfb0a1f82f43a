// Ten denoiser calls from noise to eight Gaussians on a ring: how far off are the moments?
#include <cmath>
#include <cstdio>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

using namespace pushforward;

int main() {
  const GaussianMixture ring = ring_of_gaussians(8, 4.0, 0.15);
  const diffusion::NoisePath path(diffusion::Edm{});
  const Vector levels = diffusion::time_grid(diffusion::KarrasGrid{}, path, 10);
  const Matrix noise = path.rho_max() * standard_normal(2).draws({.seed = 7}, 10'000);
  const auto result = diffusion::reverse_sampler(diffusion::MixtureDenoiser(ring), path, levels,
                                                 noise, {.seed = 8}, {.order = 2});
  const double found = result.samples.squaredNorm() / 10'000.0;
  const double exact = ring.covariance().trace() + ring.mean().squaredNorm();
  std::printf("%td calls a sample, E|x|^2 = %.3f, exact %.3f\n", result.nfe, found, exact);
  return std::abs(found / exact - 1.0) < 0.02 ? 0 : 1;
}
