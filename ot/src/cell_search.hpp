/// Atoms sorted into panels with bounds on their scores: what the search kernels read.
#pragma once

#include <cstdint>
#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/cell_search_kernels.hpp"

namespace pushforward::ot::detail {

/// Finds the best cells without looking at most of them. Exact for any heights; how many panels are
/// left depends on how close to affine the heights are on each, as those of a transport problem
/// are.
class CellSearch {
 public:
  explicit CellSearch(PointsIn atoms);  ///< d x N, 1 <= d <= BoundedCells::max_dim.

  void set_heights(VectorIn heights);  ///< N. Costs about 10 d N operations.

  template <class T>
  BoundedCells<T> view() const;

  /// Bounds in all, those that fill up the last group included.
  Index bounds() const;

 private:
  template <class T>
  struct Packed {
    std::vector<T> atoms, heights, bounds;
    double largest_coordinate = 0.0;
    T slack_slope{0}, slack_offset{0};
  };
  template <class T>
  const Packed<T>& packed() const;
  template <class T>
  void pack_atoms(PointsIn atoms, Packed<T>& packed) const;
  template <class T>
  void pack_heights(const Matrix& bases, VectorIn heights, Packed<T>& packed) const;

  Index dim_, size_, panels_;
  std::vector<std::int32_t> labels_;  ///< The atom at each place.
  Matrix fit_;                        ///< d x N in places: -fit_ h is the slope of h on the panel.
  Packed<float> single_;
  Packed<double> double_;
};

}  // namespace pushforward::ot::detail
