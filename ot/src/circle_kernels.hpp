/// The best cells for points on circles about the origin: the kernel's table.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"
#include "ot/src/cell_assignment_kernels.hpp"

namespace pushforward::ot::detail {

/// Points cos(t) x + sin(t) x' for t = 0, 45, ..., 315 degrees, in this order; or, four of them,
/// for t = 0, 90, 180 and 270 degrees: x, x', -x and -x'.
constexpr std::int64_t points_on_circle = 8;
constexpr std::int64_t points_on_axes = 4;

/// Pairs whose products wait in the scratch memory at once.
constexpr std::int64_t waiting_pairs = 16;

/// x: for each pair dim numbers of x, then dim of x'. points: 8 or 4 a pair. best: a list for each.
/// The score at angle t is h + cos(t) <x, y> + sin(t) <x', y>: two products with each atom for all
/// points. scratch: 2 waiting_pairs panels x width.
using CircleKernel = void (*)(const PackedCells<float>& cells, const float* x, std::int64_t pairs,
                              std::int64_t points, const BestCells<float>& best, float* scratch);

/// Takes atoms packed for cell_assignment_kernels() of the same instruction set.
struct CircleKernels {
  CircleKernel best;
};

PUSHFORWARD_DECLARE_ISA_KERNELS(CircleKernels, circle_kernels)

}  // namespace pushforward::ot::detail
