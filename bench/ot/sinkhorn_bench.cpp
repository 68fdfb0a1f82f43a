// Time to a marginal error, the problems of bench/peers/sinkhorn_pot.py: points in the unit square
// with random weights; epsilon in shares of the median cost. One thread, certificate not counted.
#include <algorithm>
#include <cmath>

#include <benchmark/benchmark.h>

#include "pushforward/ot/sinkhorn.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

struct Problem {
  explicit Problem(Index n) : a(n), b(n), x(2, n), y(2, n) {
    testing::Splitmix random(7);
    a = random.uniform(n, 1).array() + 0.1;
    b = random.uniform(n, 1).array() + 0.1;
    x = random.uniform(2, n);
    y = random.uniform(2, n);
    a /= a.sum();
    b /= b.sum();
    Matrix cost(n, n);
    squared_euclidean(x, y, cost);
    std::nth_element(cost.data(), cost.data() + cost.size() / 2, cost.data() + cost.size());
    median = cost.data()[cost.size() / 2];
  }
  Vector a, b;
  Matrix x, y;
  double median;
};

// Arguments: n, 1 / share of the median, digits of the tolerance.
void run(benchmark::State& state, SinkhornOptions options) {
  const Problem problem(state.range(0));
  options.epsilon = problem.median / static_cast<double>(state.range(1));
  options.tolerance = std::pow(10.0, -static_cast<double>(state.range(2)));
  options.threads = 1;
  options.certificate = false;
  options.max_passes = 100'000;
  SinkhornResult result;
  for (auto _ : state) {
    SinkhornSolver solver(std::make_shared<PointCost>(problem.x, problem.y), problem.a, problem.b,
                          options);
    SinkhornState at = solver.init();
    while (!at.finished) solver.step(at);
    result = solver.result(at);
    benchmark::DoNotOptimize(result.f.data());
  }
  state.counters["passes"] = static_cast<double>(result.passes);
  state.counters["error"] = result.residual;
  state.counters["linear_cost"] = result.linear_cost;
}

void automatic(benchmark::State& state) { run(state, {}); }
void relaxed(benchmark::State& state) { run(state, {.method = SinkhornMethod::sinkhorn}); }
void sparse_newton(benchmark::State& state) {
  run(state, {.method = SinkhornMethod::sparse_newton});
}
void truncated_newton(benchmark::State& state) {
  run(state, {.method = SinkhornMethod::truncated_newton});
}
void streamed(benchmark::State& state) { run(state, {.stored_pairs = 0}); }

void cases(benchmark::internal::Benchmark* b) {
  b->ArgsProduct({{1000}, {10, 100, 1000}, {9}})->Unit(benchmark::kMillisecond);
}
BENCHMARK(automatic)->Apply(cases)->Args({5000, 1000, 6});
BENCHMARK(relaxed)->Apply(cases);
BENCHMARK(sparse_newton)->Apply(cases);
BENCHMARK(truncated_newton)->Apply(cases)->Args({5000, 1000, 6});
BENCHMARK(streamed)->Apply(cases);

}  // namespace
