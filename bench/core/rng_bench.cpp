// Normals a second: ours against the standard library's.
#include <random>
#include <vector>

#include <benchmark/benchmark.h>

#include "pushforward/core/rng.hpp"

#include "bench/support/ratios.hpp"

using namespace pushforward;

namespace {

constexpr Index count = 1 << 14;

void normals_double(benchmark::State& state) {
  Matrix x(state.range(0), count / state.range(0));
  RngKey key{.seed = 1};
  for (auto _ : state) {
    ++key.step;
    fill_normal(key, x, 1);
    benchmark::DoNotOptimize(x.data());
  }
  state.SetItemsProcessed(state.iterations() * x.size());
}
BENCHMARK(normals_double)->Arg(2)->Arg(64)->Arg(512);

void standard_double(benchmark::State& state) {
  std::mt19937_64 engine(1);
  std::normal_distribution<double> normal;
  std::vector<double> x(count);
  for (auto _ : state) {
    for (double& value : x) value = normal(engine);
    benchmark::DoNotOptimize(x.data());
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(standard_double);

[[maybe_unused]] const int expected =
    bench::expect_at_least(4.0, "standard_double", "normals_double/64");

}  // namespace
