#include <cmath>
#include <memory>

#include <doctest/doctest.h>

#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/semidiscrete_line.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"
#include "pushforward/ot/solid_domain.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

std::shared_ptr<const Box> unit_cube() { return std::make_shared<Box>(Box::unit(3)); }

Matrix sites(std::uint64_t seed, Index n) { return Splitmix(seed).uniform(3, n); }

SemidiscreteNewtonResult solve(const Matrix& y, const SemidiscreteNewtonOptions& options = {}) {
  return semidiscrete_newton({unit_cube(), DiscreteMeasure::uniform(y)}, options);
}

}  // namespace

TEST_CASE("semidiscrete in space: a grid of sites has weights zero and cost 3 / (12 k^2)") {
  for (const Index k : {1, 2, 3, 6}) {
    Matrix y(3, k * k * k);
    for (Index j = 0; j < y.cols(); ++j) {
      y.col(j) << static_cast<double>(j % k), static_cast<double>((j / k) % k),
          static_cast<double>(j / (k * k));
    }
    y = (y.array() + 0.5) / static_cast<double>(k);
    const auto result = solve(y);
    REQUIRE(result.converged);
    CHECK(result.weights.cwiseAbs().maxCoeff() < 1e-14);
    CHECK(result.primal.value == doctest::Approx(0.25 / static_cast<double>(k * k)).epsilon(1e-13));
    CHECK(result.dual.value == doctest::Approx(result.primal.value).epsilon(1e-13));
  }
}

TEST_CASE("semidiscrete in space: two sites part the cube at the quantile of their axis") {
  const double a = 0.2, b = 0.9, mass = 0.3;
  Matrix y(3, 2);
  y << a, b, 0.4, 0.4, 0.5, 0.5;
  const auto result = semidiscrete_newton(
      {unit_cube(), DiscreteMeasure(y, (Vector(2) << mass, 1.0 - mass).finished())});
  REQUIRE(result.converged);
  const double apart = std::pow(mass - a, 2) - std::pow(mass - b, 2);
  CHECK(result.weights[0] - result.weights[1] == doctest::Approx(apart).epsilon(1e-12));
  const auto cube = [](double x) { return x * x * x / 3.0; };
  const double across = cube(mass - a) - cube(-a) + cube(1.0 - b) - cube(mass - b);
  const double along = cube(0.6) - cube(-0.4) + 2 * cube(0.5);
  CHECK(result.primal.value == doctest::Approx(across + along).epsilon(1e-12));
}

TEST_CASE("semidiscrete in space: costs of a product of lines add") {
  // Sites (a_i, b_j, c_k) with product masses: the cells are products of intervals.
  Splitmix draws(1);
  const Index n = 3;
  const Matrix axes = draws.uniform(n, 3);
  Matrix masses = draws.uniform(n, 3).array() + 0.2;
  for (Index i = 0; i < 3; ++i) masses.col(i) /= masses.col(i).sum();
  Matrix y(3, n * n * n);
  Vector nu(n * n * n);
  for (Index j = 0; j < y.cols(); ++j) {
    const Index at[3] = {j % n, (j / n) % n, j / (n * n)};
    nu[j] = 1.0;
    for (Index i = 0; i < 3; ++i) {
      y(i, j) = axes(at[i], i);
      nu[j] *= masses(at[i], i);
    }
  }
  double cost = 0.0;
  for (Index i = 0; i < 3; ++i) {
    cost += semidiscrete_line(uniform_line_law(0, 1),
                              DiscreteMeasure(axes.col(i).transpose(), masses.col(i)))
                .transport_cost;
  }
  const auto result = semidiscrete_newton({unit_cube(), DiscreteMeasure(y, nu)});
  REQUIRE(result.converged);
  CHECK(result.primal.value == doctest::Approx(cost).epsilon(1e-9));
}

TEST_CASE("semidiscrete in space: random sites reach their masses with primal and dual equal") {
  const auto result = solve(sites(2, 500));
  REQUIRE(result.converged);
  CHECK(result.mass_error <= 1e-9);
  CHECK(result.mass_residual < 1e-12);
  CHECK(result.empty_cells == 0);
  CHECK(result.iterations <= 10);
  CHECK(result.dual.value == doctest::Approx(result.primal.value).epsilon(1e-11));
  CHECK(result.certificate.dual <= result.certificate.primal);
}

