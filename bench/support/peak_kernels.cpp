#include "bench/support/peak_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::bench::PUSHFORWARD_ISA {
namespace {

// Two units of latency 4 need 8 chains in flight; 12 leave room and fit 16 registers.
constexpr int chains = 12;

template <class T>
double multiply_adds(long repeats, double* flops) {
  // A contraction to a fixed point: values stay ordinary, and no shortcut is known for it.
  const simd::Vec<T> factor = simd::set(T(0.999));
  const simd::Vec<T> offset = simd::set(T(1e-3));
  simd::Vec<T> value[chains];
  for (int c = 0; c < chains; ++c) value[c] = simd::set(static_cast<T>(c));
  for (long i = 0; i < repeats; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < chains; ++c) value[c] = simd::fma(value[c], factor, offset);
  }
  for (int c = 1; c < chains; ++c) value[0] += value[c];
  *flops = 2.0 * chains * simd::lanes<T> * static_cast<double>(repeats);
  return static_cast<double>(simd::sum(value[0]));
}

}  // namespace

const PeakKernels& peak_kernels() {
  static constexpr PeakKernels kernels{multiply_adds<float>, multiply_adds<double>};
  return kernels;
}

}  // namespace pushforward::bench::PUSHFORWARD_ISA
