/// Philox draws in lanes. Every value depends on its counter alone, and no operation is fused, so
/// that all instruction sets give the same bits.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::detail {

/// Columns [0, columns) of a matrix in column order, `stride` apart; column i is chain first_chain
/// + i. rows < 2^31.
struct DrawBlock {
  std::uint32_t key[2];
  std::uint32_t step, first_chain, purpose;
  std::int64_t rows, columns, stride;
};

struct RngKernels {
  /// One counter (b, step, chain, purpose) serves rows 2b and 2b + 1 in double precision, rows 4b
  /// to 4b + 3 in single.
  void (*normals_double)(const DrawBlock&, double* x);
  void (*normals_single)(const DrawBlock&, float* x);
  void (*uniforms_double)(const DrawBlock&, double* x);
  void (*uniforms_single)(const DrawBlock&, float* x);
  /// words: 4 n, those of the counters (first[0] + i, first[1], first[2], first[3]), i < n.
  void (*words)(const std::uint32_t key[2], const std::uint32_t first[4], std::int64_t n,
                std::uint32_t* words);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(RngKernels, rng_kernels)

}  // namespace pushforward::detail
