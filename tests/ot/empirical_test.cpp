#include "pushforward/ot/empirical.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"
#include "pushforward/core/stats.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

Matrix normals(std::uint64_t seed, Index d, Index n) {
  Matrix x(d, n);
  fill_normal({.seed = seed}, x);
  return x;
}

}  // namespace

TEST_CASE("empirical: a shifted sample is exactly the shift away, and a scaled one its spread") {
  const Matrix x = normals(1, 3, 200);
  Vector shift(3);
  shift << 3.0, 0.0, -4.0;
  CHECK(wasserstein_2_squared(x, x.colwise() + shift) == doctest::Approx(25.0).epsilon(1e-13));
  CHECK(wasserstein_2_squared(x, x) == 0.0);
  // x -> 3 x is the gradient of a convex function, so it is the optimal map.
  CHECK(wasserstein_2_squared(x, 3 * x) ==
        doctest::Approx(4 * x.squaredNorm() / 200).epsilon(1e-13));
}

TEST_CASE("empirical: symmetric, blind to order, quadratic in the scale, metric") {
  const Matrix x = normals(2, 2, 100), y = normals(3, 2, 100), z = normals(4, 2, 100) * 2.0;
  const double distance = wasserstein_2_squared(x, y);
  CHECK(wasserstein_2_squared(y, x) == doctest::Approx(distance).epsilon(1e-13));
  CHECK(wasserstein_2_squared(x.rowwise().reverse(), y) ==
        doctest::Approx(distance).epsilon(1e-13));
  CHECK(wasserstein_2_squared(5 * x, 5 * y) == doctest::Approx(25 * distance).epsilon(1e-13));
  CHECK(std::sqrt(wasserstein_2_squared(x, z)) <=
        std::sqrt(distance) + std::sqrt(wasserstein_2_squared(y, z)));
}

TEST_CASE("empirical: between samples of two Gaussians it nears the closed form from above") {
  // W_2^2 between N(0, I) and N(mu, 4 I) on the plane is |mu|^2 + 2. The mean over samples is at
  // least that (W_2^2 is convex); the excess at 512 points is below a few log(n) / n = 0.1.
  const Index block = 512, blocks = 6;
  const Matrix x = normals(5, 2, block * blocks);
  Matrix y = 2 * normals(6, 2, block * blocks);
  y.row(0).array() += 1.0;
  const EmpiricalDistance result = empirical_wasserstein_2_squared(x, y, {.block = block});
  CHECK(result.per_block.size() == blocks);
  CHECK(result.squared > 3.0 - 5 * result.standard_error);
  CHECK(result.squared < 3.1 + 5 * result.standard_error);
  CHECK(result.standard_error < 0.15);
}

TEST_CASE("empirical: block b is the exact distance between blocks b, whatever comes after") {
  const Matrix x = normals(7, 3, 130), y = normals(8, 3, 170);
  const EmpiricalDistance all = empirical_wasserstein_2_squared(x, y, {.block = 40});
  REQUIRE(all.per_block.size() == 3);
  for (Index b = 0; b < 3; ++b) {
    CHECK(all.per_block[b] ==
          wasserstein_2_squared(x.middleCols(40 * b, 40), y.middleCols(40 * b, 40)));
  }
  CHECK(all.squared == doctest::Approx(all.per_block.mean()).epsilon(1e-14));
  const EmpiricalDistance two = empirical_wasserstein_2_squared(x, y, {.block = 40, .blocks = 2});
  CHECK(two.per_block == all.per_block.head(2));
  CHECK(
      std::isnan(empirical_wasserstein_2_squared(x, y, {.block = 40, .blocks = 1}).standard_error));
}

TEST_CASE("empirical: the stated standard error is the spread over fresh samples") {
  RunningMoments values, stated;
  for (std::uint64_t r = 0; r < 200; ++r) {
    const Matrix x = normals(100 + 2 * r, 2, 160), y = normals(101 + 2 * r, 2, 160);
    const auto result = empirical_wasserstein_2_squared(x, y, {.block = 16, .threads = 1});
    values.add(result.squared);
    stated.add(result.standard_error);
  }
  // The spread of 200 values is known to 5%; errors from 10 blocks are 3% low in mean.
  CHECK(stated.mean() == doctest::Approx(std::sqrt(values.variance())).epsilon(0.28));
}

TEST_CASE("empirical: samplers with common noise differ with less error than each alone") {
  const Matrix reference = normals(20, 2, 600);
  const Matrix noise = normals(21, 2, 600);
  const auto good = empirical_wasserstein_2_squared(noise, reference, {.block = 60});
  const auto bad = empirical_wasserstein_2_squared(1.1 * noise, reference, {.block = 60});
  const PairedDifference difference = paired_difference(bad, good);
  CHECK(difference.mean == doctest::Approx(bad.squared - good.squared).epsilon(1e-12));
  CHECK(difference.standard_error < std::hypot(good.standard_error, bad.standard_error));
}

TEST_CASE("empirical: the same bits for 1, 2, 3 and 8 threads") {
  const Matrix x = normals(9, 2, 300), y = normals(10, 2, 300);
  const auto one = empirical_wasserstein_2_squared(x, y, {.block = 50, .threads = 1});
  for (int threads : {2, 3, 8}) {
    const auto other = empirical_wasserstein_2_squared(x, y, {.block = 50, .threads = threads});
    CHECK(other.per_block == one.per_block);
    CHECK(other.standard_error == one.standard_error);
  }
}

TEST_CASE("empirical: bad input is refused") {
  const Matrix x = Matrix::Ones(2, 10);
  CHECK_THROWS_WITH_AS(empirical_wasserstein_2_squared(x, x),
                       "empirical_wasserstein_2_squared: x.cols() is 10, expected 1 blocks of 256 "
                       "points",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      empirical_wasserstein_2_squared(x, Matrix::Ones(2, 7), {.block = 4, .blocks = 2}),
      "empirical_wasserstein_2_squared: y.cols() is 7, expected 2 blocks of 4 points",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(empirical_wasserstein_2_squared(x, Matrix::Ones(3, 10)),
                       "empirical_wasserstein_2_squared: y.rows() is 3, expected the dimension of "
                       "x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(empirical_wasserstein_2_squared(x, x, {.block = 0}),
                       "EmpiricalOptions: block is 0, expected at least 1", std::invalid_argument);
  EmpiricalDistance a, b;
  a.per_block = Vector::Ones(3);
  b.per_block = Vector::Ones(2);
  CHECK_THROWS_WITH_AS(paired_difference(a, b),
                       "paired_difference: b.per_block.size() is 2, expected 3, the blocks of a",
                       std::invalid_argument);
}
