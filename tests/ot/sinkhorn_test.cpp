#include "pushforward/ot/sinkhorn.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/ot/assignment.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

constexpr SinkhornMethod all_methods[] = {SinkhornMethod::automatic, SinkhornMethod::sinkhorn,
                                          SinkhornMethod::sparse_newton,
                                          SinkhornMethod::truncated_newton};

// What a result claims, recomputed from its potentials in extended precision.
void check_result(const TransportProblem& problem, const SinkhornResult& result,
                  const SinkhornOptions& options) {
  const Matrix cost = cost_matrix(problem);
  const Vector& a = problem.source.weights();
  const Vector& b = problem.target.weights();
  const Matrix plan = entropic_plan(cost, a, b, result.f, result.g, result.epsilon);
  // Scores carry roundings of |C| / epsilon.
  const double rounding = 1e-14 + 4e-15 * cost.cwiseAbs().maxCoeff() / result.epsilon;
  CHECK(std::abs(marginal_error(plan, a, b) - result.residual) <= rounding);
  CHECK(result.converged == (result.termination == Termination::converged));
  if (result.converged) CHECK(result.residual <= 1.01 * options.tolerance);
  CHECK(std::abs(a.dot(result.f) - b.dot(result.g)) <= 1e-13 * cost.cwiseAbs().maxCoeff());
  CHECK(std::abs(result.linear_cost - plan.cwiseProduct(cost).sum()) <=
        rounding * cost.cwiseAbs().maxCoeff());
  CHECK(result.certificate.dual <= result.certificate.primal);
  CHECK(result.transport_cost <= result.certificate.primal);
}

}  // namespace

TEST_CASE("sinkhorn: every method, stored or streamed, finds the same potentials") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Index n = 5 + Index(seed % 11), m = 4 + Index(seed % 13), d = 1 + Index(seed % 4);
    const auto problem = random_problem(n, m, d, seed);
    const Matrix cost = cost_matrix(problem);
    for (const double share : {1.0, 0.1, 0.01}) {
      const SinkhornOptions options{.epsilon = share * cost.mean(), .tolerance = 1e-11};
      const auto reference = sinkhorn(problem, options);
      REQUIRE(reference.converged);
      check_result(problem, reference, options);
      // An L1 error of 1e-11 moves potentials by epsilon times it over the least weight, times the
      // condition of the plan: 1e-7 leaves four digits for that.
      const auto check_same = [&](const SinkhornResult& other) {
        REQUIRE(other.converged);
        CHECK(distance(other.f, reference.f) <= 1e-7);
        CHECK(distance(other.g, reference.g) <= 1e-7);
        CHECK(std::abs(other.kl_cost - reference.kl_cost) <= 1e-10);
      };
      for (const SinkhornMethod method : all_methods) {
        SinkhornOptions chosen = options;
        chosen.method = method;
        check_same(sinkhorn(problem, chosen));
        check_same(
            sinkhorn(MatrixCost(cost), problem.source.weights(), problem.target.weights(), chosen));
        chosen.stored_pairs = 0;
        if (method != SinkhornMethod::sparse_newton) check_same(sinkhorn(problem, chosen));
      }
      SinkhornOptions plain = options;
      plain.method = SinkhornMethod::sinkhorn;
      plain.over_relaxation = false;
      plain.epsilon_scaling = false;
      plain.max_passes = 200'000;
      check_same(sinkhorn(problem, plain));
    }
  }
}

TEST_CASE("sinkhorn: the symmetric two by two problem has a closed form") {
  const Matrix cost = (Matrix(2, 2) << 0.0, 1.0, 1.0, 0.0).finished();
  const Vector half = Vector::Constant(2, 0.5);
  for (const double epsilon : {10.0, 1.0, 0.1, 0.02}) {
    for (const SinkhornMethod method : all_methods) {
      const MatrixCost view(cost);
      const auto result = sinkhorn(view, half, half, {.epsilon = epsilon, .method = method});
      REQUIRE(result.converged);
      const Matrix plan = entropic_plan(cost, half, half, result.f, result.g, epsilon);
      CHECK(plan(0, 0) == doctest::Approx(0.5 / (1.0 + std::exp(-1.0 / epsilon))).epsilon(1e-8));
    }
  }
}

