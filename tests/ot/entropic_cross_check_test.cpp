// Solvers of one problem against each other, over fifty random problems each.
#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "pushforward/ot/grid_cost.hpp"
#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/partial.hpp"
#include "pushforward/ot/sinkhorn.hpp"
#include "pushforward/ot/sinkhorn_divergence.hpp"
#include "pushforward/ot/unbalanced.hpp"

#include "tests/ot/entropic_problems.hpp"
#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {
constexpr std::uint64_t seeds = 50;
}

TEST_SUITE_BEGIN("slow");

TEST_CASE("entropic cross-check: every method, stored or streamed, finds the same potentials") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto problem = random_problem(20, 15 + Index(seed % 11), 2, 300 + seed);
    const double scale = cost_matrix(problem).maxCoeff();
    for (const double share : {1.0, 0.1, 0.01}) {
      SinkhornOptions options{.epsilon = share * scale, .tolerance = 1e-12, .certificate = false};
      const auto reference = sinkhorn(problem, options);
      CAPTURE(seed);
      CAPTURE(share);
      REQUIRE(reference.converged);
      for (const auto method : {SinkhornMethod::sinkhorn, SinkhornMethod::sparse_newton,
                                SinkhornMethod::truncated_newton}) {
        for (const std::int64_t stored : {0, 1'000'000}) {
          options.method = method;
          options.stored_pairs = stored;
          if (method == SinkhornMethod::sparse_newton && stored == 0) continue;
          const auto other = sinkhorn(problem, options);
          CAPTURE(int(method));
          CHECK(other.converged);
          CHECK(distance(other.f, reference.f) <= 1e-7 * scale);
          CHECK(distance(other.g, reference.g) <= 1e-7 * scale);
        }
      }
    }
  }
}

TEST_CASE("entropic cross-check: certificates hold the exact cost as epsilon falls") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto problem = random_problem(18, 14, 3, 400 + seed);
    const double exact = network_simplex(problem).transport_cost;
    double before = std::numeric_limits<double>::infinity();
    for (const double epsilon : {0.3, 0.03, 0.003}) {
      const auto result = sinkhorn(problem, {.epsilon = epsilon, .tolerance = 1e-9});
      CAPTURE(seed);
      CHECK(result.converged);
      CHECK(result.certificate.dual <= exact + 1e-14);
      CHECK(result.certificate.primal >= exact - 1e-14);
      CHECK(result.linear_cost <= before + 1e-8);
      before = result.linear_cost;
    }
  }
}

TEST_CASE("entropic cross-check: divergences are not negative and symmetric") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto problem = random_problem(16, 12, 2, 500 + seed);
    for (const double epsilon : {1.0, 0.05}) {
      const SinkhornOptions options{.epsilon = epsilon, .tolerance = 1e-11};
      const auto there = sinkhorn_divergence(problem, options);
      const auto back = sinkhorn_divergence({problem.target, problem.source}, options);
      CHECK(there.divergence >= -1e-9);
      CHECK(std::abs(there.divergence - back.divergence) <= 1e-9);
    }
  }
}

TEST_CASE("entropic cross-check: a grid is the dense problem of its nodes") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Splitmix draws(600 + seed);
    const GridCost grid({draws.uniform(4, 1), draws.uniform(5, 1)});
    Matrix cost(20, 20);
    grid.tile(0, 0, cost);
    const Vector a = random_weights(draws, 20), b = random_weights(draws, 20);
    const SinkhornOptions options{.epsilon = 0.05, .tolerance = 1e-12, .certificate = false};
    const auto dense = sinkhorn(MatrixCost(cost), a, b, options);
    const auto axes = sinkhorn(grid, a, b, options);
    REQUIRE(dense.converged);
    REQUIRE(axes.converged);
    CHECK(distance(dense.f, axes.f) <= 1e-9);
    CHECK(distance(dense.g, axes.g) <= 1e-9);
  }
}

TEST_CASE("entropic cross-check: mixed and double precision agree to 1e-4") {
  // Single precision leaves marginal errors of up to 2e-5 at this epsilon and these few points.
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto problem = random_problem(40, 30, 2, 700 + seed);
    SinkhornOptions options{
        .epsilon = 0.1, .tolerance = 4e-5, .stored_pairs = 0, .certificate = false};
    const auto full = sinkhorn(problem, options);
    options.precision = Precision::mixed;
    const auto mixed = sinkhorn(problem, options);
    CHECK(full.converged);
    CHECK(mixed.converged);
    CHECK(mixed.kl_cost == doctest::Approx(full.kl_cost).epsilon(1e-4));
    CHECK(mixed.linear_cost == doctest::Approx(full.linear_cost).epsilon(1e-4));
  }
}

TEST_CASE("entropic cross-check: total variation at small epsilon is exact partial transport") {
  // The minimum with entropy is at least the exact one, and at most epsilon KL of the exact
  // coupling above it: KL(P | a b^T) for masses P of which none exceeds the smaller of its ends is
  // at most |P| log(1 / least mass) + |a| |b|.
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const UnequalProblem p = unequal_problem(800 + seed);
    const double price = 0.3, epsilon = 1e-3;
    const auto exact = penalized_partial_transport(p.a, p.b, MatrixCost(p.cost), price);
    UnbalancedOptions options{.epsilon = epsilon, .tolerance = 1e-9};
    options.source = options.target = {.penalty = MarginalPenalty::total_variation, .rho = price};
    const auto relaxed = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
    CAPTURE(seed);
    REQUIRE(exact.converged);
    REQUIRE(relaxed.converged);
    const double least = std::min(p.a.minCoeff(), p.b.minCoeff());
    const double entropy = exact.mass * std::log(1.0 / least) + p.a.sum() * p.b.sum();
    CHECK(relaxed.certificate.primal >= exact.objective - 1e-9);
    CHECK(relaxed.certificate.dual <= exact.objective + epsilon * entropy + 1e-9);
  }
}

TEST_CASE("entropic cross-check: partial transport by mass and by the price of its last unit") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const UnequalProblem p = unequal_problem(900 + seed);
    const double mass = 0.6 * std::min(p.a.sum(), p.b.sum());
    const auto by_mass = partial_transport(p.a, p.b, MatrixCost(p.cost), mass);
    const auto by_price = penalized_partial_transport(p.a, p.b, MatrixCost(p.cost), by_mass.lambda);
    const double left = p.a.sum() + p.b.sum() - 2.0 * mass;
    CAPTURE(seed);
    CHECK(std::abs(by_mass.transport_cost + by_mass.lambda * left - by_price.objective) <= 1e-12);
  }
}

TEST_CASE("entropic cross-check: the same bits for one thread and many") {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto problem = random_problem(70, 90, 2, 1000 + seed);
    SinkhornOptions options{.epsilon = 0.02, .tolerance = 1e-8, .threads = 1};
    const auto one = sinkhorn(problem, options);
    UnbalancedOptions relaxed{.epsilon = 0.02, .threads = 1};
    const auto view = problem.cost_view();
    const Vector heavy = 1.4 * problem.target.weights();
    const auto free_one = unbalanced_transport(problem.source.weights(), heavy, view, relaxed);
    options.threads = relaxed.threads = 3;
    const auto many = sinkhorn(problem, options);
    CHECK(many.f == one.f);
    CHECK(many.g == one.g);
    const auto free_many = unbalanced_transport(problem.source.weights(), heavy, view, relaxed);
    CHECK(free_many.f == free_one.f);
    CHECK(free_many.g == free_one.g);
  }
}

TEST_SUITE_END();
