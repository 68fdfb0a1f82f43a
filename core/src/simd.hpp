/// Vectors of float, double and integers as wide as the instruction set that a kernel file is
/// compiled for: 16 bytes (base), 32 (v3: AVX2 and FMA) or 64 (v4: AVX-512).
///
/// For kernel files alone (cmake/isa_kernels.cmake). The vectors are the compiler's own: + - * /,
/// comparisons and bit operations work lane by lane. All names have internal linkage, so that no
/// inline function compiled with AVX can stand in for the baseline's.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/src/simd_tables.hpp"

#ifndef PUSHFORWARD_ISA
#error "compile this file through pushforward_isa_kernels()"
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace pushforward::simd {
inline namespace PUSHFORWARD_ISA {
namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(vector_bytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;
template <class V>
using Element = std::remove_cvref_t<decltype(V{}[0])>;
template <class T>
constexpr int lanes = vector_bytes / static_cast<int>(sizeof(T));

template <class T>
using SignedOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
template <class T>
using UnsignedOf = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;

// ---- memory ----

template <class T>
[[gnu::always_inline]] inline Vec<T> load(const T* p) {
  Vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
[[gnu::always_inline]] inline void store(T* p, Vec<std::type_identity_t<T>> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

/// The first `count` lanes from memory, zero in the others.
template <class T>
[[gnu::always_inline]] inline Vec<T> load_first(const T* p, int count) {
  Vec<T> v{};
  for (int l = 0; l < count; ++l) v[l] = p[l];
  return v;
}

template <class T>
[[gnu::always_inline]] inline void store_first(T* p, Vec<std::type_identity_t<T>> v, int count) {
  for (int l = 0; l < count; ++l) p[l] = v[l];
}

template <class T>
[[gnu::always_inline]] inline Vec<T> set(T x) {
  return x - Vec<T>{};
}

/// 0, 1, 2, ...
template <class T>
[[gnu::always_inline]] inline Vec<T> iota() {
  Vec<T> v{};
  for (int l = 0; l < lanes<T>; ++l) v[l] = static_cast<T>(l);
  return v;
}

/// The same bits as lanes of another type of the same width.
template <class T, class V>
[[gnu::always_inline]] inline Vec<T> bits_as(V v) {
  return reinterpret_cast<Vec<T>>(v);
}

// ---- arithmetic ----

[[gnu::always_inline]] inline Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_ps(a, b, c);
#else
  return a * b + c;
#endif
}

[[gnu::always_inline]] inline Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__AVX2__)
  return _mm256_fmadd_pd(a, b, c);
#else
  return a * b + c;
#endif
}

/// The second argument where either is NaN: max(bound, x) keeps a NaN in x.
[[gnu::always_inline]] inline Vec<float> max(Vec<float> a, Vec<float> b) {
#if defined(__AVX512F__)
  return _mm512_max_ps(a, b);
#elif defined(__AVX2__)
  return _mm256_max_ps(a, b);
#elif defined(__SSE2__)
  return _mm_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}

[[gnu::always_inline]] inline Vec<double> max(Vec<double> a, Vec<double> b) {
#if defined(__AVX512F__)
  return _mm512_max_pd(a, b);
#elif defined(__AVX2__)
  return _mm256_max_pd(a, b);
#elif defined(__SSE2__)
  return _mm_max_pd(a, b);
#else
  return a > b ? a : b;
#endif
}

[[gnu::always_inline]] inline Vec<float> sqrt(Vec<float> a) {
#if defined(__AVX512F__)
  return _mm512_sqrt_ps(a);
#elif defined(__AVX2__)
  return _mm256_sqrt_ps(a);
#elif defined(__SSE2__)
  return _mm_sqrt_ps(a);
#else
  for (int l = 0; l < lanes<float>; ++l) a[l] = __builtin_sqrtf(a[l]);
  return a;
#endif
}

[[gnu::always_inline]] inline Vec<double> sqrt(Vec<double> a) {
#if defined(__AVX512F__)
  return _mm512_sqrt_pd(a);
#elif defined(__AVX2__)
  return _mm256_sqrt_pd(a);
#elif defined(__SSE2__)
  return _mm_sqrt_pd(a);
#else
  for (int l = 0; l < lanes<double>; ++l) a[l] = __builtin_sqrt(a[l]);
  return a;
#endif
}

/// a where the comparison `mask` holds, else b: select(x > y, x, y). Lanes of a, b and of what was
/// compared are equally wide.
template <class M, class V>
[[gnu::always_inline]] inline V select(M mask, V a, V b) {
  return mask ? a : b;
}

/// Whether a comparison of doubles holds in every lane.
[[gnu::always_inline]] inline bool all(Vec<std::int64_t> mask) {
#if defined(__AVX512F__)
  return _mm512_movepi64_mask(bits_as<long long>(mask)) == 0xFF;
#elif defined(__AVX2__)
  return _mm256_movemask_pd(bits_as<double>(mask)) == 0xF;
#elif defined(__SSE2__)
  return _mm_movemask_pd(bits_as<double>(mask)) == 0x3;
#else
  for (int l = 0; l < lanes<double>; ++l) {
    if (mask[l] == 0) return false;
  }
  return true;
#endif
}

/// The lanes added as a balanced tree.
template <class V>
[[gnu::always_inline]] inline Element<V> sum(V v) {
  using T = Element<V>;
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return _mm512_reduce_add_ps(v);
  if constexpr (std::is_same_v<T, double>) return _mm512_reduce_add_pd(v);
#endif
  T lane[lanes<T>];
  store(lane, v);
  for (int half = lanes<T> / 2; half > 0; half /= 2) {
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

/// The upper and lower halves of the 64-bit products a * factor.
[[gnu::always_inline]] inline void multiply_wide(Vec<std::uint32_t> a, std::uint32_t factor,
                                                 Vec<std::uint32_t>& high,
                                                 Vec<std::uint32_t>& low) {
  using U64 = Vec<std::uint64_t>;
#if defined(__SSE2__)
  const U64 odd_lanes = bits_as<std::uint64_t>(a) >> 32;
  const U64 factors = set<std::uint64_t>(factor);
#if defined(__AVX512F__)
  const U64 even = reinterpret_cast<U64>(
      _mm512_mul_epu32(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(factors)));
  const U64 odd = reinterpret_cast<U64>(
      _mm512_mul_epu32(reinterpret_cast<__m512i>(odd_lanes), reinterpret_cast<__m512i>(factors)));
#elif defined(__AVX2__)
  const U64 even = reinterpret_cast<U64>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(factors)));
  const U64 odd = reinterpret_cast<U64>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(odd_lanes), reinterpret_cast<__m256i>(factors)));
#else
  const U64 even = reinterpret_cast<U64>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(factors)));
  const U64 odd = reinterpret_cast<U64>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(odd_lanes), reinterpret_cast<__m128i>(factors)));
