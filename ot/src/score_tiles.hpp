/// Tiles of scores, queries times vectors of atoms, and lists of the best. For kernel files alone,
/// like core/src/simd.hpp.
#pragma once

#include <cstdint>

#include "core/src/simd.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

// Puts (value, label) into the list of one query, behind equal values: those have lower labels,
// since panels and the lanes in them come in the order of the atoms.
template <class T>
inline void insert(T value, std::int32_t label, T* values, std::int32_t* labels,
                   std::int64_t slots) {
  std::int64_t s = slots - 1;
  if (!(value > values[s])) return;
  for (; s > 0 && value > values[s - 1]; --s) {
    values[s] = values[s - 1];
    labels[s] = labels[s - 1];
  }
  values[s] = value;
  labels[s] = label;
}

// ---- tiles of R queries x C vectors of atoms ----

template <class T, int R, int C>
struct Tile {
  simd::Vec<T> score[R][C];
};

template <class T, int R, int C>
[[gnu::always_inline]] inline void start(const T* heights, Tile<T, R, C>& tile) {
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) {
    const simd::Vec<T> h = simd::load(heights + c * simd::lanes<T>);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) tile.score[r][c] = h;
  }
}

// Adds `count` products; coordinates of a query are contiguous, queries `stride` apart.
template <class T, int R, int C>
[[gnu::always_inline]] inline void add_products(const T* atoms, const T* x, std::int64_t stride,
                                                std::int64_t count, Tile<T, R, C>& tile) {
  using V = simd::Vec<T>;
#pragma GCC unroll 4
  for (std::int64_t k = 0; k < count; ++k) {
    V y[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) y[c] = simd::load(atoms + (k * C + c) * simd::lanes<T>);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V xk = simd::set(x[r * stride + k]);
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c) tile.score[r][c] = simd::fma(xk, y[c], tile.score[r][c]);
    }
  }
}

template <class T, int R, int C>
[[gnu::always_inline]] inline void save(const Tile<T, R, C>& tile, T* to) {
#pragma GCC unroll 64
  for (int v = 0; v < R * C; ++v) simd::store(to + v * simd::lanes<T>, tile.score[v / C][v % C]);
}

template <class T, int R, int C>
[[gnu::always_inline]] inline void restore(const T* from, Tile<T, R, C>& tile) {
#pragma GCC unroll 64
  for (int v = 0; v < R * C; ++v) tile.score[v / C][v % C] = simd::load(from + v * simd::lanes<T>);
}

// Tiles of queries x vectors: their scores, one vector of atoms each and a broadcast fill the
// registers, of which AVX-512 has 32 and the others 16.
#if defined(__AVX512F__)
constexpr int vectors = 3, queries_at_once = 8;
#elif defined(__AVX2__)
constexpr int vectors = 3, queries_at_once = 4;
#else
constexpr int vectors = 3, queries_at_once = 4;
#endif

// Coordinates that meet every query before the next ones have their turn: so much of a panel stays
// in the first-level cache meanwhile.
constexpr std::int64_t slice = 128;

}  // namespace
}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
