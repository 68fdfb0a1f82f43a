/// Grids against closed forms as a task: the identity, and what breaks it.
#include "runner/tasks/ot_gaussian_entropic.hpp"

#include <doctest/doctest.h>

#include "runner/claims_run.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

GaussianEntropicTask small_task() {
  GaussianEntropicTask task;
  task.problem = {.dims = {1, 2}, .pairs = 1};
  task.solver.epsilons = {1.0};
  task.solver.nodes = 41;  // a step of 0.45 for conditional deviations of 0.5 and more
  return task;
}

}  // namespace

TEST_CASE("gaussian entropic: grids have the costs of the closed forms") {
  const auto run = recorded(small_task());
  CHECK(run.converged);
  for (const char* error : {"kl_error_max", "linear_error_max", "divergence_error_max"}) {
    CAPTURE(error);
    CHECK(run.value(error) < 1e-8);
  }
  CHECK(run.value("error.2") <= 1e-8);
  CHECK(run.figures.size() == 1);
}

TEST_CASE("gaussian entropic: grids too coarse or narrow and solves cut off are seen") {
  const auto largest = [](const GaussianEntropicTask& task) {
    const auto run = recorded(task);
    return run.value("linear_error_max");
  };
  GaussianEntropicTask task = small_task();
  task.solver.nodes = 9;
  CHECK(largest(task) > 1e-4);
  task = small_task();
  task.solver.width = 2.0;
  CHECK(largest(task) > 1e-4);
  task = small_task();
  task.solver.max_passes = 4;
  CHECK(largest(task) > 1e-4);
  CHECK_FALSE(recorded(task).converged);
}

TEST_CASE("gaussian entropic: same numbers for any number of threads") {
  GaussianEntropicTask task = small_task();
  task.problem.dims = {2};
  task.solver.nodes = 21;
  check_thread_invariance(task);
}

TEST_CASE("gaussian entropic: contradictions in the config are named") {
  GaussianEntropicTask task;
  task.problem.dims.clear();
  task.problem.least_variance = 2.0;
  task.solver.epsilons.clear();
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/dims: at least one dimension is needed",
                                 "/problem/least_variance: must be at most \"largest_variance\"",
                                 "/solver/epsilons: at least one number is needed"});
}

TEST_CASE("gaussian entropic: the starter runs and passes its check") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(GaussianEntropicTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
}
