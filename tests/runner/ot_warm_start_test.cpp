/// Warm starts as a task: predictions save passes, wrong ones cost some, the solution stays.
#include "runner/tasks/ot_warm_start.hpp"

#include <doctest/doctest.h>

#include "runner/claims_run.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

WarmStartTask small_task() {
  WarmStartTask task;
  task.problem = {.per_side = 6, .bumps = 2, .training = 60, .test = 15};
  return task;
}

}  // namespace

TEST_CASE("warm start task: regression saves passes and changes nothing else") {
  WarmStartTask task = small_task();
  task.solver.method = ot::SinkhornMethod::sparse_newton;  // from zero it anneals epsilon
  const auto run = recorded(task);
  CHECK(run.converged);
  const Scalar& saved = run.scalars.at("saved.ridge");
  CHECK(saved.value > 4.89 * saved.standard_error);
  CHECK(run.value("difference") < 1e-5);
  CHECK(run.tables.size() == 1);
  CHECK(run.figures.size() == 1);
}

TEST_CASE("warm start task: predictions turned round save nothing, the solution stays") {
  WarmStartTask task = small_task();
  task.solver.fault = PredictionFault::reversed;
  const auto run = recorded(task);
  CHECK(run.converged);
  CHECK(run.value("saved.ridge") < 0.0);
  CHECK(run.value("difference") < 1e-5);
}

TEST_CASE("warm start task: solves that are cut off are reported") {
  WarmStartTask task = small_task();
  task.problem.test = 3;
  task.solver.max_passes = 3;
  CHECK_FALSE(recorded(task).converged);
}

TEST_CASE("warm start task: same numbers for any number of threads") {
  WarmStartTask task = small_task();
  task.problem.training = 5;
  task.problem.test = 3;
  check_thread_invariance(task);
}

TEST_CASE("warm start task: the starter runs and passes its check") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(WarmStartTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
}
