/// Exact flow maps: where the probability flow carries a point, without integration.
#pragma once

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"

namespace pushforward::diffusion {

/// The probability flow of a one-dimensional mixture from level `from` to level `to`.
///
/// On the line the flow keeps ranks, so it is the quantile map x_T = F_T^{-1}(F_S(x_S)), whatever
/// the path. The smaller of both tails is matched, so that points far out keep relative accuracy.
/// x: 1 x n in path coordinates at level `from`; the result is at level `to`. to = 0 is allowed for
/// components of positive variance.
/// Error about 1e-14 relative to the larger of |x_T| and the spread at level `to`.
/// @throws std::invalid_argument unless data.dim() = 1, x is 1 x n and finite, and both levels are
///   finite and not negative.
Matrix quantile_flow(const GaussianMixture& data, const NoisePath& path, double from, double to,
                     PointsIn x);

/// The probability flow of Gaussian data N(m, C) from level `from` to level `to`: affine,
///   x_T = a_T m + (a_T^2 C + s_T^2)^{1/2} (a_S^2 C + s_S^2)^{-1/2} (x_S - a_S m).
/// @param data  a mixture with one component.
/// @throws std::invalid_argument for more components, another dimension, or bad levels.
Matrix gaussian_flow(const GaussianMixture& data, const NoisePath& path, double from, double to,
                     PointsIn x);

}  // namespace pushforward::diffusion