TEST_CASE("sinkhorn: the certificate brackets the exact cost, converged or not") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix random(seed);
    const Index n = 4 + Index(seed % 9);
    const TransportProblem problem{DiscreteMeasure::uniform(random.uniform(2, n)),
                                   DiscreteMeasure::uniform(random.uniform(2, n))};
    const double exact =
        assignment_squared_euclidean(problem.source.points(), problem.target.points()).mean_cost;
    const double scale = cost_matrix(problem).mean();
    for (const double share : {1.0, 0.1, 0.01}) {
      for (const std::int64_t passes : {6, 20'000}) {
        const SinkhornOptions options{.epsilon = share * scale, .max_passes = passes};
        const auto result = sinkhorn(problem, options);
        check_result(problem, result, options);
        CHECK(result.certificate.dual <= exact);
        CHECK(exact <= result.certificate.primal);
        // The entropic bias of the rounded coupling.
        if (result.converged) {
          CHECK(result.transport_cost - exact <=
                options.epsilon * std::log(double(n)) + 1e-6 * scale);
        }
      }
    }
  }
}

TEST_CASE("sinkhorn: with falling epsilon the cost falls to the exact one") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Splitmix random(seed);
    const TransportProblem problem{DiscreteMeasure::uniform(random.uniform(2, 12)),
                                   DiscreteMeasure::uniform(random.uniform(2, 12))};
    const double exact =
        assignment_squared_euclidean(problem.source.points(), problem.target.points()).mean_cost;
    const double product = cost_matrix(problem).mean();  // <a b^T, C>
    double before = std::numeric_limits<double>::infinity();
    for (double epsilon = 1e5; epsilon >= 1e-4; epsilon *= 0.1) {
      const auto result = sinkhorn(problem, {.epsilon = epsilon});
      REQUIRE(result.converged);
      CHECK(result.linear_cost <= before + 1e-8);
      if (epsilon == 1e5) CHECK(result.linear_cost == doctest::Approx(product).epsilon(1e-4));
      before = result.linear_cost;
    }
    CHECK(before - exact <= 1e-4 * std::log(12.0) + 1e-7);
    CHECK(before >= exact - 1e-7);
  }
}

TEST_CASE("sinkhorn: potentials follow what is added to the costs, and costs scale") {
  Splitmix random(3);
  const Index n = 14, m = 9;
  const Matrix cost = random.uniform(n, m);
  const Vector a = random_weights(random, n), b = random_weights(random, m);
  const Vector alpha = random.uniform(n, 1), beta = random.uniform(m, 1);
  for (const SinkhornMethod method : all_methods) {
    const SinkhornOptions options{.epsilon = 0.02, .method = method, .tolerance = 1e-12};
    const auto plain = sinkhorn(MatrixCost(cost), a, b, options);
    REQUIRE(plain.converged);
    const Matrix shifted = (cost.colwise() + alpha).rowwise() + beta.transpose();
    const auto moved = sinkhorn(MatrixCost(shifted), a, b, options);
    const double by = a.dot(alpha) + b.dot(beta);
    CHECK(moved.kl_cost == doctest::Approx(plain.kl_cost + by).epsilon(1e-10));
    CHECK(moved.linear_cost == doctest::Approx(plain.linear_cost + by).epsilon(1e-9));
    SinkhornOptions scaled = options;
    scaled.epsilon *= 1e6;
    const auto larger = sinkhorn(MatrixCost(1e6 * cost), a, b, scaled);
    CHECK(distance(larger.f, 1e6 * plain.f) <= 1.0);  // of 1e6
    CHECK(larger.kl_cost == doctest::Approx(1e6 * plain.kl_cost).epsilon(1e-10));
    // In another unit of mass the potentials are the same.
    const auto heavier = sinkhorn(MatrixCost(cost), 8.0 * a, 8.0 * b, options);
    CHECK(distance(heavier.f, plain.f) <= 1e-9);
    CHECK(heavier.linear_cost == doctest::Approx(8.0 * plain.linear_cost).epsilon(1e-10));
  }
}

