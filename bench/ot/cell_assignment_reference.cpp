#include "bench/ot/cell_assignment_reference.hpp"

#include "core/src/simd.hpp"

namespace pushforward::bench::PUSHFORWARD_ISA {
namespace {

using V = simd::Vec<float>;
using I = simd::Vec<std::int32_t>;
constexpr int L = simd::lanes<float>;

struct Best {
  V value = simd::set(-3e38F);
  I start = I{};
  void take(V score, std::int32_t first) {
    start = score > value ? simd::set(first) : start;
    value = simd::max(score, value);
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

// The scores of R queries in one panel of C vectors.
template <int R, int C>
inline void score_panel(const float* x, const float* atoms, const float* heights, std::int64_t dim,
                        V (&score)[R][C]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) score[r][c] = simd::load(heights + c * L);
  }
#pragma GCC unroll 2
  for (std::int64_t k = 0; k < dim; ++k) {
    V y[C];
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) y[c] = simd::load(atoms + (k * C + c) * L);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V xk = simd::set(x[r * dim + k]);
#pragma GCC unroll 8
      for (int c = 0; c < C; ++c) score[r][c] = simd::fma(xk, y[c], score[r][c]);
    }
  }
}

template <int R, int C>
inline void take_all(const V (&score)[R][C], std::int64_t first, Best (&best)[R][C]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
    for (int c = 0; c < C; ++c) best[r][c].take(score[r][c], static_cast<std::int32_t>(first));
  }
}

// Queries outermost: what a query has found so far stays in registers or the nearest cache.
template <int R, int C>
void queries_outermost(const float* x, const float* atoms, const float* heights, std::int64_t dim,
                       std::int64_t queries, std::int64_t count, std::int32_t* labels) {
  for (std::int64_t i = 0; i + R <= queries; i += R) {
    Best best[R][C];
    for (std::int64_t j = 0; j < count; j += L * C) {
      V score[R][C];
      score_panel<R, C>(x + i * dim, atoms + j * dim, heights + j, dim, score);
      take_all<R, C>(score, j, best);
    }
    for (int r = 0; r < R; ++r) labels[i + r] = winner(best[r], C);
  }
}

// Panels outermost, so that each is read once a block of queries.
template <int R, int C>
void panels_outermost(const float* x, const float* atoms, const float* heights, std::int64_t dim,
                      std::int64_t queries, std::int64_t count, std::int32_t* labels) {
  constexpr int block = 64;
  for (std::int64_t begin = 0; begin + block <= queries; begin += block) {
    Best best[block / R][R][C];
    for (std::int64_t j = 0; j < count; j += L * C) {
      for (int t = 0; t < block / R; ++t) {
        V score[R][C];
        score_panel<R, C>(x + (begin + t * R) * dim, atoms + j * dim, heights + j, dim, score);
        take_all<R, C>(score, j, best[t]);
      }
    }
    for (int i = 0; i < block; ++i) labels[begin + i] = winner(best[i / R][i % R], C);
  }
}

// d = 2: coordinates of the queries stay in registers while the atoms stream by.
template <int R>
void plane(const float* x, const float* atoms, const float* heights, std::int64_t,
           std::int64_t queries, std::int64_t count, std::int32_t* labels) {
  for (std::int64_t i = 0; i + R <= queries; i += R) {
    Best best[R];
    V x0[R], x1[R];
    for (int r = 0; r < R; ++r) {
      x0[r] = simd::set(x[2 * (i + r)]);
      x1[r] = simd::set(x[2 * (i + r) + 1]);
    }
    for (std::int64_t j = 0; j < count; j += L) {
      const V h = simd::load(heights + j);
      const V y0 = simd::load(atoms + 2 * j), y1 = simd::load(atoms + 2 * j + L);
#pragma GCC unroll 16
      for (int r = 0; r < R; ++r) {
        best[r].take(simd::fma(x1[r], y1, simd::fma(x0[r], y0, h)), static_cast<std::int32_t>(j));
      }
    }
    for (int r = 0; r < R; ++r) labels[i + r] = winner(best + r, 1);
  }
}

}  // namespace

const ReferenceKernels& reference_kernels() {
  static constexpr ReferenceKernels kernels{
      {{"4 x 1, plane", L, true, plane<4>},
       {"8 x 1, plane", L, true, plane<8>},
       {"4 x 2, queries outermost", 2 * L, false, queries_outermost<4, 2>},
       {"8 x 2, queries outermost", 2 * L, false, queries_outermost<8, 2>},
       {"4 x 3, queries outermost", 3 * L, false, queries_outermost<4, 3>},
       {"4 x 2, panels outermost", 2 * L, false, panels_outermost<4, 2>},
       {"8 x 2, panels outermost", 2 * L, false, panels_outermost<8, 2>},
       {"4 x 3, panels outermost", 3 * L, false, panels_outermost<4, 3>}}};
  return kernels;
}

}  // namespace pushforward::bench::PUSHFORWARD_ISA