#endif
  Vec<std::uint32_t> from_odd{};  // lanes of `even` at even places, of `odd` at odd ones
  for (int l = 0; l < lanes<std::uint32_t>; ++l) {
    from_odd[l] = static_cast<std::uint32_t>(l + (l % 2) * lanes<std::uint32_t>);
  }
  high =
      __builtin_shuffle(bits_as<std::uint32_t>(even >> 32), bits_as<std::uint32_t>(odd), from_odd);
  low =
      __builtin_shuffle(bits_as<std::uint32_t>(even), bits_as<std::uint32_t>(odd << 32), from_odd);
#else
  for (int l = 0; l < lanes<std::uint32_t>; ++l) {
    const std::uint64_t product = std::uint64_t{a[l]} * factor;
    high[l] = static_cast<std::uint32_t>(product >> 32);
    low[l] = static_cast<std::uint32_t>(product);
  }
#endif
}

/// In each 16 bytes the lower or upper half of a's and b's lanes in turn: a0 b0 a1 b1 for lanes of
/// 32 bits, a0 b0 for lanes of 64.
template <class V>
[[gnu::always_inline]] inline V interleave_low(V a, V b) {
  using T = Element<V>;
  constexpr int group = 16 / static_cast<int>(sizeof(T));
  Vec<SignedOf<T>> source{};
  for (int l = 0; l < lanes<T>; ++l) {
    const int within = l % group;
    source[l] = static_cast<SignedOf<T>>(l - within + within / 2 + (within % 2) * lanes<T>);
  }
  return __builtin_shuffle(a, b, source);
}

