/// The n x m costs of a transport problem, read column by column: stored, computed from points when
/// asked for, or known on some arcs only.
#pragma once

#include <vector>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// Costs C_ij of moving mass from source i (a row) to target j (a column). Const and safe to call
/// from several threads.
class CostView {
 public:
  virtual ~CostView() = default;

  Index rows() const { return rows_; }  ///< n, sources.
  Index cols() const { return cols_; }  ///< m, targets.

  /// C_ij; +infinity where the arc is forbidden.
  virtual double entry(Index i, Index j) const = 0;

  /// Rows [begin, end) of column j: either in place or written to `buffer` of end - begin numbers.
  virtual const double* column(Index j, Index begin, Index end, double* buffer) const = 0;

  /// Whether entries are computed when asked for.
  virtual bool is_lazy() const = 0;

  /// An upper bound of all finite |C_ij|, sharp to a small factor; costs O(n + m) for points and
  /// one pass for stored entries.
  virtual double largest_magnitude() const = 0;

  /// Fills `out` with rows [i, i + out.rows()) of columns [j, j + out.cols()).
  void tile(Index i, Index j, PointsOut out) const;

 protected:
  CostView(Index rows, Index cols) : rows_(rows), cols_(cols) {}

 private:
  Index rows_, cols_;
};

/// Stored costs, read in place: the matrix must outlive the view.
class MatrixCost final : public CostView {
 public:
  /// @param cost  n x m, finite. @throws std::invalid_argument naming the first entry that is not.
  explicit MatrixCost(PointsIn cost);

  double entry(Index i, Index j) const override { return data_[i + j * stride_]; }
  const double* column(Index j, Index begin, Index, double*) const override {
    return data_ + j * stride_ + begin;
  }
  bool is_lazy() const override { return false; }
  double largest_magnitude() const override { return largest_; }

 private:
  const double* data_;
  Index stride_;
  double largest_ = 0.0;
};

/// Costs between points, from coordinates: memory O((n + m) d).
class PointCost final : public CostView {
 public:
  /// @param x, y  d x n and d x m, finite; copied. @throws std::invalid_argument for other shapes.
  PointCost(PointsIn x, PointsIn y, Cost cost = {});

  double entry(Index i, Index j) const override;
  const double* column(Index j, Index begin, Index end, double* buffer) const override;
  bool is_lazy() const override { return true; }
  double largest_magnitude() const override;

  Index dim() const { return x_.cols(); }
  const Cost& cost() const { return cost_; }
  const Matrix& source_coordinates() const { return x_; }  ///< n x d: each coordinate contiguous.
  const Matrix& target_coordinates() const { return y_; }  ///< m x d.

 private:
  Matrix x_, y_;  // transposed: the loops run along points
  Cost cost_;
};

/// Costs on some arcs; every other arc is forbidden.
class SparseCost final : public CostView {
 public:
  /// Arc k goes from row[k] to col[k] and costs cost[k]; any order.
  /// @throws std::invalid_argument for an arc outside n x m, named twice, or of a cost that is NaN
  /// or -infinity. +infinity is the same as leaving the arc out.
  SparseCost(Index rows, Index cols, const IndexVector& row, const IndexVector& col, VectorIn cost);

  /// The finite entries of a matrix that has +infinity where arcs are forbidden.
  static SparseCost from_matrix(PointsIn cost);

  double entry(Index i, Index j) const override;  ///< Work O(log of the arcs into j).
  const double* column(Index j, Index begin, Index end, double* buffer) const override;
  bool is_lazy() const override { return false; }
  double largest_magnitude() const override;

  Index arcs() const { return static_cast<Index>(row_.size()); }
  /// Arcs first(j) to first(j + 1) - 1 go to column j, by rising row.
  Index first(Index j) const { return first_[static_cast<std::size_t>(j)]; }
  Index row_of(Index arc) const { return row_[static_cast<std::size_t>(arc)]; }
  double cost_of(Index arc) const { return value_[static_cast<std::size_t>(arc)]; }

 private:
  std::vector<Index> first_, row_;
  std::vector<double> value_;
};

/// A typical |C_ij|: the median over at most 4096 fixed pairs, their mean if that is zero. The
/// tolerances of solvers are in units of it, so that one huge entry does not loosen them.
double typical_cost(const CostView& cost);

}  // namespace pushforward::ot
