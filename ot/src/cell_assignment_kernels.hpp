/// For each point the cells that score highest, max_j <x, y_j> + h_j: the kernel's table.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::ot::detail {

/// Atoms in panels of `width`: coordinate k of atom p * width + l is atoms[(p * dim + k) * width +
/// l], its height heights[p * width + l]. Places past the last atom hold zeros and a height of
/// minus infinity, so they never win.
template <class T>
struct PackedCells {
  const T* atoms;
  const T* heights;
  std::int64_t dim;
  std::int64_t panels;
};

/// The best cells found so far: `slots` for each query, best first, equal scores by index.
/// To begin with, values are minus infinity and labels -1.
template <class T>
struct BestCells {
  T* values;
  std::int32_t* labels;
  std::int64_t slots;
};

/// x: dim contiguous numbers a query. Each score is h + x_0 y_0 + x_1 y_1 + ..., added in this
/// order, so it does not depend on the tile, the panel or the lane it is computed in.
template <class T>
using BestCellsKernel = void (*)(const PackedCells<T>& cells, const T* x, std::int64_t queries,
                                 const BestCells<T>& best);

struct CellAssignmentKernels {
  std::int64_t width_f32, width_f64;  ///< Atoms a panel.
  BestCellsKernel<float> best_f32;
  BestCellsKernel<double> best_f64;
};

PUSHFORWARD_DECLARE_ISA_KERNELS(CellAssignmentKernels, cell_assignment_kernels)

}  // namespace pushforward::ot::detail
