#include "pushforward/diffusion/reverse_sampler.hpp"

#include <atomic>
#include <chrono>
#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/diffusion/time_grid.hpp"

#include "core/src/parallel.hpp"
#include "diffusion/src/sampler_plan.hpp"

namespace pushforward::diffusion {
namespace {

constexpr std::string_view here = "reverse_sampler";
constexpr Index block_size = 256;  // columns handed to the denoiser at once

std::string moment(Index step, double level) {
  return " at step " + std::to_string(step) + " (level " + pushforward::detail::shortest(level) +
         ")";
}

// The denoiser as the loop sees it: in y = x / a, with its calls counted and its values checked.
class Oracle {
 public:
  Oracle(const Denoiser& denoiser, const NoisePath& path) : denoiser_(denoiser), path_(path) {}

  /// d := D(a y) for the columns of a block that begins at sample `first`. `x` is scratch.
  void denoise(PointsIn y, double level, Index first, Index step, PointsOut x, PointsOut d) {
    const Scales scales = path_.scales(level);
    x = scales.a * y;
    try {
      denoiser_.denoise(x, scales.a, scales.s, d);
    } catch (const std::invalid_argument& error) {
      throw std::invalid_argument(error.what() + std::string(" (samples ") + std::to_string(first) +
                                  " to " + std::to_string(first + y.cols() - 1) +
                                  moment(step, level) + ")");
    }
    evaluations_ += y.cols();
    for (Index i = 0; i < d.cols(); ++i) {
      if (d.col(i).allFinite()) continue;
      Index row = 0;
      while (std::isfinite(d(row, i))) ++row;
      require(false, here,
              "the denoiser's value for sample " + std::to_string(first + i) + moment(step, level),
              d(row, i), "a finite number");
    }
  }

  Index evaluations() const { return evaluations_; }

 private:
  const Denoiser& denoiser_;
  const NoisePath& path_;
  std::atomic<Index> evaluations_{0};
};

// Predictions of the last calls, newest first, as a ring over whole-batch matrices.
class Predictions {
 public:
  Predictions(Index rows, Index cols, std::size_t slots) : slots_(slots, Matrix(rows, cols)) {}
  Matrix& newest(std::size_t age) { return slots_[(head_ + age) % slots_.size()]; }
  void push() { head_ = (head_ + slots_.size() - 1) % slots_.size(); }
  /// Forgets all but the oldest of the `count` newest: the first call of a step stays for later.
  void keep_first_of(std::size_t count) { head_ = (head_ + count - 1) % slots_.size(); }

 private:
  std::vector<Matrix> slots_;
  std::size_t head_ = 0;
};

void check_start(const Denoiser& denoiser, PointsIn start) {
  require(start.rows() == denoiser.dim(), here, "start.rows()", start.rows(),
          "the dimension of the denoiser, " + std::to_string(denoiser.dim()));
  require(start.cols() >= 1, here, "start.cols()", start.cols(), "at least 1");
  for (Index i = 0; i < start.cols(); ++i) {
    for (Index row = 0; row < start.rows(); ++row) {
      require(std::isfinite(start(row, i)), here,
              "start(" + std::to_string(row) + ", " + std::to_string(i) + ")", start(row, i),
              "a finite number");
    }
  }
}

}  // namespace

ReverseSamplerResult reverse_sampler(const Denoiser& denoiser, const NoisePath& path,
                                     VectorIn levels, PointsIn start, const RngKey& key,
                                     const ReverseSamplerOptions& options,
                                     const Observer& observer) {
  validate_fields(here, options);
  validate_levels(here, levels, path);
  check_start(denoiser, start);
  const auto clock = std::chrono::steady_clock::now();

  const detail::SamplerPlan plan = detail::sampler_plan(options, path, levels);
  const Index d = start.rows();
  const Index n = start.cols();
  Oracle oracle(denoiser, path);
  Predictions predictions(d, n, plan.memory());
  Matrix y = start / path.scales(levels[0]).a;
  Matrix point = y;  // where the denoiser is called next; equals y at the first stage of a step
  Matrix scratch(d, n);

  ReverseSamplerResult result;
  result.levels = levels;
  result.level = levels[0];
  result.threads = pushforward::detail::thread_count(options.threads);
  result.converged = true;
  result.termination = Termination::converged;
  for (const detail::Step& step : plan.steps) {
    const Index index = result.iterations;
    for (const detail::Stage& stage : step.stages) {
      predictions.push();
      pushforward::detail::parallel_blocks(
          n, block_size, options.threads, [&](Index begin, Index end, Index) {
            const Index size = end - begin;
            auto at = point.middleCols(begin, size);
            auto prediction = predictions.newest(0).middleCols(begin, size);
            oracle.denoise(at, stage.level, begin, index, scratch.middleCols(begin, size),
                           prediction);
            if (step.to == 0.0) {
              at = prediction;
              return;
            }
            if (plan.predict == Prediction::noise) prediction = (at - prediction) / stage.level;
            if (stage.noise > 0.0) {
              const RngKey block_key = key.at_chain(key.chain + static_cast<std::uint32_t>(begin))
                                           .at_step(key.step + static_cast<std::uint32_t>(index));
              fill_normal(block_key, at, 1);
              at *= stage.noise;
              at += stage.carry * y.middleCols(begin, size);
            } else {
              at = stage.carry * y.middleCols(begin, size);
            }
            for (std::size_t j = 0; j < stage.weights.size(); ++j) {
              at += stage.weights[j] * predictions.newest(j).middleCols(begin, size);
            }
          });
    }
    y = point;
    predictions.keep_first_of(step.stages.size());
    result.level = step.to;
    result.orders.push_back(step.order);
    ++result.iterations;
    const bool last = result.iterations == static_cast<Index>(plan.steps.size());
    const Progress progress{.phase = "sampling",
                            .done = result.iterations,
                            .total = static_cast<std::int64_t>(plan.steps.size())};
    if (observer && !observer(progress) && !last) {
      result.converged = false;
      result.termination = Termination::interrupted;
      break;
    }
  }
  result.samples = path.scales(result.level).a * y;
  result.nfe = oracle.evaluations() / n;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - clock).count();
  return result;
}

}  // namespace pushforward::diffusion
