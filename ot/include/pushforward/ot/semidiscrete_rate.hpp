/// How fast the heights of semi-discrete transport can be learnt from draws, where both the heights
/// and the best rate are known: sites on a grid in the unit cube.
#pragma once

#include "pushforward/core/types.hpp"
#include "pushforward/ot/semidiscrete.hpp"

namespace pushforward::ot {

/// The uniform law on the unit cube and k^d equal sites at the centres of its k^d equal cells.
///
/// The optimal heights are h_j = -|y_j|^2 / 2 up to a constant, all power weights are 0, and
/// W_2^2 = d / (12 k^2).
/// @throws std::invalid_argument unless dim and per_side are at least 1 and there are at most 10^7
///   sites.
SemidiscreteProblem unit_grid_problem(Index dim, Index per_side);

/// |h - h*|^2, the sum over sites of squared errors of the heights, both centred to mean zero.
/// heights: k^d, as `semidiscrete` returns them for `unit_grid_problem`.
double unit_grid_height_error(VectorIn heights, Index dim, Index per_side);

/// The heights that solve the problem of a batch exactly: its draws, equally likely, against the
/// target, as an assignment in which each atom stands for as many points as it gets draws.
///
/// draws: d x B; B must be a multiple of the number of atoms, all of one weight. They are optimal
/// for the batch, whose optimum is unique up to O(1 / B). Work about O(B^2.3), memory 8 B^2 bytes.
/// @throws std::invalid_argument naming the first argument for which that is not so.
Vector batch_heights(const DiscreteMeasure& target, PointsIn draws, int threads = 0);

/// lim B E |h_B - h*|^2 for the heights h_B that are optimal for a batch of B draws: by the central
/// limit theorem of minimisers of averages it is
///   tr(H^+ Sigma H^+),  Sigma = diag(nu) - nu nu^T,
/// with H the Hessian of E max_j(<x, y_j> + h_j) - <nu, h>, here k^{2 - d} times the Laplacian of
/// the grid graph: facets have area k^{1 - d} and sites across them a distance of 1 / k. An
/// averaged stochastic ascent whose gain falls slowly enough, but falls, has the same limit over
/// its draws. Source: \cite kitagawa2019 for the Hessian, \cite polyak1992 for the average.
double unit_grid_height_variance(Index dim, Index per_side);

}  // namespace pushforward::ot
