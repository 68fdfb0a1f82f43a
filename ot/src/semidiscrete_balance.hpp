/// How far cells that no draw reached are from touching one.
#pragma once

#include <vector>

#include "ot/src/semidiscrete_cells.hpp"

namespace pushforward::ot::detail {

/// For each of `atoms` the least u(x) - <x, y_j> - h_j over the draws 0, ..., draws - 1 of `key`:
/// the smallest raise of h_j after which cell j touches one of them.
Vector least_gaps(const CentredProblem& problem, const CellAssignment& cells, VectorIn heights,
                  const std::vector<Index>& atoms, Index draws, const RngKey& key);

}  // namespace pushforward::ot::detail
