/// What first-order steps do to Gaussian data, in closed form.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward::diffusion {

/// The factor by which DDIM shrinks the spread of data N(m, c^2 I) along `levels`, relative to the
/// spread that the exact flow gives: prod_i cos(theta_i - theta_{i+1}), theta = atan(rho / c).
///
/// On such data one step is linear. In units of the exact standard deviation at each of its ends,
/// sqrt(c^2 + rho_S^2) and sqrt(c^2 + rho_T^2) in y = x / a, it multiplies the deviation from the
/// mean by
///   (c^2 + rho_S rho_T) / (sqrt(c^2 + rho_S^2) sqrt(c^2 + rho_T^2)) = cos(theta_S - theta_T).
/// Since log cos is concave, equal angles shrink least for a given number of steps (AngleGrid).
///
/// levels: at least two noise levels, strictly decreasing, the last at least 0.
/// standard_deviation: c > 0. The result lies in (0, 1]; relative error about 1e-16 per step.
/// @throws std::invalid_argument naming the first bad argument.
double ddim_contraction(VectorIn levels, double standard_deviation);

}  // namespace pushforward::diffusion
