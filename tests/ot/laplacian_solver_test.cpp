#include "ot/src/laplacian_solver.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot::detail;

namespace {

Vector applied(const std::vector<LaplacianEdge>& edges, const Vector& x) {
  Vector y = Vector::Zero(x.size());
  for (const auto& [first, second, weight] : edges) {
    y[first] += weight * (x[first] - x[second]);
    y[second] += weight * (x[second] - x[first]);
  }
  return y;
}

// A k x k grid with weights spread over `decades` powers of ten.
std::vector<LaplacianEdge> grid_edges(Index k, double decades, std::uint64_t seed) {
  pushforward::testing::Splitmix uniform(seed);
  std::vector<LaplacianEdge> edges;
  const auto weight = [&] { return std::pow(10.0, decades * (uniform.uniform() - 0.5)); };
  for (Index j = 0; j < k * k; ++j) {
    if (j % k + 1 < k) edges.push_back({j, j + 1, weight()});
    if (j / k + 1 < k) edges.push_back({j, j + k, weight()});
  }
  return edges;
}

}  // namespace

TEST_CASE("laplacian_solver: reaches the residual that was asked for") {
  for (const Index k : {2, 5, 30, 120}) {
    for (const double decades : {0.0, 2.0, 6.0}) {
      const auto edges = grid_edges(k, decades, 3);
      const Vector solution = pushforward::testing::Splitmix(4).uniform(k * k, 1);
      const Vector b = applied(edges, solution);
      LaplacianSolver solver;
      Vector x;

      REQUIRE(solver.solve(k * k, edges, b, {1e-8, 1e300, 0.0}, x));

      CHECK((applied(edges, x) - b).norm() <= 1.1e-8 * b.norm());
      CHECK(std::abs(x.sum()) < 1e-9 * x.norm());
    }
  }
}

TEST_CASE("laplacian_solver: the coarse levels of one graph serve the next") {
  LaplacianSolver solver;
  Vector x;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto edges = grid_edges(60, 2.0, seed);
    const Vector b = applied(edges, pushforward::testing::Splitmix(9).uniform(3600, 1));
    REQUIRE(solver.solve(3600, edges, b, {1e-6, 1e300, 0.0}, x));
    CHECK((applied(edges, x) - b).norm() <= 1.1e-6 * b.norm());
  }
}

TEST_CASE("laplacian_solver: stops at a small largest entry") {
  const auto edges = grid_edges(40, 0.0, 1);
  const Vector b = applied(edges, pushforward::testing::Splitmix(2).uniform(1600, 1));
  LaplacianSolver solver;
  Vector x;

  REQUIRE(solver.solve(1600, edges, b, {0.0, 0.0, 1e-3}, x));

  CHECK((applied(edges, x) - b).cwiseAbs().maxCoeff() <= 1.1e-3);
}

TEST_CASE("laplacian_solver: says so where the graph is not connected") {
  // Two pairs, and more wanted on one than its own edge can bring.
  const std::vector<LaplacianEdge> edges{{0, 1, 1.0}, {2, 3, 1.0}};
  LaplacianSolver solver;
  Vector x;

  CHECK_FALSE(
      solver.solve(4, edges, (Vector(4) << 1.0, 0.0, 0.0, -1.0).finished(), {1e-9, 1e300, 0.0}, x));
  // Balanced on either part there is a solution, and it is found.
  CHECK(solver.solve(4, edges, (Vector(4) << 1.0, -1.0, 2.0, -2.0).finished(), {1e-9, 1e300, 0.0},
                     x));
  CHECK(x[0] - x[1] == doctest::Approx(1.0).epsilon(1e-9));
  CHECK(x[2] - x[3] == doctest::Approx(2.0).epsilon(1e-9));
}

TEST_CASE("laplacian_solver: one node, and nodes without edges") {
  LaplacianSolver solver;
  Vector x;
  CHECK(solver.solve(1, {}, Vector::Ones(1), {1e-9, 1e300, 0.0}, x));
  CHECK(x[0] == 0.0);
  CHECK(solver.solve(3, {}, Vector::Zero(3), {1e-9, 1e300, 0.0}, x));
  CHECK(x == Vector::Zero(3));
}
