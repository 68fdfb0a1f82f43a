// Semi-discrete transport with exact cells in space, one thread: from the unit cube to N uniform
// random sites of equal mass, to a largest relative mass error of 1e-6; and the diagrams that a
// step is made of, the first from the nearest sites and the next ones from neighbours.
#include <cmath>
#include <memory>

#include <benchmark/benchmark.h>

#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

#include "bench/support/machine.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

Matrix sites(Index n) { return testing::Splitmix(7).uniform(3, n); }

void unit_cube(benchmark::State& state) {
  const LaguerreProblem problem{std::make_shared<Box>(Box::unit(3)),
                                DiscreteMeasure::uniform(sites(state.range(0)))};
  SemidiscreteNewtonResult result;
  const double start = bench::thread_cpu_seconds();
  for (auto _ : state) {
    result = semidiscrete_newton(problem, {.tolerance = 1e-6, .threads = 1});
    benchmark::DoNotOptimize(result.weights.data());
  }
  const double seconds = bench::thread_cpu_seconds() - start;
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
  state.counters["mass_error"] = result.mass_error;
  state.counters["mass_residual"] = result.mass_residual;
  state.counters["gap"] = result.primal.value - result.dual.value;
  state.counters["steps"] = static_cast<double>(result.iterations);
  state.counters["diagrams"] = result.evaluations;
}

void first_solid_diagram(benchmark::State& state) {
  const Matrix y = sites(state.range(0));
  const Box box = Box::unit(3);
  double residual = 0.0;
  for (auto _ : state) {
    residual = box.cells(y, 1)->measures(Vector::Zero(y.cols())).mass_residual;
  }
  state.counters["mass_residual"] = residual;
}

// Weights moved by up to a tenth of a squared distance between neighbours.
void next_solid_diagram(benchmark::State& state) {
  const Matrix y = sites(state.range(0));
  const auto cells = Box::unit(3).cells(y, 1);
  const double size = 0.1 * std::pow(static_cast<double>(y.cols()), -2.0 / 3.0);
  const Vector weights = size * testing::Splitmix(8).uniform(y.cols(), 1);
  double residual = cells->measures(Vector::Zero(y.cols())).mass_residual;
  double sign = 1.0;
  for (auto _ : state) {
    residual = cells->measures(sign * weights).mass_residual;
    sign = -sign;
  }
  state.counters["mass_residual"] = residual;
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
}
BENCHMARK(unit_cube)->Apply(sizes);
BENCHMARK(first_solid_diagram)->Apply(sizes);
BENCHMARK(next_solid_diagram)->Apply(sizes);

}  // namespace
