#include "pushforward/core/rng.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace pushforward;

TEST_CASE("rng: a column depends on its chain alone, not on the block it is drawn in") {
  const RngKey key{.seed = 7, .chain = 3, .step = 2};
  Matrix all(5, 40);
  fill_normal(key, all);
  for (Index i : {Index{0}, Index{17}, Index{39}}) {
    Matrix one(5, 1);
    fill_normal(key.at_chain(key.chain + static_cast<std::uint32_t>(i)), one);
    CHECK(one == all.col(i));
  }
}

TEST_CASE("rng: normals have the same bits for 1, 2, 3 and 8 threads") {
  const RngKey key{.seed = 11};
  Matrix one(7, 3001);
  fill_normal(key, one, 1);
  for (int threads : {2, 3, 8}) {
    Matrix many(7, 3001);
    fill_normal(key, many, threads);
    CHECK(many == one);
  }
}

TEST_CASE("rng: normals have the moments of N(0, 1) within 5 standard errors") {
  Matrix x(4, 250'000);
  fill_normal({.seed = 1}, x);
  const double n = static_cast<double>(x.size());
  CHECK(std::abs(x.mean()) < 5.0 / std::sqrt(n));
  CHECK(std::abs(x.squaredNorm() / n - 1.0) < 5.0 * std::sqrt(2.0 / n));
  CHECK(std::abs(x.array().cube().mean()) < 5.0 * std::sqrt(15.0 / n));
  CHECK(std::abs(x.array().pow(4).mean() - 3.0) < 5.0 * std::sqrt(96.0 / n));
}

TEST_CASE("rng: categorical draws follow the weights and never pick a zero weight") {
  const Vector weights = (Vector(4) << 1.0, 0.0, 3.0, 0.0).finished();
  const IndexVector labels = categorical({.seed = 3}, weights, 100'000);
  const double share = static_cast<double>((labels.array() == 0).count()) / 1e5;
  CHECK((labels.array() == 1).count() == 0);
  CHECK((labels.array() == 3).count() == 0);
  CHECK(std::abs(share - 0.25) < 5.0 * std::sqrt(0.25 * 0.75 / 1e5));
}

TEST_CASE("rng: categorical refuses negative and vanishing weights") {
  const Vector negative = (Vector(2) << 1.0, -0.5).finished();
  CHECK_THROWS_WITH(categorical({}, negative, 1),
                    "categorical: weights[1] is -0.5, expected a non-negative number");
  CHECK_THROWS_WITH(categorical({}, Vector::Zero(2), 1),
                    "categorical: the sum of weights is 0, expected greater than 0");
}
