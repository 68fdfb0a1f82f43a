#include "ot/src/semidiscrete_levels.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ot/src/one_thread.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr Index atoms_per_group = 4;

// The groups: every atom joins the nearest of a random quarter of them.
Level coarsened(const CentredProblem& fine, Index count, std::uint64_t seed, IndexVector& parent) {
  const Index n = fine.size();
  Matrix shuffle_keys(1, n);
  fill_uniform({.seed = seed, .step = static_cast<std::uint32_t>(n), .purpose = Draw::component},
               shuffle_keys, 1);
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) {
    return shuffle_keys(0, i) != shuffle_keys(0, j) ? shuffle_keys(0, i) < shuffle_keys(0, j)
                                                    : i < j;
  });
  Matrix seeds(fine.dim(), count);
  for (Index c = 0; c < count; ++c)
    seeds.col(c) = fine.atoms.col(order[static_cast<std::size_t>(c)]);
  CellAssignment voronoi(seeds);
  voronoi.set_heights(-0.5 * seeds.colwise().squaredNorm().transpose());
  std::vector<std::int32_t> nearest(static_cast<std::size_t>(n));
  voronoi.best_exact(fine.atoms.data(), n, nearest.data());

  // A seed that lies within rounding of another may be left without a group: groups are renumbered.
  IndexVector place = IndexVector::Constant(count, -1);
  Index groups = 0;
  parent.resize(n);
  for (Index j = 0; j < n; ++j) {
    Index& p = place[nearest[static_cast<std::size_t>(j)]];
    if (p < 0) p = groups++;
    parent[j] = p;
  }
  Level level{fine, {}};
  level.problem.atoms = Matrix::Zero(fine.dim(), groups);
  level.problem.weights = Vector::Zero(groups);
  for (Index j = 0; j < n; ++j) {
    level.problem.atoms.col(parent[j]) += fine.weights[j] * fine.atoms.col(j);
    level.problem.weights[parent[j]] += fine.weights[j];
  }
  level.problem.atoms.array().rowwise() /= level.problem.weights.transpose().array();
  return level;
}

struct CellMoments {
  Matrix centres;  // d x M
  Vector spreads;  // mean |x - centre|^2 of each cell; of all cells together where unknown
};

CellMoments cell_moments(const CentredProblem& coarse, VectorIn heights, const RngKey& key) {
  const Index d = coarse.dim(), m = coarse.size();
  CellAssignment cells(coarse.atoms);
  cells.set_heights(heights);
  CellMoments moments{Matrix::Zero(d, m), Vector::Zero(m)};
  Vector counts = Vector::Zero(m), squares = Vector::Zero(m);
  const Index block = cells.block();
  std::vector<std::int32_t> labels(static_cast<std::size_t>(block));
  const Index draws = 64 * m;
  for (Index start = 0; start < draws; start += block) {
    const Index n = std::min(block, draws - start);
    const OneThread scope;
    Matrix x = coarse.source->draws(key.at_chain(static_cast<std::uint32_t>(start)), n);
    x.colwise() -= coarse.source_mean;
    cells.best_exact(x.data(), n, labels.data());
    for (Index i = 0; i < n; ++i) {
      const Index c = labels[static_cast<std::size_t>(i)];
      if (c < 0) continue;
      moments.centres.col(c) += x.col(i);
      squares[c] += x.col(i).squaredNorm();
      counts[c] += 1.0;
    }
  }
  double total = 0.0;
  for (Index c = 0; c < m; ++c) {
    if (counts[c] == 0.0) continue;
    moments.centres.col(c) /= counts[c];
    moments.spreads[c] =
        std::max(0.0, squares[c] / counts[c] - moments.centres.col(c).squaredNorm());
    total += counts[c] * moments.spreads[c];
  }
  for (Index c = 0; c < m; ++c) {
    if (counts[c] < 2.0) moments.spreads[c] = total / static_cast<double>(draws);
  }
  return moments;
}

}  // namespace

std::vector<Level> build_levels(const CentredProblem& problem, std::uint64_t seed) {
  std::vector<Level> levels{{problem, {}}};
  while (levels.back().problem.size() > 1) {
    const CentredProblem& fine = levels.back().problem;
    IndexVector parent;
    const Index count = std::max<Index>(1, fine.size() / atoms_per_group);
    Level level = coarsened(fine, count, seed, parent);
    levels.back().parent = std::move(parent);
    levels.push_back(std::move(level));
  }
  std::reverse(levels.begin(), levels.end());
  return levels;
}

Vector extend_heights(const Level& fine, const CentredProblem& coarse, VectorIn heights,
                      const RngKey& key, int threads) {
  const CentredProblem& problem = fine.problem;
  const CellMoments moments = cell_moments(coarse, heights, key);
  const Index n = problem.size();
  Vector group_spreads = Vector::Zero(coarse.size());
  for (Index j = 0; j < n; ++j) {
    const Index c = fine.parent[j];
    group_spreads[c] += problem.weights[j] / coarse.weights[c] *
                        (problem.atoms.col(j) - coarse.atoms.col(c)).squaredNorm();
  }
  Vector linear(n), quadratic(n);
  for (Index j = 0; j < n; ++j) {
    const Index c = fine.parent[j];
    const Vector offset = problem.atoms.col(j) - coarse.atoms.col(c);
    const double scale =
        group_spreads[c] > 0.0 ? std::sqrt(moments.spreads[c] / group_spreads[c]) : 0.0;
    linear[j] = heights[c] - moments.centres.col(c).dot(offset);
    quadratic[j] = -0.5 * scale * offset.squaredNorm();
  }
  CellAssignment cells(problem.atoms);
  const double wanted = quadratic.dot(problem.weights);
  double low = 0.0, high = 2.0;
  for (int halving = 0; halving < 8; ++halving) {
    const double tau = 0.5 * (low + high);
    cells.set_heights(linear + tau * quadratic);
    double mean = 0.0;
    constexpr Index draws = 2048;
    visit_draws(problem, cells, key.for_purpose(Draw::initial), draws, false, threads,
                [&](const CellDraw& draw) {
                  if (draw.label >= 0) mean += quadratic[draw.label] / double{draws};
                });
    (mean < wanted ? low : high) = tau;
  }
  return linear + 0.5 * (low + high) * quadratic;
}

}  // namespace pushforward::ot::detail
