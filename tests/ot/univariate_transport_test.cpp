#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/univariate.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

DiscreteMeasure random_measure(Splitmix& draws, Index n, std::uint64_t kind) {
  Matrix x = 4.0 * draws.uniform(1, n);
  Vector w = draws.uniform(n, 1);
  if (kind % 3 == 1) x = x.array().floor();
  if (kind % 3 == 2) w = (4.0 * w).array().floor();
  w[0] += 1.0;
  return {std::move(x), std::move(w), Mass::normalise};
}

}  // namespace

TEST_CASE(
    "univariate transport: coupling and potentials prove each other, and agree with the simplex") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + static_cast<Index>(seed % 31), m = 1 + static_cast<Index>((5 * seed) % 27);
    const DiscreteMeasure source = random_measure(draws, n, seed);
    const DiscreteMeasure target = random_measure(draws, m, seed + 1);
    for (const double p : {1.0, 1.5, 2.0, 4.0}) {
      const UnivariateTransport result = univariate_transport(source, target, p);
      const PointCost cost(source.points(), target.points(), Cost::lp(p));
      const double scale = std::pow(4.0, p);
      CHECK((result.coupling.row_marginal() - source.weights()).lpNorm<1>() <= 1e-14);
      CHECK((result.coupling.col_marginal() - target.weights()).lpNorm<1>() <= 1e-14);
      CHECK(result.coupling.entries().size() <= static_cast<std::size_t>(n + m - 1));
      const Slackness slackness =
          complementary_slackness(cost, {result.f, result.g}, result.coupling);
      CHECK(slackness.infeasibility <= 1e-12 * scale);
      CHECK(slackness.on_support <= 1e-12 * scale);
      CHECK(result.certificate.dual <= result.transport_cost);
      CHECK(result.transport_cost <= result.certificate.primal);
      CHECK(result.certificate.gap() <= 1e-12 * scale);
      CHECK(std::abs(result.transport_cost - univariate_wasserstein_power(source, target, p)) <=
            1e-13 * scale);
      const double exact = network_simplex({source, target, Cost::lp(p)}).transport_cost;
      CHECK(std::abs(result.transport_cost - exact) <= 1e-13 * scale);
      CHECK(std::abs(source.weights().dot(result.f) - target.weights().dot(result.g)) <=
            1e-13 * scale);
    }
  }
}

TEST_CASE("univariate transport: W_infinity is the limit of W_p") {
  Splitmix draws(100);
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const DiscreteMeasure source = random_measure(draws, 8, seed),
                          target = random_measure(draws, 9, 0);
    const double longest = univariate_wasserstein_infinity(source, target);
    // mass^(1/p) longest <= W_p <= longest, with the mass that goes the longest way at least 1e-6.
    const double w = std::pow(univariate_wasserstein_power(source, target, 200.0), 1.0 / 200.0);
    CHECK(w <= longest * (1.0 + 1e-12));
    CHECK(w >= longest * std::pow(1e-6, 1.0 / 200.0));
  }
}

TEST_CASE("univariate transport: bad input is refused by name") {
  const DiscreteMeasure line = DiscreteMeasure::uniform(Matrix::Zero(1, 2));
  const DiscreteMeasure plane = DiscreteMeasure::uniform(Matrix::Zero(2, 2));
  CHECK_THROWS_WITH_AS(univariate_transport(line, line, 0.5),
                       "univariate_transport: p is 0.5, expected a finite number of at least 1; "
                       "network_simplex takes concave costs",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(univariate_transport(line, plane, 2.0),
                       "univariate_transport: target.dim() is 2, expected a measure of dimension 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(univariate_wasserstein_infinity(plane, line),
                       "univariate_wasserstein_infinity: source.dim() is 2, expected a measure of "
                       "dimension 1",
                       std::invalid_argument);
}
