#include "pushforward/ot/warm_start.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/entropic_partial.hpp"
#include "pushforward/ot/unbalanced.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

/// Problems on the points of one, with other weights.
TransportProblem reweighted(const TransportProblem& problem, std::uint64_t seed) {
  Splitmix random(seed);
  return {DiscreteMeasure(problem.source.points(), random_weights(random, problem.source.size()),
                          Mass::normalise),
          DiscreteMeasure(problem.target.points(), random_weights(random, problem.target.size()),
                          Mass::normalise),
          problem.cost};
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

TEST_CASE("warm start: any potential leads to the same solution, the solution ends at one check") {
  for (const auto method : {SinkhornMethod::automatic, SinkhornMethod::sinkhorn,
                            SinkhornMethod::sparse_newton, SinkhornMethod::truncated_newton}) {
    CAPTURE(name(method));
    const auto problem = random_problem(25, 30, 2, 4);
    const SinkhornOptions options{.epsilon = 0.02, .method = method, .tolerance = 1e-10};
    const auto cold = sinkhorn(problem, options);
    REQUIRE(cold.converged);
    for (const double size : {0.0, 0.1, 10.0, 1e4}) {
      CAPTURE(size);
      Splitmix random(9);
      const auto f_start = sinkhorn_from({.f = size * random.uniform(25, 1)}, problem, options);
      const auto g_start = sinkhorn_from({.g = size * random.uniform(30, 1)}, problem, options);
      for (const auto* warm : {&f_start, &g_start}) {
        REQUIRE(warm->converged);
        // Potentials of a marginal error e differ by about epsilon e / min weight.
        CHECK(distance(warm->f, cold.f) < 1e-8);
        CHECK(distance(warm->g, cold.g) < 1e-8);
      }
    }
    const auto again = sinkhorn_from({.f = cold.f, .g = cold.g}, problem, options);
    CHECK(again.converged);
    CHECK(again.iterations <= 1);
    CHECK(sinkhorn_from({.g = cold.g}, problem, options).iterations <= 1);
  }
}

TEST_CASE("warm start: unbalanced and partial transport start where they are told to") {
  const auto problem = random_problem(20, 25, 2, 7);
  const Vector &a = problem.source.weights(), &b = problem.target.weights();
  const auto cost = problem.cost_view();
  for (const auto penalty : {MarginalPenalty::kullback_leibler, MarginalPenalty::total_variation}) {
    UnbalancedOptions options{.epsilon = 0.05, .tolerance = 1e-11};
    options.source.penalty = options.target.penalty = penalty;
    const auto cold = unbalanced_transport(a, b, cost, options);
    REQUIRE(cold.converged);
    const auto again = unbalanced_transport_from(cold.f, a, b, cost, options);
    CHECK(again.converged);
    CHECK(again.iterations <= 1);
    Splitmix random(2);
    const auto bad = unbalanced_transport_from(20.0 * random.uniform(20, 1), a, b, cost, options);
    REQUIRE(bad.converged);
    CHECK(bad.certificate.dual == doctest::Approx(cold.certificate.dual).epsilon(1e-9));
    CHECK(bad.mass == doctest::Approx(cold.mass).epsilon(1e-5));
  }
  const EntropicPartialOptions options{.epsilon = 0.05, .tolerance = 1e-10};
  const auto cold = entropic_partial(a, b, cost, 0.6, options);
  REQUIRE(cold.converged);
  const auto again = entropic_partial_from(cold.f, a, b, cost, 0.6, options);
  CHECK(again.converged);
  CHECK(again.iterations <= 1);
  Splitmix random(2);
  const auto bad = entropic_partial_from(-20.0 * random.uniform(20, 1), a, b, cost, 0.6, options);
  REQUIRE(bad.converged);
  CHECK(bad.dual == doctest::Approx(cold.dual).epsilon(1e-9));
}

TEST_CASE("predictors: zeros before, the last or the nearest solution after") {
  LastSolution last;
  NearestSolution nearest;
  RidgePotentials ridge;
  const Vector a = Vector::Constant(3, 1.0 / 3), b = Vector::Constant(2, 0.5);
  for (PotentialPredictor* predictor :
       {static_cast<PotentialPredictor*>(&last), static_cast<PotentialPredictor*>(&nearest),
        static_cast<PotentialPredictor*>(&ridge)}) {
    CHECK(predictor->predict(a, b) == Vector::Zero(3));
    predictor->learn((Vector(3) << 0.5, 0.3, 0.2).finished(), b, (Vector(3) << 3, 1, 2).finished());
    CHECK(predictor->predict(a, b) == (Vector(3) << 1, -1, 0).finished());
    predictor->learn((Vector(3) << 0.2, 0.3, 0.5).finished(), b, (Vector(3) << 0, 3, 0).finished());
    CHECK(predictor->size() == 2);
  }
  CHECK(last.predict(a, b) == (Vector(3) << -1, 2, -1).finished());
  CHECK(nearest.predict((Vector(3) << 0.4, 0.4, 0.2).finished(), b) ==
        (Vector(3) << 1, -1, 0).finished());
  // Half way between two observations a regression gives their mean.
  CHECK(ridge.predict((Vector(3) << 0.35, 0.3, 0.35).finished(), b).norm() ==
        doctest::Approx((Vector(3) << 0, 0.5, -0.5).finished().norm()).epsilon(1e-12));
}

TEST_CASE("ridge potentials: a linear law is found from enough observations") {
  const Index n = 4, m = 3, count = 30;
  Splitmix random(5);
  const Matrix slope = random.uniform(n, n + m);
  const auto law = [&](const Vector& a, const Vector& b) {
    Vector weights(n + m);
    weights << a, b;
    const Vector f = slope * weights;
    return Vector(f.array() - f.mean());
  };
  RidgePotentials ridge(1e-10);
  for (Index k = 0; k < count; ++k) {
    const Vector a = random.uniform(n, 1), b = random.uniform(m, 1);
    ridge.learn(a, b, law(a, b));
  }
  const Vector a = random.uniform(n, 1), b = random.uniform(m, 1);
  CHECK(distance(ridge.predict(a, b), law(a, b)) < 1e-8);  // the ridge, times the spread of slopes
}

TEST_CASE("predictors: regression starts nearer than a neighbour, a neighbour than zero") {
  const auto points = random_problem(20, 25, 2, 11);
  const SinkhornOptions options{
      .epsilon = 0.1, .method = SinkhornMethod::sinkhorn, .tolerance = 1e-9, .certificate = false};
  NearestSolution nearest;
  RidgePotentials ridge;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const auto problem = reweighted(points, seed);
    const auto solved = sinkhorn(problem, options);
    nearest.learn(problem.source.weights(), problem.target.weights(), solved.f);
    ridge.learn(problem.source.weights(), problem.target.weights(), solved.f);
  }
  std::int64_t saved_by_nearest = 0, saved_by_ridge = 0;
  double distance_nearest = 0.0, distance_ridge = 0.0;
  for (std::uint64_t seed = 100; seed < 120; ++seed) {
    const auto problem = reweighted(points, seed);
    const Vector &a = problem.source.weights(), &b = problem.target.weights();
    const auto by_nearest = compare_warm_start(nearest.predict(a, b), problem, options);
    const auto by_ridge = compare_warm_start(ridge.predict(a, b), problem, options);
    REQUIRE(by_nearest.warm.converged);
    REQUIRE(by_ridge.warm.converged);
    CHECK(by_ridge.cold.passes - by_ridge.warm.passes == by_ridge.passes_saved());
    saved_by_nearest += by_nearest.passes_saved();
    saved_by_ridge += by_ridge.passes_saved();
    const Vector exact = by_ridge.cold.f.array() - by_ridge.cold.f.mean();
    distance_nearest += distance(nearest.predict(a, b), exact);
    distance_ridge += distance(ridge.predict(a, b), exact);
  }
  CHECK(distance_ridge < 0.7 * distance_nearest);
  CHECK(saved_by_nearest > 0);
  CHECK(saved_by_ridge > saved_by_nearest);
}

