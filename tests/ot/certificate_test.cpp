#include "pushforward/ot/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/assignment.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

TEST_CASE("certificate: transforms are the least reduced costs of columns and rows") {
  Splitmix draws(1);
  // Past one strip and one block, and not multiples of them.
  const Index n = 1100, m = 70;
  const Matrix x = draws.uniform(3, n), y = draws.uniform(3, m);
  const Vector f = draws.uniform(n, 1), g = draws.uniform(m, 1);
  const PointCost points(x, y);
  Matrix costs(n, m);
  points.tile(0, 0, costs);
  const MatrixCost stored(costs);
  const Vector columns = (costs.colwise() - f).colwise().minCoeff().transpose();
  const Vector rows = (costs.rowwise() - g.transpose()).rowwise().minCoeff();
  for (const int threads : {1, 2, 3, 8}) {
    CHECK(c_transform(points, f, threads) == columns);
    CHECK(c_transform(stored, f, threads) == columns);
    CHECK(c_transform_rows(points, g, threads) == rows);
    CHECK(c_transform_rows(stored, g, threads) == rows);
  }
  const SparseCost sparse = SparseCost::from_matrix(costs);
  CHECK(c_transform(sparse, f) == columns);
  CHECK(c_transform_rows(sparse, g) == rows);
}

TEST_CASE("certificate: any potentials give a lower bound, the optimal ones the optimum") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(100 + seed);
    const Index n = 2 + static_cast<Index>(seed % 20);
    const Matrix cost = draws.uniform(n, n).array() - 0.3;
    const AssignmentResult best = assignment(cost);
    const Vector mass = Vector::Constant(n, 1.0 / static_cast<double>(n));
    const MatrixCost view(cost);
    const Potentials any = feasible_potentials(view, draws.uniform(n, 1));
    CHECK(((cost.colwise() - any.f).rowwise() - any.g.transpose()).minCoeff() >= -1e-15);
    CHECK(lower_bound(mass, mass, any) <= best.mean_cost);
    const Potentials optimal = feasible_potentials(view, best.g);
    CHECK(lower_bound(mass, mass, optimal) <= best.mean_cost);
    CHECK(lower_bound(mass, mass, optimal) == doctest::Approx(best.mean_cost).epsilon(1e-13));
    std::vector<Coupling::Entry> entries;
    for (Index i = 0; i < n; ++i) entries.push_back({i, best.target_of[i], mass[i]});
    const SparseCoupling coupling(n, n, entries);
    const DualityGap gap = certify(view, mass, mass, optimal, coupling);
    CHECK(gap.dual <= best.mean_cost);
    CHECK(best.mean_cost <= gap.primal);
    CHECK(gap.gap() <= 1e-13);
    const Slackness slackness = complementary_slackness(view, optimal, coupling);
    CHECK(slackness.infeasibility <= 1e-15);
    CHECK(slackness.on_support <= 1e-14);
  }
}

TEST_CASE("certificate: adding to rows and columns of the cost moves both bounds by its mean") {
  Splitmix draws(3);
  const Index n = 30, m = 20;
  const Matrix cost = draws.uniform(n, m);
  const Vector rows = draws.uniform(n, 1), cols = draws.uniform(m, 1), g = draws.uniform(m, 1);
  const Matrix moved = (cost.colwise() + rows).rowwise() + cols.transpose();
  Vector a = draws.uniform(n, 1), b = draws.uniform(m, 1);
  a /= a.sum();
  b /= b.sum();
  const double before = lower_bound(a, b, feasible_potentials(MatrixCost(cost), g));
  const double after = lower_bound(a, b, feasible_potentials(MatrixCost(moved), g + cols));
  CHECK(after - before == doctest::Approx(a.dot(rows) + b.dot(cols)).epsilon(1e-13));
}

TEST_CASE("certificate: the gauge gives both sides the same value") {
  Splitmix draws(4);
  Potentials potentials{draws.uniform(5, 1), draws.uniform(7, 1).array() + 1e6};
  const Vector a = Vector::Constant(5, 0.2), b = Vector::Constant(7, 1.0 / 7.0);
  const double value = a.dot(potentials.f) + b.dot(potentials.g);
  balance_gauge(a, b, potentials);
  CHECK(a.dot(potentials.f) == doctest::Approx(b.dot(potentials.g)).epsilon(1e-14));
  CHECK(a.dot(potentials.f) + b.dot(potentials.g) == doctest::Approx(value).epsilon(1e-14));
}
