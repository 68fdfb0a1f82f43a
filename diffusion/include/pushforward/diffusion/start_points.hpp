/// Where reverse samplers and the expressway start: exact draws of noised data, and pure noise.
#pragma once

#include "pushforward/core/density.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"

namespace pushforward::diffusion {

/// n exact draws a x_0 + s e of the data noised to level rho, d x n in path coordinates. x_0 is
/// drawn under `key` (for a measure, its index under purpose `component`), e under purpose `noise`;
/// column i depends on (key.seed, key.step, key.chain + i) alone.
/// @throws std::invalid_argument for n < 1 or a level that is negative or not finite.
Matrix noised_draws(const Sampler& data, const NoisePath& path, double rho, const RngKey& key,
                    Index n);
Matrix noised_draws(const DiscreteMeasure& data, const NoisePath& path, double rho,
                    const RngKey& key, Index n);

/// n draws of N(0, s^2 I) at level rho: the customary start, which forgets the data's mean and
/// spread; at rho = 80 the law of standardised data differs from it by 1 part in 13,000 of
/// variance.
Matrix noise_draws(Index dim, const NoisePath& path, double rho, const RngKey& key, Index n);

}  // namespace pushforward::diffusion
