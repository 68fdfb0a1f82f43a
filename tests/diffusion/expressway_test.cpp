#include "pushforward/diffusion/expressway.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/diffusion/start_points.hpp"
#include "pushforward/diffusion/time_grid.hpp"

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

const NoisePath edm{Edm{}};

std::shared_ptr<const Sampler> normal_noise(Index dim) {
  return std::make_shared<GaussianMixture>(standard_normal(dim));
}

GaussianMixture ring() { return ring_of_gaussians(5, 3.0, 0.3); }

// 40 exact draws of a ring at level 0.5, with a tail of four steps to clean data.
ExpresswayProblem ring_problem() {
  return {.noise = normal_noise(2),
          .atoms = DiscreteMeasure::uniform(
              noised_draws(ring(), edm, 0.5, {.seed = 2, .purpose = Draw::source}, 40)),
          .denoiser = std::make_shared<MixtureDenoiser>(ring()),
          .path = edm,
          .levels = time_grid(KarrasGrid{}, edm, 4, {0.5, 0.01, true})};
}

// A rough transport does: what is tested here does not depend on its quality.
ot::SemidiscreteOptions rough(int threads = 0) {
  return {.tolerance = 1.0, .max_iterations = 20, .threads = threads};
}

}  // namespace

TEST_CASE("expressway: hard and without a tail it returns atoms at their weights") {
  Matrix points(2, 4);
  points << 1.0, -1.0, 0.5, -2.0, 0.0, 2.0, -1.5, 0.3;
  const Vector weights = vector({0.4, 0.3, 0.2, 0.1});
  const ExpresswayProblem problem{.noise = normal_noise(2),
                                  .atoms = DiscreteMeasure(points, weights),
                                  .path = edm,
                                  .levels = vector({0.0})};
  const auto expressway = Expressway::fit(
      problem, {.map = ExpresswayMap::hard, .transport = {.tolerance = 0.05, .seed = 1}});
  REQUIRE(expressway.transport().converged);
  CHECK(expressway.nfe() == 0);

  constexpr Index n = 4000;
  const auto result = expressway.sample(n, {.seed = 3});
  Vector counts = Vector::Zero(4);
  for (Index i = 0; i < n; ++i) {
    CHECK(result.samples.col(i) == points.col(result.cells[i]));
    counts[result.cells[i]] += 1.0;
  }
  CHECK(result.nfe == 0);
  CHECK(result.atoms_reached == 4);
  // chi^2 with 3 degrees of freedom has mean 3 and deviation 2.4; 5 deviations above the mean is
  // 15.2. Mass errors of up to e = mass_error_bound add at most n e^2, and a cross term of 2 sqrt.
  const Vector expected = static_cast<double>(n) * weights;
  const double chi2 = ((counts - expected).array().square() / expected.array()).sum();
  const double shift = static_cast<double>(n) * std::pow(expressway.transport().mass_error, 2);
  CHECK(chi2 < std::pow(std::sqrt(15.2) + std::sqrt(shift), 2));
}

TEST_CASE("expressway: one atom sends everything there") {
  const ExpresswayProblem problem{.noise = normal_noise(3),
                                  .atoms = DiscreteMeasure::uniform(Matrix::Ones(3, 1)),
                                  .path = edm,
                                  .levels = vector({0.0})};
  for (const auto map : {ExpresswayMap::hard, ExpresswayMap::smooth}) {
    const auto result =
        Expressway::fit(problem, {.map = map, .transport = rough()}).sample(10, {.seed = 1});
    CHECK((result.samples.array() == 1.0).all());
    CHECK(result.atoms_reached == 1);
  }
}

TEST_CASE("expressway: the tail starts from the mapped noise and its calls are the only ones") {
  const ExpresswayProblem problem = ring_problem();
  const auto expressway =
      Expressway::fit(problem, {.map = ExpresswayMap::hard, .transport = rough()});
  CHECK(expressway.nfe() == 4);
  const auto result = expressway.sample(300, {.seed = 5});
  CHECK(result.nfe == 4);
  CHECK(result.iterations == 4);
  Matrix start(2, 300);
  for (Index i = 0; i < 300; ++i) start.col(i) = problem.atoms.points().col(result.cells[i]);
  CHECK(result.samples ==
        reverse_sampler(*problem.denoiser, edm, problem.levels, start, {}).samples);
}

