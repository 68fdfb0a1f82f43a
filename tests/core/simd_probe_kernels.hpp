/// The vector functions of core/src/simd.hpp laid bare for tests, one copy per instruction set.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::testing {

/// Each maps n values, n a multiple of 64.
struct SimdProbe {
  int bytes;
  void (*exp2_single)(const float* x, float* y, int n);
  void (*exp2_double)(const double* x, double* y, int n);
  void (*log_single)(const float* x, float* y, int n);
  void (*log_double)(const double* x, double* y, int n);
  void (*sincos_single)(const float* x, float* sine, float* cosine, int n);
  void (*sincos_double)(const double* x, double* sine, double* cosine, int n);
  void (*multiply_wide)(const std::uint32_t* a, std::uint32_t factor, std::uint32_t* high,
                        std::uint32_t* low, int n);
  /// The largest value and the first place of it within each lane; sum of all values.
  void (*largest)(const float* x, int n, float* lane_value, std::int32_t* lane_index, float* sum);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(SimdProbe, simd_probe)

}  // namespace pushforward::testing
