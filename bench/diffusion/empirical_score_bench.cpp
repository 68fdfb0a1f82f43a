// The posterior mean over 10^4 data points in R^64 for a batch of 10^3: ours against distances by a
// matrix product, an array exponential and a second product in Eigen. One thread each; each
// reports its largest error against the definition in long double.
#include <algorithm>
#include <cmath>
#include <vector>

#include <benchmark/benchmark.h>

#include "pushforward/core/rng.hpp"
#include "pushforward/diffusion/exact_score.hpp"

#include "bench/support/machine.hpp"
#include "bench/support/ratios.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

using namespace pushforward;

namespace {

constexpr Index dim = 64;
constexpr Index points = 10'000;
constexpr Index batch = 1'000;

// Noise levels in units of the data's standard deviation: all points count, or only the nearest.
constexpr double large_noise = 5.0;
constexpr double small_noise = 0.05;

struct Problem {
  Matrix data{dim, points};
  Matrix queries{dim, batch};
  double s;
};

Problem problem(double s) {
  Problem p{.s = s};
  fill_normal({.seed = 1, .purpose = Draw::source}, p.data);
  fill_normal({.seed = 1, .purpose = Draw::noise}, p.queries);
  p.queries = s * p.queries + p.data.leftCols(batch);
  return p;
}

void straightforward(const Problem& p, Matrix& d) {
  const double scale = -0.5 / (p.s * p.s);
  Matrix logits = -2.0 * (p.data.transpose() * p.queries);
  logits.colwise() += p.data.colwise().squaredNorm().transpose();
  logits *= scale;
  const Eigen::RowVectorXd top = logits.colwise().maxCoeff();
  Matrix weights = (logits.rowwise() - top).array().exp();
  const Eigen::RowVectorXd total = weights.colwise().sum();
  d.noalias() = p.data * weights;
  d.array().rowwise() /= total.array();
}

// The first queries by the definition.
double largest_error(const Problem& p, const Matrix& d) {
  double worst = 0.0;
  for (Index i = 0; i < 20; ++i) {
    std::vector<long double> logits(static_cast<std::size_t>(points));
    for (Index j = 0; j < points; ++j) {
      long double distance = 0.0L;
      for (Index k = 0; k < dim; ++k) {
        const long double gap = static_cast<long double>(p.queries(k, i)) - p.data(k, j);
        distance += gap * gap;
      }
      logits[static_cast<std::size_t>(j)] =
          -0.5L * distance / (p.s * static_cast<long double>(p.s));
    }
    const long double top = *std::max_element(logits.begin(), logits.end());
    long double total = 0.0L;
    std::vector<long double> mean(dim, 0.0L);
    for (Index j = 0; j < points; ++j) {
      const long double w = std::exp(logits[static_cast<std::size_t>(j)] - top);
      total += w;
      for (Index k = 0; k < dim; ++k) mean[static_cast<std::size_t>(k)] += w * p.data(k, j);
    }
    for (Index k = 0; k < dim; ++k) {
      const auto exact = static_cast<double>(mean[static_cast<std::size_t>(k)] / total);
      worst = std::max(worst, std::abs(d(k, i) - exact));
    }
  }
  return worst;
}

template <class Denoise>
void run(benchmark::State& state, double s, const Denoise& denoise) {
  const Problem p = problem(s);
  Matrix d(dim, batch);
  for (auto _ : state) {
    denoise(p, d);
    benchmark::DoNotOptimize(d.data());
  }
  state.SetItemsProcessed(state.iterations() * points * batch);
  state.counters["error"] = largest_error(p, d);
  // Both products in full, whether or not they were needed.
  bench::report_flops(state, 4.0 * dim * points * batch, bench::machine().peak_double);
}

void ours(benchmark::State& state, double s) {
#ifdef _OPENMP
  omp_set_num_threads(1);
#endif
  const Problem p = problem(s);
  const diffusion::EmpiricalDenoiser denoiser(DiscreteMeasure::uniform(p.data));
  run(state, s, [&](const Problem& q, Matrix& d) { denoiser.denoise(q.queries, 1.0, q.s, d); });
}

BENCHMARK_CAPTURE(ours, large_noise, large_noise)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(ours, small_noise, small_noise)->Unit(benchmark::kMillisecond);

void eigen(benchmark::State& state, double s) { run(state, s, straightforward); }

BENCHMARK_CAPTURE(eigen, large_noise, large_noise)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(eigen, small_noise, small_noise)->Unit(benchmark::kMillisecond);

[[maybe_unused]] const int expected[] = {
    bench::expect_at_least(3.0, "eigen/large_noise", "ours/large_noise"),
    bench::expect_at_least(3.0, "eigen/small_noise", "ours/small_noise")};

}  // namespace
