#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/cost.hpp"
#include "pushforward/ot/assignment.hpp"
#include "pushforward/ot/network_simplex.hpp"

#include "tests/ot/certificate_check.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::check_certificate;
using testing::Splitmix;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

Vector masses(Splitmix& draws, Index n) {
  const Vector w = draws.uniform(n, 1).array() + 0.01;
  return w / w.sum();
}

TransportProblem problem_of(std::uint64_t seed, Index n, Index m, Index d) {
  Splitmix draws(seed);
  const Matrix x = draws.uniform(d, n), y = draws.uniform(d, m);
  return {{x, masses(draws, n), Mass::normalise}, {y, masses(draws, m), Mass::normalise}};
}

// The masses of a problem, each up to `size` larger.
TransportProblem reweighted(const TransportProblem& problem, double size, std::uint64_t seed) {
  Splitmix draws(seed);
  const auto moved = [&](const DiscreteMeasure& measure) {
    const Vector w =
        measure.weights().array() * (1.0 + size * draws.uniform(measure.size(), 1).array());
    return DiscreteMeasure(measure.points(), w, Mass::normalise);
  };
  return {moved(problem.source), moved(problem.target), problem.cost};
}

}  // namespace

TEST_CASE("network simplex: from the potentials of an optimum few pivots are left") {
  for (const ExactMethod method :
       {ExactMethod::all_arcs, ExactMethod::shortlist, ExactMethod::streaming}) {
    CAPTURE(name(method));
    std::int64_t cold_pivots = 0, from_optimum = 0, from_near = 0, near_pivots = 0;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
      const auto d = static_cast<Index>(2 + seed % 4);
      const TransportProblem problem = problem_of(seed, 70, 60, d);
      const NetworkSimplexOptions options{.method = method};
      const NetworkSimplexResult cold = network_simplex(problem, options);
      cold_pivots += cold.iterations;
      const auto check = [&](const NetworkSimplexResult& warm, const TransportProblem& solved,
                             double cost) {
        CHECK(warm.converged);
        CHECK(std::abs(warm.transport_cost - cost) <= 1e-13);
        check_certificate(solved.source.weights(), solved.target.weights(), solved.cost_view(),
                          warm);
      };
      for (const Potentials& start :
           {Potentials{cold.f, cold.g}, Potentials{cold.f, {}}, Potentials{{}, cold.g}}) {
        const NetworkSimplexResult warm = network_simplex_from(start, problem, options);
        check(warm, problem, cold.transport_cost);
        from_optimum += warm.iterations;
      }
      const TransportProblem near = reweighted(problem, 0.02, seed);
      const NetworkSimplexResult near_cold = network_simplex(near, options);
      const NetworkSimplexResult near_warm = network_simplex_from({cold.f, cold.g}, near, options);
      check(near_warm, near, near_cold.transport_cost);
      near_pivots += near_cold.iterations;
      from_near += near_warm.iterations;
    }
    CHECK(from_optimum <= 3 * cold_pivots / 10);  // of three starts each
    CHECK(from_near < near_pivots);
  }
}

TEST_CASE("network simplex: the worst potentials do no harm to the optimum") {
  for (const Index d : {2, 6}) {
    const TransportProblem problem = problem_of(50 + static_cast<std::uint64_t>(d), 150, 170, d);
    const double optimum = network_simplex(problem).transport_cost;
    for (const ExactMethod method :
         {ExactMethod::all_arcs, ExactMethod::shortlist, ExactMethod::streaming}) {
      const NetworkSimplexOptions options{.method = method};
      const NetworkSimplexResult cold = network_simplex(problem, options);
      const auto check = [&](const Potentials& start) {
        const NetworkSimplexResult warm = network_simplex_from(start, problem, options);
        CHECK(warm.converged);
        CHECK(std::abs(warm.transport_cost - optimum) <= 1e-13);
        check_certificate(problem.source.weights(), problem.target.weights(), problem.cost_view(),
                          warm);
      };
      for (const double size : {1e-3, 1.0, 1e4, 1e150}) {
        Splitmix draws(9);
        check({size * draws.uniform(150, 1), {}});
        check({{}, size * draws.uniform(170, 1)});
        check({cold.f, size * draws.uniform(170, 1)});  // only f counts
      }
      check({-cold.f, -cold.g});
      // Zeros are a start like none.
      const NetworkSimplexResult zeros =
          network_simplex_from({Vector::Zero(150), {}}, problem, options);
      CHECK(zeros.iterations == cold.iterations);
      CHECK(zeros.f == cold.f);
    }
  }
}

