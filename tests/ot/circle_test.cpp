#include "pushforward/ot/circle.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

DiscreteMeasure random_measure(Splitmix& draws, Index n) {
  Matrix x = draws.uniform(1, n);
  Vector w = draws.uniform(n, 1);
  if (n > 3) w[2] = 0.0;
  return {std::move(x), std::move(w), Mass::normalise};
}

// The least costs of geodesic distances to the power p, by the simplex.
double by_simplex(const DiscreteMeasure& source, const DiscreteMeasure& target, double p) {
  Matrix cost(source.size(), target.size());
  for (Index j = 0; j < target.size(); ++j) {
    for (Index i = 0; i < source.size(); ++i) {
      const double gap = source.points()(0, i) - target.points()(0, j);
      const double distance = std::abs(gap - std::round(gap));
      cost(i, j) = std::pow(distance, p);
    }
  }
  return network_simplex(source.weights(), target.weights(), cost).transport_cost;
}

}  // namespace

TEST_CASE("circle: costs agree with the network simplex on geodesic distances") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + static_cast<Index>(seed % 17), m = 1 + static_cast<Index>((7 * seed) % 23);
    const DiscreteMeasure source = random_measure(draws, n), target = random_measure(draws, m);
    CHECK(std::abs(circular_wasserstein_1(source, target) - by_simplex(source, target, 1.0)) <=
          1e-13);
    for (const double p : {1.0, 1.5, 2.0, 3.0}) {
      // A shift is found to 2^-50, and the slope is at most p a jump.
      CHECK(std::abs(circular_wasserstein_power(source, target, p) -
                     by_simplex(source, target, p)) <= 1e-12);
    }
  }
}

TEST_CASE("circle: equal weights with ties, and points beyond one turn") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(100 + seed);
    const Index n = 2 + static_cast<Index>(seed % 9);
    const Matrix x = (8.0 * draws.uniform(1, n)).array().floor() / 8.0;
    const Matrix y = (8.0 * draws.uniform(1, n)).array().floor() / 8.0;
    const DiscreteMeasure source = DiscreteMeasure::uniform(x);
    const DiscreteMeasure target = DiscreteMeasure::uniform(y);
    const DiscreteMeasure turned = DiscreteMeasure::uniform(y.array() - 3.0);
    const double w1 = by_simplex(source, target, 1.0);
    CHECK(std::abs(circular_wasserstein_1(source, target) - w1) <= 1e-13);
    CHECK(std::abs(circular_wasserstein_1(source, turned) - w1) <= 1e-13);
    CHECK(std::abs(circular_wasserstein_power(source, turned, 2.0) -
                   by_simplex(source, target, 2.0)) <= 1e-12);
  }
}

TEST_CASE("circle: turning both measures changes nothing, an arc is turned as on the line") {
  Splitmix draws(200);
  const DiscreteMeasure source = random_measure(draws, 12), target = random_measure(draws, 15);
  const auto turned = [](const DiscreteMeasure& m, double angle) {
    return DiscreteMeasure(m.points().array() + angle, m.weights(), Mass::normalise);
  };
  const double w1 = circular_wasserstein_1(source, target);
  CHECK(circular_wasserstein_1(turned(source, 0.37), turned(target, 0.37)) ==
        doctest::Approx(w1).epsilon(1e-12));
  // Within an arc of 0.2, so that the other way round is longer for every point.
  const DiscreteMeasure arc(0.2 * source.points().array() + 0.7, source.weights(), Mass::normalise);
  CHECK(circular_wasserstein_1(arc, turned(arc, 0.2)) == doctest::Approx(0.2).epsilon(1e-12));
  CHECK(circular_wasserstein_power(arc, turned(arc, 0.2), 2.0) ==
        doctest::Approx(0.04).epsilon(1e-12));
  CHECK(circular_wasserstein_1(source, source) <= 1e-15);
}

TEST_CASE("circle: bad input is refused by name") {
  const DiscreteMeasure line = DiscreteMeasure::uniform(Matrix::Zero(1, 2));
  const DiscreteMeasure plane = DiscreteMeasure::uniform(Matrix::Zero(2, 2));
  CHECK_THROWS_WITH_AS(
      circular_wasserstein_1(plane, line),
      "circular_wasserstein_1: source.dim() is 2, expected a measure of dimension 1",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      circular_wasserstein_power(line, line, 0.5),
      "circular_wasserstein_power: p is 0.5, expected a finite number of at least 1",
      std::invalid_argument);
}
