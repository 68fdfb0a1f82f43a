#include "pushforward/ot/network_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/assignment.hpp"
#include "pushforward/ot/univariate.hpp"

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

NetworkSimplexOptions with(ExactMethod method) { return {.method = method}; }

}  // namespace

TEST_CASE("network simplex: uniform square problems cost what the best permutation does") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + static_cast<Index>(seed % 25);
    Matrix cost = draws.uniform(n, n);
    if (seed % 3 == 1) cost = (4.0 * cost).array().floor();
    if (seed % 3 == 2) cost = 1e3 * (cost.array() - 0.5).matrix();
    const NetworkSimplexResult result = network_simplex(Vector(), Vector(), cost);
    const double scale = cost.cwiseAbs().maxCoeff();
    CHECK(std::abs(result.transport_cost - assignment(cost).mean_cost) <= 1e-13 * scale);
    // The masses are whole numbers inside: flows are all or nothing.
    CHECK(result.coupling.entries().size() == static_cast<std::size_t>(n));
    check_certificate(Vector(), Vector(), MatrixCost(cost), result);
    CHECK(result.converged);
  }
}

TEST_CASE("network simplex: all methods agree on weighted points, any cost and shape") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(1000 + seed);
    const Index n = 1 + static_cast<Index>(draws.uniform() * 60);
    const Index m = 1 + static_cast<Index>(draws.uniform() * 60);
    const Index d = 1 + static_cast<Index>(seed % 4);
    const Matrix x = draws.uniform(d, n), y = draws.uniform(d, m);
    Vector a = masses(draws, n), b = masses(draws, m);
    if (seed % 5 == 0 && n > 2) a[1] = 0.0;
    if (seed % 5 == 0 && m > 2) b[2] = 0.0;
    const std::vector<Cost> costs{Cost::squared_euclidean(), Cost::euclidean(), Cost::lp(1.5),
                                  Cost::negative_dot(), Cost::half_squared_euclidean()};
    const TransportProblem problem{
        {x, a, Mass::normalise}, {y, b, Mass::normalise}, costs[seed % costs.size()]};
    const NetworkSimplexResult all = network_simplex(problem);
    CHECK(all.method_used == ExactMethod::all_arcs);
    const PointCost view = problem.cost_view();
    const auto check = [&](const NetworkSimplexResult& result) {
      check_certificate(problem.source.weights(), problem.target.weights(), view, result);
      CHECK(result.converged);
      CHECK(std::abs(result.transport_cost - all.transport_cost) <= 1e-13);
      CHECK(result.coupling.entries().size() <= static_cast<std::size_t>(n + m - 1));
    };
    check(all);
    check(network_simplex(problem, with(ExactMethod::streaming)));
    check(network_simplex(
        problem, {.method = ExactMethod::shortlist, .arcs_per_node = 2 + Index(seed % 6)}));
    Matrix dense(n, m);
    view.tile(0, 0, dense);
    check(network_simplex(problem.source.weights(), problem.target.weights(), dense));
    check(network_simplex(problem.source.weights(), problem.target.weights(),
                          SparseCost::from_matrix(dense)));
    // The other way round.
    const NetworkSimplexResult back =
        network_simplex(problem.target.weights(), problem.source.weights(), dense.transpose());
    CHECK(std::abs(back.transport_cost - all.transport_cost) <= 1e-13);
  }
}

TEST_CASE("network simplex: on the line the merged staircase is optimal") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(2000 + seed);
    const Index n = 2 + static_cast<Index>(seed), m = 3 + static_cast<Index>((7 * seed) % 40);
    const DiscreteMeasure source(draws.uniform(1, n), masses(draws, n), Mass::normalise);
    const DiscreteMeasure target(draws.uniform(1, m), masses(draws, m), Mass::normalise);
    for (const double p : {1.0, 2.0, 3.0}) {
      const NetworkSimplexResult result = network_simplex({source, target, Cost::lp(p)});
      CHECK(std::abs(result.transport_cost - univariate_wasserstein_power(source, target, p)) <=
            1e-13);
    }
  }
}

