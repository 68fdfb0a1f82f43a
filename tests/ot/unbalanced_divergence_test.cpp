#include "pushforward/ot/unbalanced_divergence.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/ot/gaussian.hpp"
#include "pushforward/ot/sinkhorn_divergence.hpp"

#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

UnbalancedOptions both(MarginalPenalty penalty, double rho, double epsilon) {
  return {.epsilon = epsilon,
          .source = {.penalty = penalty, .rho = rho},
          .target = {.penalty = penalty, .rho = rho},
          .tolerance = 1e-10};
}

const auto kl = MarginalPenalty::kullback_leibler;

}  // namespace

TEST_CASE("unbalanced divergence: not negative, symmetric, and zero for equal measures") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Splitmix draws(seed);
    const Index n = 4 + Index(seed % 7), m = 3 + Index(seed % 5);
    const Matrix x = draws.uniform(2, n), y = draws.uniform(2, m);
    const Vector a = draws.uniform(n, 1), b = draws.uniform(m, 1);
    for (const auto penalty : {kl, MarginalPenalty::total_variation}) {
      const auto options = both(penalty, 0.4, 0.05);
      const auto there = unbalanced_divergence(x, a, y, b, {}, options);
      const auto back = unbalanced_divergence(y, b, x, a, {}, options);
      CHECK(there.converged);
      CHECK(there.certificate.dual <= there.divergence + 1e-15);
      CHECK(there.divergence <= there.certificate.primal + 1e-15);
      // Each of three values, at most 10, is right to 1e-10 of itself.
      CHECK(there.divergence >= -1e-8);
      CHECK(std::abs(there.divergence - back.divergence) <= 1e-8);
      const auto own = unbalanced_divergence(x, a, x, a, {}, options);
      CHECK(std::abs(own.divergence) <= 1e-8);
    }
  }
}

TEST_CASE("unbalanced divergence: self transport is the transport of a measure to itself") {
  Splitmix draws(4);
  const Matrix x = draws.uniform(2, 15);
  const Vector a = draws.uniform(15, 1);
  for (const auto penalty : {kl, MarginalPenalty::total_variation, MarginalPenalty::exact}) {
    const auto options = both(penalty, 0.4, 0.05);
    const auto self = unbalanced_self_transport(a, PointCost(x, x), options);
    const auto both_sides = unbalanced_transport(a, a, PointCost(x, x), options);
    REQUIRE(self.converged);
    REQUIRE(both_sides.converged);
    CHECK(self.f == self.g);
    CHECK(self.certificate.dual == doctest::Approx(both_sides.certificate.dual).epsilon(1e-9));
    CHECK((self.row_marginal - both_sides.row_marginal).cwiseAbs().maxCoeff() < 1e-4);
  }
}

TEST_CASE("unbalanced divergence: between point masses it follows from the closed form") {
  const Matrix x = Matrix::Zero(1, 1), y = Matrix::Constant(1, 1, 0.7);
  const double p = 1.3, q = 0.6, rho = 0.8, epsilon = 0.3;
  const Vector a = Vector::Constant(1, p), b = Vector::Constant(1, q);
  const auto value = [&](double s, double t, double c) {
    return two_point_kullback_leibler(s, t, c, rho, epsilon).value;
  };
  const double closed = value(p, q, 0.49) - 0.5 * (value(p, p, 0.0) + value(q, q, 0.0)) +
                        0.5 * epsilon * (p - q) * (p - q);
  const auto result = unbalanced_divergence(x, a, y, b, {}, both(kl, rho, epsilon));
  CHECK(std::abs(result.divergence - closed) <= 1e-9);
}

TEST_CASE(
    "unbalanced divergence: between Gaussians of unequal mass it follows from the closed form") {
  const Index n = 161;
  const Matrix x = Vector::LinSpaced(n, -6.0, 6.0).transpose();
  const auto on_grid = [&](double mean, double variance, double mass) {
    Vector w = (-0.5 / variance * (x.row(0).transpose().array() - mean).square()).exp();
    return Vector(w * (mass / w.sum()));
  };
  const auto law = [](double mean, double variance) {
    return Gaussian{Vector::Constant(1, mean), Matrix::Constant(1, 1, variance)};
  };
  const double p = 1.3, q = 0.6, rho = 2.0, epsilon = 0.4;
  const Gaussian left = law(0.3, 0.5), right = law(-0.4, 0.3);
  const auto value = [&](const Gaussian& s, double ms, const Gaussian& t, double mt) {
    return gaussian_unbalanced(s, ms, t, mt, epsilon, rho).value;
  };
  const double closed = value(left, p, right, q) -
                        0.5 * (value(left, p, left, p) + value(right, q, right, q)) +
                        0.5 * epsilon * (p - q) * (p - q);
  const auto result = unbalanced_divergence(x, on_grid(0.3, 0.5, p), x, on_grid(-0.4, 0.3, q), {},
                                            both(kl, rho, epsilon));
  REQUIRE(result.converged);
  // Three values of order one, each right to 1e-10; the grid errs by less than 1e-12.
  CHECK(std::abs(result.divergence - closed) <= 1e-8);
}

TEST_CASE("unbalanced divergence: with exact marginals it is Sinkhorn's") {
  Splitmix draws(3);
  const Matrix x = draws.uniform(2, 12), y = draws.uniform(2, 9);
  const TransportProblem problem{DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(y)};
  const double balanced =
      sinkhorn_divergence(problem, {.epsilon = 0.1, .tolerance = 1e-12}).divergence;
  const auto exact = both(MarginalPenalty::exact, 1.0, 0.1);
  const auto result =
      unbalanced_divergence(x, problem.source.weights(), y, problem.target.weights(), {}, exact);
  CHECK(std::abs(result.divergence - balanced) <= 1e-8);
  CHECK(std::isnan(result.certificate.primal));  // the coupling violates what is exact
}

TEST_CASE("unbalanced divergence: stopped runs say so, bad input is named") {
  const Matrix x = Matrix::Zero(1, 1);
  const Vector a = Vector::Ones(1);
  const auto stopped = unbalanced_divergence(x, a, Matrix::Ones(1, 1), a, {}, both(kl, 1.0, 0.1),
                                             [](const Progress&) { return false; });
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.termination == Termination::interrupted);
  auto options = both(kl, 1.0, 0.1);
  options.target.rho = 2.0;
  CHECK(refusal([&] { unbalanced_divergence(x, a, x, a, {}, options); }) ==
        "unbalanced_self_transport: options.target is \"another penalty\", expected that of "
        "options.source");
  CHECK(refusal([&] { unbalanced_self_transport(a, MatrixCost(Matrix::Ones(1, 2))); }) ==
        "unbalanced_self_transport: cost.cols() is 2, expected 1, as many as rows");
  options = both(kl, 1.0, 0.1);
  options.reference = EntropyReference::counting;
  CHECK(refusal([&] { unbalanced_divergence(x, a, x, a, {}, options); }) ==
        "unbalanced_divergence: options.reference is \"counting\", expected product: another "
        "reference has no debiased form");
  options = both(kl, 1.0, 0.0);
  CHECK(contains(refusal([&] { unbalanced_divergence(x, a, x, a, {}, options); }), "epsilon is 0"));
}
