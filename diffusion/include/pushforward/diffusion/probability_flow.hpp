/// The probability flow integrated in a path's own clock: a reference that owes nothing to the
/// samplers, which all work in y = x / a and the noise level.
#pragma once

#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/exact_score.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"

namespace pushforward::diffusion {

/// Carries points along dx/dt = u(x, t) from noise level `from` down to `to`.
///
/// u is the path's velocity (ds/dt) / s x + (da/dt - a (ds/dt) / s) D(x, t); the classical
/// fourth-order Runge-Kutta method takes `steps` equal steps of lambda, where t = t(lambda) and
/// dt/dlambda = -2 s^2 / g^2 with the path's diffusion coefficient g. Every derivative and inverse
/// of the path therefore enters. Error O(steps^-4); 4 denoiser calls a step.
/// @param x  d x n in path coordinates at level `from`. The result is at level `to`.
/// @throws std::invalid_argument unless path.rho_max() >= from > to >= path.rho_min() up to
///   rounding, steps >= 1, and x is finite with as many rows as the denoiser has dimensions.
Matrix probability_flow(const Denoiser& denoiser, const NoisePath& path, double from, double to,
                        PointsIn x, Index steps, int threads = 0);

}  // namespace pushforward::diffusion