TEST_CASE("semidiscrete in space: translation, scaling and permutation") {
  const Index n = 60;
  const Matrix y = sites(3, n);
  const auto base = solve(y);
  const Eigen::Vector3d t(0.3, -0.2, 0.5);
  const auto moved = solve(y.colwise() + t);
  REQUIRE(moved.converged);
  const Vector change = moved.weights - base.weights - 2 * y.transpose() * t;
  CHECK(change.maxCoeff() - change.minCoeff() < 1e-9);
  const Eigen::Vector3d mean = y.rowwise().mean();
  CHECK(moved.primal.value == doctest::Approx(base.primal.value + t.squaredNorm() +
                                              2 * t.dot(mean - Eigen::Vector3d::Constant(0.5)))
                                  .epsilon(1e-9));
  const auto large =
      semidiscrete_newton({std::make_shared<Box>(Vector::Zero(3), Vector::Constant(3, 4.0)),
                           DiscreteMeasure::uniform(4 * y)});
  CHECK(large.primal.value == doctest::Approx(16 * base.primal.value).epsilon(1e-9));
  const auto backwards = solve(y.rowwise().reverse());
  CHECK((backwards.weights.reverse() - base.weights).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("semidiscrete in space: sites outside, equal, on a line, without mass, in a polyhedron") {
  const auto outside = solve(100 * sites(4, 50).array() + 1000);
  CHECK(outside.converged);
  Matrix line = Matrix::Constant(3, 20, 0.5);
  line.row(0) = Splitmix(5).uniform(1, 20);
  CHECK(solve(line).converged);
  Matrix twins = sites(6, 30);
  twins.rightCols(15) = twins.leftCols(15);
  const auto merged = solve(twins);
  CHECK(merged.converged);
  CHECK(merged.merged_sites == 15);
  CHECK((merged.weights.tail(15) - merged.weights.head(15)).cwiseAbs().maxCoeff() == 0.0);
  Vector nu = Vector::Constant(30, 1.0 / 29);
  nu[7] = 0.0;
  const auto without = semidiscrete_newton({unit_cube(), DiscreteMeasure(sites(7, 30), nu)});
  CHECK(without.converged);
  CHECK(without.masses[7] == 0.0);
  const Matrix corners = (Matrix(3, 4) << 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1).finished();
  const auto solid = std::make_shared<ConvexPolyhedron>(ConvexPolyhedron::tetrahedron(corners));
  const auto inside = semidiscrete_newton({solid, DiscreteMeasure::uniform(sites(8, 60))});
  CHECK(inside.converged);
  CHECK(inside.dual.value == doctest::Approx(inside.primal.value).epsilon(1e-10));
}

TEST_CASE("semidiscrete in space: densities that vary, and one that vanishes on a slab") {
  const IndexVector shape = (IndexVector(3) << 4, 4, 4).finished();
  const auto voxels = [&](const Vector& values) {
    return std::make_shared<GridDensity>(Vector::Zero(3), Vector::Ones(3), shape, values);
  };
  const Vector values = Vector(Splitmix(9).uniform(64, 1)).array() + 0.1;
  const auto varied =
      semidiscrete_newton({voxels(values), DiscreteMeasure::uniform(sites(10, 40))});
  CHECK(varied.converged);
  CHECK(varied.dual.value == doctest::Approx(varied.primal.value).epsilon(1e-10));
  Vector slab = Vector::Ones(64);
  slab.tail(16).setZero();  // nothing for z > 3/4
  const auto hole = semidiscrete_newton({voxels(slab), DiscreteMeasure::uniform(sites(11, 40))},
                                        {.tolerance = 1e-6});
  CHECK(hole.converged);
  CHECK(hole.mass_error <= 1e-6);
}

TEST_CASE("semidiscrete in space: same bits for any number of threads") {
  const Matrix y = sites(12, 1200);
  const auto one = solve(y, {.tolerance = 1e-6, .threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto many = solve(y, {.tolerance = 1e-6, .threads = threads});
    CHECK(many.weights == one.weights);
    CHECK(many.primal.value == one.primal.value);
  }
}
