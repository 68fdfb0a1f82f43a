/// The task of points that stand for a density: its numbers, figures, rules, resume and starter.
#include "runner/tasks/ot_quantization.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/measure.hpp"

#include "runner/config.hpp"
#include "runner/execute.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

using Problems = std::vector<std::string>;

QuantizationTask small(Index points) {
  QuantizationTask task;
  task.problem.points = points;
  task.solver.max_iterations = 5;
  task.solver.tolerance = 1e-4;
  return task;
}

}  // namespace

TEST_CASE("quantization task: moves gain what theory promises, and stay above the honeycomb") {
  QuantizationTask task = small(80);
  task.solver.max_iterations = 30;
  const auto run = recorded(task);
  CHECK_FALSE(run.converged);
  CHECK(run.value("moves") == 30.0);
  // Masses right to 1e-6 of a cell leave costs right to the same share.
  CHECK(run.value("descent_shortfall") < 1e-6);
  CHECK(run.value("cost_ratio") < 0.7);
  CHECK(run.value("cost_ratio") ==
        doctest::Approx(run.value("transport_cost") / run.value("start_cost")).epsilon(1e-12));
  // No 80 cells of a square have a smaller second moment than 80 regular hexagons.
  CHECK(80.0 * run.value("transport_cost") > 5.0 / (18.0 * std::sqrt(3.0)));
  CHECK(run.value("mass_error") < 1e-6);
  CHECK(run.value("empty_cells") == 0.0);
}

TEST_CASE("quantization task: a picture is shown beside its points, before and after") {
  Matrix greys(6, 4);
  fill_uniform({.seed = 3, .purpose = Draw::user}, greys);
  const std::map<std::string, DiscreteMeasure> entries{{"greys", DiscreteMeasure::uniform(greys)}};
  QuantizationTask task = small(40);
  task.problem.source = ImageSource{.pixels = {"greys"}};
  const auto run = recorded(task, 1, 1, entries);
  REQUIRE(run.figures.size() == 4);
  CHECK(run.figures[0].id == "picture");
  const auto& picture = std::get<ImagePanel>(run.figures[0].panels.front());
  CHECK(picture.width == 6);
  CHECK(picture.height == 4);
  CHECK(run.figures[1].id == "stipples");
  REQUIRE(run.figures[1].panels.size() == 2);
  for (const auto& panel : run.figures[1].panels) {
    const auto& dots = std::get<ScatterPanel>(panel).segments.front();
    CHECK(dots.x0.size() == 40);
    CHECK(dots.x0 == dots.x1);
  }
  CHECK(run.figures[2].id == "cells");
  CHECK(run.figures[3].id == "descent");
}

TEST_CASE("quantization task: points in space") {
  QuantizationTask task = small(30);
  task.problem.source = BoxSource{Vector::Zero(3), Vector::Ones(3)};
  const auto run = recorded(task);
  CHECK(run.value("cost_ratio") < 1.0);
  REQUIRE(run.figures.size() == 1);
  CHECK(run.figures[0].id == "descent");
}

TEST_CASE("quantization task: contradictions in the config are named") {
  QuantizationTask task;
  task.problem.source = BoxSource{Vector::Zero(1), Vector::Ones(1)};
  CHECK(problems_of(task) == Problems{"/problem/source: cells are known in the plane and in space, "
                                      "not in dimension 1"});
  task.problem.source = BoxSource{Vector::Zero(2), Vector::Ones(3)};
  CHECK(problems_of(task) ==
        Problems{"/problem/source/upper: there are 2 lower ends and 3 upper ones"});
}

TEST_CASE("quantization task: the numbers do not depend on the number of threads") {
  check_thread_invariance(small(50));
}

TEST_CASE("quantization task: the starter runs and passes its checks") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(QuantizationTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
  CHECK(plan.checks.size() == 2);
}
