/// How far the expressway's law can be from the data's: a bound that is made of measurable parts.
///
/// With M deterministic steps R_1, ..., R_M (in the order they run) behind the map T,
///   W_2(out, p_0) <= L_1 ... L_M (W_2(T#mu, nu) + W_2(nu, p_M)) + sum_k L_{k+1} ... L_M delta_k,
/// with nu the atoms, p_M the noised data at their level, L_k a Lipschitz constant of R_k and
/// delta_k its error against the exact flow, root mean square over exact draws. Distances are in
/// y = x / a, where all paths agree; data itself (level 0) is the same in x and y.
#pragma once

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/exact_score.hpp"

namespace pushforward::diffusion {

/// Cov(x_0 | x_0 + rho e = y) for mixture data: y has d entries, the result is d x d. The Jacobian
/// of the denoiser in y is this over rho^2. Work O(K d^3).
/// @throws std::invalid_argument for another dimension or rho that is not positive and finite.
Matrix posterior_covariance(const GaussianMixture& data, VectorIn y, double rho);

/// The largest spectral norm of the Jacobian of a DDIM step from level `from` to level `to` >= 0
/// over the columns of y (d x n, points x / a):
///   (to / from) I + (1 - to / from) Cov(x_0 | y) / from^2.
/// An estimate from below of the Lipschitz constant that grows with the points given; they should
/// cover the segments between images of the map and draws of the exact law.
/// @throws std::invalid_argument unless from > to >= 0, for no points or another dimension.
double ddim_step_lipschitz(const GaussianMixture& data, double from, double to, PointsIn y);

/// Root mean square over the columns of y, exact draws at level `from`, of the distance between a
/// DDIM step to level `to` >= 0 and the exact flow, which a fourth-order method follows in
/// `reference_steps` steps (to = 0: down to 1e-4 of `from`, then by the denoiser).
double ddim_step_error(const Denoiser& denoiser, double from, double to, PointsIn y,
                       Index reference_steps = 100);

/// The right-hand side of the bound.
/// @param image      W_2(T#mu, nu), or a bound: sqrt of ot::image_w2_squared_bound.
/// @param atoms      W_2(nu, p_M).
/// @param lipschitz  M: L_1, ..., L_M. @param step_errors  M: delta_1, ..., delta_M. M = 0 is
///   allowed: the bound is image + atoms.
/// @throws std::invalid_argument for entries that are negative or not finite, or sizes that differ.
double expressway_bound(double image, double atoms, VectorIn lipschitz, VectorIn step_errors);

}  // namespace pushforward::diffusion
