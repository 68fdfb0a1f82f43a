#include "ot/src/semidiscrete_balance.hpp"

#include <algorithm>
#include <limits>

namespace pushforward::ot::detail {
namespace {

// Gaps of draws grouped by cell: those of cell j are gaps[begin[j]], ..., gaps[begin[j + 1] - 1].
class GapsByCell {
 public:
  template <class CellOf>
  GapsByCell(Index cells, const std::vector<CellDraw>& draws, CellOf&& cell_of)
      : begin_(static_cast<std::size_t>(cells) + 1, 0), gaps_(draws.size()) {
    for (const CellDraw& draw : draws) {
      if (cell_of(draw) >= 0) ++begin_[static_cast<std::size_t>(cell_of(draw)) + 1];
    }
    for (std::size_t j = 1; j < begin_.size(); ++j) begin_[j] += begin_[j - 1];
    std::vector<std::ptrdiff_t> next = begin_;
    for (const CellDraw& draw : draws) {
      if (cell_of(draw) < 0) continue;
      gaps_[static_cast<std::size_t>(next[static_cast<std::size_t>(cell_of(draw))]++)] = draw.gap;
    }
  }

  Index count(Index j) const { return end(j) - start(j); }

  // The gap of rank `rank` in cell j, from 0; the largest if there are fewer.
  double ranked(Index j, double rank) {
    const auto place = std::min(static_cast<std::ptrdiff_t>(rank), end(j) - start(j) - 1);
    const auto first = gaps_.begin() + start(j);
    std::nth_element(first, first + place, gaps_.begin() + end(j));
    return first[place];
  }

 private:
  std::ptrdiff_t start(Index j) const { return begin_[static_cast<std::size_t>(j)]; }
  std::ptrdiff_t end(Index j) const { return begin_[static_cast<std::size_t>(j) + 1]; }

  std::vector<std::ptrdiff_t> begin_;
  std::vector<double> gaps_;
};

// For each of `atoms` the least u(x) - <x, y_j> - h_j over the draws of `key`.
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

}  // namespace

Vector balancing_steps(const CentredProblem& problem, const CellAssignment& cells, VectorIn heights,
                       const std::vector<CellDraw>& draws, const RngKey& key) {
  const Index atoms = problem.size();
  const auto n = static_cast<double>(draws.size());
  GapsByCell own(atoms, draws, [](const CellDraw& draw) { return draw.label; });
  GapsByCell others(atoms, draws, [](const CellDraw& draw) { return draw.second; });
  Vector steps = Vector::Zero(atoms);
  std::vector<Index> unseen;
  for (Index j = 0; j < atoms; ++j) {
    const double surplus = static_cast<double>(own.count(j)) - n * problem.weights[j];
    if (surplus > 0.0) {
      steps[j] = -own.ranked(j, surplus);
    } else if (others.count(j) > 0) {
      steps[j] = others.ranked(j, -surplus);
    } else if (own.count(j) == 0) {
      unseen.push_back(j);
    }
  }
  if (unseen.empty()) return steps;
  const Vector least = least_gaps(problem, cells, heights, unseen,
                                  std::min<Index>(4096, static_cast<Index>(draws.size())), key);
  for (std::size_t a = 0; a < unseen.size(); ++a) {
    steps[unseen[a]] = least[static_cast<Index>(a)];
  }
  return steps;
}

}  // namespace pushforward::ot::detail
