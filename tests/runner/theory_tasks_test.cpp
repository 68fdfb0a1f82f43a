/// The tasks behind the claims: they measure what theory says, and see when it is violated.
#include <cmath>

#include <doctest/doctest.h>

#include "runner/tasks/diffusion_theory_contraction.hpp"
#include "runner/tasks/diffusion_theory_convergence.hpp"
#include "runner/tasks/diffusion_theory_expressway.hpp"
#include "runner/tasks/diffusion_theory_memory.hpp"
#include "runner/tasks/diffusion_theory_quantile_flow.hpp"
#include "runner/tasks/ot_rate.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;
using diffusion::ReverseSamplerOptions;
using diffusion::SamplerMethod;
using diffusion::StartUp;

namespace {

constexpr double five_sigma = 5.7e-7;  // both sides of a normal

ConvergenceTask small_study(std::vector<ConvergenceTask::Method> methods) {
  ConvergenceTask task;
  task.problem.points = 16;
  task.solver.methods = std::move(methods);
  task.solver.steps = {40, 80, 160};
  return task;
}

MemoryTask small_memory() {
  MemoryTask task;
  task.problem.points = (Matrix(1, 4) << -2.0, -0.5, 0.2, 1.7).finished();
  task.solver.steps = 40;
  task.solver.samples = 2000;
  return task;
}

}  // namespace

TEST_CASE("convergence task: finds the order of each method") {
  const auto run = recorded(small_study(
      {{"ddim", {.method = SamplerMethod::ddim}, 1},
       {"heun", {.method = SamplerMethod::heun}, 2},
       {"three", {.method = SamplerMethod::multistep, .order = 3, .start = StartUp::single}, 3}}));
  CHECK(std::abs(run.value("slope.ddim") - 1.0) < 0.15);
  CHECK(std::abs(run.value("slope.heun") - 2.0) < 0.15);
  CHECK(std::abs(run.value("slope.three") - 3.0) < 0.15);
  CHECK(run.scalars.at("slope.three").expected == 3.0);
  CHECK(run.value("error.three") < 0.1 * run.value("error.heun"));
  CHECK(run.tables.size() == 1);
  CHECK(run.figures.size() == 1);
}

TEST_CASE("convergence task: a three-node method that starts low is not of order 3") {
  const auto run = recorded(small_study(
      {{"ramp", {.method = SamplerMethod::multistep, .order = 3, .start = StartUp::ramp}, 3}}));
  CHECK(std::abs(run.value("slope.ramp") - 3.0) > 0.15);
}

TEST_CASE("convergence task: contradictions in the config are named") {
  ConvergenceTask task =
      small_study({{"a", {}, 1}, {"a", {.method = SamplerMethod::ancestral}, 1}});
  task.problem.target.weights = {0.5, 0.4};
  task.problem.first_level = 100.0;
  task.solver.steps = {10, 10};
  const std::vector<std::string> expected = {
      "/problem/target/means: there are 2 weights and 3 means",
      "/problem/target/standard_deviations: there are 2 weights and 3 standard_deviations",
      "/problem/target/weights: weights sum to 0.9, expected 1",
      "/problem/first_level: edm has noise levels from 0.002 to 80",
      "/solver/methods/1/name: \"a\" is taken by entry 0",
      "/solver/methods/1/sampler/method: \"ancestral\" draws fresh noise and follows no flow map",
      "/solver/steps: at least 3 numbers are needed",
      "/solver/steps/1: numbers of steps must increase: 10 follows 10"};
  CHECK(problems_of(task) == expected);
  task = small_study({{"", {}, 1}});
  task.problem.last_level = 20.0;
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/last_level: must be below first_level, 10",
                                 "/solver/methods/0/name: a name is needed: results are called "
                                 "after it"});
  task = small_study({});
  task.problem.path = diffusion::VpLinear{.t_min = 0.9, .t_max = 0.1};
  CHECK(problems_of(task).size() == 2);
}

