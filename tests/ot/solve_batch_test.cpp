#include "pushforward/ot/solve_batch.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("solve batch: equals the loop to the bit, for any number of threads") {
  std::vector<TransportProblem> problems;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    problems.push_back(random_problem(10 + Index(seed), 20 - Index(seed), 2, seed));
  }
  for (const int threads : {0, 1, 2, 3, 8}) {
    const auto batch = sinkhorn_batch(problems, {.epsilon = 0.1, .threads = threads});
    REQUIRE(batch.size() == problems.size());
    for (std::size_t k = 0; k < batch.size(); ++k) {
      REQUIRE(batch[k].ok());
      const auto alone = sinkhorn(problems[k], {.epsilon = 0.1});
      CHECK(batch[k].result->f == alone.f);
      CHECK(batch[k].result->g == alone.g);
      CHECK(batch[k].result->passes == alone.passes);
      CHECK(batch[k].result->certificate.dual == alone.certificate.dual);
    }
  }
}

TEST_CASE("solve batch: a problem that fails or stops early leaves the others alone") {
  std::vector<TransportProblem> problems;
  for (std::uint64_t seed = 0; seed < 6; ++seed) problems.push_back(random_problem(8, 8, 2, seed));
  problems[2].target = DiscreteMeasure::uniform(Matrix::Ones(3, 4));
  const auto batch = sinkhorn_batch(problems, {.epsilon = 0.1, .threads = 3});
  for (std::size_t k = 0; k < batch.size(); ++k) {
    CHECK(batch[k].ok() == (k != 2));
    CHECK(batch[k].error.empty() == (k != 2));
    if (batch[k].ok()) CHECK(batch[k].result->converged);
  }
  CHECK(batch[2].error.find("PointCost") != std::string::npos);
  const auto stopped = sinkhorn_batch({problems[0]}, {.epsilon = 1e-3, .max_passes = 4});
  REQUIRE(stopped[0].ok());
  CHECK(stopped[0].result->termination == Termination::max_iterations);
}

TEST_CASE("solve batch: any solver, any exception, and nothing at all") {
  std::vector<TransportProblem> problems;
  for (std::uint64_t seed = 0; seed < 4; ++seed) problems.push_back(random_problem(7, 9, 2, seed));
  const auto exact = solve_batch(
      problems, [](const TransportProblem& p) { return network_simplex(p, {.threads = 1}); }, 2);
  for (std::size_t k = 0; k < 4; ++k) {
    REQUIRE(exact[k].ok());
    CHECK(exact[k].result->transport_cost == network_simplex(problems[k]).transport_cost);
  }
  const std::vector<int> numbers{1, 2, 3};
  const auto squares = solve_batch(numbers, [](int n) {
    if (n == 2) throw 7;
    return n * n;
  });
  CHECK(squares[0].result == 1);
  CHECK(squares[1].error == "an exception that is no std::exception");
  CHECK(squares[2].result == 9);
  CHECK(sinkhorn_batch({}).empty());
  CHECK_THROWS_WITH_AS(solve_batch(
                           numbers, [](int n) { return n; }, -1),
                       "solve_batch: threads is -1, expected at least 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(sinkhorn_batch(problems, {.epsilon = 0.0}),
                       "SinkhornOptions: epsilon is 0, expected greater than 0",
                       std::invalid_argument);
}
