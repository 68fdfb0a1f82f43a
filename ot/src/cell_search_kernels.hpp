/// The best cells of each point in low dimension, where bounds rule most panels of atoms out.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"
#include "ot/src/cell_assignment_kernels.hpp"

namespace pushforward::ot::detail {

/// Atoms that lie together share a panel of 64: coordinate k of place p * 64 + l is
/// atoms[(p * dim + k) * 64 + l]. Places past the last atom hold zeros, a height of minus infinity
/// and the label 2^31 - 1.
///
/// The scores of panel p at x are at most
///
///   top_p + <x, centre_p> + sum_k |x_k - base_pk| radius_pk,
///
/// with top_p = max_j h_j + <base_p, y_j - centre_p> over its atoms. A base near the points whose
/// cells the panel holds makes this sharp there: heights of a transport problem are close to affine
/// on a panel, with slope minus such a point. Bounds come in groups of 16 panels: 16 numbers each
/// for top, then for each k centre, base and radius; those past the last panel have top minus
/// infinity.
template <class T>
struct BoundedCells {
  static constexpr std::int64_t width = 64;
  static constexpr std::int64_t group = 16;
  static constexpr int max_dim = 4;

  const T* atoms;
  const T* heights;
  const std::int32_t* labels;
  const T* bounds;
  std::int64_t dim;
  std::int64_t panels;
  /// Rounding in a bound and a score together is below slack_slope * sum_k |x_k| + slack_offset.
  T slack_slope, slack_offset;
};

/// The same results as BestCellsKernel, to the bit. scratch: a number for each bound.
template <class T>
using CellSearchKernel = void (*)(const BoundedCells<T>& cells, const T* x, std::int64_t queries,
                                  const BestCells<T>& best, T* scratch);

struct CellSearchKernels {
  CellSearchKernel<float> best_f32;
  CellSearchKernel<double> best_f64;
};

PUSHFORWARD_DECLARE_ISA_KERNELS(CellSearchKernels, cell_search_kernels)

}  // namespace pushforward::ot::detail
