/// Newton systems of semi-discrete transport: Laplacians of the graph of cells.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// A weight on the pair first < second; at most one for each pair.
struct LaplacianEdge {
  Index first, second;
  double weight;
};

/// Solves (L x)_j = sum_k w_jk (x_j - x_k) = b_j for one graph after another on the same nodes.
class LaplacianSolver {
 public:
  explicit LaplacianSolver(Index nodes);
  ~LaplacianSolver();

  /// x of mean zero with |L x - b|_2 <= tolerance |b|_2, b taken without its mean; false if that
  /// was not reached, as in a graph that is not connected.
  bool solve(const std::vector<LaplacianEdge>& edges, const Vector& b, double tolerance, Vector& x);

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pushforward::ot::detail
