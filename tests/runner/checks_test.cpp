#include <doctest/doctest.h>

#include "runner/run_result.hpp"

using namespace pushforward::runner;

namespace {

CheckOutcome judged(const CheckSpec& spec, double value,
                    double standard_error = pushforward::not_known,
                    double expected = pushforward::not_known) {
  RunResult result;
  result.scalars.push_back(
      {"q", {.value = value, .standard_error = standard_error, .expected = expected}});
  result.scalars.push_back({"other", {.value = 1.0, .standard_error = 0.01}});
  CheckSpec named = spec;
  named.id = "id";
  if (named.quantity.empty()) named.quantity = "q";
  return evaluate({named}, result).front();
}

constexpr auto pass = CheckVerdict::pass;
constexpr auto fail = CheckVerdict::fail;
constexpr auto inconclusive = CheckVerdict::inconclusive;

}  // namespace

TEST_CASE("checks: exact quantities pass at the bound and fail beyond it") {
  CHECK(judged({.max = 1.0}, 1.0).verdict == pass);
  CHECK(judged({.max = 1.0}, 1.0 + 1e-15).verdict == fail);
  CHECK(judged({.min = 1.0}, 1.0).verdict == pass);
  CHECK(judged({.min = 1.0}, 0.5).verdict == fail);
  CHECK(judged({.equals = Comparand{2.0}, .rel_tol = 0.1}, 2.19).verdict == pass);
  CHECK(judged({.equals = Comparand{2.0}, .rel_tol = 0.1}, 2.21).verdict == fail);
  CHECK(judged({.equals = Comparand{0.0}, .abs_tol = 0.1}, -0.1).verdict == pass);
}

TEST_CASE("checks: random quantities within z standard errors of a bound are inconclusive") {
  CHECK(judged({.max = 1.0, .z_max = 4.0}, 0.95, 0.01).verdict == pass);
  CHECK(judged({.max = 1.0, .z_max = 4.0}, 0.97, 0.01).verdict == inconclusive);
  CHECK(judged({.max = 1.0, .z_max = 4.0}, 1.03, 0.01).verdict == inconclusive);
  CHECK(judged({.max = 1.0, .z_max = 4.0}, 1.05, 0.01).verdict == fail);
  CHECK(judged({.min = 1.0, .z_max = 4.0}, 1.05, 0.01).verdict == pass);
  // A chance of 1e-4 allows 3.89 standard errors.
  CHECK(judged({.max = 1.0, .alpha = 1e-4}, 0.961, 0.01).verdict == pass);
  CHECK(judged({.max = 1.0, .alpha = 1e-4}, 0.962, 0.01).verdict == inconclusive);
  // Without either: 4.89 standard errors.
  CHECK(judged({.max = 1.0}, 0.95, 0.01).verdict == pass);
  CHECK(judged({.max = 1.0}, 0.952, 0.01).verdict == inconclusive);
}

TEST_CASE("checks: two random quantities are compared with the error of their difference") {
  CHECK(judged({.below = OtherQuantity{"other"}, .z_max = 4.0}, 0.9, 0.01).verdict == pass);
  CHECK(judged({.below = OtherQuantity{"other"}, .z_max = 4.0}, 0.95, 0.01).verdict ==
        inconclusive);
  CHECK(judged({.below = OtherQuantity{"other"}, .z_max = 4.0}, 1.1, 0.01).verdict == fail);
  CHECK(judged({.above = OtherQuantity{"other"}, .z_max = 4.0}, 1.1, 0.01).verdict == pass);
  CHECK(judged({.below = OtherQuantity{"missing"}}, 1.0).verdict == fail);
}

TEST_CASE("checks: equality by standard errors says so when the error is too large to tell") {
  CHECK(judged({.closed_form = true, .z_max = 5.0}, 2.04, 0.01, 2.0).verdict == pass);
  CHECK(judged({.closed_form = true, .z_max = 5.0}, 2.06, 0.01, 2.0).verdict == fail);
  CHECK(judged({.closed_form = true, .z_max = 5.0}, 2.1, 1.0, 2.0).verdict == inconclusive);
  CHECK(judged({.closed_form = true, .z_max = 5.0}, 2.0, 0.1).verdict == inconclusive);
  CHECK(judged({.equals = Comparand{2.0}, .z_max = 5.0}, 2.0).verdict == inconclusive);
  CHECK(judged({.equals = Comparand{OtherQuantity{"other"}}, .z_max = 5.0}, 1.05, 0.01).verdict ==
        pass);
}

TEST_CASE("checks: a slope is within its tolerance, or its fit too rough") {
  CHECK(judged({.slope = 2.0, .tol = 0.1}, 2.05, 0.01).verdict == pass);
  CHECK(judged({.slope = 2.0, .tol = 0.1}, 2.15, 0.01).verdict == fail);
  CHECK(judged({.slope = 2.0, .tol = 0.1}, 2.05, 0.2).verdict == inconclusive);
}

TEST_CASE("checks: NaN and unknown quantities fail, with a suggestion") {
  CHECK(judged({.max = 1.0}, pushforward::not_known).verdict == fail);
  const CheckOutcome unknown = judged({.quantity = "othr", .max = 1.0}, 0.0);
  CHECK(unknown.verdict == fail);
  CHECK(unknown.note == "the result has no quantity \"othr\"; did you mean \"other\"?");
}

TEST_CASE("checks: a bound is worded with the config's own digits and six of what was computed") {
  CHECK(judged({.max = 0.21000000001}, 0.0).bound == "at most 0.21000000001");
  CHECK(judged({.equals = Comparand{2.0}, .abs_tol = 0.5}, 2.0).bound == "2 within 0.5");
  const double sum = 0.07 + 0.14;  // 0.21000000000000002
  CHECK(
      judged({.closed_form = true, .rel_tol = 1.0 / 3.0}, sum, pushforward::not_known, sum).bound ==
      "the closed form = 0.21 within 0.07");
  CHECK(judged({.below = OtherQuantity{"other"}, .z_max = 4.0}, 0.9, 0.01).bound ==
        "below other = 1");
  CHECK(judged({.max = 1.0, .z_max = 4.0}, 0.97, 0.01 / 3.0).note == "");
  CHECK(judged({.max = 1.0, .z_max = 4.0}, 0.99, 0.01 / 3.0).note ==
        "within 4 standard errors (0.0133333) of the bound: draw more samples");
}
