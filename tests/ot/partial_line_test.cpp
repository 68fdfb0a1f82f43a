#include "pushforward/ot/partial_line.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/ot/partial.hpp"

#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("partial line: the recursion agrees with the simplex, by price and by number") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + Index(seed % 9), m = 1 + Index(seed % 11);
    const Matrix x = draws.uniform(1, n), y = draws.uniform(1, m);
    const Vector a = Vector::Ones(n), b = Vector::Ones(m);
    for (const double p : {1.0, 2.0, 3.0}) {
      const PointCost cost(x, y, Cost::lp(p));
      for (const double lambda : {0.0, 0.01, 0.1, 1.0}) {
        const LinePartial line = partial_line(x.transpose(), y.transpose(), lambda, p);
        CHECK(std::abs(line.objective -
                       penalized_partial_transport(a, b, cost, lambda).objective) <= 1e-13);
      }
      const Vector costs = partial_line_costs(x.transpose(), y.transpose(), p);
      REQUIRE(costs.size() == std::min(n, m) + 1);
      const PartialPath path = partial_path(a, b, cost);
      for (Index k = 0; k < costs.size(); ++k) {
        CHECK(std::abs(costs[k] - path.cost_at(double(k))) <= 1e-13);
      }
    }
  }
}

TEST_CASE("partial line: empty sides, and a price that pairs all or none") {
  const Vector none, x = Vector::LinSpaced(4, 0.0, 3.0), y = x.array() + 0.25;
  CHECK(partial_line(none, none, 1.0).objective == 0.0);
  CHECK(partial_line(x, none, 1.5).objective == 6.0);
  CHECK(partial_line(none, x, 1.5).objective == 6.0);
  CHECK(partial_line_costs(x, none).size() == 1);
  CHECK(partial_line(x, y, 1.0).pairs == 4);
  CHECK(partial_line(x, y, 1.0).objective == 0.25);
  CHECK(partial_line(x, y, 0.01).pairs == 0);
}

TEST_CASE("partial line: bad input is named") {
  const Vector good = Vector::Ones(2);
  Vector bad = good;
  bad[1] = NAN;
  const auto message = [](const Vector& x, double lambda, double p) -> std::string {
    try {
      partial_line(x, Vector::Ones(1), lambda, p);
      partial_line_costs(x, Vector::Ones(1), p);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "";
  };
  const auto says = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  CHECK(message(good, 1.0, 2.0).empty());
  CHECK(says(message(bad, 1.0, 2.0), "x[1] is nan"));
  CHECK(says(message(good, -1.0, 2.0), "lambda is -1"));
  CHECK(says(message(good, 1.0, 0.5), "p is 0.5"));
}