TEST_CASE("sinkhorn: a common part of the costs of 1e12 costs no digits") {
  Splitmix random(4);
  const Matrix cost = random.uniform(20, 25);
  const Vector none;
  const Matrix far = (cost.array() + 1e12).matrix();  // rounded to 1e-4
  const Matrix near = (far.array() - 1e12).matrix();
  const SinkhornOptions options{.epsilon = 0.01, .tolerance = 1e-10};
  const auto expected = sinkhorn(MatrixCost(near), none, none, options);
  const auto result = sinkhorn(MatrixCost(far), none, none, options);
  REQUIRE(expected.converged);
  REQUIRE(result.converged);
  CHECK(result.residual <= 1e-10);
  CHECK(result.linear_cost - 1e12 == doctest::Approx(expected.linear_cost).epsilon(1e-3));
  CHECK(result.certificate.dual <= result.certificate.primal);
}

TEST_CASE("sinkhorn: weights of zero have finite potentials that change nothing") {
  Splitmix random(5);
  Matrix x = random.uniform(2, 9), y = random.uniform(2, 8);
  Vector a = random_weights(random, 9), b = random_weights(random, 8);
  a[2] = 0.0;
  b[0] = b[5] = 0.0;
  a[7] = 1e-300;
  const TransportProblem problem{DiscreteMeasure(x, a, Mass::normalise),
                                 DiscreteMeasure(y, b, Mass::normalise)};
  for (const SinkhornMethod method : all_methods) {
    for (const std::int64_t stored : {std::int64_t{0}, std::int64_t{1'000'000}}) {
      if (stored == 0 && method == SinkhornMethod::sparse_newton) continue;
      const SinkhornOptions options{.epsilon = 0.01, .method = method, .stored_pairs = stored};
      const auto result = sinkhorn(problem, options);
      REQUIRE(result.converged);
      CHECK(result.f.allFinite());
      CHECK(result.g.allFinite());
      check_result(problem, result, options);
      // The canonical extension: the soft minimum of the others.
      const Matrix cost = cost_matrix(problem);
      const auto extended = [&](const Vector& w, const Vector& potential, const Vector& costs) {
        return -0.01 * std::log((w.array() * ((potential - costs).array() / 0.01).exp()).sum());
      };
      const Vector& p = problem.source.weights();
      const Vector& q = problem.target.weights();
      CHECK(result.f[2] ==
            doctest::Approx(extended(q, result.g, cost.row(2).transpose())).epsilon(1e-9));
      CHECK(result.g[5] == doctest::Approx(extended(p, result.f, cost.col(5))).epsilon(1e-9));
    }
  }
}

TEST_CASE("sinkhorn: one point, equal points and equal costs") {
  for (const SinkhornMethod method : all_methods) {
    const SinkhornOptions options{.epsilon = 0.1, .method = method};
    for (const auto& [n, m] : {std::pair{1, 1}, std::pair{1, 7}, std::pair{6, 1}}) {
      const auto problem = random_problem(n, m, 2, 6);
      const auto result = sinkhorn(problem, options);
      CHECK(result.converged);
      check_result(problem, result, options);
    }
    const TransportProblem same{DiscreteMeasure::uniform(Matrix::Constant(3, 5, 0.7)),
                                DiscreteMeasure::uniform(Matrix::Constant(3, 4, 0.7))};
    const auto result = sinkhorn(same, options);
    CHECK(result.converged);
    CHECK(std::abs(result.linear_cost) <= 1e-15);
    CHECK(std::abs(result.kl_cost) <= 1e-15);
    const auto constant =
        sinkhorn(MatrixCost(Matrix::Constant(5, 6, 3.0)), Vector(), Vector(), options);
    CHECK(constant.converged);
    CHECK(constant.linear_cost == doctest::Approx(3.0).epsilon(1e-14));
  }
}

