// The digits (1797 atoms in R^64, centred, scaled to unit variance) from standard normal noise: CPU
// time to the same certified mass error by stochastic Newton and by the published recipe, Adam on
// Monte Carlo masses. The recipe comes in two forms: with its batch and rate fixed throughout, and
// with the batch doubled and the rate cut by a fifth when it stagnates. It is given up after twelve
// times what Newton took; the label then states the ratio as a lower bound.
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>

#include <benchmark/benchmark.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/semidiscrete.hpp"

#include "bench/support/ratios.hpp"

using namespace pushforward;

namespace {

constexpr double patience = 12.0;

Matrix digits() {
  Matrix y = read_npy_points(PUSHFORWARD_DATA "/digits_images.npy");
  y.colwise() -= Vector(y.rowwise().mean());
  return y / std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// CPU seconds of Newton for each tolerance, in percent: registered, so run, before the recipe.
std::map<std::int64_t, double>& newton_seconds() {
  static std::map<std::int64_t, double> seconds;
  return seconds;
}

// range(0): percent of the certified error; range(1): thousandths of the learning rate.
void solve(benchmark::State& state, ot::SemidiscreteMethod method, bool is_fixed) {
  const Matrix y = digits();
  const ot::SemidiscreteProblem problem{
      std::make_shared<GaussianMixture>(standard_normal(y.rows())), DiscreteMeasure::uniform(y)};
  ot::SemidiscreteOptions options{.method = method, .threads = 1};
  options.tolerance = static_cast<double>(state.range(0)) / 100.0;
  options.learning_rate = static_cast<double>(state.range(1)) / 1000.0;
  const bool is_recipe = method == ot::SemidiscreteMethod::mc_adam;
  const auto reference = newton_seconds().find(state.range(0));
  ot::SemidiscreteResult result;
  double seconds = 0.0, ascent = 0.0;
  for (auto _ : state) {
    const double start = cpu_seconds();
    const ot::SemidiscreteSolver solver(problem, options);
    ot::SemidiscreteState run = solver.init();
    while (!solver.finished(run)) {
      const bool is_ascent = run.phase == 0;
      const double before = cpu_seconds();
      solver.step(run);
      if (is_ascent) ascent += cpu_seconds() - before;
      if (is_fixed) run.stalled = 0;
      seconds = cpu_seconds() - start;
      if (is_recipe && reference != newton_seconds().end() &&
          seconds > patience * reference->second) {
        solver.finish(run, Termination::time_limit);
      }
    }
    seconds = cpu_seconds() - start;
    result = solver.result(run);
  }
  const auto n = static_cast<double>(y.cols());
  state.counters["certified_error"] = result.mass_error_bound;
  state.counters["ascent_s"] = ascent;
  state.counters["ascent_draws_per_atom"] = static_cast<double>(result.ascent_samples) / n;
  state.counters["certificate_draws_per_atom"] =
      static_cast<double>(result.certificate_samples) / n;
  if (!is_recipe) {
    newton_seconds()[state.range(0)] = seconds;
    if (!result.converged) state.SkipWithError("not certified");
    return;
  }
  if (reference == newton_seconds().end()) return;
  std::array<char, 96> label;
  const double ratio = seconds / reference->second;
  std::snprintf(label.data(), label.size(),
                result.converged ? "certified after %.1f s: ratio %.1f"
                                 : "recipe not certified after %.1f s: ratio at least %.1f",
                seconds, ratio);
  state.SetLabel(label.data());
}

void stochastic_newton(benchmark::State& state) {
  solve(state, ot::SemidiscreteMethod::stochastic_newton, false);
}
void mc_adam(benchmark::State& state) { solve(state, ot::SemidiscreteMethod::mc_adam, false); }
void mc_adam_fixed(benchmark::State& state) { solve(state, ot::SemidiscreteMethod::mc_adam, true); }

BENCHMARK(stochastic_newton)
    ->Args({50, 10})
    ->Args({25, 10})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);
BENCHMARK(mc_adam)->Args({50, 10})->Args({25, 10})->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(mc_adam_fixed)->Args({50, 10})->Args({25, 10})->Iterations(1)->Unit(benchmark::kSecond);

[[maybe_unused]] const int expected[] = {
    bench::expect_at_least(10.0, "mc_adam/50/10/iterations:1",
                           "stochastic_newton/50/10/iterations:1"),
    bench::expect_at_least(10.0, "mc_adam/25/10/iterations:1",
                           "stochastic_newton/25/10/iterations:1"),
    bench::expect_at_least(10.0, "mc_adam_fixed/50/10/iterations:1",
                           "stochastic_newton/50/10/iterations:1"),
    bench::expect_at_least(10.0, "mc_adam_fixed/25/10/iterations:1",
                           "stochastic_newton/25/10/iterations:1")};

}  // namespace
