#include "pushforward/diffusion/step_weights.hpp"

#include <cmath>
#include <vector>

#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <doctest/doctest.h>

using namespace pushforward::diffusion;

namespace {

using Wide = boost::multiprecision::cpp_bin_float_50;

// phi_k by its recursion in 50 digits, which leaves over 30 after four divisions by |x| >= 1e-3.
double wide_phi(int k, double at) {
  const Wide x = at;
  Wide value = (exp(x) - 1) / x;
  Wide inverse_factorial = 1;
  for (int i = 1; i < k; ++i) {
    inverse_factorial /= i;
    value = (value - inverse_factorial) / x;
  }
  return static_cast<double>(value);
}

double integral(const auto& f, double a, double b) {
  return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(f, a, b, 12, 1e-14);
}

double variable_of(Interpolation variable, double rho) {
  switch (variable) {
    case Interpolation::lambda:
      return -std::log(rho);
    case Interpolation::rho:
      return rho;
    case Interpolation::alpha_bar:
      break;
  }
  return 1.0 / (1.0 + rho * rho);
}

}  // namespace

TEST_CASE("phi: relative error below 1e-14 against 50 digits") {
  for (int k = 1; k <= 4; ++k) {
    for (const double x : {1e-3, 0.1, 0.49, 0.51, 1.0, 2.99, 3.01, 8.0, 50.0}) {
      for (const double at : {x, -x}) {
        CAPTURE(k);
        CAPTURE(at);
        CHECK(phi(k, at) == doctest::Approx(wide_phi(k, at)).epsilon(1e-14));
      }
    }
    CHECK(phi(k, 0.0) == doctest::Approx(1.0 / std::tgamma(k + 1)).epsilon(1e-15));
  }
}

TEST_CASE("exact_weights: polynomials through the nodes are integrated exactly") {
  // For p(u) = (u - u_S)^i the step has to add INT p d rho, or T INT p d(1 / rho).
  const double from = 1.7;
  for (const double to : {1.6999, 1.2, 0.3, 0.01}) {
    for (const auto predict : {Prediction::noise, Prediction::data}) {
      for (const auto variable :
           {Interpolation::lambda, Interpolation::rho, Interpolation::alpha_bar}) {
        const std::vector<double> nodes{from, 2.1, 3.0, 4.2};
        for (std::size_t count = 1; count <= nodes.size(); ++count) {
          const auto weights = exact_weights(predict, variable, from, to, {nodes.data(), count});
          for (std::size_t i = 0; i < count; ++i) {
            CAPTURE(to);
            CAPTURE(count);
            CAPTURE(i);
            const auto p = [&](double rho) {
              return std::pow(variable_of(variable, rho) - variable_of(variable, from),
                              static_cast<double>(i));
            };
            double sum = 0.0;
            double size = 0.0;
            for (std::size_t j = 0; j < count; ++j) {
              sum += weights.node[j] * p(nodes[j]);
              size += std::abs(weights.node[j] * p(nodes[j]));
            }
            const double expected =
                predict == Prediction::noise
                    ? -integral(p, to, from)
                    : to * integral([&](double kappa) { return p(1.0 / kappa); }, 1.0 / from,
                                    1.0 / to);
            CHECK(std::abs(sum - expected) <= 1e-11 * size);
          }
        }
      }
    }
  }
}

TEST_CASE("exact_weights: weights add up to the whole step") {
  const std::vector<double> nodes{0.9, 1.4, 1.5};
  for (const auto variable :
       {Interpolation::lambda, Interpolation::rho, Interpolation::alpha_bar}) {
    const auto noise = exact_weights(Prediction::noise, variable, 0.9, 0.4, nodes);
    const auto data = exact_weights(Prediction::data, variable, 0.9, 0.4, nodes);
    CHECK(noise.carry == 1.0);
    CHECK(noise.node[0] + noise.node[1] + noise.node[2] == doctest::Approx(-0.5).epsilon(1e-13));
    CHECK(data.carry + data.node[0] + data.node[1] + data.node[2] ==
          doctest::Approx(1.0).epsilon(1e-13));
  }
}

TEST_CASE("exact_weights: on equal steps of rho they are the Adams-Bashforth weights") {
  const std::vector<double> nodes{1.0, 1.1, 1.2, 1.3};
  const auto weights = exact_weights(Prediction::noise, Interpolation::rho, 1.0, 0.9, nodes);
  const double adams[] = {55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0};
  for (std::size_t j = 0; j < 4; ++j) {
    CHECK(weights.node[j] == doctest::Approx(-0.1 * adams[j]).epsilon(1e-12));
  }
}

TEST_CASE("exact_weights: the linear term in alpha_bar integrates to an arcsine") {
  // INT (abar - abar_S) d rho = asin sqrt abar_S - asin sqrt abar_T - abar_S (T - S)
  const double from = 2.0, to = 0.5, before = 3.0;
  const auto weights = exact_weights(Prediction::noise, Interpolation::alpha_bar, from, to,
                                     std::vector{from, before});
  const auto bar = [](double rho) { return 1.0 / (1.0 + rho * rho); };
  const double expected =
      std::asin(std::sqrt(bar(from))) - std::asin(std::sqrt(bar(to))) - bar(from) * (to - from);
  CHECK(weights.node[1] * (bar(before) - bar(from)) == doctest::Approx(expected).epsilon(1e-12));
}

TEST_CASE("exact_weights: bad input is named") {
  const std::vector<double> nodes{1.0, 1.0};
  CHECK_THROWS_WITH_AS(
      exact_weights(Prediction::noise, Interpolation::rho, 1.0, 0.5, std::vector<double>{}),
      "exact_weights: nodes.size() is 0, expected between 1 and 4", std::invalid_argument);
  CHECK_THROWS_WITH_AS(exact_weights(Prediction::noise, Interpolation::rho, -1.0, 0.5, nodes),
                       "exact_weights: from is -1, expected a positive level",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(exact_weights(Prediction::noise, Interpolation::rho, 1.0, 2.0, nodes),
                       "exact_weights: to is 2, expected between 0 and from, which is 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(exact_weights(Prediction::noise, Interpolation::rho, 1.0, 0.5, nodes),
                       "exact_weights: nodes is 1, expected distinct levels",
                       std::invalid_argument);
}