TEST_CASE("sinkhorn: from epsilon 1 to 1e-12 of the spread everything is finite and true") {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto problem = random_problem(17, 13, 2, seed);
    for (double epsilon = 1.0; epsilon >= 0.9e-12; epsilon *= 0.1) {
      for (const SinkhornMethod method : all_methods) {
        const SinkhornOptions options{.epsilon = epsilon, .method = method, .max_passes = 3000};
        const auto result = sinkhorn(problem, options);
        CHECK(result.f.allFinite());
        CHECK(result.g.allFinite());
        CHECK(result.certificate.dual <= result.certificate.primal);
        CHECK(std::isfinite(result.residual));
        CHECK(result.epsilon >= epsilon);
        if (result.converged) {
          CHECK(result.residual <= 1.01 * options.tolerance);
          check_result(problem, result, options);
        } else {
          CHECK(result.termination != Termination::converged);
        }
      }
    }
  }
}

TEST_CASE("sinkhorn: a warm start at the solution is done after one look") {
  const auto problem = random_problem(30, 40, 3, 8);
  for (const SinkhornMethod method : all_methods) {
    const SinkhornOptions options{.epsilon = 0.02, .method = method, .tolerance = 1e-9};
    SinkhornOptions tighter = options;
    tighter.tolerance = 1e-11;
    const auto first = sinkhorn(problem, tighter);
    REQUIRE(first.converged);
    const auto again = sinkhorn_from(first.f, problem, options);
    CHECK(again.converged);
    CHECK(again.iterations <= 1);
    CHECK(distance(again.f, first.f) <= 1e-8);
  }
}

TEST_CASE("sinkhorn: a state taken out and put back goes on with the same bits") {
  const auto problem = random_problem(40, 35, 2, 9);
  for (const SinkhornMethod method : all_methods) {
    for (const std::int64_t stored : {std::int64_t{0}, std::int64_t{1'000'000}}) {
      if (stored == 0 && method == SinkhornMethod::sparse_newton) continue;
      const SinkhornOptions options{.epsilon = 0.003, .method = method, .stored_pairs = stored};
      const auto cost = std::make_shared<PointCost>(problem.cost_view());
      const Vector& a = problem.source.weights();
      const Vector& b = problem.target.weights();
      SinkhornSolver whole(cost, a, b, options), second(cost, a, b, options);
      SinkhornState state = whole.init();
      SinkhornState copy;
      for (int step = 0; !state.finished; ++step) {
        if (step == 9) copy = state;
        whole.step(state);
      }
      REQUIRE(!copy.finished);
      while (!copy.finished) second.step(copy);
      // A stored coupling is rebuilt at other potentials: the last digits may differ.
      CHECK(copy.passes <= state.passes + 60);
      CHECK(distance(copy.f, state.f) <= 1e-9);
      if (stored == 0) {
        CHECK(copy.f == state.f);
        CHECK(copy.g == state.g);
        CHECK(copy.passes == state.passes);
      }
    }
  }
}

TEST_CASE("sinkhorn: the same bits for any number of threads") {
  const auto problem = random_problem(300, 210, 3, 10);
  for (const SinkhornMethod method : all_methods) {
    for (const std::int64_t stored : {std::int64_t{0}, std::int64_t{1'000'000}}) {
      if (stored == 0 && method == SinkhornMethod::sparse_newton) continue;
      SinkhornOptions options{.epsilon = 0.01,
                              .method = method,
                              .tolerance = 1e-6,
                              .stored_pairs = stored,
                              .threads = 1};
      const auto one = sinkhorn(problem, options);
      for (const int threads : {2, 3, 8}) {
        options.threads = threads;
        const auto many = sinkhorn(problem, options);
        CHECK(many.f == one.f);
        CHECK(many.g == one.g);
        CHECK(many.transport_cost == one.transport_cost);
        CHECK(many.certificate.primal == one.certificate.primal);
        CHECK(many.certificate.dual == one.certificate.dual);
      }
    }
  }
}

