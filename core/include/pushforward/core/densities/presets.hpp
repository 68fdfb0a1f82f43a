/// Named Gaussian mixtures that experiments start from.
#pragma once

#include "pushforward/core/densities/gaussian_mixture.hpp"

namespace pushforward {

/// N(0, I) on R^dim.
GaussianMixture standard_normal(Index dim);

/// Equal components in the plane, the k-th at angle 2 pi k / components on a circle about 0.
GaussianMixture ring_of_gaussians(Index components, double radius, double standard_deviation);

/// per_side^2 equal components on a square grid centred at 0; the first coordinate runs fastest.
GaussianMixture grid_of_gaussians(Index per_side, double spacing, double standard_deviation);

}  // namespace pushforward
