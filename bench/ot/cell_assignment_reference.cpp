#include "bench/ot/cell_assignment_reference.hpp"

#include "core/src/simd.hpp"

namespace pushforward::bench::PUSHFORWARD_ISA {
namespace {

using V = simd::Vec<float>;
using I = simd::Vec<std::int32_t>;
constexpr int L = simd::lanes<float>;
constexpr int queries_at_once = 4;

struct Best {
  V value = simd::set(-3e38F);
  I start = I{};
  void take(V score, std::int32_t first) {
    const auto better = score > value;
    value = better ? score : value;
    start = better ? simd::set(first) : start;
  }
};

std::int32_t winner(const Best* best, int count) {
  float value = -3.4e38F;
  std::int32_t label = 0;
  for (int c = 0; c < count; ++c) {
    for (int l = 0; l < L; ++l) {
      if (best[c].value[l] > value) {
        value = best[c].value[l];
        label = best[c].start[l] + c * L + l;
      }
    }
  }
  return label;
}

template <int R, int C>
void panels(const float* x, const float* atoms, const float* heights, std::int64_t dim,
            std::int64_t queries, std::int64_t count, std::int32_t* labels) {
  for (std::int64_t i = 0; i + R <= queries; i += R) {
    Best best[R][C];
    for (std::int64_t j = 0; j < count; j += L * C) {
      V score[R][C];
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) score[r][c] = simd::load(heights + j + c * L);
      }
#pragma GCC unroll 2
      for (std::int64_t k = 0; k < dim; ++k) {
        V y[C];
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) y[c] = simd::load(atoms + j * dim + (k * C + c) * L);
#pragma GCC unroll 16
        for (int r = 0; r < R; ++r) {
          const V xk = simd::set(x[(i + r) * dim + k]);
#pragma GCC unroll 8
          for (int c = 0; c < C; ++c) score[r][c] = simd::fma(xk, y[c], score[r][c]);
        }
      }
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
        for (int c = 0; c < C; ++c) best[r][c].take(score[r][c], static_cast<std::int32_t>(j));
      }
    }
    for (int r = 0; r < R; ++r) labels[i + r] = winner(best[r], C);
  }
}

void plane(const float* x, const float* coordinates, const float* heights, std::int64_t queries,
           std::int64_t count, std::int32_t* labels) {
  constexpr int R = queries_at_once;
  for (std::int64_t i = 0; i + R <= queries; i += R) {
    Best best[R];
    V x0[R], x1[R];
    for (int r = 0; r < R; ++r) {
      x0[r] = simd::set(x[2 * (i + r)]);
      x1[r] = simd::set(x[2 * (i + r) + 1]);
    }
    for (std::int64_t j = 0; j < count; j += L) {
      const V h = simd::load(heights + j);
      const V y0 = simd::load(coordinates + j), y1 = simd::load(coordinates + count + j);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        best[r].take(simd::fma(x1[r], y1, simd::fma(x0[r], y0, h)), static_cast<std::int32_t>(j));
      }
    }
    for (int r = 0; r < R; ++r) labels[i + r] = winner(best + r, 1);
  }
}

#if defined(__AVX512F__)
constexpr int vectors = 2, rows = 8;
#else
constexpr int vectors = 2, rows = 4;
#endif

}  // namespace

const ReferenceKernels& reference_kernels() {
  static constexpr ReferenceKernels kernels{vectors * L, panels<rows, vectors>, plane};
  return kernels;
}

}  // namespace pushforward::bench::PUSHFORWARD_ISA
