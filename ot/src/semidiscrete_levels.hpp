/// A hierarchy of ever fewer atoms: heights found for few are the start for many.
#pragma once

#include <vector>

#include "ot/src/semidiscrete_cells.hpp"

namespace pushforward::ot::detail {

/// One level: the problem with groups of atoms drawn together into their means.
struct Level {
  CentredProblem problem;
  IndexVector
      parent;  ///< The group on the level before that each atom belongs to; empty on level 0.
};

/// Level 0 is one atom, the last is the problem itself, each between has a quarter of the next.
std::vector<Level> build_levels(const CentredProblem& problem, std::uint64_t seed);

/// Heights for `fine` from those of `coarse`. The conjugate of the Brenier potential, -h as a
/// function of the atom, has the centre of mass of the cell for its gradient, so about atom c
///   h_j = h_c - <centre_c, y_j - y_c> - s_c tau |y_j - y_c|^2 / 2,
/// s_c the ratio of the spreads of cell and group and tau, one number, where the mean quadratic
/// term over the source's draws equals that over the atoms: the best tau for the dual.
Vector extend_heights(const Level& fine, const CentredProblem& coarse, VectorIn heights,
                      const RngKey& key, int threads);

}  // namespace pushforward::ot::detail
