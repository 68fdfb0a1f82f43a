/// The tasks of entropic transport: numbers, figures, rules, resume, and claims that can fail.
#include "runner/tasks/ot_sinkhorn.hpp"

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runner/tasks/ot_exact.hpp"
#include "runner/tasks/ot_sinkhorn_bias.hpp"
#include "runner/tasks/ot_sinkhorn_passes.hpp"
#include "tests/runner/recording_context.hpp"
#include "tests/runner/toy_runs.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

SinkhornTask small_task() {
  SinkhornTask task;
  task.problem.source = RandomMixturePoints{.points = 40, .random_weights = true};
  task.problem.target = RingPoints{.points = 30};
  task.solver.epsilon = 0.05;
  task.solver.epsilon_unit = EpsilonUnit::typical_cost;
  return task;
}

SinkhornBiasTask small_bias() {
  SinkhornBiasTask task;
  task.problem.dims = {2, 64};
  task.problem.mixtures = 2;
  task.problem.components = 1;
  task.problem.source_points = 50;
  task.problem.target_points = 60;
  task.solver.epsilons = {0.01, 0.1, 1.0};
  return task;
}

// A threshold that marginal errors of 1e-10 cannot reach: they move <P, C> by that times the
// largest cost, tens of median costs, and the smallest bound is 0.03 median costs.
constexpr double marginal_noise = 1e-6;

}  // namespace

TEST_CASE("sinkhorn task: its bounds hold the exact cost, and the bias obeys its bound") {
  SinkhornTask task = small_task();
  const auto run = recorded(task);
  ExactTask exact_task;
  exact_task.problem = task.problem;
  const double exact = recorded(exact_task).value("transport_cost");
  CHECK(run.converged);
  CHECK(run.value("lower_bound") <= exact + 1e-10);
  CHECK(run.value("upper_bound") >= exact - 1e-10);
  CHECK(run.value("linear_cost") - exact > 0.0);
  CHECK(run.value("linear_cost") - exact < run.value("bias_bound"));
  CHECK(run.value("marginal_error") <= 1.01e-8);
  CHECK(run.figures.size() == 2);  // lines and convergence
  CHECK(run.tables.size() == 1);
}

TEST_CASE("sinkhorn task: the divergence of a measure from itself is zero") {
  SinkhornTask task = small_task();
  Matrix points(2, 20);
  fill_uniform({.seed = 5, .purpose = Draw::user}, points);
  const DataPoints same{.points = {"points"}};
  task.problem.source = task.problem.target = same;
  task.solver.divergence = true;
  task.solver.tolerance = 1e-11;
  const auto run = recorded(task, 1, 1, {{"points", DiscreteMeasure::uniform(points)}});
  CHECK(std::abs(run.value("divergence")) < 1e-9);  // second order in the marginal errors
  task.problem.target = NormalPoints{.points = 20};
  CHECK(recorded(task, 1, 1, {{"points", DiscreteMeasure::uniform(points)}}).value("divergence") >
        0.01);
}

TEST_CASE("sinkhorn task: a budget that is too small is not success") {
  SinkhornTask task = small_task();
  task.solver.max_passes = 5;
  CHECK_FALSE(recorded(task).converged);
}

TEST_CASE("sinkhorn task: contradictions in the config are named") {
  SinkhornTask task = small_task();
  task.solver.method = ot::SinkhornMethod::sparse_newton;
  task.solver.stored_pairs = 100;
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/solver/stored_pairs: sparse_newton stores all 1200 pairs: allow "
                                 "them, or take \"truncated_newton\""});
}

TEST_CASE("sinkhorn task: the numbers do not depend on the number of threads") {
  check_thread_invariance(small_task());
}

