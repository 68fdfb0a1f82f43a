/// The fused kernels that ours is measured against: the best value and panel of each lane are kept
/// in vectors, compared and blended once a panel.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::bench {

struct ReferenceKernels {
  std::int64_t width;  ///< Atoms a panel.
  /// atoms: panels of `width`, coordinate-major; heights: count, a multiple of width.
  void (*panels)(const float* x, const float* atoms, const float* heights, std::int64_t dim,
                 std::int64_t queries, std::int64_t count, std::int32_t* labels);
  /// dim = 2; coordinates: all first ones, then all second ones.
  void (*plane)(const float* x, const float* coordinates, const float* heights,
                std::int64_t queries, std::int64_t count, std::int32_t* labels);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(ReferenceKernels, reference_kernels)

}  // namespace pushforward::bench
