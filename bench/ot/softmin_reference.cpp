#include "bench/ot/softmin_reference.hpp"

#include <type_traits>

#include "core/src/simd.hpp"

namespace pushforward::bench::PUSHFORWARD_ISA {
namespace {

// 2^t with a plain Horner scheme.
template <class V>
[[gnu::always_inline]] inline V exp2_plain(V t) {
#if defined(__AVX512F__)
  return simd::exp2(t);
#else
  using T = simd::Element<V>;
  constexpr bool single = sizeof(T) == 4;
  const V magic = simd::set(single ? T(12582912) : T(6755399441055744));
  t = simd::max(t, simd::set(single ? T(-126) : T(-1022)));
  const V z = t + magic;
  const V p = simd::polynomial(simd::exp2_centred<T>, V(t - (z - magic)));
  using U = simd::UnsignedOf<T>;
  return simd::bits_as<T>(simd::bits_as<U>(p) + (simd::bits_as<U>(z) << (single ? 23 : 52)));
#endif
}

template <class T, int D, int R, int C>
void sums(const T* x, const T* shift, const T* y, const T* heights, std::int64_t rows,
          std::int64_t columns, T* out) {
  using V = simd::Vec<T>;
  constexpr int L = simd::lanes<T>;
  constexpr std::int64_t width = L * C;
  std::int64_t block = 24 * 1024 / static_cast<std::int64_t>(sizeof(T)) / D / width * width;
  if (block < width) block = width;
  for (std::int64_t begin = 0; begin < columns; begin += block) {
    const std::int64_t end = begin + block < columns ? begin + block : columns;
    for (std::int64_t i = 0; i + R <= rows; i += R) {
      V sum[R] = {};
      for (std::int64_t j = begin; j < end; j += width) {
        V t[R][C];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
          for (int c = 0; c < C; ++c) {
            t[r][c] = simd::load(heights + j + c * L) + simd::set(shift[i + r]);
          }
        }
        const auto step = [&](int k) __attribute__((always_inline)) {
          V yk[C];
#pragma GCC unroll 8
          for (int c = 0; c < C; ++c) yk[c] = simd::load(y + j * D + (k * C + c) * L);
#pragma GCC unroll 8
          for (int r = 0; r < R; ++r) {
            const V xk = simd::set(x[(i + r) * D + k]);
#pragma GCC unroll 8
            for (int c = 0; c < C; ++c) t[r][c] = simd::fma(xk, yk[c], t[r][c]);
          }
        };
        if constexpr (D <= 8) {
#pragma GCC unroll 8
          for (int k = 0; k < D; ++k) step(k);
        } else {
#pragma GCC unroll 2
          for (int k = 0; k < D; ++k) step(k);
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
#pragma GCC unroll 8
          for (int c = 0; c < C; ++c) sum[r] += exp2_plain(t[r][c]);
        }
      }
      for (int r = 0; r < R; ++r) out[i + r] += simd::sum(sum[r]);
    }
  }
}

template <class T, int D, int R, int C>
constexpr ReferenceTile<T> tile = {C* simd::lanes<T>, sums<T, D, R, C>};

template <class T>
ReferenceTiles<T> tiles(int d) {
  const auto low = []<int D>(std::integral_constant<int, D>) {
    return ReferenceTiles<T>{
        {tile<T, D, 4, 1>, tile<T, D, 8, 1>, tile<T, D, 4, 2>, tile<T, D, 2, 4>, tile<T, D, 4, 4>},
        5};
  };
  const auto high = []<int D>(std::integral_constant<int, D>) {
    return ReferenceTiles<T>{{tile<T, D, 4, 4>, tile<T, D, 4, 2>, tile<T, D, 8, 2>}, 3};
  };
  switch (d) {
    case 2:
      return low(std::integral_constant<int, 2>{});
    case 3:
      return low(std::integral_constant<int, 3>{});
    case 8:
      return low(std::integral_constant<int, 8>{});
    case 32:
      return high(std::integral_constant<int, 32>{});
    case 64:
      return high(std::integral_constant<int, 64>{});
    default:
      return {};
  }
}

}  // namespace

const SoftminReference& softmin_reference() {
  static constexpr SoftminReference reference{tiles<double>, tiles<float>};
  return reference;
}

}  // namespace pushforward::bench::PUSHFORWARD_ISA
