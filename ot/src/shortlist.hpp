/// The few arcs on which an optimal coupling can be expected, and those that prove it wrong.
#pragma once

#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/cost_view.hpp"

#include "ot/src/transport_simplex.hpp"

namespace pushforward::ot::detail {

/// About `per_node` arcs of least reduced cost C_ij - f_i - g_j for every row and column, at least
/// one for each. One pass over the costs, and another for the few nodes that were missed.
ArcPool shortlist(const CostView& cost, const Potentials& potentials, Index per_node, int threads);

/// Arcs with reduced cost below zero beyond rounding: of each column up to `per_column` of the most
/// negative ones, appended to the pool. Returns their number; 0 proves the potentials feasible.
Index price(const CostView& cost, const double* f, const double* g, Index per_column, int threads,
            ArcPool& pool);

}  // namespace pushforward::ot::detail
