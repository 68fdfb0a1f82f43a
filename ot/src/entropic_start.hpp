/// Cheap approximate potentials, from which exact solvers start.
#pragma once

#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/cost_view.hpp"

namespace pushforward::ot::detail {

/// Whether `entropic_start` knows the cost: c(x, y) = p(x) + q(y) - k <x, y>.
bool has_entropic_start(const CostView& cost);

/// Potentials of entropic transport by a few Sinkhorn iterations in single precision, while
/// epsilon halves and the clouds grow from subsamples to all points, so that the last steps take
/// most of the work. Accurate to some epsilon, which is small enough that the arcs of least reduced
/// cost contain nearly all of an optimal coupling.
/// @param a, b  positive masses of equal sums.
Potentials entropic_start(const PointCost& cost, VectorIn a, VectorIn b, int threads);

}  // namespace pushforward::ot::detail
