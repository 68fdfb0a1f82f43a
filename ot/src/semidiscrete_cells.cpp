#include "ot/src/semidiscrete_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/circle_kernels.hpp"
#include "ot/src/one_thread.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr Index pilot_draws = 4096;
// Two directions among d span a circle whose points differ: in fewer dimensions fewer of the draws
// on a circle are new (the variance of a cell mass: docs/semidiscrete.md).
constexpr Index circles_pay_from_dim = 8;

// The representative of each point: the lowest index among those equal to it, or -1 for weight 0.
IndexVector representatives(const DiscreteMeasure& target) {
  const Matrix& y = target.points();
  std::vector<Index> order(static_cast<std::size_t>(y.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto column = [&](Index j) { return y.data() + j * y.rows(); };
  std::sort(order.begin(), order.end(), [&](Index i, Index j) {
    const auto [p, q] = std::mismatch(column(i), column(i) + y.rows(), column(j));
    return p == column(i) + y.rows() ? i < j : *p < *q;
  });
  IndexVector first(y.cols());
  Index leader = -1;
  for (const Index j : order) {
    if (target.weights()[j] == 0.0) {
      first[j] = -1;
      continue;
    }
    if (leader < 0 || !std::equal(column(j), column(j) + y.rows(), column(leader))) leader = j;
    first[j] = leader;
  }
  return first;
}

}  // namespace

CentredProblem::CentredProblem(const SemidiscreteProblem& problem, std::uint64_t seed)
    : source(problem.source) {
  const Matrix& y = problem.target.points();
  // Scores hold squares of coordinates, and their sums.
  constexpr double largest = 1e150;
  Index row = 0, column = 0;
  const double size = y.cwiseAbs().maxCoeff(&row, &column);
  require(size <= largest, "semidiscrete",
          "target.points()(" + std::to_string(row) + ", " + std::to_string(column) + ")",
          y(row, column), "at most 1e150 in size: squared distances would overflow");
  const IndexVector first = representatives(problem.target);
  IndexVector place = IndexVector::Constant(y.cols(), -1);
  Index n = 0;
  for (Index j = 0; j < y.cols(); ++j) {
    if (first[j] == j) place[j] = n++;
  }
  merged.resize(y.cols());
  atoms.resize(y.rows(), n);
  weights = Vector::Zero(n);
  for (Index j = 0; j < y.cols(); ++j) {
    merged[j] = first[j] < 0 ? -1 : place[first[j]];
    if (merged[j] < 0) continue;
    if (first[j] == j) atoms.col(merged[j]) = y.col(j);
    weights[merged[j]] += problem.target.weights()[j];
  }
  atom_mean = atoms * weights;
  atoms.colwise() -= atom_mean;
  const auto d = static_cast<double>(dim());
  atom_spread = std::sqrt(atoms.colwise().squaredNorm().dot(weights) / d);

  const OneThread scope;
  const Matrix pilot = source->draws({.seed = seed, .purpose = Draw::initial}, pilot_draws);
  const std::optional<Vector> mean = source->gaussian_mean();
  has_circles = mean.has_value() && dim() >= circles_pay_from_dim;
  source_mean = has_circles ? *mean : Vector(pilot.rowwise().mean());
  source_spread = std::sqrt((pilot.colwise() - source_mean).colwise().squaredNorm().mean() / d);
}

Vector CentredProblem::power_weights(VectorIn heights) const {
  Vector w = 2.0 * heights - 2.0 * (atoms.transpose() * source_mean) +
             (atoms.colwise() + atom_mean).colwise().squaredNorm().transpose();
  w.array() -= w.dot(weights);
  return w;
}

Index circle_size(const CentredProblem& problem) {
  return problem.has_circles ? points_on_circle : 1;
}

namespace {

// Both ends of each pair behind the circles of the draws from `begin` on, which is a draw of the
// key: circle c has the ends 2 c and 2 c + 1. x: d x 2 circles.
void circle_ends(const CentredProblem& problem, const RngKey& key, Index begin, PointsOut x) {
  const auto end = static_cast<std::uint32_t>(2 * (begin / points_on_circle));
  problem.source->draw(key.at_chain(key.chain + end), x);
  x.colwise() -= problem.source_mean;
}

}  // namespace

void ascent_draws(const CentredProblem& problem, const RngKey& key, Index begin, PointsOut x) {
  if (circle_size(problem) == 1) {
    problem.source->draw(key.at_chain(key.chain + static_cast<std::uint32_t>(begin)), x);
    x.colwise() -= problem.source_mean;
    return;
  }
  Matrix ends(x.rows(), 2 * (x.cols() / points_on_circle));
  circle_ends(problem, key, begin, ends);
  for (Index i = 0; i < x.cols(); ++i) {
    const Index pair = i / points_on_circle;
    const double angle = std::numbers::pi / 4.0 * static_cast<double>(i % points_on_circle);
    x.col(i) = std::cos(angle) * ends.col(2 * pair) + std::sin(angle) * ends.col(2 * pair + 1);
  }
}

void sort_ascent_draws(const CentredProblem& problem, const CellAssignment& cells,
                       const RngKey& key, Index begin, Index end, Index slots, float* scores,
                       std::int32_t* labels) {
  const OneThread scope;
  if (circle_size(problem) == 1) {
    Matrix x(problem.dim(), end - begin);
    ascent_draws(problem, key, begin, x);
    const std::vector<float> single(x.data(), x.data() + x.size());
    cells.best(single.data(), end - begin, slots, scores, labels);
    return;
  }
  const Index pairs = (end - begin) / points_on_circle;
  Matrix ends(problem.dim(), 2 * pairs);
  circle_ends(problem, key, begin, ends);
  const std::vector<float> single(ends.data(), ends.data() + ends.size());
  cells.best_on_circles(single.data(), pairs, slots, scores, labels);
}

void visit_draws(const CentredProblem& problem, const CellAssignment& cells, const RngKey& key,
                 Index n, bool exact, int threads,
                 const std::function<void(const CellDraw&)>& visit) {
  const Index d = problem.dim();
  const Index block = cells.block();
  const Index chunk = 64 * block;
  std::vector<CellDraw> drawn(static_cast<std::size_t>(std::min(n, chunk)));
  for (Index start = 0; start < n; start += chunk) {
    const Index size = std::min(chunk, n - start);
    pushforward::detail::parallel_blocks(size, block, threads, [&](Index begin, Index end, Index) {
      const Index count = end - begin;
      const OneThread scope;
      const Index mirrored = exact && problem.has_circles ? 2 : 1;  // draws a column
      const auto first = static_cast<std::uint32_t>((start + begin) / mirrored);
      Matrix x(d, count / mirrored);
      problem.source->draw(key.at_chain(key.chain + first), x);
      x.colwise() -= problem.source_mean;
      std::vector<std::int32_t> labels(static_cast<std::size_t>(2 * count));
      std::vector<float> values(static_cast<std::size_t>(2 * count));
      if (mirrored == 2) {
        cells.best_exact_opposite(x.data(), x.cols(), labels.data());
      } else if (exact) {
        cells.best_exact(x.data(), count, labels.data());
      } else {
        const std::vector<float> single(x.data(), x.data() + x.size());
        cells.best(single.data(), count, 2, values.data(), labels.data());
      }
      const Vector shift = problem.source_mean - problem.atom_mean;
      for (Index i = 0; i < count; ++i) {
        CellDraw& draw = drawn[static_cast<std::size_t>(begin + i)];
        const auto at = static_cast<std::size_t>(exact ? i : 2 * i);
        draw.label = labels[at];
        draw.second = exact ? -1 : labels[at + 1];
        draw.gap =
            exact ? 0.0 : static_cast<double>(values[at]) - static_cast<double>(values[at + 1]);
        const double sign = mirrored == 2 && i % 2 == 1 ? -1.0 : 1.0;
        draw.cost = draw.label < 0
                        ? not_known
                        : (sign * x.col(i / mirrored) + shift - problem.atoms.col(draw.label))
                              .squaredNorm();
      }
    });
    for (Index i = 0; i < size; ++i) visit(drawn[static_cast<std::size_t>(i)]);
  }
}

void fill_empty_heights(const CentredProblem& problem, const DiscreteMeasure& target,
                        std::uint64_t seed, VectorOut heights) {
  if ((problem.merged.array() >= 0).all()) return;
  const OneThread scope;
  const Matrix x = problem.source->draws({.seed = seed, .purpose = Draw::initial}, pilot_draws);
  Vector potential = Vector::Constant(pilot_draws, -std::numeric_limits<double>::infinity());
  for (Index j = 0; j < target.size(); ++j) {
    if (problem.merged[j] < 0) continue;
    potential = potential.cwiseMax((x.transpose() * target.points().col(j)).array().matrix() +
                                   Vector::Constant(pilot_draws, heights[j]));
  }
  for (Index j = 0; j < target.size(); ++j) {
    if (problem.merged[j] >= 0) continue;
    heights[j] = (potential - x.transpose() * target.points().col(j)).minCoeff();
  }
}

}  // namespace pushforward::ot::detail
