/// Laplacians of weighted graphs, and linear systems in them.
#pragma once

#include <cstdint>
#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// (L x)_j = sum_k w_jk (x_j - x_k) for symmetric weights, kept as a list of edges.
class GraphLaplacian {
 public:
  struct Edge {
    std::int32_t from, to;
    double weight;
  };

  /// Several edges between two nodes add up.
  GraphLaplacian(Index nodes, std::vector<Edge> edges);

  /// The sum with another on the same nodes.
  GraphLaplacian plus(const GraphLaplacian& other) const;

  const Vector& degrees() const { return degrees_; }
  const std::vector<Edge>& edges() const { return edges_; }
  void apply(VectorIn x, VectorOut y) const;

  /// (L + diag(ridge)) x = b by conjugate gradients, preconditioned with the diagonal (positive),
  /// until the preconditioned residual has fallen by `tolerance`. Runs on one thread, in one order.
  Vector solve(VectorIn b, VectorIn ridge, double tolerance, int max_iterations) const;

 private:
  std::vector<Edge> edges_;
  Vector degrees_;
};

}  // namespace pushforward::ot::detail
