/// Sample complexity as a task: the divergence does not notice the dimension, biased costs stay.
#include "runner/tasks/ot_sample_complexity.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "runner/claims_run.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

SampleComplexityTask small_task() {
  SampleComplexityTask task;
  task.problem = {.dims = {2, 8}, .samples = {25, 50, 100, 200}};
  task.solver.repeats = 30;
  return task;
}

}  // namespace

TEST_CASE("sample complexity: 1 / n for the divergence, slower and slower for transport") {
  const auto run = recorded(small_task());
  CHECK(run.converged);
  for (const char* slope : {"entropic_slope.2", "entropic_slope.8"}) {
    CHECK(std::abs(run.value(slope) + 1.0) < 5 * run.scalars.at(slope).standard_error + 0.1);
  }
  CHECK(run.value("exact_slope.8") > -0.45);
  CHECK(run.value("exact_slope.2") < -0.65);
  CHECK(run.value("first_slope.8") > -0.225);  // W_1 <= W_2: half of the exponent of W_2^2
  CHECK(run.value("first_slope.2") < run.value("first_slope.8"));
  CHECK(run.value("first_over_exact_max") <= 1.0);
  CHECK(run.figures.size() == 1);
}

TEST_CASE("sample complexity: distances on a plane in ten dimensions fall as in the plane") {
  SampleComplexityTask task = small_task();
  task.problem.dims = {10};
  task.problem.varying = 2;
  const auto run = recorded(task);
  CHECK(run.value("exact_slope.10") < -0.4);  // the claim's bounds are crossed
  CHECK(run.value("first_slope.10") < -0.2);
}

TEST_CASE("sample complexity: costs that keep their bias do not fall like 1 / n") {
  SampleComplexityTask task = small_task();
  task.problem.dims = {8};
  task.solver.debias = false;
  CHECK(recorded(task).value("entropic_slope.8") > -0.2);
}

TEST_CASE("sample complexity: solves that are cut off are reported") {
  SampleComplexityTask task = small_task();
  task.solver.max_passes = 2;
  task.solver.repeats = 3;
  CHECK_FALSE(recorded(task).converged);
}

TEST_CASE("sample complexity: same numbers for any number of threads") {
  SampleComplexityTask task = small_task();
  task.problem.samples = {25, 50, 100};
  task.solver.repeats = 3;
  check_thread_invariance(task);
}

TEST_CASE("sample complexity: contradictions in the config are named") {
  SampleComplexityTask task;
  task.problem.dims.clear();
  task.problem.samples = {20, 20};
  CHECK(problems_of(task) == std::vector<std::string>{"/problem/dims: at least 1 are needed",
                                                      "/problem/samples: at least 3 are needed",
                                                      "/problem/samples/1: numbers must increase"});
  task = {};
  task.problem.samples.clear();
  for (Index n = 2; n < 70; ++n) task.problem.samples.push_back(n);
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/samples: at most 64 are told apart by their draws"});
}

TEST_CASE("sample complexity: the starter runs and passes its check") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(SampleComplexityTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
}
