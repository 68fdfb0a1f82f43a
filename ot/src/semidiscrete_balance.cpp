#include "ot/src/semidiscrete_balance.hpp"

#include <limits>

#include "ot/src/one_thread.hpp"

namespace pushforward::ot::detail {

Vector least_gaps(const CentredProblem& problem, const CellAssignment& cells, VectorIn heights,
                  const std::vector<Index>& atoms, Index draws, const RngKey& key) {
  const auto count = static_cast<Index>(atoms.size());
  Matrix y(problem.dim(), count);
  Vector h(count);
  for (Index a = 0; a < count; ++a) {
    y.col(a) = problem.atoms.col(atoms[static_cast<std::size_t>(a)]);
    h[a] = heights[atoms[static_cast<std::size_t>(a)]];
  }
  Vector least = Vector::Constant(count, std::numeric_limits<double>::infinity());
  const Index block = cells.block();
  Matrix scores(count, block);
  std::vector<double> best(static_cast<std::size_t>(block));
  std::vector<std::int32_t> labels(best.size());
  for (Index start = 0; start < draws; start += block) {
    const Index n = std::min(block, draws - start);
    const OneThread scope;
    Matrix x = problem.source->draws(key.at_chain(static_cast<std::uint32_t>(start)), n);
    x.colwise() -= problem.source_mean;
    cells.best(x.data(), n, 1, best.data(), labels.data());
    scores.leftCols(n).noalias() = y.transpose() * x;
    for (Index i = 0; i < n; ++i) {
      least = least.cwiseMin(
          (best[static_cast<std::size_t>(i)] - (scores.col(i) + h).array()).matrix());
    }
  }
  return least;
}

}  // namespace pushforward::ot::detail
