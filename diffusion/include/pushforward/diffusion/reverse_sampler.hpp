/// Reverse-time samplers: from noised points at one level to points at a lower one.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/exact_score.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"
#include "pushforward/diffusion/step_weights.hpp"

namespace pushforward::diffusion {

enum class SamplerMethod {
  ddim,       ///< Exact for a constant prediction; order 1. Source: \cite song2021ddim.
  euler,      ///< Euler on the probability flow in x and t; order 1, depends on the path.
  heun,       ///< Trapezoid in rho on y = x / a; order 2, two calls a step. \cite karras2022
  ancestral,  ///< Gaussian reverse kernel with fresh noise; weak order 1. \cite ho2020
  dpmpp_2m,   ///< Data prediction, two nodes, midpoint weights; order 2. \cite lu2022
  multistep   ///< k nodes with exact weights; order k. \cite zhang2023
};
constexpr std::array<std::string_view, 6> enum_names(SamplerMethod) {
  return {"ddim", "euler", "heun", "ancestral", "dpmpp_2m", "multistep"};
}

/// How a k-node method gets its first k - 1 values.
enum class StartUp {
  ramp,   ///< Orders 1, 2, ..., k: no extra calls, but the whole run has order 2 at k >= 3.
  single  ///< A single-step method of order k - 1 for k - 1 steps, k - 1 calls each: order k.
};
constexpr std::array<std::string_view, 2> enum_names(StartUp) { return {"ramp", "single"}; }

/// The variance of an ancestral step, given both ends.
enum class AncestralVariance {
  small,  ///< That of x_T given x_S and x_0: exact for data that is one point.
  large   ///< That of x_S given x_T, scaled to T: exact for standard normal data on a VP path.
};
constexpr std::array<std::string_view, 2> enum_names(AncestralVariance) {
  return {"small", "large"};
}

struct ReverseSamplerOptions {
  SamplerMethod method = SamplerMethod::multistep;
  int order = 3;                                   ///< multistep: nodes k, 1 to 4.
  Prediction predict = Prediction::noise;          ///< multistep: what is interpolated.
  Interpolation variable = Interpolation::lambda;  ///< multistep: and in what.
  StartUp start = StartUp::ramp;                   ///< multistep: the first k - 1 steps.
  bool lower_final = false;  ///< multistep: at most order 2 in the last step above level 0.
  AncestralVariance variance = AncestralVariance::small;  ///< ancestral.
  int threads = 0;                                        ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("method", self.method, any_value, "the sampler");
    field("order", self.order, between(1, max_order), "multistep: nodes k, the order reached");
    field("predict", self.predict, any_value, "multistep: the quantity that is interpolated");
    field("variable", self.variable, any_value, "multistep: the variable of the polynomial");
    field("start", self.start, any_value, "multistep: how the first k - 1 values are found");
    field("lower_final", self.lower_final, any_value,
          "multistep: at most order 2 in the last step above level 0, if there are at most 14");
    field("variance", self.variance, any_value, "ancestral: variance of the fresh noise");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  bool operator==(const ReverseSamplerOptions&) const = default;
};

struct ReverseSamplerResult : SolveReport {  // iterations: steps done
  Matrix samples;                            ///< d x n in path coordinates at `level`.
  double level = 0.0;       ///< The noise level reached: the last of the grid unless interrupted.
  Index nfe = 0;            ///< Denoiser calls per sample, counted as they happened.
  Vector levels;            ///< The grid, steps + 1 levels.
  std::vector<int> orders;  ///< The order used in each step.
};

/// Runs the reverse process along `levels` (see time_grid) from `start`.
///
/// Every step is linear in what is known: y_T = c y_S + sum_j w_j p_j + n z, with y = x / a and the
/// p_j predictions at the nodes; the weights are found once per step, before any call. A step into
/// level 0 returns the denoiser's value at its beginning, whatever the method.
///
/// @param start  d x n points at level levels[0], in path coordinates (laws a x_0 + s e).
/// @param key    noise of the ancestral sampler: column i at step k draws with
///               (key.seed, key.chain + i, key.step + k, key.purpose). Other methods draw nothing.
/// Deterministic methods other than `euler` give the same y on every path. Samples are processed in
/// fixed blocks: same bits for any number of threads.
/// @throws std::invalid_argument for bad options, levels (validate_levels) or start points, and
///   for a denoiser that returns a number that is not finite or a wrong shape (names the sample,
///   the step and the level).
ReverseSamplerResult reverse_sampler(const Denoiser& denoiser, const NoisePath& path,
                                     VectorIn levels, PointsIn start, const RngKey& key,
                                     const ReverseSamplerOptions& options = {},
                                     const Observer& observer = {});

/// The denoiser calls per sample that `reverse_sampler` makes for a grid of `steps` steps.
Index planned_nfe(const ReverseSamplerOptions& options, Index steps, bool to_zero);

}  // namespace pushforward::diffusion