template <class V>
[[gnu::always_inline]] inline V interleave_high(V a, V b) {
  using T = Element<V>;
  constexpr int group = 16 / static_cast<int>(sizeof(T));
  Vec<SignedOf<T>> source{};
  for (int l = 0; l < lanes<T>; ++l) {
    const int within = l % group;
    source[l] =
        static_cast<SignedOf<T>>(l - within + (group + within) / 2 + (within % 2) * lanes<T>);
  }
  return __builtin_shuffle(a, b, source);
}

// ---- elementary functions ----
//
// Written with a * b + c, which the compiler fuses where the file's flags and the instruction set
// allow. Compiled with -ffp-contract=off, log and sincos_turns give the same bits at every width.

/// p(x) for coefficients of rising degree.
template <class V, class T, int N>
[[gnu::always_inline]] inline V polynomial(const T (&coefficients)[N], V x) {
  V p = set<T>(coefficients[N - 1]);
#pragma GCC unroll 16
  for (int k = N - 2; k >= 0; --k) p = p * x + set<T>(coefficients[k]);
  return p;
}

/// The same from its even and odd parts: one operation more, half the latency.
template <class V, class T, int N>
[[gnu::always_inline]] inline V polynomial_halved(const T (&coefficients)[N], V x) {
  const V x2 = x * x;
  V same = set<T>(coefficients[N - 1]);  // terms of the parity of the highest
  V other = set<T>(coefficients[N - 2]);
#pragma GCC unroll 8
  for (int k = N - 3; k >= 0; k -= 2) same = same * x2 + set<T>(coefficients[k]);
#pragma GCC unroll 8
  for (int k = N - 4; k >= 0; k -= 2) other = other * x2 + set<T>(coefficients[k]);
  return N % 2 == 1 ? other * x + same : same * x + other;
}

/// 2^t for t at most 128 (float) or 1024 (double); relative error below 2.5e-7 or 2e-15. Zero for t
/// below -127 or -1023, so also for -infinity; NaN stays NaN.
template <class V>
[[gnu::always_inline]] inline V exp2(V t) {
  using T = Element<V>;
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) {
    return _mm512_scalef_ps(polynomial(exp2_above<float>, V(_mm512_reduce_ps(t, 0x01))), t);
  } else {
    return _mm512_scalef_pd(polynomial(exp2_above<double>, V(_mm512_reduce_pd(t, 0x01))), t);
  }
#else
  // Adding 1.5 * 2^mantissa + bias rounds t to an integer n and leaves n + bias in the lowest bits,
  // which moved up are the number 2^n, or 0 for n = -bias.
  constexpr bool single = std::is_same_v<T, float>;
  constexpr int mantissa = single ? 23 : 52;
  constexpr T bias = single ? T(127) : T(1023);
  const V magic = set<T>((single ? T(12582912) : T(6755399441055744)) + bias);
  t = max(set<T>(-bias), t);
  const V rounded = t + magic;
  const V scale = bits_as<T>(bits_as<UnsignedOf<T>>(rounded) << mantissa);
  const V f = t - (rounded - magic);
  if constexpr (single) return polynomial(exp2_centred<T>, f) * scale;
  return polynomial_halved(exp2_centred<T>, f) * scale;