TEST_CASE("sinkhorn task: more passes on resume end with the bytes of a run that asked for them") {
  const TemporaryFolder scratch;
  const Registry registry = shipped_tasks();
  for (const std::string method : {"sinkhorn", "sparse_newton", "truncated_newton"}) {
    CAPTURE(method);
    const auto folder = scratch.path / method;
    const auto plan = [&](int passes) {
      return load_config_text(R"({"version": 1, "task": "ot.sinkhorn", "seed": 5,
        "problem": {"source": {"type": "random_mixture", "points": 40},
                    "target": {"type": "random_mixture", "points": 30}},
        "solver": {"epsilon": 0.02, "epsilon_unit": "typical_cost", "on_not_converged": "warn",
                   "method": ")" + method +
                                  R"(", "max_passes": )" + std::to_string(passes) + "}}",
                              "sinkhorn.json", registry);
    };
    const FinishedRun once = run_in_new_folder(plan(20'000), into(folder / "once"));
    const FinishedRun cut = run_in_new_folder(plan(12), into(folder / "cut"));
    REQUIRE(result_files(cut.folder) != result_files(once.folder));
    resume_in_folder(cut.folder, registry, {"/solver/max_passes=20000"}, silent);
    CHECK(result_files(cut.folder) == result_files(once.folder));
  }
}

TEST_CASE("sinkhorn bias: between nothing and its bound, and near enough for a bound to fail") {
  const auto run = recorded(small_bias());
  CHECK(run.converged);
  CHECK(run.value("ratio_max") <= 1.0);
  CHECK(run.value("ratio_min") >= -marginal_noise);
  CHECK(run.value("ratio_max") > 0.25);  // a quarter of the bound would be crossed
  CHECK(run.figures.size() == 1);
}

TEST_CASE("sinkhorn bias: couplings that miss their marginals break the lower bound") {
  SinkhornBiasTask task = small_bias();
  task.solver.max_passes = 2;
  const auto run = recorded(task);
  CHECK_FALSE(run.converged);
  CHECK(run.value("ratio_min") < -marginal_noise);
}

TEST_CASE("sinkhorn bias: contradictions in the config are named") {
  SinkhornBiasTask task = small_bias();
  task.problem.dims = {2, 2};
  task.solver.epsilons.clear();
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/dims/1: is there before",
                                 "/solver/epsilons: at least one number is needed"});
  task = small_bias();
  task.problem.dims.clear();
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/dims: at least one dimension is needed"});
}

TEST_CASE("sinkhorn passes: over-relaxation saves most of them, and Newton steps more") {
  SinkhornPassesTask task;
  task.problem = {.mixtures = 1, .points = 60, .epsilons = {0.1, 0.02}};
  const auto run = recorded(task);
  CHECK(run.converged);
  CHECK(run.value("passes.over_relaxed") < run.value("passes.plain"));
  CHECK(run.value("passes.sparse_newton") < run.value("passes.over_relaxed"));
  CHECK(run.figures.size() == 1);
}

TEST_CASE("sinkhorn passes: where epsilon is large, Newton steps save nothing") {
  SinkhornPassesTask task;
  task.problem = {.mixtures = 1, .points = 60, .epsilons = {3.0}};
  CHECK(recorded(task).value("saving.sparse_newton") < 2.0);
}

TEST_CASE("sinkhorn passes: contradictions in the config are named") {
  SinkhornPassesTask task;
  task.problem.epsilons = {0.1, 0.1};
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/epsilons/1: numbers must decrease"});
  task.problem.epsilons.clear();
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/epsilons: at least one number is needed"});
}

TEST_CASE("sinkhorn starters: they run and pass their checks") {
  const Registry registry = shipped_tasks();
  for (const auto text :
       {SinkhornTask::starter(), SinkhornBiasTask::starter(), SinkhornPassesTask::starter()}) {
    const RunPlan plan = load_config_text(std::string(text), "starter.json", registry);
    REQUIRE_FALSE(plan.checks.empty());
    RunHost host;
    CHECK(execute(plan, host).verdict == Verdict::ok);
  }
}
