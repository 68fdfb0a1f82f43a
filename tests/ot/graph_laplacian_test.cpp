#include "ot/src/graph_laplacian.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include <Eigen/Dense>
#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/densities/presets.hpp"

#include "ot/src/semidiscrete_balance.hpp"
#include "ot/src/semidiscrete_crossings.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::ot::detail;

TEST_CASE("graph laplacian: solves what a dense factorisation solves") {
  // A ring of 30 nodes with chords, weights of different sizes, one edge given twice.
  constexpr Index nodes = 30;
  std::vector<GraphLaplacian::Edge> edges;
  for (std::int32_t j = 0; j < nodes; ++j) {
    edges.push_back({j, static_cast<std::int32_t>((j + 1) % nodes), 1.0 + 0.1 * j});
    edges.push_back({j, static_cast<std::int32_t>((j + 7) % nodes), 0.3});
  }
  edges.push_back({0, 1, 2.0});
  const GraphLaplacian laplacian(nodes, edges);
  Matrix dense = Matrix::Zero(nodes, nodes);
  for (const auto& edge : edges) {
    dense(edge.from, edge.from) += edge.weight;
    dense(edge.to, edge.to) += edge.weight;
    dense(edge.from, edge.to) -= edge.weight;
    dense(edge.to, edge.from) -= edge.weight;
  }
  const Vector x = Vector::LinSpaced(nodes, -1.0, 2.0).array().sin();
  Vector product(nodes);
  laplacian.apply(x, product);
  CHECK((product - dense * x).cwiseAbs().maxCoeff() < 1e-13);

  const Vector ridge = Vector::Constant(nodes, 0.01);
  const Vector solved = laplacian.solve(x, ridge, 1e-12, 200);
  dense.diagonal() += ridge;
  // The condition number is below 1e3, so a residual of 1e-12 leaves an error below 1e-9.
  CHECK((solved - dense.ldlt().solve(x)).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE(
    "facet laplacian: two and three cells of a normal law have the densities they border at") {
  // Atoms at a < b on the line with heights such that cells meet at t: the gap is (b - a) |x - t|,
  // so its density at zero is phi(t) / (b - a) from each side.
  Matrix y(1, 3);
  y << -1.0, 0.0, 2.0;
  const double cuts[] = {-0.5, 0.8};
  Vector heights = Vector::Zero(3);
  heights[1] = heights[0] - cuts[0] * (y(0, 1) - y(0, 0));
  heights[2] = heights[1] - cuts[1] * (y(0, 2) - y(0, 1));
  const SemidiscreteProblem problem{std::make_shared<GaussianMixture>(standard_normal(1)),
                                    DiscreteMeasure::uniform(y)};
  CentredProblem centred(problem, 1);
  centred.atoms = y;  // the frame of the heights above
  centred.source_mean.setZero();
  CellAssignment cells(centred.atoms);
  cells.set_heights(heights);
  constexpr Index draws = 400'000;
  CandidateLists lists{2, {}, {}};
  draw_candidates(centred, cells, {.seed = 5, .purpose = Draw::source}, draws, 1, lists);
  std::vector<TopTwo> sorted;
  for (Index i = 0; i < draws; ++i) {
    const auto at = static_cast<std::size_t>(2 * i);
    sorted.push_back({lists.labels[at], lists.labels[at + 1], -lists.scores[at + 1]});
  }
  const GraphLaplacian laplacian = facet_laplacian(3, sorted);
  Matrix weights = Matrix::Zero(3, 3);
  for (const auto& edge : laplacian.edges()) {
    weights(edge.from, edge.to) += edge.weight;
    weights(edge.to, edge.from) += edge.weight;
  }
  const auto density = [](double t) {
    return std::exp(-0.5 * t * t) / std::sqrt(2.0 * std::numbers::pi);
  };
  // Half the mean gap of a cell is a third of its width or so: the density changes by 10 to 20%
  // over it, differently on the two sides.
  CHECK(weights(0, 1) == doctest::Approx(density(cuts[0]) / 1.0).epsilon(0.2));
  CHECK(weights(1, 2) == doctest::Approx(density(cuts[1]) / 2.0).epsilon(0.2));
  CHECK(weights(0, 2) == 0.0);
}

TEST_CASE("hidden laplacian: sees the facet of two clusters that no list tells of") {
  // Six atoms near -1, six near 1, each cell a twelfth of a normal law on the line. The clusters
  // meet at 0, where scores part at the rate y_6 - y_5 = 1.95: 40 times that of atoms 0.05 apart,
  // so hardly a draw near 0 has the other cluster among its best three.
  Matrix y(1, 12);
  Vector heights = Vector::Zero(12);
  const boost::math::normal normal;
  for (Index j = 0; j < 12; ++j) {
    const auto k = static_cast<double>(j);
    y(0, j) = j < 6 ? -1.225 + 0.05 * k : 0.975 + 0.05 * (k - 6.0);
    if (j == 0) continue;
    const double cut = boost::math::quantile(normal, k / 12.0);
    heights[j] = heights[j - 1] - cut * (y(0, j) - y(0, j - 1));
  }
  CentredProblem problem(
      {std::make_shared<GaussianMixture>(standard_normal(1)), DiscreteMeasure::uniform(y)}, 1);
  problem.atoms = y;  // the frame of the heights above
  problem.source_mean.setZero();
  CellAssignment cells(problem.atoms);
  cells.set_heights(heights);
  constexpr Index draws = 40'000;
  const RngKey key{.seed = 6, .purpose = Draw::source};
  CandidateLists lists{3, {}, {}};
  draw_candidates(problem, cells, key, draws, 1, lists);
  double between = 0.0, within = 0.0;
  const GraphLaplacian hidden = hidden_laplacian(problem, cells, lists, key, draws, 1);
  for (const auto& edge : hidden.edges()) {
    ((edge.from < 6) == (edge.to < 6) ? within : between) += edge.weight;
  }
  const double exact = boost::math::pdf(normal, 0.0) / (y(0, 6) - y(0, 5));
  // Draws move by a quarter of a cell, 0.05: some 800 cross, 3.5% a standard error, and 3% of the
  // facet's strip is in the lists' sight.
  CHECK(between == doctest::Approx(exact).epsilon(0.2));
  CHECK(within == 0.0);
}

TEST_CASE("starved cells: raised to half of their weight, one by one") {
  Matrix y(2, 40);
  fill_normal({.seed = 3}, y, 1);
  const SemidiscreteProblem problem{std::make_shared<GaussianMixture>(standard_normal(2)),
                                    DiscreteMeasure::uniform(y)};
  const CentredProblem centred(problem, 1);
  Vector heights = -0.5 * centred.atoms.colwise().squaredNorm().transpose();
  heights[7] -= 100.0;
  heights[21] -= 3.0;
  CellAssignment cells(centred.atoms);
  cells.set_heights(heights);
  constexpr Index draws = 4000;
  const RngKey key{.seed = 5, .purpose = Draw::source};
  const auto hits = [&] {
    CandidateLists lists{1, {}, {}};
    draw_candidates(centred, cells, key, draws, 1, lists);
    IndexVector count = IndexVector::Zero(40);
    for (const std::int32_t label : lists.labels) ++count[label];
    return count;
  };
  const std::vector<Index> starved = starved_cells(hits(), centred.weights, draws);
  REQUIRE(std::find(starved.begin(), starved.end(), 7) != starved.end());
  REQUIRE(std::find(starved.begin(), starved.end(), 21) != starved.end());
  for (const Index j : {Index{7}, Index{21}}) {
    const Vector raise = half_weight_raises(centred, cells, heights, {j}, draws, key);
    cells.set_heights(heights + (raise[0] + 1e-5) * Vector::Unit(40, j));
    // 50 of 4000 draws by construction; rounding to single precision moves a few.
    CHECK(std::abs(static_cast<double>(hits()[j]) - 50.0) <= 3.0);
    cells.set_heights(heights);
  }
}

TEST_CASE("batch optimum: cells of the batch have the masses asked for") {
  Matrix y(2, 6);
  y << 1.0, -1.0, 0.3, 0.2, -0.7, 2.0, 0.1, 0.4, -1.0, 1.3, -0.6, -0.4;
  const Vector nu = (Vector(6) << 0.1, 0.3, 0.2, 0.15, 0.05, 0.2).finished();
  const SemidiscreteProblem problem{std::make_shared<GaussianMixture>(standard_normal(2)),
                                    DiscreteMeasure(y, nu)};
  const CentredProblem centred(problem, 1);
  CellAssignment cells(centred.atoms);
  constexpr Index draws = 4000;
  CandidateLists lists{6, {}, {}};
  draw_candidates(centred, cells, {.seed = 5, .purpose = Draw::source}, 1000, 1, lists);
  draw_candidates(centred, cells, {.seed = 5, .purpose = Draw::source}, draws, 1, lists);
  const BatchStep step = solve_batch(lists, nu, {6, {}}, 1);
  // All cells are on every list, so the batch's own optimum is found: chi^2 below a hundredth of
  // what another batch would show.
  CHECK(step.excess < 0.02);
  Vector masses = Vector::Zero(6);
  const Matrix x = problem.source->draws({.seed = 5, .purpose = Draw::source}, draws);
  const Vector heights =
      0.5 * (centred.power_weights(step.change) - Vector(y.colwise().squaredNorm().transpose()));
  for (Index i = 0; i < draws; ++i) {
    Index best = 0;
    (y.transpose() * x.col(i) + heights).maxCoeff(&best);
    masses[best] += 1.0 / draws;
  }
  // sum of (m - nu)^2 / nu <= 0.02 * 5 / 4000, so each mass is within sqrt(0.3 * 2.5e-5) = 2.8e-3
  CHECK((masses - nu).cwiseAbs().maxCoeff() < 2.8e-3);
}
