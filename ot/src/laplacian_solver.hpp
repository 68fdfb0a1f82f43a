/// Newton systems of semi-discrete transport: Laplacians of the graph of cells.
#pragma once

#include <memory>
#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/laplacian_multigrid.hpp"

namespace pushforward::ot::detail {

/// Solves (L x)_j = sum_k w_jk (x_j - x_k) = b_j for one graph after another on the same nodes, by
/// conjugate gradients with multigrid. The coarse levels of one graph serve the next ones for as
/// long as they do it well. Runs on one thread, in one order.
class LaplacianSolver {
 public:
  /// How small r = L x - b has to get: |r|_2 <= relative |b|_2 and |r|_inf <= acceptable, or
  /// |r|_inf <= negligible; b without its mean.
  struct Goal {
    double relative;
    double acceptable;
    double negligible;
  };
  /// x of mean zero, b taken without its mean; false, with the best x so far, if the goal was not
  /// reached: in a graph that is not connected, or by rounding.
  bool solve(Index nodes, const std::vector<LaplacianEdge>& edges, const Vector& b,
             const Goal& goal, Vector& x);

 private:
  bool iterate(const LaplacianRows& matrix, const Goal& goal, double norm, int most,
               Vector& residual, Vector& x);

  std::unique_ptr<LaplacianMultigrid> multigrid_;
};

}  // namespace pushforward::ot::detail
