#include "pushforward/ot/quantization.hpp"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/ot/semidiscrete_domain.hpp"

#include "tests/ot/planar_sources.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

LaguerreProblem uniform_problem(Index n, std::uint64_t seed) {
  return {unit_square(), DiscreteMeasure::uniform(uniforms(n, seed))};
}

template <class Act>
std::string message_of(Act act) {
  try {
    act();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing thrown";
}

}  // namespace

TEST_CASE("lloyd: two sites in a rectangle end in the middle of its halves") {
  // Border at x = 1 in [0, 2] x [0, 1]: F = (1 + 1) / 12, the variances of a unit square.
  const auto box = std::make_shared<Box>(vec(0, 0), vec(2, 1));
  Matrix y(2, 2);
  y << 0.3, 1.4, 0.45, 0.6;

  const auto result = lloyd_quantization({box, DiscreteMeasure::uniform(y)}, {.tolerance = 1e-7});

  REQUIRE(result.converged);
  Matrix expected(2, 2);
  expected << 0.5, 1.5, 0.5, 0.5;
  // Lloyd's method is linear: sites are about as far from the end as they last moved.
  CHECK((result.sites - expected).cwiseAbs().maxCoeff() < 1e-6);
  CHECK(result.transport.primal.value == doctest::Approx(1.0 / 6.0).epsilon(1e-9));
  CHECK(result.costs[result.costs.size() - 1] == result.transport.primal.value);
}

TEST_CASE("lloyd: a square grid is where its cells have their centres") {
  const auto result = lloyd_quantization({unit_square(), DiscreteMeasure::uniform(square_grid(5))});
  CHECK(result.converged);
  CHECK(result.iterations == 0);
  CHECK(result.residual < 1e-12);
}

TEST_CASE("lloyd: each move lowers the cost by at least the mean squared move") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const LaguerreProblem problem{
        unit_square(),
        DiscreteMeasure(uniforms(40, seed), random_masses(40, seed + 100), Mass::normalise)};
    const auto result = lloyd_quantization(problem, {.max_iterations = 8});
    REQUIRE(result.costs.size() == 9);
    for (Index k = 0; k < 8; ++k) {
      // Masses wrong by 1e-6 of a cell move a cost below 1 by less than 1e-6.
      CHECK(result.costs[k + 1] <= result.costs[k] - result.moves[k] + 1e-6);
    }
  }
}

TEST_CASE("lloyd: the residual is the gradient of W_2^2, by difference quotients") {
  const LaguerreProblem problem = uniform_problem(12, 7);
  const LloydSolver solver(problem, {.mass_tolerance = 1e-11});
  const LloydState state = solver.init();
  const double h = 1e-5;
  for (const Index j : {0, 5, 11}) {
    for (const Index k : {0, 1}) {
      const auto cost = [&](double by) {
        Matrix y = state.sites;
        y(k, j) += by;
        return semidiscrete_newton({problem.source, DiscreteMeasure::uniform(y)},
                                   {.tolerance = 1e-12})
            .primal.value;
      };
      const double gradient = 2.0 / 12.0 * (state.sites(k, j) - state.centres(k, j));
      // Central differences are right to h^2 and to rounding over h.
      CHECK(std::abs((cost(h) - cost(-h)) / (2.0 * h) - gradient) < 1e-9);
    }
  }
}

TEST_CASE("lloyd: N sites come near the honeycomb, which no N sites can beat") {
  // N cells of a convex polygon of area 1 with at most six corners have a second moment about any N
  // points of at least N times that of a regular hexagon of area 1 / N.
  const double honeycomb = 5.0 / (18.0 * std::sqrt(3.0));
  const Index n = 150;
  const auto result = lloyd_quantization(uniform_problem(n, 3), {.max_iterations = 60});
  const double scaled = static_cast<double>(n) * result.transport.primal.value;
  CHECK(scaled > honeycomb);
  CHECK(scaled < 1.05 * honeycomb);
  CHECK(static_cast<double>(n) * result.costs[0] > 1.5 * honeycomb);
}

