/// Facets that a draw's best cells do not tell of: those between cells whose atoms are far apart.
#pragma once

#include "ot/src/semidiscrete_batch.hpp"

namespace pushforward::ot::detail {

/// The part of the Hessian of E max_j (<x, y_j> + h_j) that belongs to facets which `lists` (at the
/// heights of `cells`, of the draws 0, 1, ... of `key`) do not see, from `draws` of these.
///
/// Scores change across a facet by |y_j - y_k| times the distance from it. Where atoms come in
/// clusters, a draw hardly off the facet of two clusters has its whole list in one of them, yet
/// that facet is the only thing which balances the clusters. So draws are moved: x in cell j by r_j
/// in a random direction v. It crosses a piece dS of a facet with probability
/// density(x) r_j E|<v, normal>| dS / 2, so a crossing into a cell that is not on its list adds
/// 1 / (r_j E|<v, normal>| |y_j - y_k|) to the sum whose mean is
/// w_jk = (integral of the density over the facet) / |y_j - y_k|. r_j E|<v, normal>| is the mean
/// distance of draws in cell j to the facet of their second cell.
GraphLaplacian hidden_laplacian(const CentredProblem& problem, const CellAssignment& cells,
                                const CandidateLists& lists, const RngKey& key, Index draws,
                                int threads);

}  // namespace pushforward::ot::detail
