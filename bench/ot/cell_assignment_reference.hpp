/// The fused kernels that ours is measured against: the best value and panel of each lane are kept
/// in vectors, compared and blended once a panel.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::bench {

struct ReferenceKernel {
  const char* name;    ///< Tile and order of the loops.
  std::int64_t width;  ///< Atoms a panel.
  bool plane_only;     ///< For d = 2.
  /// atoms: panels of `width`, coordinate-major; heights: count, a multiple of width; queries: a
  /// multiple of 64.
  void (*best)(const float* x, const float* atoms, const float* heights, std::int64_t dim,
               std::int64_t queries, std::int64_t count, std::int32_t* labels);
};

/// No tile or order is best at every dimension and instruction set; the best of these counts.
struct ReferenceKernels {
  ReferenceKernel all[8];
};

PUSHFORWARD_DECLARE_ISA_KERNELS(ReferenceKernels, reference_kernels)

}  // namespace pushforward::bench
