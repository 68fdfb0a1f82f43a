#include "pushforward/ot/partial_embedding.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/partial.hpp"

#include "ot/src/unequal_masses.hpp"

namespace pushforward::ot {

PartialEmbedding partial_embedding(PointsIn x, VectorIn a, PointsIn y, VectorIn b, double lambda,
                                   const NetworkSimplexOptions& options) {
  const PartialResult solved = penalized_partial_transport(a, b, PointCost(x, y), lambda, options);
  PartialEmbedding embedding;
  static_cast<SolveReport&>(embedding) = solved;
  embedding.objective = solved.objective;
  embedding.mass = Vector::Zero(x.cols());
  embedding.displacement = Matrix::Zero(x.rows(), x.cols());
  embedding.unmatched = b;
  for (const Coupling::Entry& e : solved.coupling.entries()) {
    embedding.mass[e.row] += e.mass;
    embedding.displacement.col(e.row) += e.mass * (y.col(e.col) - x.col(e.row));
    embedding.unmatched[e.col] = std::max(0.0, embedding.unmatched[e.col] - e.mass);
  }
  for (Index i = 0; i < x.cols(); ++i) {
    if (embedding.mass[i] > 0.0) embedding.displacement.col(i) /= embedding.mass[i];
  }
  embedding.lost = embedding.unmatched.sum();
  return embedding;
}

PartialEmbedding reference_embedding(PointsIn x, VectorIn a) {
  detail::checked_mass(a, x.cols(), "a", "reference_embedding");
  PartialEmbedding embedding;
  embedding.converged = true;
  embedding.termination = Termination::converged;
  embedding.mass = a;
  embedding.displacement = Matrix::Zero(x.rows(), x.cols());
  embedding.objective = 0.0;
  return embedding;
}

double embedding_discrepancy(const PartialEmbedding& first, const PartialEmbedding& second,
                             double lambda) {
  constexpr const char* where = "embedding_discrepancy";
  require(lambda >= 0.0 && std::isfinite(lambda), where, "lambda", lambda,
          "a finite number of at least 0");
  require(second.mass.size() == first.mass.size(), where, "second.mass.size()", second.mass.size(),
          std::to_string(first.mass.size()) + ", that of the first");
  require(second.displacement.rows() == first.displacement.rows(), where,
          "second.displacement.rows()", second.displacement.rows(),
          std::to_string(first.displacement.rows()) + ", that of the first");
  double moved = 0.0, kept_alone = 0.0;
  for (Index i = 0; i < first.mass.size(); ++i) {
    const double apart = (first.displacement.col(i) - second.displacement.col(i)).squaredNorm();
    moved += std::min(first.mass[i], second.mass[i]) * std::min(apart, 2.0 * lambda);
    kept_alone += std::abs(first.mass[i] - second.mass[i]);
  }
  return moved + lambda * (kept_alone + (first.lost + second.lost));
}

WeightedPoints embedding_interpolation(PointsIn x, VectorIn a, PointsIn y,
                                       const PartialEmbedding& embedding, double t) {
  constexpr const char* where = "embedding_interpolation";
  const Index n = x.cols(), m = y.cols();
  require(t >= 0.0 && t <= 1.0, where, "t", t, "between 0 and 1");
  require(a.size() == n, where, "a.size()", a.size(), std::to_string(n) + ", one per point of x");
  require(embedding.mass.size() == n, where, "embedding.mass.size()", embedding.mass.size(),
          std::to_string(n) + ", one per point of x");
  require(embedding.unmatched.size() == m, where, "embedding.unmatched.size()",
          embedding.unmatched.size(), std::to_string(m) + ", one per point of y");
  require(y.rows() == x.rows(), where, "y.rows()", y.rows(),
          std::to_string(x.rows()) + ", the dimension of x");
  WeightedPoints between{Matrix(x.rows(), 2 * n + m), Vector(2 * n + m)};
  between.points << x + t * embedding.displacement, x, y;
  between.masses << embedding.mass, (1.0 - t) * (a - embedding.mass).cwiseMax(0.0),
      t * embedding.unmatched;
  return between;
}

}  // namespace pushforward::ot
