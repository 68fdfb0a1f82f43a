/// How fast a sampler's error falls with the number of steps, against an exact flow map.
#pragma once

#include <vector>

#include "pushforward/core/stats.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/exact_score.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

namespace pushforward::diffusion {

/// Points at the first level of a grid and where the flow takes them by its last.
struct FlowPairs {
  Matrix start;      ///< d x n at level range.first, in path coordinates.
  Matrix end;        ///< d x n, their exact images.
  LevelRange range;  ///< `to_zero` must be false: the flow map is compared at a positive level.
};

/// The error at each number of steps and the order it falls with.
struct ConvergenceStudy {
  std::vector<Index> steps;
  std::vector<Index> nfe;  ///< Denoiser calls per sample at each number of steps.
  Vector errors;           ///< Root mean square distance to the exact image, per coordinate.
  LineFit fit;             ///< `slope` is the order: log(error) against log(1 / steps).
};

/// Runs the sampler on the same start points with grids of each number of steps.
///
/// The standard error of the order comes from the scatter about the line: it says how far the
/// errors are from one power law, as at few steps, where higher orders still contribute, or at
/// many, where rounding does. A perfect result (error 0) makes the order NaN.
/// @throws std::invalid_argument for fewer than three numbers of steps or ones that do not
///   increase, for shapes that differ, for `to_zero`, and as `reverse_sampler` does.
ConvergenceStudy convergence_study(const Denoiser& denoiser, const NoisePath& path,
                                   const TimeGrid& grid, const FlowPairs& pairs,
                                   const std::vector<Index>& steps,
                                   const ReverseSamplerOptions& options);

}  // namespace pushforward::diffusion
