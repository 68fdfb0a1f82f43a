#include "ot/src/semidiscrete_crossings.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/one_thread.hpp"

namespace pushforward::ot::detail {
namespace {

// Draws with the mean distance that every cell is given beside its own: few distances say little.
constexpr double prior_draws = 4.0;

// E |v_1| for v uniform on the unit sphere of R^d.
double mean_cosine(Index d) {
  const double half = 0.5 * static_cast<double>(d);
  return std::exp(std::lgamma(half) - std::lgamma(half + 0.5)) / std::sqrt(std::numbers::pi);
}

double separation(const CentredProblem& problem, std::int32_t j, std::int32_t k) {
  return (problem.atoms.col(j) - problem.atoms.col(k)).norm();
}

// The mean distance of the draws in each cell to the facet of their second cell.
Vector facet_distances(const CentredProblem& problem, const CandidateLists& lists, Index draws) {
  Vector sums = Vector::Zero(problem.size()), counts = Vector::Zero(problem.size());
  for (Index i = 0; i < draws; ++i) {
    const auto at = static_cast<std::size_t>(i * lists.slots);
    const std::int32_t j = lists.labels[at], k = lists.labels[at + 1];
    if (k < 0) continue;
    sums[j] -= static_cast<double>(lists.scores[at + 1]) / separation(problem, j, k);
    counts[j] += 1.0;
  }
  const double mean = sums.sum() / std::max(1.0, counts.sum());
  return (sums.array() + prior_draws * mean) / (counts.array() + prior_draws);
}

}  // namespace

GraphLaplacian hidden_laplacian(const CentredProblem& problem, const CellAssignment& cells,
                                const CandidateLists& lists, const RngKey& key, Index draws,
                                int threads) {
  if (lists.slots >= problem.size()) return {problem.size(), {}};
  const Vector reach = facet_distances(problem, lists, draws);
  if (!(reach.minCoeff() > 0.0)) return {problem.size(), {}};
  const Index d = problem.dim();
  const double cosine = mean_cosine(d);
  std::vector<std::int32_t> ends(static_cast<std::size_t>(draws));
  pushforward::detail::parallel_blocks(
      draws, cells.block(), threads, [&](Index begin, Index end, Index) {
        const OneThread scope;
        const RngKey from = key.at_chain(key.chain + static_cast<std::uint32_t>(begin));
        Matrix x(d, end - begin), v(d, end - begin);
        ascent_draws(problem, key, begin, x);
        fill_normal(from.for_purpose(Draw::direction), v, 1);
        for (Index i = 0; i < end - begin; ++i) {
          const std::int32_t j = lists.labels[static_cast<std::size_t>((begin + i) * lists.slots)];
          if (j >= 0) x.col(i) += reach[j] / (cosine * v.col(i).norm()) * v.col(i);
        }
        const std::vector<float> single(x.data(), x.data() + x.size());
        std::vector<float> scores(static_cast<std::size_t>(end - begin));
        cells.best(single.data(), end - begin, 1, scores.data(), ends.data() + begin);
      });

  std::vector<GraphLaplacian::Edge> edges;
  for (Index i = 0; i < draws; ++i) {
    const std::int32_t* list = lists.labels.data() + i * lists.slots;
    const std::int32_t j = list[0], k = ends[static_cast<std::size_t>(i)];
    if (j < 0 || k < 0 || std::find(list, list + lists.slots, k) != list + lists.slots) continue;
    edges.push_back(
        {j, k, 1.0 / (static_cast<double>(draws) * reach[j] * separation(problem, j, k))});
  }
  return {problem.size(), std::move(edges)};
}

}  // namespace pushforward::ot::detail
