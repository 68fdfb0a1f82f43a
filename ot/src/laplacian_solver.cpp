#include "ot/src/laplacian_solver.hpp"

#include <cmath>

namespace pushforward::ot::detail {
namespace {

constexpr int patience = 12;     // steps that levels of an earlier graph get
constexpr int most_steps = 200;  // steps that fresh ones get

}  // namespace

bool LaplacianSolver::solve(Index nodes, const std::vector<LaplacianEdge>& edges, const Vector& b,
                            const Goal& goal, Vector& x) {
  x = Vector::Zero(nodes);
  if (nodes <= 1) return true;
  const LaplacianRows matrix = laplacian_rows(nodes, edges);
  Vector residual = b.array() - b.mean();
  const double norm = residual.norm();
  if (multigrid_ && iterate(matrix, goal, norm, patience, residual, x)) return true;
  multigrid_ = std::make_unique<LaplacianMultigrid>(matrix);
  return iterate(matrix, goal, norm, most_steps, residual, x);
}

bool LaplacianSolver::iterate(const LaplacianRows& matrix, const Goal& goal, double norm, int most,
                              Vector& residual, Vector& x) {
  const auto is_reached = [&] {
    const double largest = residual.lpNorm<Eigen::Infinity>();
    return largest <= goal.negligible ||
           (largest <= goal.acceptable && residual.norm() <= goal.relative * norm);
  };
  const Index n = residual.size();
  Vector preconditioned(n), direction = Vector::Zero(n), product(n);
  double rho = 1.0;
  for (int step = 0; step < most; ++step) {
    if (is_reached()) break;
    multigrid_->cycle(matrix, residual.data(), preconditioned.data());
    preconditioned.array() -= preconditioned.mean();
    const double next = residual.dot(preconditioned);
    direction = preconditioned + (step == 0 ? 0.0 : next / rho) * direction;
    rho = next;
    matrix.apply(direction.data(), product.data());
    const double curvature = direction.dot(product);
    if (!(curvature > 0.0)) break;  // rounding: the solution is as good as it gets
    const double length = rho / curvature;
    x += length * direction;
    residual -= length * product;
  }
  x.array() -= x.mean();
  return is_reached();
}

}  // namespace pushforward::ot::detail
