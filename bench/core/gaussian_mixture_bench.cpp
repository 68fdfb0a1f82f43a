// Log-density and score of a mixture of 40 isotropic Gaussians, double precision.
#include <cmath>
#include <vector>

#include <benchmark/benchmark.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"

#include "bench/support/machine.hpp"
#include "bench/support/ratios.hpp"

using namespace pushforward;

namespace {

constexpr Index components = 40;

struct Problem {
  GaussianMixture law;
  Matrix x, score;
  Vector log_p;
};

// Means in [-spread, spread]^d: 4 apart, the law of the goals, few count for a point in 50
// dimensions; at 0.5 all do.
Problem problem(Index d, double spread) {
  const Index n = d < 10 ? 8192 : 2048;
  Matrix means(d, components);
  fill_uniform({.seed = 5}, means);
  const GaussianMixture law = GaussianMixture::isotropic(
      Vector::Constant(components, 1.0 / components), spread * (2.0 * means.array() - 1.0),
      Vector::Constant(components, 1.0));
  return {law, law.draws({.seed = 6}, n), Matrix(d, n), Vector(n)};
}

// One point at a time with the library's exponential: what the kernels are measured against. Scalar
// at every optimisation level: GCC would vectorise one of the loops at -O3, none at -O2.
[[gnu::optimize("no-tree-vectorize")]] void scalar_score(const Problem& p, Vector& log_p,
                                                         Matrix& score) {
  const Matrix& m = p.law.means();
  const Index d = p.x.rows();
  std::vector<double> e(components);
  const double log_norm =
      std::log(1.0 / components) - 0.5 * static_cast<double>(d) * std::log(2.0 * M_PI);
  for (Index i = 0; i < p.x.cols(); ++i) {
    const double* x = p.x.data() + i * d;
    double* g = score.data() + i * d;
    double largest = -INFINITY;
    for (Index k = 0; k < components; ++k) {
      const double* mean = m.data() + k * d;
      double square = 0.0;
      for (Index j = 0; j < d; ++j) square += (x[j] - mean[j]) * (x[j] - mean[j]);
      e[static_cast<std::size_t>(k)] = -0.5 * square;
      largest = std::max(largest, -0.5 * square);
    }
    double total = 0.0;
    for (double& value : e) total += value = std::exp(value - largest);
    for (Index j = 0; j < d; ++j) g[j] = -x[j];
    for (Index k = 0; k < components; ++k) {
      const double r = e[static_cast<std::size_t>(k)] / total;
      for (Index j = 0; j < d; ++j) g[j] += r * m(j, k);
    }
    log_p[i] = log_norm + largest + std::log(total);
  }
}

void report(benchmark::State& state, const Problem& p, const Matrix& score) {
  const double n = static_cast<double>(p.x.cols());
  state.SetItemsProcessed(state.iterations() * p.x.cols());
  // 4 K d operations a point in the two products; exponentials come on top.
  bench::report_flops(state, 4.0 * components * static_cast<double>(p.x.rows()) * n,
                      bench::machine().peak_double);
  Vector log_p(p.x.cols());
  Matrix truth(p.x.rows(), p.x.cols());
  scalar_score(p, log_p, truth);
  state.counters["digits"] = -std::log10((score - truth).cwiseAbs().maxCoeff() + 1e-17);
}

void score(benchmark::State& state) {
  Problem p = problem(state.range(0), 0.1 * static_cast<double>(state.range(1)));
  for (auto _ : state) {
    p.law.log_density_and_score(p.x, p.log_p, p.score);
    benchmark::DoNotOptimize(p.score.data());
  }
  report(state, p, p.score);
}
BENCHMARK(score)->Args({2, 40})->Args({50, 40})->Args({50, 5});

void scalar(benchmark::State& state) {
  Problem p = problem(state.range(0), 0.1 * static_cast<double>(state.range(1)));
  for (auto _ : state) {
    scalar_score(p, p.log_p, p.score);
    benchmark::DoNotOptimize(p.score.data());
  }
  report(state, p, p.score);
}
BENCHMARK(scalar)->Args({2, 40})->Args({50, 40})->Args({50, 5});

[[maybe_unused]] const int expected[] = {
    bench::expect_at_least(10.0, "scalar/2/40", "score/2/40"),
    bench::expect_at_least(10.0, "scalar/50/40", "score/50/40"),
    bench::expect_at_least(10.0, "scalar/50/5", "score/50/5")};

}  // namespace
