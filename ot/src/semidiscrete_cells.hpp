/// The problem as the semi-discrete solver sees it, and draws of the source sorted into cells.
#pragma once

#include <cstdint>
#include <functional>

#include "pushforward/core/rng.hpp"
#include "pushforward/ot/semidiscrete.hpp"

#include "ot/src/cell_assignment.hpp"

namespace pushforward::ot::detail {

/// Distinct atoms of positive weight, both clouds centred: x - source_mean against y - atom_mean.
/// Heights of the two frames differ by <source_mean, y - atom_mean> and a constant.
struct CentredProblem {
  CentredProblem(const SemidiscreteProblem& problem, std::uint64_t seed);

  std::shared_ptr<const Sampler> source;
  Matrix atoms;          ///< d x n, centred.
  Vector weights;        ///< n, positive, of sum one.
  IndexVector merged;    ///< N: which of the n each atom of the target became; -1 for weight zero.
  Vector atom_mean;      ///< d.
  Vector source_mean;    ///< d, estimated once from pilot draws unless it `has_circles`.
  double source_spread;  ///< sqrt(E |x - source_mean|^2 / d), from the same draws.
  bool has_circles;    ///< Gaussian source, d large: draws may share circles. source_mean is exact.
  double atom_spread;  ///< sqrt(sum_j nu_j |y_j - atom_mean|^2 / d).

  Index size() const { return atoms.cols(); }
  Index dim() const { return atoms.rows(); }

  /// w_j for |x - y_j|^2 - w_j in the frame of the user, with sum_j nu_j w_j = 0.
  Vector power_weights(VectorIn heights) const;
};

/// How many of the ascent's draws lie on one circle: eight of a Gaussian source in so many
/// dimensions that products are what draws cost (CellAssignment::best_on_circles()), otherwise one.
Index circle_size(const CentredProblem& problem);

/// The ascent's draws begin, begin + 1, ... of `key`, less the source's mean. x: d x n.
/// With circle_size() > 1 draws 8 c, ..., 8 c + 7 lie on circle c through a pair of independent
/// draws; begin and n are multiples of 8.
void ascent_draws(const CentredProblem& problem, const RngKey& key, Index begin, PointsOut x);

/// The `slots` best cells of the ascent's draws begin, ..., end - 1 (multiples of circle_size()),
/// as CellAssignment::best() lists them. Runs on one thread.
void sort_ascent_draws(const CentredProblem& problem, const CellAssignment& cells,
                       const RngKey& key, Index begin, Index end, Index slots, float* scores,
                       std::int32_t* labels);

/// One draw of the source and where it fell.
struct CellDraw {
  std::int32_t label;   ///< Its cell; -1 if no score was a number.
  std::int32_t second;  ///< The runner-up, -1 if there is none. Only without `exact`.
  double gap;           ///< Score of the best less that of the second. Only without `exact`.
  double cost;          ///< |x - y_label|^2.
};

/// Calls visit(draw) for the draws 0, ..., n - 1 of `key`, in order and from one thread; the draws
/// are sorted into cells by `threads` threads. With `exact`, as double precision would; if the
/// problem also `has_circles`, draws 2 i and 2 i + 1 are mirror images about the source's mean and
/// n is a multiple of 4.
void visit_draws(const CentredProblem& problem, const CellAssignment& cells, const RngKey& key,
                 Index n, bool exact, int threads,
                 const std::function<void(const CellDraw&)>& visit);

/// Fills in heights[j] of the atoms of weight zero: the largest that leaves the cell empty of 4096
/// pilot draws, min_i u(x_i) - <x_i, y_j> with u the potential of the other heights.
void fill_empty_heights(const CentredProblem& problem, const DiscreteMeasure& target,
                        std::uint64_t seed, VectorOut heights);

}  // namespace pushforward::ot::detail