TEST_CASE("network simplex: shortlists certify larger clouds, in few rounds") {
  for (const Index d : {2, 3, 8}) {
    Splitmix draws(30 + static_cast<std::uint64_t>(d));
    const Index n = 500, m = 420;
    const TransportProblem problem{{draws.uniform(d, n), masses(draws, n), Mass::normalise},
                                   {draws.uniform(d, m), masses(draws, m), Mass::normalise}};
    const NetworkSimplexResult result = network_simplex(problem);
    CHECK(result.method_used == ExactMethod::shortlist);
    CHECK(result.converged);
    CHECK(result.rounds <= 8);
    CHECK(result.arcs <= 40 * (n + m));
    check_certificate(problem.source.weights(), problem.target.weights(), problem.cost_view(),
                      result);
    const NetworkSimplexResult all = network_simplex(problem, with(ExactMethod::all_arcs));
    CHECK(std::abs(result.transport_cost - all.transport_cost) <= 1e-13);
  }
}

TEST_CASE("network simplex: known plans are recovered") {
  Splitmix draws(40);
  const Matrix x = draws.uniform(3, 80);
  Vector shift(3);
  shift << 2.0, -1.0, 0.5;
  const DiscreteMeasure source = DiscreteMeasure::uniform(x);
  const auto identity = [](const SparseCoupling& coupling) {
    return std::all_of(coupling.entries().begin(), coupling.entries().end(),
                       [](const Coupling::Entry& e) { return e.row == e.col; });
  };
  const NetworkSimplexResult moved =
      network_simplex({source, DiscreteMeasure::uniform(x.colwise() + shift)});
  CHECK(moved.transport_cost == doctest::Approx(5.25).epsilon(1e-13));
  CHECK(identity(moved.coupling));
  // y = grad phi(x), phi(x) = |x|^2 + |x|, convex.
  Matrix y = x;
  for (Index i = 0; i < 80; ++i) y.col(i) = 2.0 * x.col(i) + x.col(i) / x.col(i).norm();
  CHECK(identity(network_simplex({source, DiscreteMeasure::uniform(y)}).coupling));
  const NetworkSimplexResult same = network_simplex({source, source});
  CHECK(same.transport_cost == 0.0);
  CHECK(same.converged);
  // Two by two, by hand: mass 0.3 stays, 0.2 and 0.5 ...
  Matrix cost(2, 2);
  cost << 1.0, 4.0, 2.0, 3.0;
  Vector a(2), b(2);
  a << 0.6, 0.4;
  b << 0.3, 0.7;
  // P_00 = t gives the cost 1 t + 4 (0.6 - t) + 2 (0.3 - t) + 3 (0.1 + t) = 3.3 - 2 t, t <= 0.3.
  CHECK(network_simplex(a, b, cost).transport_cost == doctest::Approx(2.7).epsilon(1e-14));
}

TEST_CASE("network simplex: scaling costs scales the answer, whole masses give whole flows") {
  Splitmix draws(41);
  const Matrix cost = draws.uniform(30, 25);
  const Vector a = masses(draws, 30), b = masses(draws, 25);
  const double plain = network_simplex(a, b, cost).transport_cost;
  for (const double t : {1e-290, 1e-3, 7.0, 1e290}) {
    CHECK(network_simplex(a, b, t * cost).transport_cost ==
          doctest::Approx(t * plain).epsilon(1e-13));
  }
  const Vector whole_a = (20.0 * draws.uniform(30, 1)).array().floor();
  Vector whole_b = Vector::Constant(25, std::floor(whole_a.sum() / 25.0));
  whole_b[3] += whole_a.sum() - whole_b.sum();
  const NetworkSimplexResult whole = network_simplex(whole_a, whole_b, cost);
  CHECK(whole.converged);
  for (const Coupling::Entry& e : whole.coupling.entries()) CHECK(e.mass == std::round(e.mass));
}

TEST_CASE("network simplex: forbidden arcs are never used, and what is impossible is said to be") {
  Index solved = 0, impossible = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(3000 + seed);
    const Index n = 2 + static_cast<Index>(seed % 7);
    Matrix cost = draws.uniform(n, n);
    for (Index k = 0; k < cost.size(); ++k) {
      if (draws.uniform() < 0.55) cost.data()[k] = infinite;
    }
    // Brute force over permutations decides.
    std::vector<Index> order;
    for (Index i = 0; i < n; ++i) order.push_back(i);
    double best = infinite;
    do {
      double sum = 0.0;
      for (Index i = 0; i < n; ++i) sum += cost(i, order[static_cast<std::size_t>(i)]);
      best = std::min(best, sum);
    } while (std::next_permutation(order.begin(), order.end()));
    const SparseCost view = SparseCost::from_matrix(cost);
    const NetworkSimplexResult result = network_simplex(Vector(), Vector(), view);
    if (best < infinite) {
      ++solved;
      CHECK(result.converged);
      CHECK(result.transport_cost == doctest::Approx(best / double(n)).epsilon(1e-13));
      check_certificate(Vector(), Vector(), view, result);
    } else {
      ++impossible;
      CHECK_FALSE(result.converged);
      CHECK(result.termination == Termination::infeasible);
    }
    for (const Coupling::Entry& e : result.coupling.entries()) CHECK(cost(e.row, e.col) < infinite);
  }
  CHECK(solved > 10);
  CHECK(impossible > 10);
}

