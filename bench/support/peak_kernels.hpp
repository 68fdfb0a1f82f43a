/// Chains of fused multiply-adds that nothing but the arithmetic units can slow down.
#pragma once

#include "core/src/isa.hpp"

namespace pushforward::bench {

/// Each runs `repeats` rounds, sets the number of operations done and returns a value that depends
/// on all of them.
struct PeakKernels {
  double (*single)(long repeats, double* flops);
  double (*double_)(long repeats, double* flops);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(PeakKernels, peak_kernels)

}  // namespace pushforward::bench
