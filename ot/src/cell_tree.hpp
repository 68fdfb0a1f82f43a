/// Cells of a point cloud, and lower bounds of reduced costs between cells of two clouds: with them
/// the pairs of small reduced cost are found without looking at all pairs.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// A range of indices [begin, end).
struct Range {
  Index begin, end;
};

/// Cells by halves of the indices of a cloud in the order of `cell_order`; other orders give larger
/// cells, not wrong bounds. A cell knows its box and, of a potential p of the cost s |x - y|^2, a
/// tangent: near the displacement that its slope stands for, the bound is sharp.
class CellTree {
 public:
  using Cell = std::int32_t;
  static constexpr Index most_dimensions = 4;
  using Point = std::array<double, most_dimensions>;

  CellTree() = default;

  /// @param coordinates  n x d, d at most `most_dimensions`. @param leaf  most points of a leaf.
  CellTree(const Matrix& coordinates, Index leaf);

  /// Takes the potential (n) that bounds refer to. @param scale  s > 0.
  void set_potential(const double* potential, double scale);

  Index size() const { return size_; }
  Cell cells() const { return static_cast<Cell>(cells_.size()); }
  Range range(Cell c) const { return {bounds(c).begin, bounds(c).end}; }

  /// The largest cells of at most `size` points each, in order, or leaves.
  std::vector<Cell> parts(Index size) const;

  /// The potential continued to a point near the cell, by its tangent.
  double continued(Cell c, const Point& at) const;
  /// The leaf that holds index i.
  Cell leaf_of(Index i) const;

 private:
  friend class CellSearch;

  struct Bounds {
    std::int32_t begin, end;
    Cell next;           // behind the subtree, whose cells follow their parents
    Point centre, half;  // of the box
    Point displacement;  // from where the tangent thinks that mass goes, to here
    double least = 0.0;  // min over points of s |dx|^2 + 2 s <displacement, dx> - p
    double size = 0.0;   // of the numbers that `least` was computed from, for its rounding
  };
  // Moments of points and potential about the centre of the box.
  struct Moments;

  const Bounds& bounds(Cell c) const { return cells_[static_cast<std::size_t>(c)]; }
  bool is_leaf(Cell c) const { return bounds(c).next == c + 1; }
  void build(const Matrix& coordinates, Index begin, Index end, Index leaf);
  Moments regress(Cell c, const double* potential);
  void set_least(Bounds& cell, const double* potential) const;

  Index size_ = 0, dim_ = 0;
  double scale_ = 1.0;
  std::vector<double> points_;  // d x n
  std::vector<Bounds> cells_;   // preorder
};

/// Finds cells of `there` that may hold points of reduced cost s |x - y|^2 - p - q up to a limit
/// with those of a cell of `here`, for the potentials that both trees have at the time.
class CellSearch {
 public:
  CellSearch(const CellTree& here, const CellTree& there) : here_(here), there_(there) {}

  /// Leaves of `there`, in order, for a cell of `here`: every pair with a computed reduced cost up
  /// to `limit` is in them.
  void leaves(CellTree::Cell cell, double limit, std::vector<CellTree::Cell>& found) const;

  /// Whether a leaf may hold such a pair with point i of `here`, whose potential is p.
  bool may_hold(Index i, double p, CellTree::Cell leaf, double limit) const;

 private:
  double least(const CellTree::Bounds& x, const CellTree::Bounds& y) const;

  const CellTree& here_;
  const CellTree& there_;
};

}  // namespace pushforward::ot::detail
