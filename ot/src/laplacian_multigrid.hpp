/// Multigrid for graph Laplacians, by smoothed aggregation.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <Eigen/Cholesky>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// A weight on the pair first < second; at most one for each pair.
struct LaplacianEdge {
  Index first, second;
  double weight;
};

/// Rows of a sparse matrix one after another.
struct SparseRows {
  std::vector<int> first;  ///< One more than rows.
  std::vector<int> column;
  std::vector<double> value;

  int rows() const { return static_cast<int>(first.size()) - 1; }
};

/// (L x)_j = sum_k w_jk (x_j - x_k): entries off the diagonal in rows, the diagonal apart.
struct LaplacianRows {
  SparseRows off;  ///< -w_jk, columns rising.
  std::vector<double> diagonal;

  int size() const { return off.rows(); }
  /// y = L x.
  void apply(const double* x, double* y) const;
};

LaplacianRows laplacian_rows(Index nodes, const std::vector<LaplacianEdge>& edges);

/// An approximate inverse of L on vectors of sum zero: one symmetric V-cycle. Every level keeps the
/// constants as its kernel, because smoothed prolongation maps ones to ones.
/// Source: \cite vanek1996.
class LaplacianMultigrid {
 public:
  explicit LaplacianMultigrid(const LaplacianRows& fine);

  /// x ~ L^-1 b, smoothing with `fine`, which may be a later matrix than the levels were built for.
  void cycle(const LaplacianRows& fine, const double* b, double* x);

 private:
  struct Level {
    LaplacianRows matrix;     ///< Empty on the finest level, where the caller's is used.
    SparseRows prolongation;  ///< To this level from the next one.
    std::vector<double> x, b, residual;
  };

  void cycle(std::size_t level, const LaplacianRows& matrix, const double* b, double* x);

  std::vector<Level> levels_;
  Eigen::LLT<Eigen::MatrixXd> coarsest_;
};

}  // namespace pushforward::ot::detail
