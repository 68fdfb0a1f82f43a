#include "pushforward/ot/grid_cost.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/sinkhorn.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

std::vector<Vector> random_axes(Splitmix& random, const std::vector<Index>& sizes) {
  std::vector<Vector> axes;
  for (const Index n : sizes) axes.push_back(random.uniform(n, 1));
  return axes;
}

Matrix grid_nodes(const std::vector<Vector>& axes) {
  Index n = 1;
  for (const Vector& axis : axes) n *= axis.size();
  Matrix x(Index(axes.size()), n);
  for (Index i = 0; i < n; ++i) {
    Index rest = i;
    for (std::size_t k = 0; k < axes.size(); ++k) {
      x(Index(k), i) = axes[k][rest % axes[k].size()];
      rest /= axes[k].size();
    }
  }
  return x;
}

}  // namespace

TEST_CASE("grid cost: entries and minima are those of its nodes") {
  Splitmix random(1);
  for (const Cost& cost : {Cost::squared_euclidean(), Cost::half_squared_euclidean(), Cost::lp(1.0),
                           Cost::lp(3.0), Cost::negative_dot()}) {
    const auto axes = random_axes(random, {4, 3, 5});
    const GridCost grid(axes, cost);
    const Matrix x = grid_nodes(axes);
    const PointCost points(x, x, cost);
    for (Index j = 0; j < 60; j += 7) {
      for (Index i = 0; i < 60; ++i) {
        CHECK(std::abs(grid.entry(i, j) - points.entry(i, j)) <= 1e-14);
      }
    }
    const Vector g = random.uniform(60, 1);
    const Potentials ours = grid.feasible_potentials(g), expected = feasible_potentials(points, g);
    CHECK(distance(ours.f, expected.f) <= 1e-14);
    CHECK(distance(ours.g, expected.g) <= 1e-14);
  }
}

TEST_CASE("grid cost: entropic transport axis by axis is that of all pairs") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix random(seed);
    const auto axes = seed % 2 == 0 ? random_axes(random, {5, 4}) : random_axes(random, {3, 2, 4});
    const Matrix x = grid_nodes(axes);
    Vector a = random_weights(random, x.cols()), b = random_weights(random, x.cols());
    if (seed % 3 == 0) {
      a[0] = a[7] = b[2] = 0.0;
      a /= a.sum();
      b /= b.sum();
    }
    const GridCost grid(axes);
    const PointCost points(x, x);
    for (const SinkhornMethod method :
         {SinkhornMethod::automatic, SinkhornMethod::sinkhorn, SinkhornMethod::truncated_newton}) {
      for (const double epsilon : {0.3, 0.03, 0.003}) {
        const SinkhornOptions options{.epsilon = epsilon, .method = method, .tolerance = 1e-12};
        const auto ours = sinkhorn(grid, a, b, options);
        const auto expected = sinkhorn(points, a, b, options);
        REQUIRE(ours.converged);
        REQUIRE(expected.converged);
        CHECK(std::abs(ours.kl_cost - expected.kl_cost) <= 1e-11);
        CHECK(std::abs(ours.linear_cost - expected.linear_cost) <= 1e-10);
        CHECK(std::abs(ours.certificate.dual - expected.certificate.dual) <= 1e-6);
        CHECK(ours.certificate.dual <= expected.certificate.primal);
        CHECK(expected.certificate.dual <= ours.certificate.primal);
      }
    }
  }
}

TEST_CASE("grid cost: a product of measures on a product grid splits over the axes") {
  Splitmix random(3);
  const auto axes = random_axes(random, {20, 24});
  const Vector a1 = random_weights(random, 20), a2 = random_weights(random, 24);
  const Vector b1 = random_weights(random, 20), b2 = random_weights(random, 24);
  const auto product = [](const Vector& u, const Vector& v) {
    const Matrix outer = u * v.transpose();
    return Vector(Eigen::Map<const Vector>(outer.data(), outer.size()));
  };
  const SinkhornOptions options{.epsilon = 0.05, .tolerance = 1e-10};
  const auto whole = sinkhorn(GridCost(axes), product(a1, a2), product(b1, b2), options);
  const auto first = sinkhorn(GridCost({axes[0]}), a1, b1, options);
  const auto second = sinkhorn(GridCost({axes[1]}), a2, b2, options);
  REQUIRE(whole.converged);
  CHECK(whole.kl_cost == doctest::Approx(first.kl_cost + second.kl_cost).epsilon(1e-9));
}

TEST_CASE("grid cost: the same bits for any number of threads") {
  Splitmix random(4);
  const auto axes = random_axes(random, {17, 9, 5});
  const Vector a = random_weights(random, 765), b = random_weights(random, 765);
  SinkhornOptions options{.epsilon = 0.05, .threads = 1};
  const auto one = sinkhorn(GridCost(axes), a, b, options);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    const auto many = sinkhorn(GridCost(axes), a, b, options);
    CHECK(many.f == one.f);
    CHECK(many.linear_cost == one.linear_cost);
    CHECK(many.certificate.dual == one.certificate.dual);
  }
}

TEST_CASE("grid cost: bad axes and costs are named") {
  CHECK_THROWS_WITH_AS(GridCost({}), "GridCost: axes.size() is 0, expected at least one axis",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(GridCost({Vector::Zero(2), Vector()}),
                       "GridCost: axes[1].size() is 0, expected at least one node",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(GridCost({Vector::Constant(1, std::nan(""))}),
                       "GridCost: axes[0][0] is nan, expected a finite coordinate",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      GridCost({Vector::Zero(2)}, Cost::euclidean()),
      "GridCost: cost is \"euclidean\", expected a cost that is a sum over the axes",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(GridCost({Vector::Zero(2)}).feasible_potentials(Vector::Zero(3)),
                       "GridCost: g.size() is 3, expected 2", std::invalid_argument);
}
