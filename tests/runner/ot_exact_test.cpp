/// The task of exact transport: its numbers, figures, rules and starter.
#include "runner/tasks/ot_exact.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
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

// Costs below 1e3, a few hundred additions of doubles: rounding stays below 1e-10.
constexpr double rounding = 1e-10;

ExactTask on_line(Index points) {
  ExactTask task;
  task.problem.source = NormalPoints{.dim = 1, .points = points};
  task.problem.target = BoxPoints{.dim = 1, .lower = 1.0, .upper = 4.0, .points = points};
  return task;
}

std::map<std::string, DiscreteMeasure> small_images() {
  Matrix pixels(4, 6);
  fill_uniform({.seed = 3, .purpose = Draw::user}, pixels);
  Matrix labels(1, 6);
  labels << 0, 1, 0, 1, 0, 1;
  return {{"images", DiscreteMeasure::uniform(pixels)},
          {"labels", DiscreteMeasure::uniform(labels)}};
}

DataPoints class_of(int label) {
  return {.points = {"images"}, .labels = DataReference{"labels"}, .label = label};
}

}  // namespace

TEST_CASE("exact task: on the line the cost is that of the sorted points") {
  const ExactTask task = on_line(40);
  const auto run = recorded(task);
  RecordingContext context;
  const ot::TransportProblem problem = task.problem.make(context);
  Vector x = problem.source.points().row(0), y = problem.target.points().row(0);
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  const double expected = (x - y).squaredNorm() / 40.0;
  CHECK(run.converged);
  CHECK(std::abs(run.value("transport_cost") - expected) < rounding);
  CHECK(run.value("lower_bound") <= expected);
  CHECK(run.value("upper_bound") >= expected);
  CHECK(run.value("gap") < rounding);
  CHECK(run.value("wasserstein_2") == doctest::Approx(std::sqrt(expected)).epsilon(1e-12));
  CHECK(run.value("support") <= 79);
  CHECK(run.figures.size() == 1);
  CHECK(run.tables.size() == 1);
}

TEST_CASE("exact task: the cost is the one asked for") {
  ExactTask task = on_line(30);
  task.problem.cost = EuclideanCost{};
  const auto euclidean = recorded(task);
  task.problem.cost = LpCost{.p = 1.0};
  // On the line both are |x - y|.
  CHECK(std::abs(euclidean.value("transport_cost") - recorded(task).value("transport_cost")) <
        rounding);
  CHECK_FALSE(euclidean.scalars.contains("wasserstein_2"));
  CHECK(euclidean.scalars.at("transport_cost").unit == "length");
}

TEST_CASE("exact task: a budget of no pivots leaves bounds that hold, and says so") {
  ExactTask task = on_line(30);
  task.solver.max_iterations = 0;
  const auto run = recorded(task);
  CHECK_FALSE(run.converged);
  const double exact = recorded(on_line(30)).value("transport_cost");
  CHECK(run.value("lower_bound") <= exact);
  CHECK(run.value("upper_bound") >= exact);
}

TEST_CASE("exact task: classes of a data set, drawn as images") {
  ExactTask task;
  task.problem.source = class_of(0);
  task.problem.target = class_of(1);
  task.output.image_width = 2;
  const auto run = recorded(task, 1, 1, small_images());
  CHECK(run.converged);
  CHECK(run.value("support") <= 5);
  REQUIRE(run.figures.size() == 1);  // no lines in four dimensions
  const auto& panel = std::get<ImagePanel>(run.figures.front().panels.front());
  CHECK(panel.rows.size() == 3);
  CHECK(panel.rows.front().images.size() == 3);
}

TEST_CASE("exact task: contradictions in the config are named") {
  ExactTask task;
  task.problem.source = BoxPoints{.dim = 3, .lower = 1.0, .upper = 1.0};
  CHECK(
      problems_of(task) ==
      std::vector<std::string>{"/problem/source/upper: must be above \"lower\"",
                               "/problem/target: points have dimension 2, those of the source 3"});

  DataSet data;
  for (const auto& [key, measure] : small_images()) {
    data.add(key, std::make_shared<DiscreteMeasure>(measure));
  }
  data.add("short",
           std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(Matrix::Zero(1, 2))));
  task.problem.source = class_of(7);
  task.problem.target = DataPoints{.points = {"images"}, .labels = DataReference{"short"}};
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{
            "/problem/source/label: no point has the label 7",
            "/problem/target/labels: must hold one number for each of the 6 points"});
  task.problem.source = task.problem.target = class_of(1);
  task.output.image_width = 3;
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{
            "/output/image_width: does not divide the dimension of the points, 4"});
}

TEST_CASE("exact task: the numbers do not depend on the number of threads") {
  ExactTask task;
  task.problem.source = RandomMixturePoints{.points = 50, .random_weights = true};
  task.problem.target = RingPoints{.points = 40};
  check_thread_invariance(task);
}

TEST_CASE("exact task: the starter runs and passes its checks") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(ExactTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
  CHECK(plan.checks.size() == 2);
}
