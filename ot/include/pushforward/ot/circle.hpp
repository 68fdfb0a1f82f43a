/// Transport on the circle of length one.
#pragma once

#include "pushforward/core/measure.hpp"

namespace pushforward::ot {

/// W_1 between measures on the circle, for the geodesic distance: min_s int |F - G - s|, where s is
/// a weighted median of F - G.
///
/// @param source, target  of dimension 1; points are taken modulo 1.
/// @throws std::invalid_argument for another dimension.
/// Work O((n + m) log(n + m)).
/// Source: \cite delon2010.
double circular_wasserstein_1(const DiscreteMeasure& source, const DiscreteMeasure& target);

/// W_p^p on the circle, p >= 1: the least over shifts theta of
/// int_0^1 |F^{-1}(t) - G^{-1}(t + theta)|^p dt with G^{-1}(t + 1) = G^{-1}(t) + 1. The integral is
/// convex and piecewise linear in theta; golden sections end at a width of 2^-50.
///
/// Work O(80 (n + m)) after sorting. @throws std::invalid_argument for another dimension, or p
/// below 1 or infinite.
double circular_wasserstein_power(const DiscreteMeasure& source, const DiscreteMeasure& target,
                                  double p);

}  // namespace pushforward::ot
