#include "tests/core/simd_probe_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::testing::PUSHFORWARD_ISA {
namespace {

using simd::lanes;
using simd::load;
using simd::store;

template <class T>
void exp2_all(const T* x, T* y, int n) {
  for (int i = 0; i < n; i += lanes<T>) store(y + i, simd::exp2(load(x + i)));
}

template <class T>
void log_all(const T* x, T* y, int n) {
  for (int i = 0; i < n; i += lanes<T>) store(y + i, simd::log(load(x + i)));
}

template <class T>
void sincos_all(const T* x, T* sine, T* cosine, int n) {
  for (int i = 0; i < n; i += lanes<T>) {
    simd::Vec<T> s, c;
    simd::sincos_turns(load(x + i), s, c);
    store(sine + i, s);
    store(cosine + i, c);
  }
}

void multiply_all(const std::uint32_t* a, std::uint32_t factor, std::uint32_t* high,
                  std::uint32_t* low, int n) {
  for (int i = 0; i < n; i += lanes<std::uint32_t>) {
    simd::Vec<std::uint32_t> h{}, l{};
    simd::multiply_wide(load(a + i), factor, h, l);
    store(high + i, h);
    store(low + i, l);
  }
}

void largest(const float* x, int n, float* lane_value, std::int32_t* lane_index, float* sum) {
  simd::Vec<float> best = load(x);
  simd::Vec<float> total = best;
  simd::Vec<std::int32_t> index = simd::iota<std::int32_t>();
  simd::Vec<std::int32_t> place = index;
  for (int i = lanes<float>; i < n; i += lanes<float>) {
    index += lanes<std::int32_t>;
    const simd::Vec<float> value = load(x + i);
    place = simd::select(value > best, index, place);
    best = simd::max(value, best);
    total += value;
  }
  store(lane_value, best);
  store(lane_index, place);
  *sum = simd::sum(total);
}

}  // namespace

const SimdProbe& simd_probe() {
  static constexpr SimdProbe probe{simd::vector_bytes, exp2_all<float>, exp2_all<double>,
                                   log_all<float>,     log_all<double>, sincos_all<float>,
                                   sincos_all<double>, multiply_all,    largest};
  return probe;
}

}  // namespace pushforward::testing::PUSHFORWARD_ISA
