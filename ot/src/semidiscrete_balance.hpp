/// Steps that give each cell its mass at once, as far as one batch can tell.
#pragma once

#include <vector>

#include "ot/src/semidiscrete_cells.hpp"

namespace pushforward::ot::detail {

/// The change of each height after which its cell, the others at rest, would hold its share of
/// `draws`: an oversized cell gives up the draws of least gap, an undersized one takes the nearest
/// of those that it is second for (all it can see, if they are too few), and an empty cell that is
/// second for none is raised until it touches one of up to 4096 draws, drawn again from `key`.
/// No derivative is used, so the steps are right however far off the masses are.
Vector balancing_steps(const CentredProblem& problem, const CellAssignment& cells, VectorIn heights,
                       const std::vector<CellDraw>& draws, const RngKey& key);

}  // namespace pushforward::ot::detail
