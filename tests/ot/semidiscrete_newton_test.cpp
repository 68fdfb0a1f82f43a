#include "pushforward/ot/semidiscrete_newton.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

std::shared_ptr<const Box> unit_square() { return std::make_shared<Box>(Box::unit(2)); }

Matrix uniforms(Index n, std::uint64_t seed) {
  Matrix y(2, n);
  fill_uniform({.seed = seed}, y, 1);
  return y;
}

Matrix square_grid(Index k) {
  Matrix y(2, k * k);
  for (Index j = 0; j < k * k; ++j) {
    y(0, j) = (static_cast<double>(j % k) + 0.5) / static_cast<double>(k);
    y(1, j) = (static_cast<double>(j / k) + 0.5) / static_cast<double>(k);
  }
  return y;
}

}  // namespace

TEST_CASE("semidiscrete_newton: two sites part a square at the quantile of their axis") {
  // The border is at x = nu_1, and w_1 - w_2 = (x - a)^2 - (x - b)^2 there.
  const double a = 0.2, b = 0.9, mass = 0.3;
  Matrix y(2, 2);
  y << a, b, 0.4, 0.4;

  const auto result = semidiscrete_newton(
      {unit_square(), DiscreteMeasure(y, (Vector(2) << mass, 1.0 - mass).finished())});

  REQUIRE(result.converged);
  const double apart = std::pow(mass - a, 2) - std::pow(mass - b, 2);
  CHECK(result.weights[0] - result.weights[1] == doctest::Approx(apart).epsilon(1e-12));
  const auto cube = [](double x) { return x * x * x / 3.0; };
  const double across = cube(mass - a) - cube(-a) + cube(1.0 - b) - cube(mass - b);
  const double along = cube(0.6) - cube(-0.4);
  CHECK(result.primal.value == doctest::Approx(across + along).epsilon(1e-12));
}

TEST_CASE("semidiscrete_newton: a grid of sites has weights zero and cost d / (12 k^2)") {
  for (const Index k : {1, 2, 7, 20}) {
    const auto result =
        semidiscrete_newton({unit_square(), DiscreteMeasure::uniform(square_grid(k))});
    REQUIRE(result.converged);
    CHECK(result.weights.cwiseAbs().maxCoeff() < 1e-14);
    CHECK(result.primal.value ==
          doctest::Approx(2.0 / (12.0 * static_cast<double>(k * k))).epsilon(1e-12));
  }
}

TEST_CASE("semidiscrete_newton: random sites reach their masses with primal and dual equal") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto result = semidiscrete_newton(
        {unit_square(), DiscreteMeasure::uniform(uniforms(200, seed))}, {.tolerance = 1e-10});
    REQUIRE(result.converged);
    CHECK(result.mass_error <= 1e-10);
    CHECK(result.mass_residual < 1e-12);
    CHECK(result.dual.value == doctest::Approx(result.primal.value).epsilon(1e-12));
  }
}
