#include "pushforward/ot/semidiscrete_newton.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include <Eigen/Cholesky>
#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "core/src/parallel.hpp"
#include "tests/ot/planar_sources.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

TEST_CASE("semidiscrete_newton: two sites part a square at the quantile of their axis") {
  // The border is at x = nu_1, and w_1 - w_2 = (x - a)^2 - (x - b)^2 there.
  const double a = 0.2, b = 0.9, mass = 0.3;
  Matrix y(2, 2);
  y << a, b, 0.4, 0.4;

  const auto result = semidiscrete_newton(
      {unit_square(), DiscreteMeasure(y, (Vector(2) << mass, 1.0 - mass).finished())});

  REQUIRE(result.converged);
  const double apart = std::pow(mass - a, 2) - std::pow(mass - b, 2);
  CHECK(result.weights[0] - result.weights[1] == doctest::Approx(apart).epsilon(1e-12));
  const auto cube = [](double x) { return x * x * x / 3.0; };
  const double across = cube(mass - a) - cube(-a) + cube(1.0 - b) - cube(mass - b);
  const double along = cube(0.6) - cube(-0.4);
  CHECK(result.primal.value == doctest::Approx(across + along).epsilon(1e-12));
}

TEST_CASE("semidiscrete_newton: a grid of sites has weights zero and cost d / (12 k^2)") {
  for (const Index k : {1, 2, 7, 20}) {
    const auto result =
        semidiscrete_newton({unit_square(), DiscreteMeasure::uniform(square_grid(k))});
    REQUIRE(result.converged);
    CHECK(result.weights.cwiseAbs().maxCoeff() < 1e-14);
    CHECK(result.primal.value ==
          doctest::Approx(2.0 / (12.0 * static_cast<double>(k * k))).epsilon(1e-12));
  }
}

TEST_CASE("semidiscrete_newton: random sites reach their masses with primal and dual equal") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto result = semidiscrete_newton(
        {unit_square(), DiscreteMeasure::uniform(uniforms(200, seed))}, {.tolerance = 1e-10});
    REQUIRE(result.converged);
    CHECK(result.mass_error <= 1e-10);
    CHECK(result.mass_residual < 1e-12);
    CHECK(result.dual.value == doctest::Approx(result.primal.value).epsilon(1e-12));
  }
}

TEST_CASE("semidiscrete_newton: moving, scaling and permuting the problem") {
  const Index n = 60;
  const Matrix y = uniforms(n, 3);
  const Vector nu = random_masses(n, 4);
  const auto box = std::make_shared<Box>(vec(0, 0), vec(1, 1));
  const auto base = semidiscrete_newton({box, DiscreteMeasure(y, nu, Mass::normalise)});
  REQUIRE(base.converged);
  const DiscreteMeasure target(y, nu, Mass::normalise);

  SUBCASE("sites moved by t: w_j gains 2 <y_j, t>, the cost 2 <t, mean y - mean x> + |t|^2") {
    const Vector t = vec(0.3, -0.2);
    const auto moved =
        semidiscrete_newton({box, DiscreteMeasure(y.colwise() + t, target.weights())});
    REQUIRE(moved.converged);
    Vector expected = base.weights + 2.0 * y.transpose() * t;
    expected.array() -= expected.dot(target.weights());
    CHECK((moved.weights - expected).cwiseAbs().maxCoeff() < 1e-11);
    const double cost =
        base.primal.value + 2.0 * t.dot(target.mean() - vec(0.5, 0.5)) + t.squaredNorm();
    CHECK(moved.primal.value == doctest::Approx(cost).epsilon(1e-9));
  }
  SUBCASE("all scaled by s and moved: weights and cost by s^2") {
    for (const double s : {1e-6, 3.0, 1e6}) {
      const Vector t = vec(s, 2.0 * s);
      const auto scaled =
          semidiscrete_newton({std::make_shared<Box>(t, t + vec(s, s)),
                               DiscreteMeasure((s * y).colwise() + t, target.weights())});
      REQUIRE(scaled.converged);
      CHECK((scaled.weights / (s * s) - base.weights).cwiseAbs().maxCoeff() < 1e-11);
      CHECK(scaled.primal.value / (s * s) == doctest::Approx(base.primal.value).epsilon(1e-9));
    }
  }
  SUBCASE("sites permuted: weights permuted") {
    const auto reversed = semidiscrete_newton(
        {box, DiscreteMeasure(y.rowwise().reverse(), Vector(target.weights().reverse()))});
    REQUIRE(reversed.converged);
    CHECK((reversed.weights.reverse() - base.weights).cwiseAbs().maxCoeff() < 1e-11);
  }
}

