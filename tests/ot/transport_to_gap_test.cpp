#include "pushforward/ot/transport_to_gap.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/assignment.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("transport to gap: the bounds are as close as asked and hold the exact cost") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    Splitmix random(seed);
    const Index n = 10 + Index(seed);
    const TransportProblem problem{DiscreteMeasure::uniform(random.uniform(2, n)),
                                   DiscreteMeasure::uniform(random.uniform(2, n))};
    const double exact =
        assignment_squared_euclidean(problem.source.points(), problem.target.points()).mean_cost;
    for (const double gap : {0.1, 1e-2, 1e-4}) {
      for (const std::int64_t stored : {std::int64_t{0}, std::int64_t{1'000'000}}) {
        const auto result = transport_to_gap(problem, {.gap = gap, .stored_pairs = stored});
        REQUIRE(result.converged);
        CHECK(result.residual <= gap);
        CHECK(result.certificate.dual <= exact);
        CHECK(exact <= result.certificate.primal);
        CHECK(result.certificate.gap() <= gap * result.certificate.primal);
        CHECK(result.transport_cost <= result.certificate.primal);
      }
    }
  }
}

TEST_CASE("transport to gap: weights of 1e-300 and zero stand in the way of nothing") {
  Splitmix random(2);
  Vector a = random_weights(random, 20);
  a[3] = 1e-300;
  a[4] = 0.0;
  const TransportProblem problem{DiscreteMeasure(random.uniform(3, 20), a, Mass::normalise),
                                 DiscreteMeasure::uniform(random.uniform(3, 15))};
  const auto result = transport_to_gap(problem, {.gap = 1e-3});
  CHECK(result.converged);
}

TEST_CASE("transport to gap: out of passes it still brackets") {
  const auto problem = random_problem(60, 60, 2, 3);
  const auto good = transport_to_gap(problem, {.gap = 1e-3});
  REQUIRE(good.converged);
  const auto result = transport_to_gap(problem, {.gap = 1e-9, .max_passes = 80});
  CHECK(!result.converged);
  CHECK(result.termination == Termination::max_iterations);
  CHECK(result.certificate.dual <= good.certificate.primal);
  CHECK(good.certificate.dual <= result.certificate.primal);
}

TEST_CASE("transport to gap: bad options are named") {
  CHECK_THROWS_WITH_AS(transport_to_gap(random_problem(3, 3, 2, 1), {.gap = 0.0}),
                       "TransportToGapOptions: gap is 0, expected greater than 0",
                       std::invalid_argument);
}
