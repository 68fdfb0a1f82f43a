// The highest of 16384 planes at each of 1024 points, single precision, one thread: ours, the
// reference kernel, and matrix products followed by a column-wise arg max.
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include "bench/ot/cell_assignment_reference.hpp"
#include "bench/support/machine.hpp"
#include "bench/support/ratios.hpp"
#include "ot/src/cell_assignment.hpp"

#ifdef PUSHFORWARD_BENCH_OPENBLAS
extern "C" {
void openblas_set_num_threads(int);
void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                 const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
}
#endif

using namespace pushforward;
using ot::detail::CellMethod;

namespace {

constexpr Index atoms = 16'384, queries = 1024;
constexpr Index product_block = 64;  // queries a product, so that its scores stay near the cache

struct Cloud {
  explicit Cloud(Index d) : y(d, atoms), x(d, queries), h(atoms) {
    std::mt19937 engine(3);
    std::uniform_real_distribution<float> uniform(-0.5F, 0.5F);
    for (Index j = 0; j < y.size(); ++j) y.data()[j] = uniform(engine);
    for (Index j = 0; j < x.size(); ++j) x.data()[j] = uniform(engine);
    h = -0.5F * y.colwise().squaredNorm().transpose();
  }
  Eigen::MatrixXf y, x;
  Eigen::VectorXf h;
};

void finish(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * atoms * queries);
  bench::report_flops(state, 2.0 * static_cast<double>(state.range(0) * atoms * queries),
                      bench::machine().peak_single);
}

void fused(benchmark::State& state, const Cloud& cloud, Index slots, CellMethod method) {
  ot::detail::CellAssignment cells(cloud.y.cast<double>(), active_isa(), method);
  cells.set_heights(cloud.h.cast<double>());
  std::vector<float> values(static_cast<std::size_t>(slots * queries));
  std::vector<std::int32_t> labels(values.size());
  const Index block = cells.block();
  for (auto _ : state) {
    for (Index i = 0; i < queries; i += block) {
      cells.best(cloud.x.data() + i * cloud.x.rows(), std::min(block, queries - i), slots,
                 values.data() + i * slots, labels.data() + i * slots);
    }
    benchmark::DoNotOptimize(labels.data());
  }
  finish(state);
}

void ours(benchmark::State& state) { fused(state, Cloud(state.range(0)), 1, CellMethod::dense); }
void ours_two_best(benchmark::State& state) {
  fused(state, Cloud(state.range(0)), 2, CellMethod::dense);
}
void bounded(benchmark::State& state) {
  fused(state, Cloud(state.range(0)), 1, CellMethod::bounded);
}
void bounded_two_best(benchmark::State& state) {
  fused(state, Cloud(state.range(0)), 2, CellMethod::bounded);
}

struct PackedReference {
  PackedReference(const Cloud& cloud, const bench::ReferenceKernel& chosen)
      : kernel(chosen), dim(cloud.y.rows()) {
    const Index width = kernel.width;
    count = (atoms + width - 1) / width * width;
    packed.assign(static_cast<std::size_t>(dim * count), 0.0F);
    heights.assign(static_cast<std::size_t>(count), -3e38F);
    for (Index j = 0; j < atoms; ++j) {
      heights[static_cast<std::size_t>(j)] = cloud.h[j];
      for (Index k = 0; k < dim; ++k) {
        packed[static_cast<std::size_t>((j / width * dim + k) * width + j % width)] = cloud.y(k, j);
      }
    }
  }
  void run(const Cloud& cloud) {
    kernel.best(cloud.x.data(), packed.data(), heights.data(), dim, queries, count, labels.data());
  }
  bench::ReferenceKernel kernel;
  Index dim, count;
  std::vector<float> packed, heights;
  std::vector<std::int32_t> labels = std::vector<std::int32_t>(queries);
};

// The kernel that is fastest here and now, each tried three times.
PackedReference fastest_reference(const Cloud& cloud) {
  const bench::ReferenceKernel* fastest = nullptr;
  double least = std::numeric_limits<double>::infinity();
  const bench::ReferenceKernels& kernels = bench::reference_kernels(active_isa());
  for (const bench::ReferenceKernel& kernel : kernels.all) {
    if (kernel.plane_only && cloud.y.rows() != 2) continue;
    PackedReference packed(cloud, kernel);
    for (int run = 0; run < 3; ++run) {
      const double begin = bench::thread_cpu_seconds();
      packed.run(cloud);
      const double seconds = bench::thread_cpu_seconds() - begin;
      if (seconds < least) {
        least = seconds;
        fastest = &kernel;
      }
    }
  }
  return {cloud, *fastest};
}

