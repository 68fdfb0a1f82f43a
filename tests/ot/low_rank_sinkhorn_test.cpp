#include "pushforward/ot/low_rank_sinkhorn.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

Matrix plan_of(const LowRankResult& result) {
  return result.q * result.g.cwiseInverse().asDiagonal() * result.r.transpose();
}

// Four clusters, moved by different amounts.
TransportProblem clusters(std::uint64_t seed) {
  Splitmix random(seed);
  Matrix x = 0.1 * random.uniform(2, 40), y = 0.1 * random.uniform(2, 40);
  for (Index i = 0; i < 40; ++i) {
    x.col(i) += Vector::Constant(2, double(i % 4));
    y.col(i) += Vector::Constant(2, double(i % 4) + 0.2);
  }
  return {DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(y)};
}

}  // namespace

TEST_CASE("low rank: the factors are couplings, and so is their product") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto problem = random_problem(15, 20, 2, seed);
    const auto result = low_rank_sinkhorn(problem, {.rank = 4, .max_iterations = 30});
    const Vector& a = problem.source.weights();
    const Vector& b = problem.target.weights();
    CHECK(result.q.minCoeff() >= 0.0);
    CHECK(result.r.minCoeff() >= 0.0);
    CHECK(distance(result.q.rowwise().sum(), a) <= 1e-14);
    CHECK(distance(result.r.rowwise().sum(), b) <= 1e-14);
    const Matrix plan = plan_of(result);
    CHECK(marginal_error(plan, a, b) <= 1e-13);
    CHECK(plan.cwiseProduct(cost_matrix(problem)).sum() ==
          doctest::Approx(result.transport_cost).epsilon(1e-11));
    CHECK(result.transport_cost >= network_simplex(problem).certificate.dual);
  }
}

TEST_CASE("low rank: rank one is the product coupling") {
  const auto problem = random_problem(12, 9, 3, 2);
  const auto result = low_rank_sinkhorn(problem, {.rank = 1});
  const double product =
      problem.source.weights().dot(cost_matrix(problem) * problem.target.weights());
  CHECK(result.converged);
  CHECK(result.transport_cost == doctest::Approx(product).epsilon(1e-12));
}

TEST_CASE("low rank: on four clusters the cost falls with the rank and four is enough") {
  const auto problem = clusters(3);
  const double exact = network_simplex(problem).transport_cost;
  double before = 1e300;
  for (const int rank : {1, 2, 4}) {
    const double cost =
        low_rank_sinkhorn(problem, {.rank = rank, .max_iterations = 150}).transport_cost;
    CHECK(cost <= before + 1e-9);
    before = cost;
  }
  // Within a cluster of width 0.1 a product coupling costs at most 0.02 more.
  CHECK(before - exact <= 0.02);
}

TEST_CASE("low rank: bad input is named") {
  const auto problem = random_problem(4, 5, 2, 1);
  CHECK_THROWS_WITH_AS(low_rank_sinkhorn(problem, {.rank = 0}),
                       "LowRankOptions: rank is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(low_rank_sinkhorn(random_problem(4, 5, 2, 1, Cost::euclidean())),
                       "low_rank_sinkhorn: cost is \"euclidean\", expected squared_euclidean, "
                       "half_squared_euclidean or negative_dot",
                       std::invalid_argument);
}
