/// Sums of exponentials over all pairs in single precision: the cheap potentials that exact solvers
/// start from.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::ot::detail {

/// Scores s_ij = offset_i + u_j + sum_k x_ik y_kj in units of bits.
struct SoftBlock {
  const float* x;  ///< rows x d, one point after another.
  const float* y;  ///< d x stride, one coordinate after another, padded with zeros to `padded`.
  const float* u;  ///< padded; minus a large number where there is no point.
  std::int64_t stride;
  std::int64_t d;
  std::int64_t rows;
  std::int64_t padded;  ///< A multiple of 16.
};

struct SoftTransformKernels {
  /// sum_i = sum_j 2^s_ij, with relative error 1e-6 beside that of the scores.
  void (*sums)(const SoftBlock& block, const float* offset, float* sum);
  /// largest_i = max_j (s_ij - offset_i).
  void (*largest)(const SoftBlock& block, float* largest);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(SoftTransformKernels, soft_transform_kernels)

}  // namespace pushforward::ot::detail
