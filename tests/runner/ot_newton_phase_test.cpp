/// The task behind the claim about Newton's last phase, and what violates it.
#include "runner/tasks/ot_newton_phase.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runner/config.hpp"
#include "runner/execute.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

NewtonPhaseTask small() {
  NewtonPhaseTask task;
  task.problem.sites = 300;
  task.solver.repeats = 10;
  return task;
}

}  // namespace

TEST_CASE("newton phase: whole steps of order two end at the weights that made the problem") {
  for (const auto density : {PhaseDensity::uniform, PhaseDensity::piecewise_linear}) {
    NewtonPhaseTask task = small();
    task.problem.density = density;
    const auto run = recorded(task);
    CHECK(run.converged);
    CHECK(run.value("order") > 1.6);
    CHECK(run.value("shortest_step") == 1.0);
    CHECK(run.value("weight_error") < 1e-8);
    CHECK(run.figures.size() == 1);
  }
}

TEST_CASE("newton phase: systems solved to a fixed accuracy leave the last steps of order one") {
  NewtonPhaseTask task = small();
  task.solver.system_residual = 0.3;
  task.solver.tighten_systems = false;
  const auto run = recorded(task);
  CHECK(run.value("order") < 1.4);
  CHECK(run.value("constant") > 1e3);
}

TEST_CASE("newton phase: contradictions in the config are named") {
  NewtonPhaseTask task;
  task.solver.floor = 0.5;
  CHECK(problems_of(task) == std::vector<std::string>{"/solver/floor: must be below \"entry\""});
}

TEST_CASE("newton phase: the numbers do not depend on the number of threads") {
  NewtonPhaseTask task = small();
  task.solver.repeats = 3;
  check_thread_invariance(task);
}

TEST_CASE("newton phase: the starter runs and passes its checks") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(NewtonPhaseTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
  CHECK(plan.checks.size() == 2);
}
