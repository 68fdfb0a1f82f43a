// Fused scores and running maxima. A panel of atoms meets R queries at a time; the R x C vectors of
// scores live in registers and are compared with the worst score that each query still keeps. After
// the first few panels that test almost never succeeds (about slots * log N times a query), so no
// indices are carried along: they are worked out in the rare branch.
#include "ot/src/cell_assignment_kernels.hpp"

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

// ---- comparisons: lanes where a > b, as cheaply as the instruction set gives them ----

#if defined(__AVX512F__)
template <class T>
using Mask = unsigned;
inline unsigned greater(simd::Vec<float> a, simd::Vec<float> b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
inline unsigned greater(simd::Vec<double> a, simd::Vec<double> b) {
  return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}
inline unsigned lane_bits(unsigned mask) { return mask; }
#else
template <class T>
using Mask = simd::Vec<T>;
template <class V>
inline V greater(V a, V b) {
  return simd::bits_as<simd::Element<V>>(a > b);
}
#if defined(__AVX2__)
inline unsigned lane_bits(simd::Vec<float> m) { return unsigned(_mm256_movemask_ps(m)); }
inline unsigned lane_bits(simd::Vec<double> m) { return unsigned(_mm256_movemask_pd(m)); }
#elif defined(__SSE2__)
inline unsigned lane_bits(simd::Vec<float> m) { return unsigned(_mm_movemask_ps(m)); }
inline unsigned lane_bits(simd::Vec<double> m) { return unsigned(_mm_movemask_pd(m)); }
#else
template <class V>
inline unsigned lane_bits(V mask) {
  const auto signs = simd::bits_as<simd::SignedOf<simd::Element<V>>>(mask);
  unsigned bits = 0;
  for (int l = 0; l < simd::lanes<simd::Element<V>>; ++l) bits |= unsigned(signs[l] < 0) << l;
  return bits;
}
#endif
#endif

template <class T>
inline Mask<T> either(Mask<T> a, Mask<T> b) {
#if defined(__AVX512F__)
  return a | b;
#else
  using U = simd::UnsignedOf<T>;
  return simd::bits_as<T>(simd::bits_as<U>(a) | simd::bits_as<U>(b));
#endif
}

// R queries against one panel of C vectors. D > 0 fixes the dimension at compile time.
template <class T, int R, int C, int D>
[[gnu::always_inline]] inline void meet(const T* atoms, const T* heights, std::int64_t dim,
                                        const T* x, std::int64_t first_label,
                                        const BestCells<T>& best, std::int64_t query) {
  using V = simd::Vec<T>;
  constexpr int L = simd::lanes<T>;
  const std::int64_t d = D > 0 ? D : dim;
  V score[R][C];
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) {
    const V h = simd::load(heights + c * L);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) score[r][c] = h;
  }
#pragma GCC unroll 4
  for (std::int64_t k = 0; k < d; ++k) {
    V y[C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) y[c] = simd::load(atoms + (k * C + c) * L);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const V xk = simd::set(x[r * d + k]);
#pragma GCC unroll 16
      for (int c = 0; c < C; ++c) score[r][c] = simd::fma(xk, y[c], score[r][c]);
    }
  }
  Mask<T> improves[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    V top = score[r][0];
#pragma GCC unroll 16
    for (int c = 1; c < C; ++c) top = simd::max(top, score[r][c]);
    improves[r] = greater(top, simd::set(best.values[(query + r + 1) * best.slots - 1]));
  }
  Mask<T> some = improves[0];
#pragma GCC unroll 16
  for (int r = 1; r < R; ++r) some = either<T>(some, improves[r]);
  if (__builtin_expect(lane_bits(some) == 0, 1)) return;
  for (int r = 0; r < R; ++r) {
    if (lane_bits(improves[r]) == 0) continue;
    T* values = best.values + (query + r) * best.slots;
    std::int32_t* labels = best.labels + (query + r) * best.slots;
    for (int c = 0; c < C; ++c) {
      unsigned bits = lane_bits(greater(score[r][c], simd::set(values[best.slots - 1])));
      if (bits == 0) continue;
      T lane_scores[L];
      simd::store(lane_scores, score[r][c]);
      for (; bits != 0; bits &= bits - 1) {
        const int lane = __builtin_ctz(bits);
        insert(lane_scores[lane], static_cast<std::int32_t>(first_label + c * L + lane), values,
               labels, best.slots);
      }
    }
  }
}

template <class T, int R, int C, int D>
void best_cells_of(const PackedCells<T>& cells, const T* x, std::int64_t queries,
                   const BestCells<T>& best) {
  const std::int64_t d = D > 0 ? D : cells.dim;
  const std::int64_t width = C * simd::lanes<T>;
  for (std::int64_t p = 0; p < cells.panels; ++p) {
    const T* atoms = cells.atoms + p * d * width;
    const T* heights = cells.heights + p * width;
    std::int64_t i = 0;
    for (; i + R <= queries; i += R) {
      meet<T, R, C, D>(atoms, heights, d, x + i * d, p * width, best, i);
    }
    for (; i < queries; ++i) meet<T, 1, C, D>(atoms, heights, d, x + i * d, p * width, best, i);
  }
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

template <class T>
void best_cells(const PackedCells<T>& cells, const T* x, std::int64_t queries,
                const BestCells<T>& best) {
  constexpr int R = queries_at_once;
  constexpr int C = vectors;
  switch (cells.dim) {
    case 1:
      return best_cells_of<T, R, C, 1>(cells, x, queries, best);
    case 2:
      return best_cells_of<T, R, C, 2>(cells, x, queries, best);
    case 3:
      return best_cells_of<T, R, C, 3>(cells, x, queries, best);
    default:
      return best_cells_of<T, R, C, 0>(cells, x, queries, best);
  }
}

}  // namespace

const CellAssignmentKernels& cell_assignment_kernels() {
  static constexpr CellAssignmentKernels kernels{vectors * simd::lanes<float>,
                                                 vectors * simd::lanes<double>, best_cells<float>,
                                                 best_cells<double>};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
