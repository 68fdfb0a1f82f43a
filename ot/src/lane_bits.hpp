/// Comparisons of vectors and what they say, as cheaply as the instruction set gives them. For
/// kernel files alone, like core/src/simd.hpp.
#pragma once

#include "core/src/simd.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

#if defined(__AVX512F__)
template <class T>
using Mask = unsigned;
inline unsigned greater(simd::Vec<float> a, simd::Vec<float> b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ);
}
inline unsigned greater(simd::Vec<double> a, simd::Vec<double> b) {
  return _mm512_cmp_pd_mask(a, b, _CMP_GT_OQ);
}
inline unsigned at_least(simd::Vec<float> a, simd::Vec<float> b) {
  return _mm512_cmp_ps_mask(a, b, _CMP_GE_OQ);
}
inline unsigned at_least(simd::Vec<double> a, simd::Vec<double> b) {
  return _mm512_cmp_pd_mask(a, b, _CMP_GE_OQ);
}
inline unsigned lane_bits(unsigned mask) { return mask; }
#else
template <class T>
using Mask = simd::Vec<T>;
template <class V>
inline V greater(V a, V b) {
  return simd::bits_as<simd::Element<V>>(a > b);
}
template <class V>
inline V at_least(V a, V b) {
  return simd::bits_as<simd::Element<V>>(a >= b);
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

}  // namespace
}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