TEST_CASE("contraction task: ddim is the product of cosines, and heun is not") {
  ContractionTask task;
  task.solver.steps = {1, 2, 5, 20};
  const auto run = recorded(task);
  // Rounding of start points about 3 * 40 seen in a spread of at least 0.02: 2.2e-16 * 120 / 0.02.
  CHECK(run.value("deviation_max") < 2e-12);
  CHECK(run.value("equal_angle_advantage") > 0.0);
  const Scalar& one_step = run.scalars.at("contraction.angle.1");
  CHECK(one_step.value == doctest::Approx(one_step.expected).epsilon(1e-12));

  task.solver.sampler.method = SamplerMethod::heun;
  CHECK(recorded(task).value("deviation_max") > 0.1);
}

TEST_CASE("contraction task: no advantage is stated where the angle grid has another scale") {
  ContractionTask task;
  task.solver.grids[0] = diffusion::AngleGrid{.scale = 0.7};
  task.solver.steps = {4};
  CHECK_FALSE(recorded(task).scalars.contains("equal_angle_advantage"));
}

TEST_CASE("contraction task: contradictions in the config are named") {
  ContractionTask task;
  task.problem.standard_deviations.clear();
  task.solver.sampler.method = SamplerMethod::ancestral;
  task.solver.grids = {diffusion::KarrasGrid{}, diffusion::KarrasGrid{.power = 3.0}};
  task.solver.steps.clear();
  const std::vector<std::string> expected = {
      "/problem/standard_deviations: at least one coordinate is needed",
      "/solver/sampler/method: \"ancestral\" adds fresh noise, so it has no factor",
      "/solver/grids/1/type: \"karras\" is taken by entry 0",
      "/solver/steps: at least 1 numbers are needed"};
  CHECK(problems_of(task) == expected);
}

TEST_CASE("quantile flow task: every path keeps ranks, and a coarse integration does not") {
  QuantileFlowTask task;
  task.problem.points = 16;
  task.solver.steps = {20, 400};
  const auto run = recorded(task);
  CHECK(run.value("deviation_max") < 1e-7);
  CHECK(run.scalars.size() == 6);
  task.solver.steps = {20};
  CHECK(recorded(task).value("deviation_max") > 1e-4);
}

TEST_CASE("quantile flow task: contradictions in the config are named") {
  QuantileFlowTask task;
  task.problem.paths = {diffusion::Edm{}, diffusion::Edm{}};
  task.problem.last_level = 0.001;
  const std::vector<std::string> expected = {
      "/problem/last_level: edm has noise levels from 0.002 to 80"};
  CHECK(problems_of(task) == expected);
  task.problem.last_level = 0.05;
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/paths/1/type: \"edm\" is taken by entry 0"});
  task.problem.paths.clear();
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/paths: at least one path is needed"});
}

TEST_CASE("memory task: the data come back equally often, and a kernel density estimate before") {
  const auto run = recorded(small_memory());
  CHECK(run.value("distance_to_data_max") < 1e-12);
  CHECK(run.value("frequency_p_value") > five_sigma);
  CHECK(run.value("kernel_density_p_value") > five_sigma);
  for (const auto* key : {"mean.0", "variance.0"}) {
    const Scalar& moment = run.scalars.at(key);
    CHECK(std::abs(moment.value - moment.expected) < 5.0 * moment.standard_error);
  }
}

TEST_CASE("memory task: too few first-order steps are seen in every law") {
  MemoryTask task = small_memory();
  task.solver.sampler.method = SamplerMethod::ddim;
  task.solver.steps = 5;
  const auto run = recorded(task);
  CHECK(run.value("frequency_p_value") < five_sigma);
  CHECK(run.value("kernel_density_p_value") < five_sigma);
  const Scalar& variance = run.scalars.at("variance.0");
  CHECK(std::abs(variance.value - variance.expected) > 5.0 * variance.standard_error);
}

TEST_CASE("memory task: a run that ends too high does not reach the data") {
  MemoryTask task = small_memory();
  task.problem.last_level = 0.3;
  CHECK(recorded(task).value("distance_to_data_max") > 0.1);
}

TEST_CASE("memory task: contradictions in the config are named") {
  MemoryTask task = small_memory();
  task.problem.points = Matrix::Constant(1, 2, 0.5);
  task.problem.stop_level = 50.0;
  const std::vector<std::string> expected = {
      "/problem/stop_level: must lie between last_level and first_level",
      "/problem/points/1: equals point 0; points must be distinct"};
  CHECK(problems_of(task) == expected);
  task.problem.stop_level = 0.3;
  task.problem.points = Matrix::Constant(1, 1, 0.5);
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/points: at least two points are needed"});
}

