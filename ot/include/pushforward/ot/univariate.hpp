/// Transport on the line, where sorting is optimal.
#pragma once

#include <functional>

#include "pushforward/core/measure.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/coupling.hpp"

namespace pushforward::ot {

/// W_p^p = int_0^1 |F^{-1}(t) - G^{-1}(t)|^p dt between measures on the line, p >= 1.
///
/// @param source, target  of dimension 1; zero weights and repeated points are ordinary.
/// @returns W_p to the power p; its p-th root is the distance.
/// @throws std::invalid_argument for another dimension, or p below 1 or infinite.
/// Work O((n + m) log(n + m)); relative error some (n + m) units of rounding, as masses are added.
/// Source: \cite peyre2019.
double univariate_wasserstein_power(const DiscreteMeasure& source, const DiscreteMeasure& target,
                                    double p);

/// The same between samples of equal weights 1/n and 1/m; masses are then exact fractions.
/// @param x, y  n and m finite numbers, at least one each.
double univariate_wasserstein_power(VectorIn x, VectorIn y, double p);

/// The same between a sample and the law with quantile function F^{-1} on (0, 1), increasing.
///
/// Gauss-Legendre with 5 nodes on each of the n steps of the sample, the outer two cut into pieces
/// that halve towards 0 and 1, so that logarithmic tails (normal, exponential) keep a relative
/// accuracy of 2e-8; mass 2^-44 at each end is left out. The law must have a p-th moment.
double univariate_wasserstein_power(VectorIn x, const std::function<double(double)>& quantile,
                                    double p);

/// W_infinity: the longest way that mass goes under the sorted coupling.
double univariate_wasserstein_infinity(const DiscreteMeasure& source,
                                       const DiscreteMeasure& target);

struct UnivariateTransport {
  SparseCoupling coupling;  ///< At most n + m - 1 entries, in the order of the points as given.
  Vector f, g;              ///< f_i + g_j <= |x_i - y_j|^p to rounding; <a, f> = <b, g>.
  double transport_cost;    ///< W_p^p.
  DualityGap certificate;   ///< The true W_p^p lies between, rounding included.
};

/// The optimal coupling between measures on the line for the cost |x - y|^p, with the potentials
/// that prove it: the cost is convex, so the arcs along which sorted masses are merged carry
/// feasible potentials.
///
/// @throws std::invalid_argument for another dimension, or p below 1 (concave costs do not keep the
/// order; network_simplex takes them) or infinite.
/// Work O((n + m) log(n + m)), memory O(n + m).
UnivariateTransport univariate_transport(const DiscreteMeasure& source,
                                         const DiscreteMeasure& target, double p);

}  // namespace pushforward::ot
