/// The streaming log-sum-exp that ours is measured against: one pass with known shifts, nothing
/// else. Tiles of several shapes; the fastest on the machine at hand is the limit.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::bench {

/// sums_i += sum_j 2^(shift_i + height_j + <x_i, y_j>). x: rows of d numbers; y: panels of `width`
/// columns, coordinate-major; rows and columns are multiples of what a tile holds.
template <class T>
struct ReferenceTile {
  std::int64_t width;  ///< Columns a panel.
  void (*sums)(const T* x, const T* shift, const T* y, const T* heights, std::int64_t rows,
               std::int64_t columns, T* sums);
};

template <class T>
struct ReferenceTiles {
  ReferenceTile<T> tiles[5];
  int count;
};

struct SoftminReference {
  /// For d = 2, 3, 8, 32 and 64; no tiles for any other d.
  ReferenceTiles<double> (*f64)(int d);
  ReferenceTiles<float> (*f32)(int d);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(SoftminReference, softmin_reference)

}  // namespace pushforward::bench
