/// A reverse sampler as data: which levels the denoiser is called at and how a step combines what
/// it returned. All methods are plans; one loop runs them.
#pragma once

#include <vector>

#include "pushforward/diffusion/reverse_sampler.hpp"

namespace pushforward::diffusion::detail {

/// One call of the denoiser and the point made from it:
///   y = carry y_S + sum_j weights[j] p_j + noise z,
/// the p_j newest first: this step's calls, then the first calls of the steps before.
struct Stage {
  double level = 0.0;  ///< Where the denoiser is called.
  double carry = 1.0;
  std::vector<double> weights;
  double noise = 0.0;
};

struct Step {
  double from = 0.0;
  double to = 0.0;  ///< 0: the one stage returns the denoiser's value.
  int order = 1;
  std::vector<Stage> stages;
};

struct SamplerPlan {
  Prediction predict = Prediction::noise;
  std::vector<Step> steps;

  /// How many predictions have to be kept: those of one step on top of the older ones it uses.
  std::size_t memory() const;
};

/// levels must be valid for the path.
SamplerPlan sampler_plan(const ReverseSamplerOptions& options, const NoisePath& path,
                         VectorIn levels);

}  // namespace pushforward::diffusion::detail
