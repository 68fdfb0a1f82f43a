// Semi-discrete transport with exact cells, one thread: from the unit square to N uniform random
// sites of equal mass, to a largest relative mass error of 1e-6 (the problem of
// bench/peers/laguerre_pysdot.py); the diagrams and the linear solve that a step is made of; and
// 10^4 sites on an image of 512 x 512 pixels.
#include <cmath>
#include <memory>

#include <benchmark/benchmark.h>

#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

#include "bench/support/machine.hpp"
#include "ot/src/laplacian_solver.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

Matrix sites(Index n) { return testing::Splitmix(7).uniform(2, n); }

void report(benchmark::State& state, const SemidiscreteNewtonResult& result, double seconds) {
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
  state.counters["mass_error"] = result.mass_error;
  state.counters["mass_residual"] = result.mass_residual;
  state.counters["gap"] = result.primal.value - result.dual.value;
  state.counters["steps"] = static_cast<double>(result.iterations);
  state.counters["diagrams"] = result.evaluations;
}

void solve(benchmark::State& state, const std::shared_ptr<const LaguerreSource>& source) {
  const LaguerreProblem problem{source, DiscreteMeasure::uniform(sites(state.range(0)))};
  SemidiscreteNewtonResult result;
  const double start = bench::thread_cpu_seconds();
  for (auto _ : state) {
    result = semidiscrete_newton(problem, {.tolerance = 1e-6, .threads = 1});
    benchmark::DoNotOptimize(result.weights.data());
  }
  report(state, result, bench::thread_cpu_seconds() - start);
}

void unit_square(benchmark::State& state) { solve(state, std::make_shared<Box>(Box::unit(2))); }

// A bright spot on a dim ground: densities from 0.1 to 1.
void image(benchmark::State& state) {
  constexpr Index side = 512;
  Vector values(side * side);
  for (Index k = 0; k < values.size(); ++k) {
    const double x = (static_cast<double>(k % side) + 0.5) / side - 0.4;
    const double y = (static_cast<double>(k / side) + 0.5) / side - 0.6;
    values[k] = 0.1 + 0.9 * std::exp(-12.0 * (x * x + y * y));
  }
  solve(state, std::make_shared<GridDensity>(Vector::Zero(2), Vector::Ones(2),
                                             (IndexVector(2) << side, side).finished(), values));
}

void gaussian(benchmark::State& state) {
  const Matrix covariance = 0.0625 * Matrix::Identity(2, 2);
  solve(state, std::make_shared<PlanarGaussian>(Vector::Constant(2, 0.5), covariance));
}

void first_diagram(benchmark::State& state) {
  const Matrix y = sites(state.range(0));
  const Box box = Box::unit(2);
  double residual = 0.0;
  for (auto _ : state) {
    residual = box.cells(y, 1)->measures(Vector::Zero(y.cols())).mass_residual;
  }
  state.counters["mass_residual"] = residual;
}

// Weights moved by 1e-4 of a cell's area: neighbours change here and there.
void next_diagram(benchmark::State& state) {
  const Matrix y = sites(state.range(0));
  const auto cells = Box::unit(2).cells(y, 1);
  const Vector weights =
      testing::Splitmix(8).uniform(y.cols(), 1) * (1e-4 / static_cast<double>(y.cols()));
  double residual = cells->measures(Vector::Zero(y.cols())).mass_residual;
  double sign = 1.0;
  for (auto _ : state) {
    residual = cells->measures(sign * weights).mass_residual;
    sign = -sign;
  }
  state.counters["mass_residual"] = residual;
}

void newton_system(benchmark::State& state) {
  const Matrix y = sites(state.range(0));
  const CellMeasures cells = Box::unit(2).cells(y, 1)->measures(Vector::Zero(y.cols()));
  std::vector<ot::detail::LaplacianEdge> edges;
  for (const CellFacet& f : cells.facets) {
    edges.push_back(
        {f.first, f.second, 0.5 * f.integral / (y.col(f.first) - y.col(f.second)).norm()});
  }
  const Vector missing = 1.0 / static_cast<double>(y.cols()) - cells.masses.array();
  const double digits = static_cast<double>(state.range(1));
  bool is_solved = false;
  for (auto _ : state) {
    ot::detail::LaplacianSolver solver;
    Vector x;
    is_solved = solver.solve(y.cols(), edges, missing, {std::pow(10.0, -digits), 1.0, 0.0}, x);
    benchmark::DoNotOptimize(x.data());
  }
  state.counters["reached"] = is_solved;
}

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(1000)->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMillisecond);
}
BENCHMARK(unit_square)->Apply(sizes);
BENCHMARK(gaussian)->Apply(sizes);
BENCHMARK(image)->Arg(10'000)->Unit(benchmark::kMillisecond);
BENCHMARK(first_diagram)->Apply(sizes);
BENCHMARK(next_diagram)->Apply(sizes);
BENCHMARK(newton_system)->Args({100'000, 2})->Args({100'000, 8})->Unit(benchmark::kMillisecond);

}  // namespace
