#include "pushforward/diffusion/start_points.hpp"

#include <cmath>

#include "pushforward/core/errors.hpp"

namespace pushforward::diffusion {
namespace {

void check(const char* where, double rho, Index n) {
  require(n >= 1, where, "n", n, "at least 1");
  require(std::isfinite(rho) && rho >= 0.0, where, "rho", rho, "a finite level of at least 0");
}

Matrix noised(const NoisePath& path, double rho, const RngKey& key, Matrix x) {
  const Scales scales = path.scales(rho);
  Matrix noise(x.rows(), x.cols());
  fill_normal(key.for_purpose(Draw::noise), noise);
  x *= scales.a;
  x += scales.s * noise;
  return x;
}

}  // namespace

Matrix noised_draws(const Sampler& data, const NoisePath& path, double rho, const RngKey& key,
                    Index n) {
  check("noised_draws", rho, n);
  return noised(path, rho, key, data.draws(key, n));
}

Matrix noised_draws(const DiscreteMeasure& data, const NoisePath& path, double rho,
                    const RngKey& key, Index n) {
  check("noised_draws", rho, n);
  const IndexVector rows = categorical(key.for_purpose(Draw::component), data.weights(), n);
  Matrix x(data.dim(), n);
  for (Index i = 0; i < n; ++i) x.col(i) = data.points().col(rows[i]);
  return noised(path, rho, key, std::move(x));
}

Matrix noise_draws(Index dim, const NoisePath& path, double rho, const RngKey& key, Index n) {
  check("noise_draws", rho, n);
  require(dim >= 1, "noise_draws", "dim", dim, "at least 1");
  Matrix x(dim, n);
  fill_normal(key, x);
  return path.scales(rho).s * x;
}

}  // namespace pushforward::diffusion