// Heights without order, which leave the bounds little to rule out.
void bounded_no_order(benchmark::State& state) {
  Cloud cloud(state.range(0));
  std::mt19937 engine(4);
  std::normal_distribution<float> normal(0.0F, 0.2F);
  for (float& h : cloud.h) h = normal(engine);
  fused(state, cloud, 2, CellMethod::bounded);
}

// Heights set anew, what a solver pays once a step.
void bounded_set_heights(benchmark::State& state) {
  const Cloud cloud(state.range(0));
  ot::detail::CellAssignment cells(cloud.y.cast<double>(), active_isa(), CellMethod::bounded);
  const Vector heights = cloud.h.cast<double>();
  for (auto _ : state) cells.set_heights(heights);
}

void reference(benchmark::State& state) {
  const Cloud cloud(state.range(0));
  PackedReference packed = fastest_reference(cloud);
  for (auto _ : state) {
    packed.run(cloud);
    benchmark::DoNotOptimize(packed.labels.data());
  }
  state.SetLabel(packed.kernel.name);
  finish(state);
}

// Adds the heights and takes the arg max of each column of scores.
void arg_max(const Eigen::MatrixXf& scores, const Cloud& cloud, Index first,
             std::vector<std::int32_t>& labels) {
  for (Index i = 0; i < scores.cols(); ++i) {
    Index best;
    (scores.col(i) + cloud.h).maxCoeff(&best);
    labels[static_cast<std::size_t>(first + i)] = static_cast<std::int32_t>(best);
  }
}

void eigen_product(benchmark::State& state) {
  const Cloud cloud(state.range(0));
  std::vector<std::int32_t> labels(queries);
  Eigen::MatrixXf scores(atoms, product_block);
  for (auto _ : state) {
    for (Index i = 0; i < queries; i += product_block) {
      scores.noalias() = cloud.y.transpose() * cloud.x.middleCols(i, product_block);
      arg_max(scores, cloud, i, labels);
    }
    benchmark::DoNotOptimize(labels.data());
  }
  finish(state);
}

#ifdef PUSHFORWARD_BENCH_OPENBLAS
void openblas_product(benchmark::State& state) {
  openblas_set_num_threads(1);
  const Cloud cloud(state.range(0));
  const int d = static_cast<int>(state.range(0));
  std::vector<std::int32_t> labels(queries);
  Eigen::MatrixXf scores(atoms, product_block);
  for (auto _ : state) {
    for (Index i = 0; i < queries; i += product_block) {
      // column-major (102), y transposed (112), x as it is (111)
      cblas_sgemm(102, 112, 111, int{atoms}, int{product_block}, d, 1.0F, cloud.y.data(), d,
                  cloud.x.data() + i * d, d, 0.0F, scores.data(), int{atoms});
      arg_max(scores, cloud, i, labels);
    }
    benchmark::DoNotOptimize(labels.data());
  }
  finish(state);
}
BENCHMARK(openblas_product)->Arg(2)->Arg(16)->Arg(64)->Arg(512);
#endif

BENCHMARK(ours)->Arg(2)->Arg(3)->Arg(4)->Arg(16)->Arg(64)->Arg(512);
BENCHMARK(ours_two_best)->Arg(2)->Arg(3)->Arg(16)->Arg(64)->Arg(512);
BENCHMARK(bounded)->Arg(2)->Arg(3)->Arg(4);
BENCHMARK(bounded_no_order)->Arg(2)->Arg(3);
BENCHMARK(bounded_set_heights)->Arg(2)->Arg(3);
BENCHMARK(bounded_two_best)->Arg(2)->Arg(3)->Arg(4);
BENCHMARK(reference)->Arg(2)->Arg(16)->Arg(64)->Arg(512);
BENCHMARK(eigen_product)->Arg(2)->Arg(16)->Arg(64)->Arg(512);

[[maybe_unused]] const bool expected = [] {
  for (const std::string d : {"/2", "/16", "/64", "/512"}) {
    bench::expect_at_most(1.15, "ours" + d, "reference" + d);
    bench::expect_at_least(2.0, "eigen_product" + d, "ours" + d);
#ifdef PUSHFORWARD_BENCH_OPENBLAS
    bench::expect_at_least(2.0, "openblas_product" + d, "ours" + d);
#endif
  }
  for (const std::string d : {"/2", "/3"}) {
    bench::expect_at_least(2.0, "ours_two_best" + d, "bounded_two_best" + d);
  }
  return true;
}();

}  // namespace
