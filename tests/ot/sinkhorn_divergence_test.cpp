#include "pushforward/ot/sinkhorn_divergence.hpp"

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("sinkhorn divergence: not negative, symmetric, and zero for equal measures") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto problem = random_problem(8 + Index(seed % 5), 7 + Index(seed % 7), 2, seed);
    for (const double epsilon : {1.0, 0.05}) {
      const SinkhornOptions options{.epsilon = epsilon, .tolerance = 1e-10};
      const auto forth = sinkhorn_divergence(problem, options);
      REQUIRE(forth.converged);
      CHECK(forth.divergence >= -1e-9);
      const auto back = sinkhorn_divergence({problem.target, problem.source}, options);
      CHECK(std::abs(forth.divergence - back.divergence) <= 1e-12);
      const auto none = sinkhorn_divergence({problem.source, problem.source}, options);
      CHECK(std::abs(none.divergence) <= 1e-12);
    }
  }
}

TEST_CASE("sinkhorn divergence: self transport is the transport of a measure to itself") {
  const auto problem = random_problem(25, 4, 3, 2);
  const SinkhornOptions options{.epsilon = 0.02, .tolerance = 1e-11};
  const auto self = self_transport(problem.source, {}, options);
  const auto plain = sinkhorn({problem.source, problem.source}, options);
  REQUIRE(self.converged);
  CHECK(self.kl_cost == doctest::Approx(plain.kl_cost).epsilon(1e-11));
  CHECK(distance(self.f, plain.f) <= 1e-8);
  CHECK(self.iterations < 60);
}

TEST_CASE("sinkhorn divergence: of a translate it is the squared length") {
  // Debiased, the divergence of squared distances is |v|^2 exactly: cross terms are linear.
  Splitmix random(3);
  const Matrix x = random.uniform(2, 30);
  const Vector v = (Vector(2) << 0.4, -0.7).finished();
  const TransportProblem problem{DiscreteMeasure::uniform(x),
                                 DiscreteMeasure::uniform(x.colwise() + v)};
  for (const double epsilon : {0.5, 0.05}) {
    const auto result = sinkhorn_divergence(problem, {.epsilon = epsilon, .tolerance = 1e-10});
    CHECK(result.divergence == doctest::Approx(v.squaredNorm()).epsilon(1e-9));
  }
}

TEST_CASE("sinkhorn divergence: between Diracs it is their cost") {
  const TransportProblem problem{DiscreteMeasure::uniform(Vector::Zero(3)),
                                 DiscreteMeasure::uniform(Vector::Constant(3, 2.0))};
  CHECK(sinkhorn_divergence(problem).divergence == doctest::Approx(12.0).epsilon(1e-14));
}

TEST_CASE("sinkhorn divergence: kept self transports give the same bits, others are refused") {
  const auto problem = random_problem(12, 13, 2, 4);
  const SinkhornOptions options{.epsilon = 0.1};
  const auto source = self_transport(problem.source, {}, options);
  const auto target = self_transport(problem.target, {}, options);
  CHECK(sinkhorn_divergence(problem, source, target, options).divergence ==
        sinkhorn_divergence(problem, options).divergence);
  CHECK_THROWS_WITH_AS(sinkhorn_divergence(problem, source, target, {.epsilon = 0.2}),
                       "sinkhorn_divergence: source.epsilon is 0.1, expected the epsilon of the "
                       "options, 0.2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(sinkhorn_divergence(problem, target, target, options),
                       "sinkhorn_divergence: source.f.size() is 13, expected 12",
                       std::invalid_argument);
}

TEST_CASE("sinkhorn divergence: moving weight follows the first variation") {
  auto problem = random_problem(10, 12, 2, 5);
  const SinkhornOptions options{.epsilon = 0.1, .tolerance = 1e-13};
  const auto result = sinkhorn_divergence(problem, options);
  const double h = 1e-5;
  const auto moved = [&](double by) {
    Vector a = problem.source.weights();
    a[2] += by;
    a[7] -= by;
    const TransportProblem other{DiscreteMeasure(problem.source.points(), a), problem.target};
    return sinkhorn_divergence(other, options).divergence;
  };
  const double slope = (moved(h) - moved(-h)) / (2.0 * h);
  CHECK(slope ==
        doctest::Approx(result.source_variation[2] - result.source_variation[7]).epsilon(1e-5));
}
