#include "pushforward/core/goodness_of_fit.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

using namespace pushforward;

namespace {

IndexVector counts_of(std::initializer_list<Index> values) {
  IndexVector counts(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), counts.begin());
  return counts;
}

double identity(double x) { return x; }

}  // namespace

TEST_CASE("pearson_test: two fair classes by hand, with the tail of a squared normal") {
  const auto result = pearson_test(counts_of({60, 40}), Vector::Constant(2, 0.5));
  CHECK(result.statistic == doctest::Approx(4.0).epsilon(1e-14));
  // One degree of freedom: P(Z^2 > 4) = erfc(2 / sqrt 2).
  CHECK(result.p_value == doctest::Approx(std::erfc(std::sqrt(2.0))).epsilon(1e-12));
}

TEST_CASE("pearson_test: three classes have the tail exp(-x / 2)") {
  const Vector p = (Vector(3) << 0.5, 0.25, 0.25).finished();
  const auto result = pearson_test(counts_of({44, 32, 24}), p);
  const double x = 36.0 / 50.0 + 49.0 / 25.0 + 1.0 / 25.0;
  CHECK(result.statistic == doctest::Approx(x).epsilon(1e-14));
  CHECK(result.p_value == doctest::Approx(std::exp(-0.5 * x)).epsilon(1e-12));
}

TEST_CASE("pearson_test: draws of the stated law pass and of another one fail") {
  const Vector p = (Vector(4) << 0.1, 0.2, 0.3, 0.4).finished();
  const IndexVector labels = categorical({.seed = 5, .purpose = Draw::component}, p, 20'000);
  IndexVector counts = IndexVector::Zero(4);
  for (const Index label : labels) ++counts[label];
  // 2.9e-7 is the chance of five standard deviations on one side.
  CHECK(pearson_test(counts, p).p_value > 2.9e-7);
  CHECK(pearson_test(counts, (Vector(4) << 0.12, 0.18, 0.3, 0.4).finished()).p_value < 2.9e-7);
}

TEST_CASE("pearson_test: one class says nothing") {
  const auto result = pearson_test(counts_of({7}), Vector::Ones(1));
  CHECK(result.statistic == 0.0);
  CHECK(result.p_value == 1.0);
}

TEST_CASE("pearson_test: bad arguments are named") {
  const Vector fair = Vector::Constant(2, 0.5);
  CHECK_THROWS_WITH(pearson_test(IndexVector(), Vector()),
                    "pearson_test: counts.size() is 0, expected at least 1");
  CHECK_THROWS_WITH(pearson_test(counts_of({1, 2, 3}), fair),
                    "pearson_test: probabilities.size() is 2, expected one per count, 3");
  CHECK_THROWS_WITH(pearson_test(counts_of({1, -2}), fair),
                    "pearson_test: counts[1] is -2, expected at least 0");
  CHECK_THROWS_WITH(pearson_test(counts_of({1, 2}), (Vector(2) << 1.0, 0.0).finished()),
                    "pearson_test: probabilities[1] is 0, expected greater than 0");
  CHECK_THROWS_WITH(pearson_test(counts_of({0, 0}), fair),
                    "pearson_test: sum of counts is 0, expected greater than 0");
  CHECK_THROWS_WITH(pearson_test(counts_of({1, 2}), Vector::Constant(2, 0.25)),
                    "pearson_test: sum of probabilities is 0.5, expected 1 within 1e-9");
}

TEST_CASE("kolmogorov_test: the distance on both sides of each jump") {
  const auto result = kolmogorov_test((Vector(2) << 0.9, 0.2).finished(), identity);
  CHECK(result.statistic == doctest::Approx(0.4).epsilon(1e-14));  // F - 1/2 just before 0.9
  CHECK(result.p_value == 1.0);
  CHECK(kolmogorov_test(Vector::Constant(1, 0.5), identity).statistic == 0.5);
}

TEST_CASE("kolmogorov_test: draws of the stated law pass and of another one fail") {
  Matrix u(1, 10'000);
  fill_uniform({.seed = 9, .purpose = Draw::source}, u);
  CHECK(kolmogorov_test(u.row(0).transpose(), identity).p_value > 2.9e-7);
  CHECK(kolmogorov_test(u.row(0).transpose(), [](double x) { return std::pow(x, 1.1); }).p_value <
        2.9e-7);
}

TEST_CASE("kolmogorov_test: bad arguments are named") {
  CHECK_THROWS_WITH(kolmogorov_test(Vector(), identity),
                    "kolmogorov_test: draws.size() is 0, expected at least 1");
  CHECK_THROWS_WITH(
      kolmogorov_test(Vector::Constant(1, std::numeric_limits<double>::infinity()), identity),
      "kolmogorov_test: draws[0] is inf, expected finite");
  CHECK_THROWS_WITH(kolmogorov_test(Vector::Constant(1, 2.5), identity),
                    "kolmogorov_test: cdf(2.5) is 2.5, expected between 0 and 1");
}
