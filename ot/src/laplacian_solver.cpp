#include "ot/src/laplacian_solver.hpp"

#include <cmath>

#include <Eigen/SparseCholesky>

namespace pushforward::ot::detail {

struct LaplacianSolver::Implementation {
  using Sparse = Eigen::SparseMatrix<double>;
  Index nodes;
  Eigen::SimplicialLDLT<Sparse> factor;
};

LaplacianSolver::LaplacianSolver(Index nodes)
    : implementation_(std::make_unique<Implementation>()) {
  implementation_->nodes = nodes;
}
LaplacianSolver::~LaplacianSolver() = default;

bool LaplacianSolver::solve(const std::vector<LaplacianEdge>& edges, const Vector& b,
                            double tolerance, Vector& x) {
  const Index n = implementation_->nodes;
  x = Vector::Zero(n);
  if (n <= 1) return true;
  std::vector<Eigen::Triplet<double>> entries;
  Vector degrees = Vector::Zero(n);
  for (const auto& [first, second, weight] : edges) {
    degrees[first] += weight;
    degrees[second] += weight;
    if (second < n - 1) entries.emplace_back(int(second), int(first), -weight);
  }
  for (Index j = 0; j + 1 < n; ++j) entries.emplace_back(int(j), int(j), degrees[j]);
  Implementation::Sparse matrix(n - 1, n - 1);
  matrix.setFromTriplets(entries.begin(), entries.end());
  implementation_->factor.compute(matrix);
  if (implementation_->factor.info() != Eigen::Success) return false;
  Vector rhs = b.array() - b.mean();
  x.head(n - 1) = implementation_->factor.solve(Eigen::VectorXd(rhs.head(n - 1)));
  for (const auto& [first, second, weight] : edges) {
    const double flow = weight * (x[first] - x[second]);
    rhs[first] -= flow;
    rhs[second] += flow;
  }
  x.array() -= x.mean();
  return x.allFinite() && rhs.norm() <= tolerance * b.norm();
}

}  // namespace pushforward::ot::detail
