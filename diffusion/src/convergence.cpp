#include "pushforward/diffusion/convergence.hpp"

#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"

namespace pushforward::diffusion {
namespace {

void check(const FlowPairs& pairs, const std::vector<Index>& steps) {
  constexpr auto where = "convergence_study";
  require(pairs.start.size() > 0, where, "start.size()", pairs.start.size(), "at least 1");
  require(pairs.end.rows() == pairs.start.rows(), where, "end.rows()", pairs.end.rows(),
          "that of start, " + std::to_string(pairs.start.rows()));
  require(pairs.end.cols() == pairs.start.cols(), where, "end.cols()", pairs.end.cols(),
          "that of start, " + std::to_string(pairs.start.cols()));
  require(!pairs.range.to_zero, where, "range.to_zero", true, "false");
  require(steps.size() >= 3, where, "steps.size()", steps.size(), "at least 3");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Index least = i == 0 ? 1 : steps[i - 1] + 1;
    require(steps[i] >= least, where, "steps[" + std::to_string(i) + "]", steps[i],
            "at least " + std::to_string(least));
  }
}

}  // namespace

ConvergenceStudy convergence_study(const Denoiser& denoiser, const NoisePath& path,
                                   const TimeGrid& grid, const FlowPairs& pairs,
                                   const std::vector<Index>& steps,
                                   const ReverseSamplerOptions& options) {
  check(pairs, steps);
  const auto count = static_cast<Index>(steps.size());
  ConvergenceStudy study{.steps = steps, .nfe = {}, .errors = Vector(count), .fit = {}};
  Vector step_size(count);
  for (Index i = 0; i < count; ++i) {
    const Index n = steps[static_cast<std::size_t>(i)];
    const auto result = reverse_sampler(denoiser, path, time_grid(grid, path, n, pairs.range),
                                        pairs.start, {}, options);
    study.nfe.push_back(result.nfe);
    study.errors[i] = std::sqrt((result.samples - pairs.end).squaredNorm() /
                                static_cast<double>(pairs.end.size()));
    step_size[i] = 1.0 / static_cast<double>(n);
  }
  if ((study.errors.array() > 0.0).all()) {
    study.fit = fit_power(step_size, study.errors);
  } else {
    study.fit = {not_known, not_known, not_known, not_known, not_known};
  }
  return study;
}

}  // namespace pushforward::diffusion
