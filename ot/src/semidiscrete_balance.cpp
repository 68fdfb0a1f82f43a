#include "ot/src/semidiscrete_balance.hpp"

#include <algorithm>
#include <cmath>

#include "ot/src/one_thread.hpp"

namespace pushforward::ot::detail {

std::vector<Index> starved_cells(const IndexVector& hits, VectorIn weights, Index draws) {
  std::vector<Index> starved;
  for (Index j = 0; j < hits.size(); ++j) {
    const double expected = weights[j] * static_cast<double>(draws);
    if (expected >= 15.99 && 8.0 * static_cast<double>(hits[j]) < expected) starved.push_back(j);
  }
  return starved;
}

Vector half_weight_raises(const CentredProblem& problem, const CellAssignment& cells,
                          VectorIn heights, const std::vector<Index>& atoms, Index draws,
                          const RngKey& key) {
  const auto count = static_cast<Index>(atoms.size());
  Matrix y(problem.dim(), count);
  Vector h(count);
  std::vector<std::vector<double>> nearest(atoms.size());  // heaps of the least gaps so far
  std::vector<std::size_t> wanted(atoms.size());
  for (std::size_t a = 0; a < atoms.size(); ++a) {
    y.col(static_cast<Index>(a)) = problem.atoms.col(atoms[a]);
    h[static_cast<Index>(a)] = heights[atoms[a]];
    wanted[a] = static_cast<std::size_t>(
        std::ceil(0.5 * problem.weights[atoms[a]] * static_cast<double>(draws)));
  }
  const Index block = cells.block();
  Matrix scores(count, block);
  std::vector<double> best(static_cast<std::size_t>(block));
  std::vector<std::int32_t> labels(best.size());
  for (Index start = 0; start < draws; start += block) {
    const Index n = std::min(block, draws - start);
    const OneThread scope;
    Matrix x(problem.dim(), n);
    ascent_draws(problem, key, start, x);
    cells.best(x.data(), n, 1, best.data(), labels.data());
    scores.leftCols(n).noalias() = y.transpose() * x;
    for (Index i = 0; i < n; ++i) {
      for (std::size_t a = 0; a < atoms.size(); ++a) {
        const auto at = static_cast<Index>(a);
        const double gap = best[static_cast<std::size_t>(i)] - scores(at, i) - h[at];
        std::vector<double>& heap = nearest[a];
        if (!std::isfinite(gap) || (heap.size() == wanted[a] && gap >= heap.front())) continue;
        if (heap.size() == wanted[a]) {
          std::pop_heap(heap.begin(), heap.end());
          heap.pop_back();
        }
        heap.push_back(gap);
        std::push_heap(heap.begin(), heap.end());
      }
    }
  }
  Vector raises = Vector::Zero(count);
  for (std::size_t a = 0; a < atoms.size(); ++a) {
    if (!nearest[a].empty()) raises[static_cast<Index>(a)] = std::max(0.0, nearest[a].front());
  }
  return raises;
}

}  // namespace pushforward::ot::detail