TEST_CASE("semidiscrete_newton: on a product of lines the costs add") {
  // From a uniform interval, cell k of the sorted sites is [e_{k-1}, e_k] with e the sums of
  // masses.
  const auto line_cost = [](const Vector& sites, const Vector& masses) {
    double cost = 0.0, edge = 0.0;
    for (Index k = 0; k < sites.size(); ++k) {
      const double low = edge - sites[k], high = (edge += masses[k]) - sites[k];
      cost += (high * high * high - low * low * low) / 3.0;
    }
    return cost;
  };
  const Vector xs = (Vector(4) << -0.1, 0.2, 0.45, 0.9).finished();
  const Vector xm = (Vector(4) << 0.1, 0.3, 0.4, 0.2).finished();
  const Vector ys = (Vector(3) << 0.3, 0.5, 1.4).finished();
  const Vector ym = (Vector(3) << 0.25, 0.6, 0.15).finished();
  Matrix sites(2, 12);
  Vector masses(12);
  for (Index j = 0; j < 12; ++j) {
    sites.col(j) = vec(xs[j % 4], ys[j / 4]);
    masses[j] = xm[j % 4] * ym[j / 4];
  }

  const auto result = semidiscrete_newton({unit_square(), DiscreteMeasure(sites, masses)});

  REQUIRE(result.converged);
  CHECK(result.primal.value ==
        doctest::Approx(line_cost(xs, xm) + line_cost(ys, ym)).epsilon(1e-9));
}

TEST_CASE("semidiscrete_newton: every kind of source reaches its masses") {
  for (const auto& [name, source] : planar_sources()) {
    CAPTURE(name);
    const auto result = semidiscrete_newton(
        {source, DiscreteMeasure(uniforms(150, 8), random_masses(150, 9), Mass::normalise)});
    REQUIRE(result.converged);
    CHECK(result.mass_error <= 1e-9);
    CHECK(result.mass_residual < 1e-12);
    CHECK(result.empty_cells == 0);
    CHECK(result.uniform_share == 0.0);
    CHECK(result.dual.value == doctest::Approx(result.primal.value).epsilon(1e-9));
    CHECK(result.certificate.dual <= result.certificate.primal);
    CHECK(result.certificate.gap() < 1e-8);
    // The heights are the weights, and the cells of these weights have these masses.
    const Matrix y = uniforms(150, 8);
    CHECK((power_weights(y, result.heights) - result.weights).norm() < 1e-13);
    CHECK((half_cost_potentials(y, result.heights) - 0.5 * result.weights).norm() < 1e-13);
    CHECK((brenier_heights(y, result.weights) - result.heights).norm() < 1e-13);
    const CellMeasures again = laguerre_measures(*source, y, result.weights);
    CHECK((again.masses - result.masses).cwiseAbs().maxCoeff() < 1e-13);
    const Matrix centres =
        y.array() + again.first_moments.array().rowwise() / again.masses.transpose().array();
    CHECK((centres - result.mass_centres).cwiseAbs().maxCoeff() < 1e-10);
  }
}

