#include "pushforward/core/errors.hpp"

#include <doctest/doctest.h>

using namespace pushforward;

TEST_CASE("errors: require names the argument, its value and what was expected") {
  CHECK_THROWS_WITH_AS(require(false, "DiscreteMeasure", "weights.size()", 4, "one per point"),
                       "DiscreteMeasure: weights.size() is 4, expected one per point",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(require(false, "f", "x", 0.1, "at least 1"),
                       "f: x is 0.1, expected at least 1", std::invalid_argument);
  CHECK_NOTHROW(require(true, "f", "x", 0.1, "at least 1"));
}
