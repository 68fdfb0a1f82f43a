/// Noise assignment as a task: shorter paths under the same law, and a method that breaks the law.
#include "runner/tasks/ot_noise_assignment.hpp"

#include <doctest/doctest.h>

#include "runner/claims_run.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

constexpr double five_sigma = 5.7e-7;

NoiseAssignmentTask small_task() {
  NoiseAssignmentTask task;
  task.problem.data = RandomMixturePoints{.dim = 4, .points = 500};
  task.problem.batches = {16, 128};
  task.solver.repeats = 8;
  return task;
}

}  // namespace

TEST_CASE("noise assignment task: paths shrink with the batch, the law of the noise stays") {
  const auto run = recorded(small_task());
  CHECK(run.converged);
  CHECK(run.value("ratio_max") <= 1.0);
  CHECK(run.value("distance_ratio.128") < run.value("distance_ratio.16"));
  CHECK(run.value("permutation") == 1.0);
  CHECK(run.value("law_chance") > five_sigma);
  CHECK(run.figures.size() == 1);
}

TEST_CASE("noise assignment task: the nearest of several noises breaks the law, and is seen to") {
  NoiseAssignmentTask task = small_task();
  task.solver.method = ot::NoiseAssignmentMethod::nearest;
  const auto run = recorded(task);
  CHECK(run.value("permutation") == 0.0);
  CHECK(run.value("law_chance") < five_sigma);
}

TEST_CASE("noise assignment task: pairs left as they were are no shorter") {
  NoiseAssignmentTask task = small_task();
  task.problem.batches = {1};
  CHECK(recorded(task).value("distance_ratio.1") == 1.0);
}

TEST_CASE("noise assignment task: same numbers for any number of threads") {
  check_thread_invariance(small_task());
}

TEST_CASE("noise assignment task: contradictions in the config are named") {
  NoiseAssignmentTask task = small_task();
  task.problem.batches = {16, 16};
  CHECK(problems_of(task) == std::vector<std::string>{"/problem/batches/1: sizes must increase"});
  task.problem.batches.clear();
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/batches: at least one size is needed"});
}

TEST_CASE("noise assignment task: the starter runs and passes its checks") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(NoiseAssignmentTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
}
