#include "pushforward/core/options.hpp"

#include <limits>

#include <doctest/doctest.h>

#include "pushforward/core/report.hpp"

using namespace pushforward;

namespace {

struct Inner {
  double rate = 0.5;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("rate", self.rate, between(0.0, 1.0), "a share");
  }
};

struct Outer {
  int count = 1;
  std::vector<double> levels{1.0};
  std::optional<double> cap;
  Inner inner;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("count", self.count, at_least(1), "how many");
    field("levels", self.levels, positive, "noise levels");
    field("cap", self.cap, positive, "largest value");
    field("inner", self.inner, nested, "the rest");
  }
};

}  // namespace

TEST_CASE("options: validation names the first bad field by its path") {
  CHECK_NOTHROW(validate_fields("Outer", Outer{}));
  CHECK_THROWS_WITH_AS(validate_fields("Outer", Outer{.count = 0}),
                       "Outer: count is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(validate_fields("Outer", Outer{.levels = {1.0, -2.0}}),
                       "Outer: levels[1] is -2, expected greater than 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(validate_fields("Outer", Outer{.inner = {.rate = 1.5}}),
                       "Outer: inner.rate is 1.5, expected between 0 and 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      validate_fields("Outer", Outer{.cap = std::numeric_limits<double>::quiet_NaN()}),
      "Outer: cap is nan, expected greater than 0", std::invalid_argument);
}

TEST_CASE("options: infinity is admitted only where the field says so") {
  CHECK_FALSE(positive.admits(std::numeric_limits<double>::infinity()));
  CHECK(positive.or_infinite().admits(std::numeric_limits<double>::infinity()));
}

TEST_CASE("options: enumerators and their JSON names map both ways") {
  CHECK(name(Termination::max_iterations) == "max_iterations");
  CHECK(from_name<Termination>("stalled") == Termination::stalled);
  CHECK_FALSE(from_name<Termination>("stuck").has_value());
}
