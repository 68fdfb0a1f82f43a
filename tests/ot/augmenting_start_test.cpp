#include "ot/src/augmenting_start.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/assignment.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::ot::detail;
using testing::Splitmix;

namespace {

ArcPool arcs_of(const Matrix& cost, double highest) {
  ArcPool pool;
  for (std::int32_t j = 0; j < cost.cols(); ++j) {
    for (std::int32_t i = 0; i < cost.rows(); ++i) {
      if (cost(i, j) <= highest) pool.add(i, j, cost(i, j));
    }
  }
  return pool;
}

}  // namespace

TEST_CASE("augmenting start: equal masses end in a best permutation and its potentials") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Splitmix draws(seed);
    const Index n = 2 + static_cast<Index>(seed);
    Matrix cost = draws.uniform(n, n);
    if (seed % 3 == 1) cost = (8.0 * cost).array().floor();  // ties
    const ArcPool pool = arcs_of(cost, 10.0);
    AugmentingStart start(pool, {Vector::Ones(n), Vector::Ones(n)},
                          {draws.uniform(n, 1), Vector::Zero(n)});
    start.run();
    const std::vector<std::size_t> carried = start.leaves_first();
    REQUIRE(carried.size() == static_cast<std::size_t>(n));
    double sum = 0.0;
    for (const std::size_t k : carried) sum += pool.cost[k];
    const double best = assignment(cost).mean_cost * static_cast<double>(n);
    CHECK(std::abs(sum - best) <= 1e-12 * static_cast<double>(n));
    const Potentials& p = start.potentials();
    CHECK(std::abs(p.f.sum() + p.g.sum() - best) <= 1e-12 * static_cast<double>(n));
    for (std::size_t k = 0; k < pool.size(); ++k) {
      CHECK(pool.cost[k] - p.f[pool.row[k]] - p.g[pool.col[k]] >= -1e-12);
    }
  }
}

TEST_CASE("augmenting start: stops where the pool carries nothing more") {
  // Two sources that reach one target, and a target that no arc enters.
  ArcPool pool;
  pool.add(0, 0, 1.0);
  pool.add(1, 0, 2.0);
  AugmentingStart start(pool, {Vector::Ones(2), Vector::Ones(2)},
                        {Vector::Zero(2), Vector::Zero(2)});
  start.run();
  CHECK(start.leaves_first() == std::vector<std::size_t>{0});
}

TEST_CASE("augmenting start: shipping leaves first repeats flows that split") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Splitmix draws(100 + seed);
    const Index n = 5 + static_cast<Index>(seed % 7), m = 9;
    // Whole masses of equal sums.
    Vector a = (1.0 + (50.0 * draws.uniform(n, 1)).array().floor()).matrix();
    Vector b = (1.0 + (50.0 * draws.uniform(m, 1)).array().floor()).matrix();
    const double more = a.sum() - b.sum();
    (more > 0.0 ? b[0] : a[0]) += std::abs(more);
    const Matrix cost = draws.uniform(n, m);
    const ArcPool pool = arcs_of(cost, 10.0);
    AugmentingStart start(pool, {a, b}, {Vector::Zero(n), Vector::Zero(m)});
    start.run();
    double sum = 0.0;
    TransportTree tree(a, b);
    for (const std::size_t k : start.leaves_first()) {
      const double left = tree.left(pool.row[k]);
      tree.ship(pool.row[k], pool.col[k], pool.cost[k]);
      sum += pool.cost[k] * (left - tree.left(pool.row[k]));
    }
    for (TransportTree::Node v = 0; v < n + m; ++v) CHECK(tree.left(v) == 0.0);
    const Potentials& p = start.potentials();
    // Equal to the value of feasible potentials: optimal.
    CHECK(std::abs(sum - a.dot(p.f) - b.dot(p.g)) <= 1e-10 * sum);
    for (std::size_t k = 0; k < pool.size(); ++k) {
      CHECK(pool.cost[k] - p.f[pool.row[k]] - p.g[pool.col[k]] >= -1e-12);
    }
  }
}
