#include "ot/src/assignment_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "pushforward/ot/network_simplex.hpp"

namespace pushforward::ot::detail {
namespace {

// The allowed pairs, and below them a row that takes the columns left over, at no cost.
SparseCost padded(PointsIn cost) {
  const Index n = cost.rows();
  std::vector<Index> row, col;
  std::vector<double> value;
  for (Index j = 0; j < cost.cols(); ++j) {
    for (Index i = 0; i <= n; ++i) {
      if (i == n && n == cost.cols()) continue;
      const double c = i < n ? cost(i, j) : 0.0;
      if (!std::isfinite(c)) continue;
      row.push_back(i);
      col.push_back(j);
      value.push_back(c);
    }
  }
  const auto arcs = static_cast<Index>(row.size());
  return {n < cost.cols() ? n + 1 : n, cost.cols(), Eigen::Map<const IndexVector>(row.data(), arcs),
          Eigen::Map<const IndexVector>(col.data(), arcs),
          Eigen::Map<const Vector>(value.data(), arcs)};
}

}  // namespace

AssignmentResult assignment_by_simplex(const Potentials* start, PointsIn cost,
                                       const AssignmentOptions& options, const Observer& observer) {
  const Index n = cost.rows();
  const Index m = cost.cols();
  Vector mass = Vector::Ones(n < m ? n + 1 : n);
  if (n < m) mass[n] = static_cast<double>(m - n);
  const SparseCost view = padded(cost);
  const NetworkSimplexOptions exact{.threads = options.threads};
  NetworkSimplexResult solved;
  if (start != nullptr) {
    Potentials padded_start = *start;
    if (start->f.size() > 0 && n < m) {
      padded_start.f.conservativeResize(n + 1);
      padded_start.f[n] = 0.0;
    }
    solved = network_simplex_from(padded_start, mass, Vector::Ones(m), view, exact, observer);
  } else {
    solved = network_simplex(mass, Vector::Ones(m), view, exact, observer);
  }

  AssignmentResult result;
  static_cast<SolveReport&>(result) = solved;
  result.target_of = IndexVector::Constant(n, -1);
  double sum = 0.0;
  for (const Coupling::Entry& e : solved.coupling.entries()) {
    if (e.row == n) continue;
    result.target_of[e.row] = e.col;
    sum += cost(e.row, e.col);
  }
  // The extra row costs nothing, so neither may its potential: then no g is positive.
  const double shift = n < m ? solved.f[n] : 0.0;
  result.f = solved.f.head(n).array() - shift;
  result.g = solved.g.array() + shift;
  result.converged = false;
  if (solved.termination == Termination::infeasible) return result;
  const auto rows = static_cast<double>(n);
  result.mean_cost = sum / rows;
  result.certificate = {.primal = result.mean_cost,
                        .dual = (result.f.sum() + result.g.sum()) / rows};
  const double largest = view.largest_magnitude();
  result.residual = largest > 0.0 ? result.certificate.gap() / largest : 0.0;
  result.converged = (result.target_of.array() >= 0).all() && result.residual <= options.tolerance;
  if (result.converged) {
    result.termination = Termination::converged;
  } else if (solved.termination == Termination::converged) {
    result.termination = Termination::stalled;
  }
  return result;
}

}  // namespace pushforward::ot::detail
