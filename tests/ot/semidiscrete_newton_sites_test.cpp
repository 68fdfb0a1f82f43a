// Sites in every position: outside of the domain, on top of each other, in clusters, without mass.
#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

#include "tests/ot/planar_sources.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("semidiscrete_newton: an oversized cell sees its weight decrease") {
  // At weights zero the first of three sites has two thirds of the square and is to have a tenth.
  Matrix y(2, 3);
  y << 0.3, 0.9, 0.95, 0.5, 0.2, 0.8;
  const auto result = semidiscrete_newton(
      {unit_square(), DiscreteMeasure(y, (Vector(3) << 0.1, 0.45, 0.45).finished())});
  REQUIRE(result.converged);
  CHECK(result.weights[0] < result.weights[1]);
  CHECK(result.weights[0] < result.weights[2]);
}

TEST_CASE("semidiscrete_newton: sites anywhere, whose cells are empty at first") {
  const auto check = [](const Matrix& y) {
    const auto result = semidiscrete_newton({unit_square(), DiscreteMeasure::uniform(y)});
    CHECK(result.converged);
    CHECK(result.dual.value == doctest::Approx(result.primal.value).epsilon(1e-9));
    return result;
  };
  const Matrix y = uniforms(100, 12);
  // Far away the cells are those of the same sites near by, scaled: cost by the moment formula.
  const auto near = check(y);
  const auto far = check(y.array() + 1000.0);
  const Vector mean = y.rowwise().mean();
  const double moved = 2.0 * 1000.0 * (mean - vec(0.5, 0.5)).sum() + 2.0 * 1e6;
  CHECK(far.primal.value == doctest::Approx(near.primal.value + moved).epsilon(1e-12));
  // Shrinking y by s leaves cells alone: W^2 = s |y|^2 terms move, the correlation scales.
  const auto correlation = [](const SemidiscreteNewtonResult& r, const Matrix& sites) {
    return sites.colwise().squaredNorm().mean() + 2.0 / 3.0 - r.primal.value;
  };
  const auto small = check(1e-3 * y);
  CHECK(correlation(small, 1e-3 * y) == doctest::Approx(1e-3 * correlation(near, y)).epsilon(1e-9));
  check(1e3 * y);
  Matrix clusters = 1e-4 * y;
  clusters.leftCols(50).array() += 2.0;
  check(clusters);
  Matrix line = y;
  line.row(1).setConstant(5.0);
  check(line);
}

TEST_CASE("semidiscrete_newton: clusters 1e-9 apart, lattices and circles") {
  const auto source = unit_square();
  Matrix clusters(2, 60), circle(2, 60);
  for (Index j = 0; j < 60; ++j) {
    const double angle = 2.0 * std::acos(-1.0) * static_cast<double>(j) / 60.0;
    circle.col(j) = vec(0.5 + 0.4 * std::cos(angle), 0.5 + 0.4 * std::sin(angle));
    clusters.col(j) = uniforms(6, 2).col(j / 10) + 1e-9 * uniforms(60, 3).col(j);
  }
  // Weights near 1e-10 are kept to 1e-26, which moves a border by 1e-17 over 1e-9.
  const auto tight =
      semidiscrete_newton({source, DiscreteMeasure::uniform(clusters)}, {.tolerance = 1e-6});
  CHECK(tight.converged);
  CHECK(semidiscrete_newton({source, DiscreteMeasure::uniform(circle)}).converged);
  CHECK(semidiscrete_newton(
            {source, DiscreteMeasure(square_grid(8), random_masses(64, 2), Mass::normalise)})
            .converged);
}

TEST_CASE("semidiscrete_newton: equal sites share a cell, sites without mass get none") {
  const Matrix y = uniforms(20, 14);
  Matrix more(2, 24);
  more << y, y.col(3), y.col(3), y.col(7).array() + 1e-14, vec(0.5, 0.5);
  Vector masses = Vector::Constant(24, 1.0);
  masses[20] = 2.0;
  masses[23] = 0.0;
  const DiscreteMeasure target(more, masses, Mass::normalise);

  const auto result = semidiscrete_newton({unit_square(), target});

  REQUIRE(result.converged);
  CHECK(result.merged_sites == 3);
  CHECK(result.weights[20] == result.weights[3]);
  CHECK(result.weights[21] == result.weights[3]);
  CHECK(result.weights[22] == result.weights[7]);
  CHECK(result.masses[20] == doctest::Approx(2.0 * result.masses[3]).epsilon(1e-14));
  CHECK((result.masses - target.weights()).cwiseAbs().maxCoeff() < 1e-10);
  CHECK(result.masses[23] == 0.0);
  CHECK(std::isnan(result.mass_centres(0, 23)));
  // The reported weight is the largest without a cell.
  Matrix distinct(2, 21);
  distinct << y, vec(0.5, 0.5);
  Vector w(21);
  w << result.weights.head(20), result.weights[23];
  w[20] -= 1e-9;
  CHECK(laguerre_measures(*unit_square(), distinct, w).masses[20] == 0.0);
  w[20] += 1e-6;
  CHECK(laguerre_measures(*unit_square(), distinct, w).masses[20] > 0.0);
}

TEST_CASE("semidiscrete_newton: masses of very different size") {
  Vector masses = Vector::Ones(40);
  for (Index j = 0; j < 40; ++j) masses[j] = std::pow(10.0, -6.0 * static_cast<double>(j) / 39.0);
  const auto result = semidiscrete_newton(
      {unit_square(), DiscreteMeasure(uniforms(40, 15), masses, Mass::normalise)},
      {.tolerance = 1e-7});
  CHECK(result.converged);
  CHECK(result.mass_error <= 1e-7);
}

TEST_CASE("semidiscrete_newton: a density with holes, and one in two pieces") {
  // A frame: no density in the middle, where some sites are.
  Vector frame = Vector::Ones(81);
  for (Index r = 2; r < 7; ++r) frame.segment(9 * r + 2, 5).setZero();
  const IndexVector shape = (IndexVector(2) << 9, 9).finished();
  const auto ring = std::make_shared<GridDensity>(vec(0, 0), vec(1, 1), shape, frame);
  const auto around = semidiscrete_newton({ring, DiscreteMeasure::uniform(uniforms(80, 17))});
  CHECK(around.converged);
  CHECK(around.mass_error <= 1e-9);

  // Two bars far apart; 2 : 3 of the sites would have to take equal masses, so that one cell
  // reaches across.
  Vector bars = Vector::Zero(81);
  for (Index r = 0; r < 9; ++r) bars[9 * r] = bars[9 * r + 8] = 1.0;
  const auto pair = std::make_shared<GridDensity>(vec(0, 0), vec(1, 1), shape, bars);
  const auto across = semidiscrete_newton({pair, DiscreteMeasure::uniform(uniforms(15, 18))});
  CHECK(across.converged == (across.mass_error <= 1e-9));
  CHECK(across.converged == (across.termination == Termination::converged));
  MESSAGE("two pieces: ", name(across.termination), " at mass error ", across.mass_error,
          ", uniform share ", across.uniform_share);
}

TEST_CASE("semidiscrete_newton: one site takes all") {
  const auto result =
      semidiscrete_newton({unit_square(), DiscreteMeasure::uniform(Matrix(vec(2.0, 0.0)))});
  CHECK(result.converged);
  CHECK(result.weights[0] == 0.0);
  CHECK(result.masses[0] == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(result.primal.value == doctest::Approx(7.0 / 3.0 + 1.0 / 3.0).epsilon(1e-14));
}
