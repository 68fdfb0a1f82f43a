// The digits (1797 atoms in R^64, centred, scaled to unit variance) from standard normal noise:
// CPU time to the same certified mass error by stochastic Newton and by the published recipe.
#include <cmath>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/semidiscrete.hpp"

#include "bench/support/ratios.hpp"

using namespace pushforward;

namespace {

Matrix digits() {
  Matrix y = read_npy_points(PUSHFORWARD_DATA "/digits_images.npy");
  y.colwise() -= Vector(y.rowwise().mean());
  return y / std::sqrt(y.squaredNorm() / static_cast<double>(y.size()));
}

// range(0): percent of the certified error; range(1): thousandths of the learning rate.
void solve(benchmark::State& state, ot::SemidiscreteMethod method) {
  const Matrix y = digits();
  const ot::SemidiscreteProblem problem{
      std::make_shared<GaussianMixture>(standard_normal(y.rows())), DiscreteMeasure::uniform(y)};
  ot::SemidiscreteOptions options{.method = method, .threads = 1};
  options.tolerance = static_cast<double>(state.range(0)) / 100.0;
  options.learning_rate = static_cast<double>(state.range(1)) / 1000.0;
  ot::SemidiscreteResult result;
  for (auto _ : state) result = ot::semidiscrete(problem, options);
  const auto n = static_cast<double>(y.cols());
  state.counters["certified_error"] = result.mass_error_bound;
  state.counters["converged"] = result.converged ? 1.0 : 0.0;
  state.counters["ascent_draws_per_atom"] = static_cast<double>(result.ascent_samples) / n;
  state.counters["certificate_draws_per_atom"] =
      static_cast<double>(result.certificate_samples) / n;
}

void stochastic_newton(benchmark::State& state) {
  solve(state, ot::SemidiscreteMethod::stochastic_newton);
}
void mc_adam(benchmark::State& state) { solve(state, ot::SemidiscreteMethod::mc_adam); }

BENCHMARK(stochastic_newton)->Args({50, 30})->Iterations(1)->Unit(benchmark::kSecond);
BENCHMARK(mc_adam)->Args({50, 10})->Args({50, 30})->Iterations(1)->Unit(benchmark::kSecond);

[[maybe_unused]] const int expected[] = {
    bench::expect_at_least(10.0, "mc_adam/50/10/iterations:1",
                           "stochastic_newton/50/30/iterations:1"),
    bench::expect_at_least(10.0, "mc_adam/50/30/iterations:1",
                           "stochastic_newton/50/30/iterations:1")};

}  // namespace