TEST_CASE("network simplex: a stopped run returns a coupling with an honest gap") {
  Splitmix draws(42);
  const TransportProblem problem{{draws.uniform(2, 150), masses(draws, 150), Mass::normalise},
                                 {draws.uniform(2, 130), masses(draws, 130), Mass::normalise}};
  const double optimum = network_simplex(problem).transport_cost;
  const auto check = [&](const NetworkSimplexResult& result, Termination reason) {
    CHECK_FALSE(result.converged);
    CHECK(result.termination == reason);
    check_certificate(problem.source.weights(), problem.target.weights(), problem.cost_view(),
                      result);
    CHECK(result.certificate.dual <= optimum);
    CHECK(result.certificate.primal > optimum);
    CHECK(result.row_error <= 1e-14);
    CHECK(result.col_error <= 1e-14);
  };
  for (const ExactMethod method :
       {ExactMethod::all_arcs, ExactMethod::shortlist, ExactMethod::streaming}) {
    check(network_simplex(problem, {.method = method, .max_iterations = 0}),
          Termination::max_iterations);
    check(network_simplex(problem, {.method = method, .max_iterations = 20}),
          Termination::max_iterations);
    check(network_simplex(problem, {.method = method, .time_limit_seconds = 1e-9}),
          Termination::time_limit);
    check(network_simplex(problem, with(method),
                          [](const Progress& progress) {
                            CHECK(progress.phase == "network simplex");
                            return false;
                          }),
          Termination::interrupted);
  }
}

TEST_CASE("network simplex: the same bits for 1, 2, 3 and 8 threads") {
  Splitmix draws(43);
  const TransportProblem problem{{draws.uniform(3, 600), masses(draws, 600), Mass::normalise},
                                 {draws.uniform(3, 450), masses(draws, 450), Mass::normalise}};
  const NetworkSimplexResult one = network_simplex(problem, {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const NetworkSimplexResult other = network_simplex(problem, {.threads = threads});
    CHECK(other.f == one.f);
    CHECK(other.g == one.g);
    CHECK(other.transport_cost == one.transport_cost);
    CHECK(other.certificate.dual == one.certificate.dual);
    CHECK(other.iterations == one.iterations);
  }
}

TEST_CASE("network simplex: bad input is refused before any work") {
  const Matrix cost = Matrix::Ones(2, 3);
  const Vector two = Vector::Ones(2), three = Vector::Constant(3, 2.0 / 3.0);
  CHECK_THROWS_WITH_AS(network_simplex(two, two, cost),
                       "network_simplex: b.size() is 2, expected 3, one per column of the cost",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex(three, three, cost),
                       "network_simplex: a.size() is 3, expected 2, one per row of the cost",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex(two, Vector::Ones(3), cost),
                       "network_simplex: sum of b is 3, expected 2, the sum of a, within 1e-06 of "
                       "it; partial and unbalanced transport take unequal masses",
                       std::invalid_argument);
  Matrix bad = cost;
  bad(1, 1) = infinite;
  CHECK_THROWS_WITH_AS(network_simplex(two, three, bad),
                       "MatrixCost: cost(1, 1) is inf, expected a finite number",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex(two, three, cost, {.tolerance = 0.0}),
                       "NetworkSimplexOptions: tolerance is 0, expected greater than 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex(two, three, cost, {.max_iterations = -1}),
                       "NetworkSimplexOptions: max_iterations is -1, expected at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(network_simplex({DiscreteMeasure::uniform(Matrix::Ones(2, 3)),
                                        DiscreteMeasure::uniform(Matrix::Ones(1, 3))}),
                       "PointCost: y.rows() is 1, expected 2, the dimension of x",
                       std::invalid_argument);
}