TEST_CASE("rate task: heights of a batch are of order one in draws with the stated constant") {
  SemidiscreteRateTask task;
  task.problem.per_side = 2;
  task.solver.draws = {32, 64, 128};
  task.solver.repeats = 60;
  const auto run = recorded(task);
  const Scalar& slope = run.scalars.at("slope");
  CHECK(std::abs(slope.value + 1.0) < 5.0 * slope.standard_error);
  CHECK(slope.standard_error < 0.15);
  const Scalar& efficiency = run.scalars.at("efficiency");
  // Beside the standard error: terms of higher order in 1 / 128, measured below 5%.
  CHECK(std::abs(efficiency.value - 1.0) < 5.0 * efficiency.standard_error + 0.05);
}

TEST_CASE("rate task: Adam at a fixed rate does not have the rate, by the claim's own checks") {
  SemidiscreteRateTask task;
  task.problem.per_side = 3;
  task.solver.method = HeightMethod::mc_adam;
  task.solver.draws = {4096, 16'384, 65'536};
  task.solver.repeats = 24;
  const auto run = recorded(task);
  const Scalar& slope = run.scalars.at("slope");
  CHECK(slope.value + 1.0 > 5.0 * slope.standard_error + 0.05);
  const Scalar& efficiency = run.scalars.at("efficiency");
  CHECK(efficiency.value - 1.0 > 5.0 * efficiency.standard_error + 0.05);
}

TEST_CASE("rate task: contradictions in the config are named") {
  SemidiscreteRateTask task;
  task.problem = {.dim = 7, .per_side = 8};
  task.solver.draws = {100, 100};
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/per_side: per_side^dim is more than a million sites",
                                 "/solver/draws: at least 3 numbers are needed to fit a slope",
                                 "/solver/draws/1: numbers of draws must increase"});
  task.problem = {.dim = 2, .per_side = 3};
  task.solver.draws = {9, 20, 90'000};
  CHECK(problems_of(task) ==
        std::vector<std::string>{
            "/solver/draws/1: a batch must be a multiple of the number of sites, 9",
            "/solver/draws/2: a batch of more than 20000 draws is too many for an exact "
            "solution"});
}

TEST_CASE("expressway bound task: the bound holds, and needs the errors of the steps") {
  ExpresswayBoundTask task;
  task.problem.mixtures = 4;
  task.problem.levels = {2.0, 0.0};
  task.problem.atoms = 60;
  task.solver.samples = 500;
  task.solver.reference = 4000;
  const auto run = recorded(task);
  CHECK(run.value("ratio_max") <= 1.0);
  CHECK(run.value("bound_mean") >= run.value("measured_mean"));
  CHECK(run.value("ratio_without_steps_max") > run.value("ratio_max"));
}

TEST_CASE("expressway bound task: levels that do not fit the path are named") {
  ExpresswayBoundTask task;
  task.problem.levels = {1.0, 1.0};
  REQUIRE(problems_of(task).size() == 1);
  CHECK(problems_of(task)[0].starts_with("/problem/levels: levels: levels[1] is 1"));
}

TEST_CASE("theory tasks: same numbers for any number of threads") {
  check_thread_invariance(small_study({{"ddim", {.method = SamplerMethod::ddim}, 1}}));
  check_thread_invariance(small_memory());
  ContractionTask contraction;
  contraction.solver.steps = {3};
  check_thread_invariance(contraction);
  QuantileFlowTask quantile;
  quantile.problem.points = 200;
  quantile.solver.steps = {30};
  check_thread_invariance(quantile);
  SemidiscreteRateTask rate;
  rate.solver.draws = {16, 32, 64};
  rate.solver.repeats = 3;
  check_thread_invariance(rate);
  ExpresswayBoundTask bound;
  bound.problem.mixtures = 1;
  bound.solver.samples = 100;
  bound.solver.reference = 1000;
  check_thread_invariance(bound);
}