TEST_CASE("warm start: bad input is refused") {
  const auto problem = random_problem(3, 2, 1, 1);
  const auto refused = [](const auto& call, const char* message) {
    CHECK_THROWS_WITH_AS(call(), message, std::invalid_argument);
  };
  refused([&] { sinkhorn_from(WarmStart{}, problem); },
          "sinkhorn_from: start is \"empty\", expected a source or a target potential");
  refused([&] { sinkhorn_from({.g = Vector::Zero(3)}, problem); },
          "sinkhorn_from: g.size() is 3, expected 2");
  refused([&] { sinkhorn_from({.g = Vector::Constant(2, infinity)}, problem); },
          "sinkhorn_from: g[0] is inf, expected a finite number");
  refused([&] { sinkhorn_from({.f = Vector::Zero(2)}, problem); },
          "SinkhornSolver: f.size() is 2, expected 3");
  const Vector a = problem.source.weights(), b = problem.target.weights();
  const auto cost = problem.cost_view();
  refused([&] { unbalanced_transport_from(Vector::Zero(2), a, b, cost); },
          "unbalanced_transport: f.size() is 2, expected 3");
  refused([&] { unbalanced_transport_from(Vector::Constant(3, infinity), a, b, cost); },
          "unbalanced_transport: f[0] is inf, expected a finite number");
  refused([&] { entropic_partial_from(Vector::Zero(2), a, b, cost, 0.5); },
          "entropic_partial: f.size() is 2, expected 3");
  LastSolution last;
  refused([&] { last.predict(Vector(), b); },
          "PotentialPredictor: a.size() is 0, expected at least 1");
  refused([&] { last.learn(a, b, Vector::Zero(2)); },
          "PotentialPredictor: f.size() is 2, expected 3");
  last.learn(a, b, Vector::Zero(3));
  refused([&] { last.predict(b, b); }, "PotentialPredictor: a.size() is 2, expected 3");
  refused([&] { last.learn(a, a, Vector::Zero(3)); },
          "PotentialPredictor: b.size() is 3, expected 2");
  refused([] { RidgePotentials(0.0); }, "RidgePotentials: ridge is 0, expected greater than 0");
}
