#include "pushforward/core/densities/uniform_box.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace pushforward;

namespace {

UniformBox box() {
  Vector lower(2), upper(2);
  lower << -1.0, 2.0;
  upper << 3.0, 2.5;
  return {lower, upper};
}

}  // namespace

TEST_CASE("uniform box: the density is one over the volume inside and zero outside") {
  Matrix x(2, 5);
  x << 0.0, -1.0, 3.0, 3.1, 0.0,  //
      2.2, 2.0, 2.5, 2.2, 1.9;
  Vector log_p(5);
  box().log_density(x, log_p);
  for (Index i : {0, 1, 2}) CHECK(log_p[i] == doctest::Approx(-std::log(2.0)).epsilon(1e-15));
  for (Index i : {3, 4}) CHECK(log_p[i] == -std::numeric_limits<double>::infinity());
}

TEST_CASE("uniform box: draws lie inside and have the moments of the law") {
  const Index n = 40'000;
  const Matrix x = box().draws({.seed = 3}, n);
  Vector log_p(n);
  box().log_density(x, log_p);
  CHECK(log_p.array().isFinite().all());

  const Vector mean = x.rowwise().mean();
  const Matrix centred = x.colwise() - mean;
  const Matrix covariance = centred * centred.transpose() / static_cast<double>(n);
  const Matrix exact = box().covariance();
  for (Index k = 0; k < 2; ++k) {
    const double se = std::sqrt(exact(k, k) / static_cast<double>(n));
    CHECK(std::abs(mean[k] - box().mean()[k]) < 5 * se);
    // A uniform law has kurtosis 9/5, so its sample variance has relative variance 0.8 / n.
    CHECK(std::abs(covariance(k, k) / exact(k, k) - 1) <
          5 * std::sqrt(0.8 / static_cast<double>(n)));
  }
  CHECK(std::abs(covariance(0, 1)) <
        5 * std::sqrt(exact(0, 0) * exact(1, 1) / static_cast<double>(n)));
}

TEST_CASE("uniform box: a draw depends on its chain alone, not on the block it is drawn in") {
  const RngKey key{.seed = 9, .chain = 4};
  const Matrix all = box().draws(key, 100);
  CHECK(box().draws(key.at_chain(44), 10) == all.middleCols(40, 10));
}

TEST_CASE("uniform box: a box without volume is refused") {
  Vector lower = Vector::Zero(2), upper = Vector::Ones(2);
  CHECK_THROWS_WITH_AS(UniformBox(lower, Vector::Ones(3)),
                       "UniformBox: upper.size() is 3, expected 2, as lower has",
                       std::invalid_argument);
  upper[1] = 0.0;
  CHECK_THROWS_WITH_AS(UniformBox(lower, upper),
                       "UniformBox: upper[1] is 0, expected a finite number above lower[1] = 0",
                       std::invalid_argument);
  lower[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(UniformBox(lower, upper),
                       "UniformBox: lower[0] is nan, expected a finite number",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(UniformBox(Vector(0), Vector(0)),
                       "UniformBox: lower.size() is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(UniformBox::unit(0), "UniformBox: dim is 0, expected at least 1",
                       std::invalid_argument);
}
