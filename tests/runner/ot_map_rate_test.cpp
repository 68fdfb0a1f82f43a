/// The rate of estimated maps: as theory says, and not where epsilon falls too slowly.
#include "runner/tasks/ot_map_rate.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "runner/claims_run.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

MapRateTask small_rate() {
  MapRateTask task;
  task.problem = {.dims = {2, 12}, .samples = {64, 256, 1024}};
  task.solver.repeats = 60;
  task.solver.nearest_repeats = 6;
  task.solver.test_points = 500;
  task.solver.tolerance = 1e-7;
  return task;
}

}  // namespace

TEST_CASE("map rate: the entropic map does not notice the dimension, the nearest neighbour does") {
  const auto run = recorded(small_rate());
  CHECK(run.converged);
  for (const char* slope : {"slope.2", "slope.12"}) {
    CHECK(std::abs(run.value(slope) + 0.5) < 0.1);
    // A margin of 0.1 means something only where the error is far below it.
    CHECK(run.scalars.at(slope).standard_error < 0.03);
  }
  CHECK(run.value("nearest_slope.12") > -0.3);
  CHECK(run.value("nearest_over_entropic.12") > 2 * run.value("nearest_over_entropic.2"));
  // The bias alone is 2 epsilon (log 2 - 1/2): below what is measured, which has the sampling error
  // as well.
  CHECK(run.value("error.2.1024") > 2 * (std::log(2.0) - 0.5) / 32);
  CHECK(run.tables.size() == 1);
  CHECK(run.figures.size() == 1);
}

TEST_CASE("map rate: an epsilon that falls too slowly breaks the rate") {
  MapRateTask task = small_rate();
  task.problem.dims = {2};
  task.solver.epsilon_exponent = 0.2;
  const auto run = recorded(task);
  CHECK(run.value("slope.2") > -0.4);
  task.solver.epsilon_exponent = 0.0;
  CHECK(recorded(task).value("slope.2") > -0.2);
}

TEST_CASE("map rate: solves that are cut off are reported") {
  MapRateTask task = small_rate();
  task.solver.max_passes = 2;
  task.solver.repeats = 3;
  task.solver.nearest_repeats = 3;
  CHECK_FALSE(recorded(task).converged);
}

TEST_CASE("map rate: same numbers for any number of threads") {
  MapRateTask task = small_rate();
  task.problem.samples = {64, 128, 400};
  task.solver.repeats = 3;
  task.solver.nearest_repeats = 3;
  check_thread_invariance(task);
}

TEST_CASE("map rate: contradictions in the config are named") {
  MapRateTask task;
  task.problem.dims = {2, 2};
  task.problem.samples = {10, 20};
  task.solver.nearest_repeats = 200;
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/dims/1: numbers must increase",
                                 "/problem/samples: at least 3 are needed",
                                 "/solver/nearest_repeats: must not exceed /solver/repeats"});
  task = {};
  task.problem.dims.clear();
  task.problem.samples.clear();
  for (Index n = 2; n < 70; ++n) task.problem.samples.push_back(n);
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/dims: at least 1 are needed",
                                 "/problem/samples: at most 64 are told apart by their draws"});
}

TEST_CASE("map rate: the starter runs and passes its check") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(MapRateTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
}
