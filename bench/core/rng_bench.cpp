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

void normals_single(benchmark::State& state) {
  std::vector<float> x(count);
  RngKey key{.seed = 1};
  for (auto _ : state) {
    ++key.step;
    fill_normal(key, x.data(), state.range(0), count / state.range(0), 1);
    benchmark::DoNotOptimize(x.data());
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(normals_single)->Arg(2)->Arg(64)->Arg(512);

template <class Engine, class T>
void standard(benchmark::State& state) {
  Engine engine(1);
  std::normal_distribution<T> normal;
  std::vector<T> x(count);
  for (auto _ : state) {
    for (T& value : x) value = normal(engine);
    benchmark::DoNotOptimize(x.data());
  }
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK(standard<std::mt19937_64, double>)->Name("standard_double");
BENCHMARK(standard<std::mt19937_64, float>)->Name("standard_single");

[[maybe_unused]] const int expected[] = {
    bench::expect_at_least(4.0, "standard_double", "normals_double/2"),
    bench::expect_at_least(4.0, "standard_double", "normals_double/64"),
    bench::expect_at_least(4.0, "standard_single", "normals_single/64"),
    bench::expect_at_least(4.0, "standard_double", "normals_single/64")};

}  // namespace
