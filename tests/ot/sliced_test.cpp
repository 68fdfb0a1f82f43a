#include "pushforward/ot/sliced.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/stats.hpp"
#include "pushforward/ot/empirical.hpp"
#include "pushforward/ot/univariate.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

Matrix normals(std::uint64_t seed, Index d, Index n) {
  Matrix x(d, n);
  fill_normal({.seed = seed}, x);
  return x;
}

constexpr RngKey key{.seed = 5, .purpose = Draw::direction};

}  // namespace

TEST_CASE("sliced: directions come in orthonormal blocks and cover the sphere evenly") {
  const Index d = 6, count = 6 * 500;
  const Matrix u = random_directions(key, d, count);
  for (Index k = 0; k < count; k += d) {
    const Matrix gram = u.middleCols(k, d).transpose() * u.middleCols(k, d);
    CHECK((gram - Matrix::Identity(d, d)).cwiseAbs().maxCoeff() < 1e-14);
  }
  // One coordinate squared is Beta(1/2, 5/2): fourth moment of the coordinate 3 / (d (d + 2)).
  const double fourth = u.row(0).array().pow(4).mean();
  const double exact = 3.0 / (6 * 8);
  const double eighth = 105.0 / (6.0 * 8 * 10 * 12);
  CHECK(std::abs(fourth - exact) < 5 * std::sqrt((eighth - exact * exact) / 500));
  CHECK(random_directions(key, d, 8) == u.leftCols(8));
}

TEST_CASE("sliced: a shift costs its squared length over the dimension, exactly") {
  for (const Index d : {2, 3, 8}) {
    const Matrix x = normals(1, d, 100);
    Vector shift(d);
    for (Index k = 0; k < d; ++k) shift[k] = static_cast<double>(k) - 1.5;
    const SlicedDistance result = sliced_wasserstein_2_squared(x, x.colwise() + shift, key);
    // The squared projections of a vector on an orthonormal basis add to its squared length.
    CHECK(result.squared ==
          doctest::Approx(shift.squaredNorm() / static_cast<double>(d)).epsilon(1e-12));
    CHECK(result.standard_error < 1e-12);
  }
}

TEST_CASE("sliced: isotropic scaling and symmetry") {
  const Matrix x = normals(2, 4, 150), y = normals(3, 4, 90);
  const double distance = sliced_wasserstein_2_squared(x, y, key).squared;
  CHECK(sliced_wasserstein_2_squared(y, x, key).squared ==
        doctest::Approx(distance).epsilon(1e-13));
  CHECK(sliced_wasserstein_2_squared(2 * x, 2 * y, key).squared ==
        doctest::Approx(4 * distance).epsilon(1e-13));
  const Matrix reversed = x.rowwise().reverse();
  CHECK(sliced_wasserstein_2_squared(reversed, y, key).squared ==
        doctest::Approx(distance).epsilon(1e-13));
  // x against 3 x: along u the cost is 4 mean (u^T x)^2, whose mean over an orthonormal basis is
  // 4 mean |x|^2 / d.
  CHECK(sliced_wasserstein_2_squared(x, 3 * x, key).squared ==
        doctest::Approx(4 * x.squaredNorm() / 150 / 4).epsilon(1e-12));
}

TEST_CASE("sliced: on the line it is transport on the line, in space it is below it") {
  const Matrix a = normals(4, 1, 80), b = normals(5, 1, 50);
  const SlicedDistance line = sliced_wasserstein_2_squared(a, b, key);
  CHECK(line.squared ==
        univariate_wasserstein_power(a.row(0).transpose(), b.row(0).transpose(), 2.0));
  CHECK(line.standard_error == 0.0);
  const Matrix x = normals(6, 3, 120), y = 2 * normals(7, 3, 120);
  CHECK(sliced_wasserstein_2_squared(x, y, key).squared < wasserstein_2_squared(x, y));
}

TEST_CASE("sliced: the stated standard error is the spread over keys") {
  const Matrix x = normals(8, 3, 60);
  Matrix y = normals(9, 3, 60);
  y.row(0) *= 3.0;
  RunningMoments values, stated;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const auto result = sliced_wasserstein_2_squared(
        x, y, {.seed = seed, .purpose = Draw::direction}, {.directions = 60, .threads = 1});
    values.add(result.squared);
    stated.add(result.standard_error);
  }
  // The spread of 300 values is known to 4%, the mean of 300 errors from 20 blocks to 1%.
  CHECK(stated.mean() == doctest::Approx(std::sqrt(values.variance())).epsilon(0.22));
}

TEST_CASE("sliced: given directions are used as they are") {
  const Matrix x = normals(10, 2, 70), y = normals(11, 2, 40);
  const SlicedDistance result = sliced_wasserstein_2_squared(x, y, Matrix::Identity(2, 2));
  const double first =
      univariate_wasserstein_power(x.row(0).transpose(), y.row(0).transpose(), 2.0);
  const double second =
      univariate_wasserstein_power(x.row(1).transpose(), y.row(1).transpose(), 2.0);
  CHECK(result.per_direction[0] == doctest::Approx(first).epsilon(1e-14));
  CHECK(result.squared == doctest::Approx(0.5 * (first + second)).epsilon(1e-14));
  CHECK(result.standard_error == doctest::Approx(0.5 * std::abs(first - second)).epsilon(1e-12));
}

TEST_CASE("sliced: the same bits for 1, 2, 3 and 8 threads") {
  const Matrix x = normals(12, 5, 130), y = normals(13, 5, 110);
  const SlicedDistance one = sliced_wasserstein_2_squared(x, y, key, {.threads = 1});
  for (int threads : {2, 3, 8}) {
    const SlicedDistance other = sliced_wasserstein_2_squared(x, y, key, {.threads = threads});
    CHECK(other.per_direction == one.per_direction);
    CHECK(other.standard_error == one.standard_error);
  }
}

TEST_CASE("sliced: bad input is refused") {
  const Matrix x = Matrix::Ones(2, 3);
  const auto with = [&](const Matrix& a, const Matrix& b) {
    return sliced_wasserstein_2_squared(a, b, key);
  };
  CHECK_THROWS_WITH_AS(with(x, Matrix::Ones(3, 3)),
                       "sliced_wasserstein_2_squared: y.rows() is 3, expected the dimension of x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(with(Matrix(0, 3), Matrix(0, 3)),
                       "sliced_wasserstein_2_squared: x.rows() is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(with(Matrix(2, 0), x),
                       "sliced_wasserstein_2_squared: x.cols() is 0, expected at least one point",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(with(x, Matrix(2, 0)),
                       "sliced_wasserstein_2_squared: y.cols() is 0, expected at least one point",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(sliced_wasserstein_2_squared(x, x, key, {.directions = 0}),
                       "SlicedOptions: directions is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      sliced_wasserstein_2_squared(x, x, Matrix::Ones(3, 1)),
      "sliced_wasserstein_2_squared: directions.rows() is 3, expected the dimension of x",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(sliced_wasserstein_2_squared(x, x, Matrix(2, 0)),
                       "sliced_wasserstein_2_squared: directions.cols() is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(sliced_wasserstein_2_squared(x, x, 2 * Matrix::Identity(2, 2)),
                       "sliced_wasserstein_2_squared: the length of directions[0] is 2, expected 1 "
                       "within 1e-9",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(random_directions(key, 0, 1),
                       "random_directions: dim is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(random_directions(key, 1, -1),
                       "random_directions: count is -1, expected at least 0",
                       std::invalid_argument);
}