TEST_CASE("sinkhorn: unequal masses within rounding are rescaled, beyond it refused") {
  const Matrix cost = Splitmix(1).uniform(3, 2);
  const Vector a = Vector::Constant(3, 1.0 / 3.0);
  const auto result = sinkhorn(MatrixCost(cost), a, Vector::Constant(2, 0.5 * (1.0 + 3e-7)));
  CHECK(result.converged);
  CHECK(result.mass_rescaled == doctest::Approx(1.0 + 3e-7).epsilon(1e-12));
  CHECK_THROWS_AS(sinkhorn(MatrixCost(cost), a, Vector::Constant(2, 0.6)), std::invalid_argument);
}

TEST_CASE("sinkhorn: without passes it returns the start and its errors") {
  const auto problem = random_problem(11, 12, 2, 12);
  const auto result = sinkhorn(problem, {.max_passes = 0});
  CHECK(!result.converged);
  CHECK(result.termination == Termination::max_iterations);
  CHECK(result.iterations == 0);
  CHECK(result.residual > 1e-4);
  CHECK(std::isfinite(result.residual));
}

TEST_CASE("sinkhorn: an observer sees each step and may stop the run") {
  const auto problem = random_problem(50, 50, 2, 13);
  int calls = 0;
  const auto result = sinkhorn(problem, {.epsilon = 0.001}, [&](const Progress& progress) {
    CHECK(progress.total == 20'000);
    return ++calls < 5;
  });
  CHECK(calls == 5);
  CHECK(result.termination == Termination::interrupted);
  CHECK(!result.converged);
}

TEST_CASE("sinkhorn: the coupling has the marginals and the cost of the result") {
  const auto problem = random_problem(20, 30, 2, 14);
  SinkhornSolver solver(std::make_shared<PointCost>(problem.cost_view()), problem.source.weights(),
                        problem.target.weights(), {.epsilon = 0.02});
  SinkhornState state = solver.init();
  while (!state.finished) solver.step(state);
  const auto result = solver.result(state);
  const PotentialCoupling coupling = solver.coupling(result);
  CHECK(distance(coupling.row_marginal(), problem.source.weights()) <= 1e-8);
  CHECK(distance(coupling.col_marginal(), problem.target.weights()) <= 1e-8);
  CHECK(coupling.transport_cost(problem.cost_view()) ==
        doctest::Approx(result.linear_cost).epsilon(1e-12));
}

TEST_CASE("sinkhorn: bad input is named") {
  const auto problem = random_problem(4, 5, 2, 1);
  const auto message = [&](const SinkhornOptions& options, const char* text) {
    CHECK_THROWS_WITH_AS(sinkhorn(problem, options), text, std::invalid_argument);
  };
  message({.epsilon = 0.0}, "SinkhornOptions: epsilon is 0, expected greater than 0");
  message({.epsilon = -1.0}, "SinkhornOptions: epsilon is -1, expected greater than 0");
  message({.epsilon = std::nan("")}, "SinkhornOptions: epsilon is nan, expected greater than 0");
  message({.tolerance = 0.0}, "SinkhornOptions: tolerance is 0, expected greater than 0");
  message({.max_passes = -1}, "SinkhornOptions: max_passes is -1, expected at least 0");
  message({.stored_pairs = -1}, "SinkhornOptions: stored_pairs is -1, expected at least 0");
  message({.threads = -2}, "SinkhornOptions: threads is -2, expected at least 0");
  message({.method = SinkhornMethod::sparse_newton, .stored_pairs = 19},
          "SinkhornSolver: stored_pairs is 19, expected at least n m = 20 for sparse_newton");
  CHECK_THROWS_WITH_AS(sinkhorn_from(Vector::Zero(3), problem),
                       "SinkhornSolver: f.size() is 3, expected 4", std::invalid_argument);
  Vector f = Vector::Zero(4);
  f[2] = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(sinkhorn_from(f, problem),
                       "SinkhornSolver: f[2] is inf, expected a finite number",
                       std::invalid_argument);
  IndexVector row(1), col(1);
  row << 0;
  col << 0;
  CHECK_THROWS_WITH_AS(sinkhorn(SparseCost(1, 1, row, col, Vector::Ones(1)), Vector(), Vector()),
                       "SinkhornSolver: cost is \"sparse\", expected a cost without forbidden arcs",
                       std::invalid_argument);
}
