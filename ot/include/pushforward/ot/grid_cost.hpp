/// Costs between the nodes of a product grid that add up over the axes.
#pragma once

#include <vector>

#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/cost_view.hpp"

namespace pushforward::ot {

/// C(x, y) = sum_k c_k(x_k, y_k) between the n = n_1 ... n_d nodes of a grid: soft and hard minima
/// go axis by axis, in O(n sum n_k) instead of O(n^2). `sinkhorn` takes it as any other cost. Nodes
/// are numbered with the first axis fastest.
class GridCost final : public CostView {
 public:
  /// @param axes  at least one; the finite coordinates of the nodes along each, in any order.
  /// @param cost  squared_euclidean, half_squared_euclidean, lp or negative_dot: those that add up.
  /// @throws std::invalid_argument for no axes, an empty or infinite axis or another cost.
  explicit GridCost(std::vector<Vector> axes, Cost cost = {});

  double entry(Index i, Index j) const override;
  const double* column(Index j, Index begin, Index end, double* buffer) const override;
  bool is_lazy() const override { return true; }
  double largest_magnitude() const override;

  Index dim() const { return static_cast<Index>(axes_.size()); }
  const Vector& axis(Index k) const { return axes_[static_cast<std::size_t>(k)]; }
  /// n_k x n_k: c_k between the nodes of axis k. Column i holds the costs of source i.
  const Matrix& axis_cost(Index k) const { return costs_[static_cast<std::size_t>(k)]; }
  /// Nodes between neighbours along axis k.
  Index stride(Index k) const { return strides_[static_cast<std::size_t>(k)]; }

  /// f_i = min_j (C_ij - g_j) and then g_j = min_i (C_ij - f_i), as `feasible_potentials`.
  Potentials feasible_potentials(VectorIn g, int threads = 0) const;

 private:
  Vector hard_minimum(VectorIn g, bool transposed, int threads) const;

  std::vector<Vector> axes_;
  std::vector<Matrix> costs_;
  std::vector<Index> strides_;
};

}  // namespace pushforward::ot
