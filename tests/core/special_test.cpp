#include "pushforward/core/special.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

using namespace pushforward;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("special: log_sum_exp neither overflows nor loses small terms") {
  CHECK(log_sum_exp((Vector(2) << 1000.0, 1000.0).finished()) ==
        doctest::Approx(1000.0 + std::log(2.0)).epsilon(1e-15));
  CHECK(log_sum_exp((Vector(3) << -1000.0, -1001.0, -infinity).finished()) ==
        doctest::Approx(-1000.0 + std::log1p(std::exp(-1.0))).epsilon(1e-15));
  CHECK(log_sum_exp(Vector(0)) == -infinity);
  CHECK(log_sum_exp(Vector::Constant(3, -infinity)) == -infinity);
  CHECK(log_sum_exp((Vector(2) << 0.0, infinity).finished()) == infinity);
  CHECK(std::isnan(log_sum_exp((Vector(2) << not_a_number, 0.0).finished())));
}

TEST_CASE("special: log1m_exp agrees with long double on both sides of its border") {
  for (double x : {-1e-18, -1e-9, -0.1, -0.69, -0.7, -3.0, -40.0, -700.0}) {
    const long double truth = x > -0.5 ? std::log(-std::expm1(static_cast<long double>(x)))
                                       : std::log1p(-std::exp(static_cast<long double>(x)));
    CHECK(log1m_exp(x) == doctest::Approx(static_cast<double>(truth)).epsilon(1e-15));
  }
  CHECK(log1m_exp(0.0) == -infinity);
  CHECK(log1m_exp(-infinity) == 0.0);
  CHECK(std::isnan(log1m_exp(0.5)));
}

// Oracle for the lower tail: P(Z < -x) = density(x) / (x + 1/(x + 2/(x + 3/(x + ...)))), a
// continued fraction that shares nothing with the series or with erfc.
TEST_CASE("special: log_normal_cdf keeps its digits in both tails") {
  for (double x : {3.0, 6.0, 12.0, 19.9, 20.0, 20.1, 38.0, 100.0, 1e4, 1e8}) {
    long double tail = x;
    for (int k = 400; k >= 1; --k) tail = x + k / tail;
    const long double half_log_2pi = 0.918938533204672741780329736406L;
    const long double truth = -0.5L * x * x - half_log_2pi - std::log(tail);
    CHECK(log_normal_cdf(-x) == doctest::Approx(static_cast<double>(truth)).epsilon(2e-15));
    CHECK(log_normal_cdf(x) ==
          doctest::Approx(static_cast<double>(std::log1p(-std::exp(truth)))).epsilon(1e-13));
  }
  CHECK(log_normal_cdf(0.0) == doctest::Approx(-std::log(2.0)).epsilon(1e-15));
  CHECK(log_normal_cdf(-infinity) == -infinity);
  CHECK(log_normal_cdf(infinity) == 0.0);
  CHECK(std::isnan(log_normal_cdf(not_a_number)));
}

TEST_CASE("special: the quantile undoes the distribution function") {
  for (double x : {-30.0, -8.0, -1.0, 0.0, 0.5, 4.0}) {
    CHECK(normal_quantile(normal_cdf(x)) == doctest::Approx(x).epsilon(1e-12));
  }
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959963984540054).epsilon(1e-15));
  CHECK(normal_quantile(0.0) == -infinity);
  CHECK(normal_quantile(1.0) == infinity);
  CHECK_THROWS_WITH(normal_quantile(1.5), "normal_quantile: p is 1.5, expected between 0 and 1");
  CHECK_THROWS_WITH(normal_quantile(not_a_number),
                    "normal_quantile: p is nan, expected between 0 and 1");
}