TEST_CASE("expressway: the smooth map stays in the hull of the atoms and reports its blend") {
  ExpresswayProblem problem = ring_problem();
  problem.levels = vector({0.5});
  const auto result = Expressway::fit(problem, {.transport = rough()}).sample(500, {.seed = 6});
  CHECK(result.extension.mean_kept >= 1.0);
  CHECK(result.extension.singular_share > 0.0);
  const Matrix& atoms = problem.atoms.points();
  for (Index i = 0; i < result.samples.cols(); ++i) {
    for (Index row = 0; row < 2; ++row) {
      CHECK(result.samples(row, i) <= atoms.row(row).maxCoeff() + 1e-12);
      CHECK(result.samples(row, i) >= atoms.row(row).minCoeff() - 1e-12);
    }
  }
}

TEST_CASE("expressway: a transport that was stored gives the same samples") {
  const ExpresswayProblem problem = ring_problem();
  const auto fitted = Expressway::fit(problem, {.transport = rough()});
  const Expressway again(problem, fitted.transport());
  CHECK(fitted.sample(50, {.seed = 7}).samples == again.sample(50, {.seed = 7}).samples);
}

TEST_CASE("expressway: the same bits for 1, 2, 3 and 8 threads, and for any split") {
  const ExpresswayProblem problem = ring_problem();
  for (const auto map : {ExpresswayMap::hard, ExpresswayMap::smooth}) {
    const auto run = [&](int threads) {
      return Expressway::fit(problem, {.map = map,
                                       .transport = rough(threads),
                                       .extension = {.max_angle = 0.5, .threads = threads},
                                       .tail = {.threads = threads}});
    };
    const auto one = run(1);
    const Matrix samples = one.sample(400, {.seed = 8}).samples;
    for (const int threads : {2, 3, 8})
      CHECK(run(threads).sample(400, {.seed = 8}).samples == samples);
    CHECK(one.sample(9, {.seed = 8, .chain = 100}).samples == samples.middleCols(100, 9));
  }
}

TEST_CASE("expressway: bad input is named") {
  const ot::SemidiscreteResult transport;
  const auto build = [&](ExpresswayProblem problem, ExpresswayOptions options = {}) {
    return Expressway(std::move(problem), transport, options);
  };
  const ExpresswayProblem good = ring_problem();
  ExpresswayProblem bad = good;
  bad.noise = nullptr;
  CHECK_THROWS_WITH_AS(build(bad), "Expressway: noise is \"null\", expected a law to draw from",
                       std::invalid_argument);
  bad = good;
  bad.noise = normal_noise(3);
  CHECK_THROWS_WITH_AS(build(bad),
                       "Expressway: noise.dim() is 3, expected the dimension of the atoms, 2",
                       std::invalid_argument);
  bad = good;
  bad.denoiser = nullptr;
  CHECK_THROWS_WITH_AS(
      build(bad), "Expressway: denoiser is \"null\", expected one for the steps behind the map",
      std::invalid_argument);
  bad = good;
  bad.denoiser = std::make_shared<MixtureDenoiser>(line_mixture());
  CHECK_THROWS_WITH_AS(build(bad),
                       "Expressway: denoiser.dim() is 1, expected the dimension of the atoms, 2",
                       std::invalid_argument);
  bad = good;
  bad.levels = Vector();
  CHECK_THROWS_WITH_AS(build(bad), "Expressway: levels.size() is 0, expected at least 1",
                       std::invalid_argument);
  bad = good;
  bad.levels = vector({-1.0});
  CHECK_THROWS_WITH_AS(build(bad),
                       "Expressway: levels[0] is -1, expected a finite level of at least 0",
                       std::invalid_argument);
  bad = good;
  bad.levels = vector({0.5, 0.6});
  CHECK_THROWS_WITH_AS(build(bad),
                       "Expressway: levels[1] is 0.6, expected less than the level before, 0.5",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(build(good, {.tail = {.order = 9}}),
                       "Expressway: tail.order is 9, expected between 1 and 4",
                       std::invalid_argument);
  ot::SemidiscreteResult flat;
  flat.heights = Vector::Zero(40);
  const Expressway fine(good, flat, {.map = ExpresswayMap::hard});
  CHECK_THROWS_WITH_AS(fine.sample(0, {}), "Expressway: n is 0, expected at least 1",
                       std::invalid_argument);
}
