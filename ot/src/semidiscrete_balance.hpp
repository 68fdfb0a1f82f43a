/// Cells that hardly any draw falls in, raised to where they are worth something.
#pragma once

#include <vector>

#include "ot/src/semidiscrete_cells.hpp"

namespace pushforward::ot::detail {

/// Cells with less than an eighth of the hits that they should have, where those are 16 or more: by
/// chance that happens to one cell in 1e5.
std::vector<Index> starved_cells(const IndexVector& hits, VectorIn weights, Index draws);

/// For each of `atoms` how much h_j must grow for its cell to hold half of its weight in the draws
/// 0, ..., draws - 1 of `key` if no other height changes. When several cells grow at once each gets
/// that or less, so none overshoots. Zero where no score is a number.
Vector half_weight_raises(const CentredProblem& problem, const CellAssignment& cells,
                          VectorIn heights, const std::vector<Index>& atoms, Index draws,
                          const RngKey& key);

}  // namespace pushforward::ot::detail