TEST_CASE("semidiscrete_newton: the value is that of large discrete samples") {
  // D(w) over n draws is at most the cost of transporting them, and in the mean W_2^2.
  const auto source = std::make_shared<GridDensity>(random_grid(6, 6, 5));
  const DiscreteMeasure target = DiscreteMeasure::uniform(uniforms(20, 6));
  const auto result = semidiscrete_newton({source, target});
  REQUIRE(result.converged);

  const Index n = 400;
  double sum = 0.0, squares = 0.0;
  const Matrix x = source->draws({.seed = 1}, n);
  for (Index i = 0; i < n; ++i) {
    const Vector costs = (target.points().colwise() - Vector(x.col(i))).colwise().squaredNorm();
    const double value = (costs - result.weights).minCoeff();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / static_cast<double>(n);
  const double error = std::sqrt((squares / static_cast<double>(n) - mean * mean) / n);
  const double discrete = network_simplex({DiscreteMeasure::uniform(x), target}).transport_cost;
  CHECK(std::abs(mean - result.primal.value) < 5.0 * error);
  CHECK(discrete >= mean - 1e-12);
  // The excess is of order N / n of the cost's spread (the optimal weights follow the sample).
  CHECK(discrete - mean < 5.0 * error);
}

TEST_CASE("semidiscrete_newton: the stochastic solver takes the same problem to the same weights") {
  const LaguerreProblem problem{std::make_shared<GridDensity>(random_grid(4, 4, 7)),
                                DiscreteMeasure::uniform(uniforms(12, 7))};
  const auto exact = semidiscrete_newton(problem);
  const auto drawn = semidiscrete(problem, {.tolerance = 0.05, .seed = 2});
  REQUIRE(exact.converged);
  REQUIRE(drawn.converged);
  CHECK(std::abs(drawn.primal.value - exact.primal.value) <
        5.0 * drawn.primal.standard_error + drawn.w2_squared_bound);
  CHECK(drawn.dual.value - exact.primal.value < 5.0 * drawn.dual.standard_error);
  const Vector masses = laguerre_measures(*problem.source, problem.target.points(),
                                          power_weights(problem.target.points(), drawn.heights))
                            .masses;
  CHECK(((masses - problem.target.weights()).array().abs() / problem.target.weights().array())
            .maxCoeff() <= drawn.mass_error_bound);
}

TEST_CASE("semidiscrete_newton: near the end its steps are Newton's, up to a tenth of the square") {
  // A full step with the Laplacian of the facets, solved densely here, leaves an error that
  // Newton's theory makes quadratic. The solver's own systems may be wrong by eta |nu - m| with eta
  // = |nu - m| / (10 |nu|), which is left of the masses to first order.
  const Index n = 500;
  const double tolerance = 1e-11;
  const Matrix y = uniforms(n, 19);
  const LaguerreProblem problem{unit_square(), DiscreteMeasure::uniform(y)};
  const Vector& nu = problem.target.weights();
  const auto result = semidiscrete_newton(problem, {.tolerance = tolerance});
  REQUIRE(result.converged);
  int steps = 0;
  for (std::size_t k = 1; k < result.history.size(); ++k) {
    if (result.history[k - 1].mass_error > 0.1) continue;
    ++steps;
    CHECK(result.history[k].step == 1.0);
    const auto at = [&](std::size_t limit) {
      return semidiscrete_newton(
          problem, {.tolerance = tolerance, .max_iterations = static_cast<int>(limit)});
    };
    const auto before = at(k - 1), after = at(k);
    const CellMeasures cells = laguerre_measures(*problem.source, y, before.weights);
    Matrix laplacian = Matrix::Ones(n, n);  // constants change nothing
    for (const CellFacet& facet : cells.facets) {
      const double slope = 0.5 * facet.integral / (y.col(facet.first) - y.col(facet.second)).norm();
      laplacian(facet.first, facet.second) -= slope;
      laplacian(facet.second, facet.first) -= slope;
      laplacian(facet.first, facet.first) += slope;
      laplacian(facet.second, facet.second) += slope;
    }
    const Vector missing = nu - cells.masses;
    const Vector step = Eigen::LDLT<Eigen::MatrixXd>(laplacian).solve(missing);
    const Vector full = laguerre_measures(*problem.source, y, before.weights + step).masses;
    const double exact = (full - nu).norm(), own = (after.masses - nu).norm();
    const double inner = 0.1 * missing.squaredNorm() / nu.norm();
    // Or the system is solved as far as the tolerance can notice.
    const double floor = 0.1 * tolerance * std::sqrt(double(n)) / double(n);
    CHECK(own <= exact + 1.1 * std::max(inner, floor) + 1e-15);
    MESSAGE("error before, after, after a dense step: ", missing.norm(), ", ", own, ", ", exact);
  }
  CHECK(steps >= 2);
}

TEST_CASE("semidiscrete_newton: the same bits for 1, 2, 3 and 8 threads") {
  const LaguerreProblem problem{unit_square(), DiscreteMeasure::uniform(uniforms(1500, 20))};
  const auto one = semidiscrete_newton(problem, {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto more = semidiscrete_newton(problem, {.threads = threads});
    CHECK(more.weights == one.weights);
    CHECK(more.masses == one.masses);
    CHECK(more.primal.value == one.primal.value);
    CHECK(more.threads == pushforward::detail::thread_count(threads));  // one without OpenMP
  }
}

TEST_CASE("semidiscrete_newton: stopping early returns the weights so far with their errors") {
  const LaguerreProblem problem{unit_square(), DiscreteMeasure::uniform(uniforms(200, 21))};
  const auto none = semidiscrete_newton(problem, {.max_iterations = 0});
  CHECK_FALSE(none.converged);
  CHECK(none.termination == Termination::max_iterations);
  CHECK(none.iterations == 0);
  CHECK(none.weights.cwiseAbs().maxCoeff() == 0.0);
  CHECK(none.mass_error ==
        doctest::Approx(((none.masses.array() * 200.0) - 1.0).abs().maxCoeff()).epsilon(1e-14));
  CHECK(none.mass_l1_error ==
        doctest::Approx((none.masses.array() - 1.0 / 200.0).abs().sum()).epsilon(1e-14));
  CHECK(none.certificate.dual < none.certificate.primal);

  int seen = 0;
  const auto stopped = semidiscrete_newton(problem, {}, [&](const Progress& progress) {
    CHECK(progress.done == seen);
    return ++seen < 3;
  });
  CHECK(stopped.termination == Termination::interrupted);
  CHECK(stopped.iterations == 2);
  CHECK(stopped.mass_error < none.mass_error);

  const auto late = semidiscrete_newton(problem, {.time_limit_seconds = 1e-9});
  CHECK(late.termination == Termination::time_limit);
}

TEST_CASE("semidiscrete_newton: D(w) is a lower bound for any weights") {
  const LaguerreProblem problem{unit_square(), DiscreteMeasure::uniform(uniforms(80, 22))};
  const double exact = semidiscrete_newton(problem).primal.value;
  for (int steps = 0; steps < 5; ++steps) {
    const auto early = semidiscrete_newton(problem, {.max_iterations = steps});
    CHECK(early.certificate.dual <= exact + 1e-15);
    CHECK(early.certificate.primal >= exact - 1e-15);
  }
}

TEST_CASE("semidiscrete_newton: bad input is named") {
  const auto message = [](const LaguerreProblem& problem,
                          const SemidiscreteNewtonOptions& options) {
    try {
      semidiscrete_newton(problem, options);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing thrown");
  };
  const DiscreteMeasure target = DiscreteMeasure::uniform(uniforms(3, 1));
  CHECK(message({nullptr, target}, {}) ==
        "semidiscrete_newton: problem.source is \"null\", expected a source");
  CHECK(message({unit_square(), DiscreteMeasure::uniform(Matrix::Random(3, 4))}, {}) ==
        "semidiscrete_newton: problem.source->dim() is 2, expected 3, as the atoms have");
  CHECK(message({unit_square(), target}, {.tolerance = 0.0}) ==
        "SemidiscreteNewtonOptions: tolerance is 0, expected greater than 0");
  CHECK(message({unit_square(), target}, {.max_iterations = -1}) ==
        "SemidiscreteNewtonOptions: max_iterations is -1, expected at least 0");
  CHECK(message({unit_square(), target}, {.system_residual = 1.0}) ==
        "SemidiscreteNewtonOptions: system_residual is 1, expected strictly between 0 and 1");
  const auto sizes = [](const auto& act) {
    try {
      act();
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing thrown");
  };
  CHECK(sizes([&] { power_weights(target.points(), vec(0, 0)); }) ==
        "power_weights: heights.size() is 2, expected 3, one an atom");
  CHECK(sizes([&] { brenier_heights(target.points(), vec(0, 0)); }) ==
        "brenier_heights: weights.size() is 2, expected 3, one an atom");
}
