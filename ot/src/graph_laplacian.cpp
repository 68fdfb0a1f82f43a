#include "ot/src/graph_laplacian.hpp"

#include <utility>

namespace pushforward::ot::detail {

GraphLaplacian::GraphLaplacian(Index nodes, std::vector<Edge> edges)
    : edges_(std::move(edges)), degrees_(Vector::Zero(nodes)) {
  for (const Edge& edge : edges_) {
    degrees_[edge.from] += edge.weight;
    degrees_[edge.to] += edge.weight;
  }
}

GraphLaplacian GraphLaplacian::plus(const GraphLaplacian& other) const {
  std::vector<Edge> edges = edges_;
  edges.insert(edges.end(), other.edges_.begin(), other.edges_.end());
  return {degrees_.size(), std::move(edges)};
}

void GraphLaplacian::apply(VectorIn x, VectorOut y) const {
  y.array() = degrees_.array() * x.array();
  for (const Edge& edge : edges_) {
    y[edge.from] -= edge.weight * x[edge.to];
    y[edge.to] -= edge.weight * x[edge.from];
  }
}

Vector GraphLaplacian::solve(VectorIn b, VectorIn ridge, double tolerance,
                             int max_iterations) const {
  const Vector inverse_diagonal = (degrees_ + ridge).cwiseInverse();
  Vector x = Vector::Zero(b.size()), residual = b, product(b.size());
  Vector preconditioned = inverse_diagonal.cwiseProduct(residual);
  Vector direction = preconditioned;
  double norm = residual.dot(preconditioned);
  const double wanted = tolerance * tolerance * norm;
  for (int iteration = 0; iteration < max_iterations && norm > wanted; ++iteration) {
    apply(direction, product);
    product.array() += ridge.array() * direction.array();
    const double curvature = direction.dot(product);
    if (!(curvature > 0.0)) break;  // rounding: the solution is as good as it gets
    const double length = norm / curvature;
    x += length * direction;
    residual -= length * product;
    preconditioned.array() = inverse_diagonal.array() * residual.array();
    const double next = residual.dot(preconditioned);
    direction = preconditioned + (next / norm) * direction;
    norm = next;
  }
  return x;
}

}  // namespace pushforward::ot::detail
