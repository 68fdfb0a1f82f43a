#include <cmath>
#include <stdexcept>

#include <Eigen/Cholesky>
#include <doctest/doctest.h>

#include "pushforward/ot/empirical.hpp"
#include "pushforward/ot/sliced.hpp"
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

TEST_CASE("max-sliced: a shift is found with its direction and its length") {
  for (const Index d : {1, 2, 7}) {
    const Matrix x = normals(1, d, 60);
    const Vector shift = Vector::LinSpaced(d, 1.0, 2.0);
    const auto result = max_sliced_wasserstein_2_squared(x, x.colwise() + shift, key);
    CHECK(result.converged);
    CHECK(result.squared == doctest::Approx(shift.squaredNorm()).epsilon(1e-12));
    CHECK(std::abs(result.direction.dot(shift.normalized())) ==
          doctest::Approx(1.0).epsilon(1e-12));
    CHECK(result.per_restart.size() == 11);
    CHECK(result.per_restart.maxCoeff() == result.squared);
  }
}

TEST_CASE("max-sliced: a symmetric linear image stretches most along its first axis") {
  // x and A x with A positive definite: the identity coupling is optimal along eigenvectors, where
  // the cost is (lambda - 1)^2 times the mean square; nothing exceeds it beyond |A - I|.
  const Index n = 200;
  Matrix x = normals(2, 3, n);
  // Whitened, so that every direction has mean square one.
  const Eigen::MatrixXd gram = x * x.transpose() / double(n);
  x = Eigen::LLT<Eigen::MatrixXd>(gram).matrixL().solve(Eigen::MatrixXd(x));
  const Matrix rotation = random_directions(key, 3, 3);
  const Vector stretch = (Vector(3) << 3.0, 1.5, 1.0).finished();
  const Matrix y = rotation * stretch.asDiagonal() * rotation.transpose() * x;
  const auto result = max_sliced_wasserstein_2_squared(x, y, key);
  CHECK(result.squared >= 4.0 * (1 - 1e-12));
  CHECK(result.squared <= 4.0 * (1 + 1e-9));
  CHECK(std::abs(result.direction.dot(rotation.col(0))) > 1 - 1e-4);
}

TEST_CASE("max-sliced: on the line, between its neighbours, and symmetric") {
  const Matrix a = normals(3, 1, 40), b = normals(4, 1, 25);
  CHECK(max_sliced_wasserstein_2_squared(a, b, key).squared ==
        doctest::Approx(univariate_wasserstein_power(a.row(0).transpose(), b.row(0).transpose(), 2))
            .epsilon(1e-13));
  for (std::uint64_t seed = 10; seed < 20; ++seed) {
    const Matrix x = normals(seed, 3, 50), y = 1.5 * normals(seed + 50, 3, 50);
    const auto most = max_sliced_wasserstein_2_squared(x, y, key);
    const auto mean = sliced_wasserstein_2_squared(x, y, key, {.directions = 300});
    CHECK(most.squared >= mean.per_direction.maxCoeff() * (1 - 0.02));
    CHECK(most.squared >= mean.squared);
    CHECK(most.squared <= wasserstein_2_squared(x, y) * (1 + 1e-12));
    CHECK(max_sliced_wasserstein_2_squared(y, x, key).squared ==
          doctest::Approx(most.squared).epsilon(1e-6));
    const Vector u = most.direction;
    CHECK(u.norm() == doctest::Approx(1.0).epsilon(1e-14));
    CHECK(univariate_wasserstein_power(x.transpose() * u, y.transpose() * u, 2) ==
          doctest::Approx(most.squared).epsilon(1e-12));
  }
}

TEST_CASE("max-sliced: equal samples are at distance zero, more steps never lose") {
  const Matrix x = normals(6, 4, 30), y = normals(7, 4, 45);
  const auto nothing = max_sliced_wasserstein_2_squared(x, x, key);
  CHECK(nothing.squared == 0.0);
  CHECK(nothing.converged);
  double before = 0.0;
  for (const std::int64_t steps : {0, 1, 5, 50}) {
    const double value =
        max_sliced_wasserstein_2_squared(x, y, key, {.max_iterations = steps}).squared;
    CHECK(value >= before);
    before = value;
  }
}

TEST_CASE("max-sliced: the same bits for 1, 2, 3 and 8 threads") {
  const Matrix x = normals(8, 5, 70), y = normals(9, 5, 60);
  const auto one = max_sliced_wasserstein_2_squared(x, y, key, {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto many = max_sliced_wasserstein_2_squared(x, y, key, {.threads = threads});
    CHECK(many.per_restart == one.per_restart);
    CHECK(many.direction == one.direction);
  }
}

TEST_CASE("max-sliced: bad input is refused") {
  const Matrix x = Matrix::Ones(2, 3);
  const auto refused = [](const auto& call, const char* message) {
    CHECK_THROWS_WITH_AS(call(), message, std::invalid_argument);
  };
  refused([&] { max_sliced_wasserstein_2_squared(Matrix(0, 3), x, key); },
          "max_sliced_wasserstein_2_squared: x.rows() is 0, expected at least 1");
  refused([&] { max_sliced_wasserstein_2_squared(x, Matrix::Ones(3, 3), key); },
          "max_sliced_wasserstein_2_squared: y.rows() is 3, expected the dimension of x");
  refused([&] { max_sliced_wasserstein_2_squared(Matrix(2, 0), x, key); },
          "max_sliced_wasserstein_2_squared: x.cols() is 0, expected at least one point");
  refused([&] { max_sliced_wasserstein_2_squared(x, Matrix(2, 0), key); },
          "max_sliced_wasserstein_2_squared: y.cols() is 0, expected at least one point");
  refused([&] { max_sliced_wasserstein_2_squared(x, x, key, {.tolerance = 0.0}); },
          "MaxSlicedOptions: tolerance is 0, expected greater than 0");
  Matrix bad = x;
  bad(0, 1) = std::nan("");
  refused([&] { max_sliced_wasserstein_2_squared(bad, x, key); },
          "max_sliced_wasserstein_2_squared: x(0, 1) is nan, expected a finite coordinate");
}
