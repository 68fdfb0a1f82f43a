/// The first tree of the transport simplex.
#pragma once

#include <cstddef>
#include <vector>

#include "pushforward/ot/certificate.hpp"

#include "ot/src/transport_simplex.hpp"
#include "ot/src/transport_tree.hpp"
#include "ot/src/whole_masses.hpp"

namespace pushforward::ot::detail {

/// Ships along the arcs `first` of the pool, in order, then along those of least reduced cost. What
/// is left stays on artificial arcs, or for `ship_all` goes to the next target that has room: then
/// artificial arcs carry nothing and never matter, at the price of more pivots.
TransportTree greedy_tree(const CostView& cost, const WholeMasses& masses, const ArcPool& pool,
                          const std::vector<std::size_t>& first, const Potentials& start,
                          bool ship_all);

}  // namespace pushforward::ot::detail
