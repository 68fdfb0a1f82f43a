#include "pushforward/ot/entropic_partial.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/ot/partial.hpp"
#include "pushforward/ot/sinkhorn.hpp"

#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

using Problem = UnequalProblem;

}  // namespace

TEST_CASE("entropic partial: marginals are kept, the mass is moved, and exact costs are less") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Problem p = unequal_problem_with_zeros(seed);
    const MatrixCost cost(p.cost);
    const PartialPath path = partial_path(p.a, p.b, cost);
    const double least = std::min(p.a.sum(), p.b.sum());
    for (const double share : {0.2, 0.7}) {
      const double mass = share * least, epsilon = 0.02;
      const EntropicPartialResult result =
          entropic_partial(p.a, p.b, cost, mass, {.epsilon = epsilon, .tolerance = 1e-7});
      CHECK(result.converged);
      CHECK(std::abs(result.mass - mass) <= 1e-6 * mass);
      CHECK((result.row_marginal - p.a).maxCoeff() <= 1e-12);
      CHECK((result.col_marginal - p.b).maxCoeff() <= 1e-9);
      CHECK(result.f.maxCoeff() <= 0.0);
      CHECK(result.g.maxCoeff() <= 0.0);
      CHECK(result.linear_cost >= path.cost_at(result.mass) - 1e-9);
      // The exact coupling is a candidate of the regularised problem.
      const PartialResult exact = partial_transport(p.a, p.b, cost, mass);
      double entropy = p.a.sum() * p.b.sum() - mass;
      for (const auto& e : exact.coupling.entries()) {
        entropy += e.mass * std::log(e.mass / (p.a[e.row] * p.b[e.col]));
      }
      CHECK(result.dual <= exact.transport_cost + epsilon * entropy + 1e-9);
      // The dual is the value of the coupling, from its entries.
      double value = 0.0;
      for (Index i = 0; i < p.a.size(); ++i) {
        for (Index j = 0; j < p.b.size(); ++j) {
          const double product = p.a[i] * p.b[j];
          const double score =
              (result.f[i] + result.g[j] + result.multiplier - p.cost(i, j)) / epsilon;
          const double entry = product * std::exp(score);
          value += entry * (p.cost(i, j) + epsilon * score) + epsilon * (product - entry);
        }
      }
      CHECK(std::abs(value - result.dual) <= 1e-5);
    }
  }
}

TEST_CASE("entropic partial: all of balanced masses is Sinkhorn's problem") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Problem p = unequal_problem_with_zeros(100 + seed);
    p.a /= p.a.sum();
    p.b /= p.b.sum();
    const MatrixCost cost(p.cost);
    const EntropicPartialResult all =
        entropic_partial(p.a, p.b, cost, 1.0, {.epsilon = 0.1, .tolerance = 1e-9});
    const SinkhornResult balanced = sinkhorn(cost, p.a, p.b, {.epsilon = 0.1, .tolerance = 1e-11});
    CHECK(std::abs(all.linear_cost - balanced.linear_cost) <= 1e-6);
  }
}

TEST_CASE("entropic partial: finite for epsilon far below the costs, with a true status") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Problem p = unequal_problem_with_zeros(200 + seed);
    const MatrixCost cost(p.cost);
    const double mass = 0.5 * std::min(p.a.sum(), p.b.sum());
    const EntropicPartialResult result =
        entropic_partial(p.a, p.b, cost, mass, {.epsilon = 1e-5, .max_iterations = 2000});
    CHECK(std::isfinite(result.linear_cost));
    CHECK(result.f.allFinite());
    CHECK(result.g.allFinite());
    CHECK(result.termination != Termination::non_finite);
    CHECK((result.row_marginal - p.a).maxCoeff() <= 1e-9);
    CHECK((result.col_marginal - p.b).maxCoeff() <= 1e-9);
    CHECK(result.linear_cost >=
          partial_path(p.a, p.b, cost).cost_at(std::min(result.mass, 2.0 * mass)) - 1e-9);
  }
}

TEST_CASE("entropic partial: the same bits on any number of threads, and no sweeps") {
  Splitmix draws(11);
  const PointCost points(draws.uniform(2, 90), draws.uniform(2, 70));
  const Vector a = draws.uniform(90, 1), b = draws.uniform(70, 1);
  const EntropicPartialResult one = entropic_partial(a, b, points, 10.0, {.threads = 1});
  CHECK(one.converged);
  for (const int threads : {2, 3, 8}) {
    const EntropicPartialResult many = entropic_partial(a, b, points, 10.0, {.threads = threads});
    CHECK(many.f == one.f);
    CHECK(many.linear_cost == one.linear_cost);
  }
  const EntropicPartialResult none = entropic_partial(a, b, points, 10.0, {.max_iterations = 0});
  CHECK_FALSE(none.converged);
  CHECK(none.termination == Termination::max_iterations);
}

TEST_CASE("entropic partial: an observer may stop the run within one solve") {
  const Problem p = unequal_problem_with_zeros(5);
  std::int64_t seen = 0;
  const auto stopped = entropic_partial(p.a, p.b, MatrixCost(p.cost), 0.5, {.epsilon = 0.01},
                                        [&](const Progress&) { return ++seen < 4; });
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.termination == Termination::interrupted);
  CHECK(stopped.iterations == 3);
  CHECK((stopped.row_marginal - p.a).maxCoeff() <= 1e-12);
}

TEST_CASE("entropic partial: bad input is named") {
  const Matrix matrix = Matrix::Ones(2, 2);
  const MatrixCost cost(matrix);
  const Vector good = Vector::Ones(2), zero = Vector::Zero(2);
  const auto says = [&](const char* part, const Vector& a, const CostView& c, double mass,
                        const EntropicPartialOptions& options = {}) {
    try {
      entropic_partial(a, good, c, mass, options);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what()).find(part) != std::string::npos;
    }
    return false;
  };
  CHECK(says("mass is 0", good, cost, 0.0));
  CHECK(says("mass is 2.5", good, cost, 2.5));
  CHECK(says("sum of a is 0", zero, cost, 1.0));
  CHECK(says("epsilon is 0", good, cost, 1.0, {.epsilon = 0.0}));
  Matrix sparse = matrix;
  sparse(0, 1) = std::numeric_limits<double>::infinity();
  CHECK(says("forbidden arcs is 1", good, SparseCost::from_matrix(sparse), 1.0));
}