#endif
}

/// log x for normal x > 0; errors below 2 units in the last place.
template <class V>
[[gnu::always_inline]] inline V log(V x) {
  using T = Element<V>;
  using U = UnsignedOf<T>;
  constexpr bool single = std::is_same_v<T, float>;
  constexpr int mantissa = single ? 23 : 52;
  // x = 2^e m with m in [sqrt(1/2), sqrt(2))
  const auto bits = bits_as<U>(x);
  const auto sqrt_half = set(static_cast<U>(single ? 0x3F3504F3 : 0x3FE6A09E667F3BCD));
  const auto e_bits = (bits - sqrt_half) & set(static_cast<U>(~U{0} << mantissa));
  const V m = bits_as<T>(bits - e_bits);
  const V f = m - set(T(1));
  // The arithmetic shift of 64-bit lanes is missing from AVX2: shift with a bias, then remove it.
  const auto biased = e_bits + set(static_cast<U>(U{1} << (8 * sizeof(T) - 2)));
  const U magic_bits = single ? U{0x4B000000} : static_cast<U>(0x4330000000000000);
  const T offset = single ? T(8388608 + 128) : T(4503599627370496.0 + 1024);
  const V e = bits_as<T>((biased >> mantissa) | set(magic_bits)) - set(offset);
  const V f2 = f * f;
  if constexpr (single) {
    V r = polynomial(log_single, f) * f * f2;
    r = e * set(-2.12194440e-4F) + r;
    r = f2 * set(-0.5F) + r;
    return e * set(0.693359375F) + (f + r);
  } else {
    // With s = f / (2 + f): log(1 + f) = 2 atanh s = f - s (f - R(s^2)), R even in s.
    const V s = f / (f + set(2.0));
    const V s2 = s * s;
    const V r = polynomial(log_double, s2) * s2;
    const V half = set(0.5) * f2;
    const V tail = s * (half + r) + e * set(1.90821492927058770002e-10);
    return e * set(6.93147180369123816490e-01) + (f - (half - tail));
  }
}

/// The sine and cosine of 2 pi (q / 4 + r), |r| <= 1/8; errors below a unit in the last place of 1.
template <class V, class Q>
[[gnu::always_inline]] inline void sincos_quadrant(Q q, V r, V& sine, V& cosine) {
  using T = Element<V>;
  using U = UnsignedOf<T>;
  const V x = r * set(T(6.283185307179586477));
  const V z = x * x;
  const V s = polynomial(sine_tail<T>, z) * z * x + x;
  const V c = polynomial(cosine_tail<T>, z) * z * z + (z * set(T(-0.5)) + set(T(1)));
  constexpr int top = 8 * sizeof(T) - 1;
  const auto odd = (q & set(U{1})) != set(U{0});
  const V swapped_s = select(odd, c, s);
  const V swapped_c = select(odd, s, c);
  sine = bits_as<T>(bits_as<U>(swapped_s) ^ ((q >> 1) << top));
  cosine = bits_as<T>(bits_as<U>(swapped_c) ^ (((q + set(U{1})) >> 1) << top));
}

/// The sine and cosine of 2 pi v, |v| <= 2^20.
template <class V>
[[gnu::always_inline]] inline void sincos_turns(V v, V& sine, V& cosine) {
  using T = Element<V>;
  const V magic = set(std::is_same_v<T, float> ? T(12582912) : T(6755399441055744));
  const V quarters = v * set(T(4)) + magic;  // the nearest quarter turn in the lowest bits
  sincos_quadrant(bits_as<UnsignedOf<T>>(quarters), v - (quarters - magic) * set(T(0.25)), sine,
                  cosine);
}

}  // namespace
}  // namespace PUSHFORWARD_ISA
}  // namespace pushforward::simd