TEST_CASE("network simplex: starts go with points without mass and with forbidden arcs") {
  Splitmix draws(60);
  Matrix cost = draws.uniform(30, 40);
  Vector a = masses(draws, 30), b = masses(draws, 40);
  a[3] = b[7] = b[8] = 0.0;
  a /= a.sum();
  b /= b.sum();
  const MatrixCost dense(cost);
  const NetworkSimplexResult cold = network_simplex(a, b, dense);
  const NetworkSimplexResult warm = network_simplex_from({cold.f, cold.g}, a, b, dense);
  CHECK(warm.converged);
  CHECK(warm.iterations <= cold.iterations / 10);
  CHECK(std::abs(warm.transport_cost - cold.transport_cost) <= 1e-14);
  for (Index k = 0; k < cost.size(); k += 7) cost.data()[k] = infinite;
  const SparseCost sparse = SparseCost::from_matrix(cost);
  const NetworkSimplexResult some = network_simplex(a, b, sparse);
  REQUIRE(some.converged);
  const NetworkSimplexResult again = network_simplex_from({some.f, some.g}, a, b, sparse);
  CHECK(again.converged);
  CHECK(again.iterations <= some.iterations / 10);
  CHECK(std::abs(again.transport_cost - some.transport_cost) <= 1e-14);
}

TEST_CASE("network simplex: bad starts are refused before any work") {
  const TransportProblem problem = problem_of(70, 3, 4, 2);
  CHECK_THROWS_WITH_AS(network_simplex_from({}, problem),
                       "network_simplex_from: f.size() is 0, expected 3, or g in place of f",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex_from({Vector::Zero(4), {}}, problem),
                       "network_simplex_from: f.size() is 4, expected 3", std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex_from({{}, Vector::Zero(3)}, problem),
                       "network_simplex_from: g.size() is 3, expected 4", std::invalid_argument);
  Vector bad = Vector::Zero(3);
  bad[1] = infinite;
  CHECK_THROWS_WITH_AS(network_simplex_from({bad, {}}, problem),
                       "network_simplex_from: f[1] is inf, expected a finite number",
                       std::invalid_argument);
}

TEST_CASE("assignment: from the potentials of an optimum hardly a path is left to find") {
  std::int64_t cold_paths = 0, warm_paths = 0;
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Splitmix draws(200 + seed);
    const Index n = 80 + 20 * static_cast<Index>(seed);
    const Matrix x = draws.uniform(2, n), y = 0.5 * draws.uniform(2, n);
    Matrix cost(n, n);
    squared_euclidean(x, y, cost);
    const AssignmentResult cold = assignment(cost);
    cold_paths += cold.iterations;
    for (const Potentials& start :
         {Potentials{cold.f, cold.g}, Potentials{cold.f, {}}, Potentials{{}, cold.g}}) {
      const AssignmentResult warm = assignment_from(start, cost);
      CHECK(warm.converged);
      CHECK(std::abs(warm.mean_cost - cold.mean_cost) <= 1e-14);
      warm_paths += warm.iterations;
    }
  }
  CHECK(cold_paths > 100);
  CHECK(warm_paths <= 3 * cold_paths / 10);  // of three starts each
}

TEST_CASE("assignment: the worst potentials do no harm to the optimum") {
  for (const Index n : {1, 2, 17, 64, 65, 200}) {
    Splitmix draws(300 + static_cast<std::uint64_t>(n));
    const Matrix cost = draws.uniform(n, n);
    const AssignmentResult cold = assignment(cost);
    for (const double size : {0.0, 1e-3, 1.0, 1e5, 1e300}) {
      for (const double sign : {-1.0, 1.0}) {
        const Vector potential = sign * size * draws.uniform(n, 1);
        for (const Potentials& start : {Potentials{potential, {}}, Potentials{{}, potential}}) {
          const AssignmentResult warm = assignment_from(start, cost);
          CHECK(warm.converged);
          CHECK(std::abs(warm.mean_cost - cold.mean_cost) <= 1e-14);
        }
      }
    }
  }
}

TEST_CASE("assignment: starts go with more columns than rows and with forbidden pairs") {
  Splitmix draws(400);
  Matrix cost = draws.uniform(20, 30);
  const AssignmentResult wide = assignment(cost);
  const AssignmentResult again = assignment_from({wide.f, wide.g}, cost);
  CHECK(again.converged);
  CHECK(again.target_of == wide.target_of);
  CHECK(again.iterations <= wide.iterations / 10);
  for (Index k = 0; k < cost.size(); k += 7) cost.data()[k] = infinite;
  const AssignmentResult some = assignment(cost);
  REQUIRE(some.converged);
  const AssignmentResult from_f = assignment_from({some.f, {}}, cost);
  CHECK(from_f.converged);
  CHECK(from_f.target_of == some.target_of);
}

TEST_CASE("assignment: bad starts are refused before any work") {
  const Matrix cost = Matrix::Ones(3, 3);
  CHECK_THROWS_WITH_AS(assignment_from({}, cost),
                       "assignment_from: f.size() is 0, expected 3, or g in place of f",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment_from({{}, Vector::Zero(4)}, cost),
                       "assignment_from: g.size() is 4, expected 3", std::invalid_argument);
  Vector bad = Vector::Zero(3);
  bad[2] = std::nan("");
  CHECK_THROWS_WITH_AS(assignment_from({bad, {}}, cost),
                       "assignment_from: f[2] is nan, expected a finite number",
                       std::invalid_argument);
}
