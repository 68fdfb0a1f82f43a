#include "pushforward/ot/univariate.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>

#include <boost/math/special_functions/erf.hpp>
#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"
#include "pushforward/core/rng.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

Vector numbers(std::uint64_t seed, Index n) { return Splitmix(seed).uniform(n, 1); }

double normal_quantile(double t) { return -std::sqrt(2.0) * boost::math::erfc_inv(2.0 * t); }

}  // namespace

TEST_CASE("univariate: weighted costs agree with POT's network simplex") {
  const CsvTable table =
      read_csv(std::filesystem::path(PUSHFORWARD_TEST_REFERENCE) / "univariate.csv");
  REQUIRE(table.values.cols() == 16);
  for (Index row = 0; row < table.values.cols(); ++row) {
    Splitmix draws(static_cast<std::uint64_t>(table.values(0, row)));
    const auto n = static_cast<Index>(table.values(1, row));
    const auto m = static_cast<Index>(table.values(2, row));
    const Matrix x = draws.uniform(1, n), y = draws.uniform(1, m);
    const Vector a = draws.uniform(n, 1), b = draws.uniform(m, 1);
    const DiscreteMeasure source(x, a, Mass::normalise), target(y, b, Mass::normalise);
    // The simplex works to 1e-12 or so of the mass.
    CHECK(univariate_wasserstein_power(source, target, table.values(3, row)) ==
          doctest::Approx(table.values(4, row)).epsilon(1e-10));
  }
}

TEST_CASE("univariate: equal weights are a special case of weights, for any two sizes") {
  for (const auto& [n, m] : {std::pair<Index, Index>{1, 1}, {7, 7}, {12, 18}, {5, 31}}) {
    const Vector x = numbers(1, n), y = numbers(2, m);
    for (const double p : {1.0, 2.0, 4.0}) {
      CHECK(
          univariate_wasserstein_power(x, y, p) ==
          doctest::Approx(univariate_wasserstein_power(DiscreteMeasure::uniform(x.transpose()),
                                                       DiscreteMeasure::uniform(y.transpose()), p))
              .epsilon(1e-13));
    }
  }
}

TEST_CASE("univariate: W_1 is the area between the distribution functions") {
  const Vector x = numbers(3, 40), y = numbers(4, 25);
  // A Riemann sum of |F - G| on a grid of 1e5 points over [0, 1]: error about 65 jumps times 1e-5.
  double area = 0.0;
  for (int k = 0; k < 100'000; ++k) {
    const double t = (k + 0.5) * 1e-5;
    area += 1e-5 * std::abs(static_cast<double>((x.array() <= t).count()) / 40 -
                            static_cast<double>((y.array() <= t).count()) / 25);
  }
  CHECK(std::abs(univariate_wasserstein_power(x, y, 1.0) - area) < 65e-5);
}

TEST_CASE("univariate: shifts, scales, symmetry, order, zero weights and repeated points") {
  const Vector x = numbers(5, 60), y = numbers(6, 45);
  const double cost = univariate_wasserstein_power(x, y, 2.0);
  CHECK(univariate_wasserstein_power(y, x, 2.0) == doctest::Approx(cost).epsilon(1e-14));
  CHECK(univariate_wasserstein_power(x.reverse(), y, 2.0) == cost);
  CHECK(univariate_wasserstein_power(-3 * x, -3 * y, 2.0) ==
        doctest::Approx(9 * cost).epsilon(1e-13));
  CHECK(univariate_wasserstein_power(x, x, 3.0) == 0.0);
  const Vector moved = x.array() + 2.5;
  for (const double p : {1.0, 2.0, 3.0}) {
    CHECK(univariate_wasserstein_power(x, moved, p) ==
          doctest::Approx(std::pow(2.5, p)).epsilon(1e-13));
  }
  Matrix points(1, 4);
  points << 9.0, 1.0, 1.0, 0.0;
  Vector weights(4);
  weights << 0.0, 0.25, 0.25, 0.5;
  Matrix origin = Matrix::Zero(1, 1);
  CHECK(univariate_wasserstein_power(DiscreteMeasure(points, weights),
                                     DiscreteMeasure::uniform(origin), 2.0) == 0.5);
}

TEST_CASE("univariate: distance to a law agrees with integrals known in closed form") {
  // One point at c against U(0, 1): int (t - c)^2 = 1/3 - c + c^2; against N(0, 1): 1 + c^2;
  // against Exp(1): E(X - c)^2 = 1 + (1 - c)^2. Medians of n cells against U(0, 1): 1 / (12 n^2).
  // Tails: log singularities lie three half-widths from the middle of a piece, so 5 nodes leave
  // (3 + sqrt 8)^-10 = 2e-8.
  const Vector c = Vector::Constant(1, 0.3);
  const auto uniform = [](double t) { return t; };
  CHECK(univariate_wasserstein_power(c, uniform, 2.0) ==
        doctest::Approx(1.0 / 3 - 0.3 + 0.09).epsilon(1e-12));
  CHECK(univariate_wasserstein_power(c, normal_quantile, 2.0) ==
        doctest::Approx(1.09).epsilon(2e-8));
  CHECK(univariate_wasserstein_power(
            c, [](double t) { return -std::log1p(-t); }, 2.0) ==
        doctest::Approx(1.49).epsilon(2e-8));
  for (const Index n : {2, 3, 100}) {
    Vector x(n);
    for (Index i = 0; i < n; ++i) {
      x[i] = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    }
    CHECK(univariate_wasserstein_power(x, uniform, 2.0) ==
          doctest::Approx(1.0 / (12.0 * static_cast<double>(n * n))).epsilon(1e-8));
  }
}

TEST_CASE("univariate: a normal sample against the normal law is as far as a huge sample is") {
  Matrix x(1, 1000);
  fill_normal({.seed = 7}, x);
  const Vector sample = x.row(0).transpose();
  const Index m = 1'000'000;
  Vector law(m);
  for (Index i = 0; i < m; ++i) {
    law[i] = normal_quantile((static_cast<double>(i) + 0.5) / static_cast<double>(m));
  }
  // Cutting the law into a million medians costs about 1e-6 of its spread, most of it in the tails.
  CHECK(univariate_wasserstein_power(sample, normal_quantile, 2.0) ==
        doctest::Approx(univariate_wasserstein_power(sample, law, 2.0)).epsilon(2e-3));
  // Mean and variance bound it: W_2 is at least the difference of means.
  const double mean = sample.mean();
  CHECK(univariate_wasserstein_power(sample, normal_quantile, 2.0) >= mean * mean);
}

TEST_CASE("univariate: bad input is refused") {
  const Vector x = Vector::Ones(3);
  CHECK_THROWS_WITH_AS(univariate_wasserstein_power(x, x, 0.5),
                       "univariate_wasserstein_power: p is 0.5, expected a finite number of at "
                       "least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(univariate_wasserstein_power(Vector(0), x, 1.0),
                       "univariate_wasserstein_power: x is 0, expected at least one number",
                       std::invalid_argument);
  Vector holed = x;
  holed[1] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(univariate_wasserstein_power(x, holed, 1.0),
                       "univariate_wasserstein_power: y(1, 0) is inf, expected a finite coordinate",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      univariate_wasserstein_power(DiscreteMeasure::uniform(Matrix::Ones(1, 3)),
                                   DiscreteMeasure::uniform(Matrix::Ones(2, 3)), 1.0),
      "univariate_wasserstein_power: target.dim() is 2, expected a measure of dimension 1",
      std::invalid_argument);
}
