#include "pushforward/ot/problem.hpp"

#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

TEST_CASE("problem: masses within the tolerance are made equal, and it is said by how much") {
  Splitmix draws(1);
  const Vector a = draws.uniform(9, 1);
  const Vector b = a.head(5) * (a.sum() / a.head(5).sum()) * (1.0 + 5e-7);
  const Masses masses = balanced_masses(a, b, 9, 5, "test");
  CHECK(masses.a == a);
  CHECK(masses.b.sum() == doctest::Approx(a.sum()).epsilon(1e-15));
  CHECK(masses.rescaled == doctest::Approx(1.0 + 5e-7).epsilon(1e-14));
  CHECK(masses.total == doctest::Approx(a.sum()).epsilon(1e-15));
}

TEST_CASE("problem: no masses at all are uniform of total one") {
  const Masses masses = balanced_masses(Vector(), Vector(), 4, 3, "test");
  CHECK(masses.a == Vector::Constant(4, 0.25));
  CHECK(masses.b == Vector::Constant(3, 1.0 / 3.0));
}

TEST_CASE("problem: masses of any unit are taken, down to the smallest and up to the largest") {
  for (const double unit : {1e-300, 1.0, 1e300}) {
    const Masses masses =
        balanced_masses(Vector::Constant(2, unit), Vector::Constant(4, 0.5 * unit), 2, 4, "test");
    CHECK(masses.total == 2.0 * unit);
    CHECK(masses.rescaled == 1.0);
  }
}

TEST_CASE("problem: bad masses are refused by name") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Vector a = Vector::Ones(2);
  const Vector b = Vector::Ones(2);
  const auto solve = [&](const Vector& target) { balanced_masses(a, target, 2, 2, "solver"); };
  CHECK_THROWS_WITH_AS(solve(Vector::Ones(3)),
                       "solver: b.size() is 3, expected 2, one per column of the cost",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(solve(0.9 * b),
                       "solver: sum of b is 1.8, expected 2, the sum of a, within 1e-06 of it; "
                       "partial and unbalanced transport take unequal masses",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(solve(0.0 * b), "solver: sum of b is 0, expected a positive finite sum",
                       std::invalid_argument);
  a[1] = -1e-18;
  CHECK_THROWS_WITH_AS(solve(b), "solver: a[1] is -1e-18, expected a finite number of at least 0",
                       std::invalid_argument);
  a[1] = nan;
  CHECK_THROWS_WITH_AS(solve(b), "solver: a[1] is nan, expected a finite number of at least 0",
                       std::invalid_argument);
}
