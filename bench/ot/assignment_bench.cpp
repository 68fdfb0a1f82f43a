// Exact assignment between uniform points in the unit cube: cost matrix, search and certificate.
// The counter `gap` is the certified duality gap over the largest cost: speed at what accuracy.
#include <benchmark/benchmark.h>

#include "pushforward/core/rng.hpp"
#include "pushforward/ot/assignment.hpp"

using namespace pushforward;

namespace {

void assignment(benchmark::State& state) {
  const Index n = state.range(0), d = state.range(1);
  Matrix x(d, n), y(d, n);
  fill_uniform({.seed = 1, .purpose = Draw::source}, x);
  fill_uniform({.seed = 1, .purpose = Draw::reference}, y);
  ot::AssignmentResult result;
  for (auto _ : state) {
    result = ot::assignment_squared_euclidean(x, y, {.threads = 1});
    benchmark::DoNotOptimize(result.mean_cost);
  }
  state.counters["gap"] = result.residual;
  state.counters["paths"] = static_cast<double>(result.iterations);
  state.counters["pairs/s"] =
      benchmark::Counter(static_cast<double>(n * n), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(assignment)
    ->ArgNames({"n", "d"})
    ->ArgsProduct({{256, 500, 1000, 2000}, {2, 16, 64}})
    ->Args({4000, 2})
    ->Unit(benchmark::kMillisecond);

}  // namespace