TEST_CASE("lloyd: the same bits for any number of threads, and stopped and continued") {
  const LaguerreProblem problem = uniform_problem(60, 11);
  const LloydOptions options{.max_iterations = 6, .threads = 1};
  const auto one = lloyd_quantization(problem, options);
  for (const int threads : {2, 3, 8}) {
    LloydOptions more = options;
    more.threads = threads;
    CHECK(lloyd_quantization(problem, more).sites == one.sites);
  }
  const LloydSolver first(problem, options), second(problem, options);
  LloydState state = first.init();
  for (int k = 0; k < 3; ++k) first.step(state);
  const LloydState stored = state;
  LloydState again = stored;
  while (!second.finished(again)) second.step(again);
  CHECK(second.result(again).sites == one.sites);
  CHECK(second.result(again).costs == one.costs);
}

TEST_CASE("lloyd: moves that run out, and an observer, end the run with what there is") {
  const LaguerreProblem problem = uniform_problem(30, 2);
  const auto none = lloyd_quantization(problem, {.max_iterations = 0});
  CHECK_FALSE(none.converged);
  CHECK(none.termination == Termination::max_iterations);
  CHECK(none.sites == problem.target.points());
  int seen = 0;
  const auto stopped = lloyd_quantization(
      problem, {}, [&](const Progress& progress) { return progress.done < 2 && ++seen > 0; });
  CHECK(stopped.termination == Termination::interrupted);
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.iterations == 2);
  CHECK(seen == 2);
}

TEST_CASE("lloyd: bad input is named") {
  const LaguerreProblem good = uniform_problem(4, 1);
  CHECK(message_of([&] {
          LloydSolver({nullptr, good.target}, {});
        }) == "LloydSolver: problem.source is \"null\", expected a source");
  const auto solid = DiscreteMeasure::uniform(Matrix::Random(3, 4));
  CHECK(message_of([&] {
          LloydSolver({unit_square(), solid}, {});
        }) == "LloydSolver: problem.source->dim() is 2, expected 3, as the sites have");
  const DiscreteMeasure empty(uniforms(2, 1), vec(0, 1));
  CHECK(message_of([&] {
          LloydSolver({unit_square(), empty}, {});
        }) ==
        "LloydSolver: problem.target.weights()[0] is 0, expected positive: a cell without mass has "
        "no centre");
  CHECK(message_of([&] { LloydSolver(good, {.tolerance = 0.0}); }) ==
        "LloydOptions: tolerance is 0, expected greater than 0");
  CHECK(message_of([&] { LloydSolver(good, {.max_iterations = -1}); }) ==
        "LloydOptions: max_iterations is -1, expected at least 0");
  CHECK(message_of([&] { LloydSolver(good, {.mass_tolerance = 0.0}); }) ==
        "LloydOptions: mass_tolerance is 0, expected greater than 0");

  const LloydSolver solver(good, {});
  const auto message = [&](auto spoil) {
    LloydState state = solver.init();
    spoil(state);
    return message_of([&] { solver.check(state); });
  };
  CHECK(message([](auto& s) { s.sites.resize(2, 3); }) ==
        "LloydSolver: state.sites is \"2 x 3\", expected 2 x 4");
  CHECK(message([](auto& s) { s.centres.resize(1, 4); }) ==
        "LloydSolver: state.centres is \"1 x 4\", expected 2 x 4");
  CHECK(message([](auto& s) { s.costs.resize(0); }) ==
        "LloydSolver: state.costs.size() is 0, expected at least 1");
  CHECK(message([](auto& s) { s.moves.resize(2); }) ==
        "LloydSolver: state.moves.size() is 2, expected one for each of state.costs");
  CHECK(message([](auto& s) { s.steps.resize(2); }) ==
        "LloydSolver: state.steps.size() is 2, expected one for each of state.costs");
}
