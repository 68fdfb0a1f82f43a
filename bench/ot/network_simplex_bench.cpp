// Exact transport between n and n uniform random points of the unit square and cube, one thread,
// nothing of size n x n: CPU seconds, peak memory of the process during the solve and the proven
// gap. Masses are equal, or uniform on [0.001, 1.001] before they are normalised.
#include <benchmark/benchmark.h>

#include "pushforward/ot/network_simplex.hpp"

#include "bench/support/machine.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

DiscreteMeasure cloud(Index d, Index n, bool random, std::uint64_t seed) {
  testing::Splitmix draw(seed);
  const Matrix points = draw.uniform(d, n);
  Vector masses = Vector::Ones(n);
  if (random) masses = draw.uniform(n, 1).array() + 1e-3;
  return {points, masses, Mass::normalise};
}

void solve(benchmark::State& state, Index d, bool random) {
  const Index n = state.range(0);
  const TransportProblem problem{cloud(d, n, random, 1), cloud(d, n, random, 2)};
  NetworkSimplexResult result;
  bench::reset_peak_memory();
  const double start = bench::thread_cpu_seconds();
  for (auto _ : state) {
    result = network_simplex(problem, {.threads = 1});
    benchmark::DoNotOptimize(result.f.data());
  }
  const double seconds = bench::thread_cpu_seconds() - start;
  state.counters["cpu_s"] = seconds / static_cast<double>(state.iterations());
  state.counters["peak_MB"] = bench::peak_memory_megabytes();
  state.counters["gap"] = result.certificate.gap() / result.transport_cost;
  state.counters["converged"] = result.converged ? 1.0 : 0.0;
  state.counters["pivots"] = static_cast<double>(result.iterations);
  state.counters["rounds"] = static_cast<double>(result.rounds);
  if (!result.converged) state.SkipWithError("not certified");
}

void plane_equal(benchmark::State& state) { solve(state, 2, false); }
void plane_random(benchmark::State& state) { solve(state, 2, true); }
void space_equal(benchmark::State& state) { solve(state, 3, false); }
void space_random(benchmark::State& state) { solve(state, 3, true); }

// One solve a size: the large ones take from seconds to minutes.
void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(4000)->Arg(20'000)->Arg(100'000)->Iterations(1)->Repetitions(1)->Unit(
      benchmark::kMillisecond);
}
BENCHMARK(plane_equal)->Apply(sizes);
BENCHMARK(plane_random)->Apply(sizes);
BENCHMARK(space_equal)->Apply(sizes);
BENCHMARK(space_random)->Apply(sizes);

}  // namespace
