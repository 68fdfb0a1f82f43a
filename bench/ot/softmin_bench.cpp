// Log-sum-exp over 4096 x 4096 pairs through the public interface, against the limit kernel with
// shifts known; whole Sinkhorn iterations.
#include <algorithm>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include <benchmark/benchmark.h>

#include "pushforward/ot/softmin.hpp"

#include "bench/ot/softmin_reference.hpp"
#include "bench/support/machine.hpp"
#include "bench/support/ratios.hpp"

using namespace pushforward;

namespace {

constexpr Index points = 4096;

Matrix cloud(Index d, Index n, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::uniform_real_distribution<double> uniform(-0.5, 0.5);
  Matrix x(d, n);
  for (Index k = 0; k < x.size(); ++k) x.data()[k] = uniform(engine);
  return x;
}

// About 0.05 of the mean squared distance.
double epsilon_of(Index d) { return 0.05 * static_cast<double>(d) / 6.0; }

ot::TransportProblem problem_of(Index d, Index n) {
  return {DiscreteMeasure::uniform(cloud(d, n, 1)), DiscreteMeasure::uniform(cloud(d, n, 2))};
}

void ours(benchmark::State& state, ot::Precision precision) {
  const Index d = state.range(0);
  ot::Softmin softmin(problem_of(d, points), {.epsilon = epsilon_of(d),
                                              .precision = precision,
                                              .threads = static_cast<int>(state.range(1))});
  Vector f = Vector::Zero(points), g = Vector::Zero(points);
  for (auto _ : state) {
    softmin.rows(g, f);
    benchmark::DoNotOptimize(f.data());
  }
  state.SetItemsProcessed(state.iterations() * points * points);
}

void ours_f64(benchmark::State& state) { ours(state, ot::Precision::f64); }
void ours_mixed(benchmark::State& state) { ours(state, ot::Precision::mixed); }

// The fastest of the tiles, each timed once before.
template <class T>
void reference(benchmark::State& state, const bench::ReferenceTiles<T>& tiles) {
  const Index d = state.range(0);
  const Matrix x = cloud(d, points, 1), y = cloud(d, points, 2);
  const double scale = 1.4426950408889634 / epsilon_of(d);
  std::vector<T> rows(static_cast<std::size_t>(points * d)), columns(rows.size());
  std::vector<T> shift(points), heights(points), sums(points);
  for (Index k = 0; k < x.size(); ++k) {
    rows[static_cast<std::size_t>(k)] = static_cast<T>(2.0 * scale * x.data()[k]);
  }
  for (Index i = 0; i < points; ++i) {
    shift[static_cast<std::size_t>(i)] = static_cast<T>(-scale * x.col(i).squaredNorm());
    heights[static_cast<std::size_t>(i)] = static_cast<T>(-scale * y.col(i).squaredNorm());
  }
  const auto pack = [&](Index width) {
    for (Index j = 0; j < points; ++j) {
      for (Index k = 0; k < d; ++k) {
        columns[static_cast<std::size_t>((j / width * d + k) * width + j % width)] =
            static_cast<T>(y(k, j));
      }
    }
  };
  const auto run = [&](const bench::ReferenceTile<T>& tile) {
    std::fill(sums.begin(), sums.end(), T(0));
    tile.sums(rows.data(), shift.data(), columns.data(), heights.data(), points, points,
              sums.data());
  };
  double fastest = 1e300;
  int best = 0;
  for (int k = 0; k < tiles.count; ++k) {
    pack(tiles.tiles[k].width);
    run(tiles.tiles[k]);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const double start = bench::thread_cpu_seconds();
      run(tiles.tiles[k]);
      const double seconds = bench::thread_cpu_seconds() - start;
      if (seconds < fastest) {
        fastest = seconds;
        best = k;
      }
    }
  }
  pack(tiles.tiles[best].width);
  for (auto _ : state) {
    run(tiles.tiles[best]);
    benchmark::DoNotOptimize(sums.data());
  }
  state.SetItemsProcessed(state.iterations() * points * points);
}

void reference_f64(benchmark::State& state) {
  reference(state, bench::softmin_reference(active_isa()).f64(static_cast<int>(state.range(0))));
}
void reference_f32(benchmark::State& state) {
  reference(state, bench::softmin_reference(active_isa()).f32(static_cast<int>(state.range(0))));
}

// A row step and a column step, one exponential a pair.
void sweep(benchmark::State& state, ot::Precision precision) {
  const Index n = state.range(0);
  ot::Softmin softmin(problem_of(2, n),
                      {.epsilon = epsilon_of(2), .precision = precision, .threads = 1});
  Vector f = Vector::Zero(n), g = Vector::Zero(n);
  softmin.rows(g, f);
  softmin.columns(f, g);
  for (auto _ : state) benchmark::DoNotOptimize(softmin.sweep(f, g));
  state.SetItemsProcessed(state.iterations() * n * n);
}
void sweep_f64(benchmark::State& state) { sweep(state, ot::Precision::f64); }
void sweep_mixed(benchmark::State& state) { sweep(state, ot::Precision::mixed); }

BENCHMARK(ours_f64)->ArgsProduct({{2, 3, 8, 32, 64}, {1}});
BENCHMARK(reference_f64)->Arg(2)->Arg(3)->Arg(8)->Arg(32)->Arg(64);
BENCHMARK(ours_mixed)->ArgsProduct({{2, 3, 8, 32, 64}, {1}});
BENCHMARK(reference_f32)->Arg(2)->Arg(3)->Arg(8)->Arg(32)->Arg(64);
BENCHMARK(sweep_f64)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(sweep_mixed)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);

[[maybe_unused]] const bool expected = [] {
  for (const std::string d : {"/2", "/3", "/8", "/32", "/64"}) {
    bench::expect_at_most(1.15, "ours_f64" + d + "/1", "reference_f64" + d);
    bench::expect_at_most(1.15, "ours_mixed" + d + "/1", "reference_f32" + d);
  }
  return true;
}();

}  // namespace
