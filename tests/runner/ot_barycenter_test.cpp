/// The task of barycenters: closed forms on the line and on pixels, bounds that hold, and rules.
#include "runner/tasks/ot_barycenter.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

Matrix normal_points(Index d, Index n, std::uint64_t seed) {
  Matrix points(d, n);
  fill_normal({.seed = seed, .purpose = Draw::user}, points);
  return points;
}

BarycenterTask of_sets(std::vector<DataReference> sets) {
  BarycenterTask task;
  task.problem.measures = PointSets{.sets = std::move(sets)};
  return task;
}

std::map<std::string, DiscreteMeasure> two_sets(const Matrix& x, const Matrix& y) {
  return {{"x", DiscreteMeasure::uniform(x)}, {"y", DiscreteMeasure::uniform(y)}};
}

/// Images of 3 x 1 pixels: ink at the left end, and at the right.
std::map<std::string, DiscreteMeasure> end_pixels() {
  Matrix images = Matrix::Zero(3, 2);
  images(0, 0) = 5.0, images(2, 1) = 9.0;
  return {{"images", DiscreteMeasure::uniform(images)}};
}

BarycenterTask of_end_pixels() {
  BarycenterTask task;
  task.problem.measures = ImageMeasures{.images = {"images"}, .width = 3};
  task.solver.method = FixedSupportMethod{.epsilon = 0.05, .tolerance = 1e-8};
  return task;
}

}  // namespace

TEST_CASE("barycenter task: of two point masses, on the line, weights say where") {
  BarycenterTask task = of_sets({{"x"}, {"y"}});
  task.problem.weights = Vector{{1.0, 3.0}};
  task.solver.method = LineMethod{};
  const auto run = recorded(task, 1, 1, two_sets(Matrix::Zero(1, 1), Matrix::Constant(1, 1, 10.0)));
  CHECK(run.converged);
  CHECK(run.arrays.at("barycenters")(2, 0) == doctest::Approx(7.5).epsilon(1e-15));
  CHECK(run.value("objective") == doctest::Approx(18.75).epsilon(1e-14));  // 100 * 1/4 * 3/4
  // To the mixture: 3/4 * 100 from one, 1/4 * 100 from the other.
  CHECK(run.value("objective_of_mixture") == doctest::Approx(37.5).epsilon(1e-14));
  CHECK(run.value("mixture_ratio") == doctest::Approx(0.5).epsilon(1e-14));
  CHECK_FALSE(run.scalars.contains("lower_bound"));
  task.problem.weights = Vector{{1.0, 0.0}};
  CHECK(recorded(task, 1, 1, two_sets(Matrix::Zero(1, 1), Matrix::Ones(1, 1))).value("objective") ==
        0.0);
}

TEST_CASE("barycenter task: moving points find the exact barycenter on the line") {
  const auto data = two_sets(normal_points(1, 30, 1), 3.0 * normal_points(1, 30, 2).array() + 5.0);
  BarycenterTask task = of_sets({{"x"}, {"y"}});
  task.solver.method = LineMethod{};
  const double exact = recorded(task, 1, 1, data).value("objective");
  task.solver.method = FreeSupportMethod{.points = 30, .tolerance = 1e-12};
  const auto run = recorded(task, 1, 1, data);
  CHECK(run.converged);
  // 30 equal masses each: the best couplings are sorted ones for any places of the points, so
  // that one update from a start of 30 points is the minimum.
  CHECK(run.value("objective") == doctest::Approx(exact).epsilon(1e-10));
  CHECK(run.figures.size() == 2);
}

TEST_CASE("barycenter task: ink at both ends of a row of pixels meets in the middle") {
  const auto run = recorded(of_end_pixels(), 1, 1, end_pixels());
  CHECK(run.converged);
  const Matrix& rows = run.arrays.at("barycenters");
  REQUIRE(rows.cols() == 3);
  CHECK(rows(1, 1) > 0.999);  // other pixels cost 1 more, e^-20 at this epsilon, and blur
  CHECK(run.value("objective") == doctest::Approx(1.0).epsilon(1e-2));
  CHECK(run.value("objective_of_mixture") == doctest::Approx(2.0).epsilon(1e-12));
  CHECK(run.value("lower_bound") <= 1.0 + 1e-12);
  CHECK(run.value("lower_bound") > 0.5);
  CHECK(run.figures.front().id == "barycenters");
  const auto& panel = std::get<ImagePanel>(run.figures.front().panels.front());
  CHECK(panel.rows[0].images[0] == std::vector<std::uint8_t>{0, 16, 0});
  CHECK(panel.rows[1].images[0] == std::vector<std::uint8_t>{16, 0, 16});
}

TEST_CASE("barycenter task: the bound is below the objective of every measure on the support") {
  BarycenterGroup group{.name = "g", .weights = Vector{{0.3, 0.7}}};
  for (const std::uint64_t seed : {1, 2}) {
    group.measures.push_back(DiscreteMeasure::uniform(normal_points(2, 6, seed)));
  }
  const Matrix support = normal_points(2, 8, 3);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<Vector> g;
    for (int k = 0; k < 2; ++k) {
      g.emplace_back(normal_points(1, 6, 10 + seed + 100 * static_cast<unsigned>(k)).transpose());
    }
    const Vector a = normal_points(1, 8, 300 + seed).row(0).transpose().cwiseAbs();
    const double objective = exact_objective({support, a, Mass::normalise}, group, 1);
    CHECK(objective_bound(support, group, g) <= objective + 1e-12);
  }
}

TEST_CASE("barycenter task: on a grid in the plane, each class on its own") {
  BarycenterTask task;
  task.problem.measures = DrawnMeasures{.classes = 2, .per_class = 3, .points = 12, .spread = 2.0};
  task.solver.method = FixedSupportMethod{.epsilon = 0.2, .tolerance = 1e-3, .nodes = 12};
  const auto run = recorded(task);
  CHECK(run.converged);
  CHECK(run.value("barycenters") == 2.0);
  CHECK(run.arrays.at("barycenters").cols() == 2 * 144);
  CHECK(run.value("lower_bound") <= run.value("objective"));
  CHECK(run.value("gap") >= 0.0);
  CHECK(std::get<ScatterPanel>(run.figures.front().panels.front()).clouds.size() == 2);
  check_thread_invariance(task);
  task.solver.method = FreeSupportMethod{.points = 12};
  CHECK(recorded(task).value("mixture_ratio") < 1.0);
  check_thread_invariance(task);
}

TEST_CASE("barycenter task: a budget that is too small is not success") {
  BarycenterTask task = of_end_pixels();
  task.solver.method = FixedSupportMethod{.epsilon = 0.05, .tolerance = 1e-12, .max_iterations = 1};
  CHECK_FALSE(recorded(task, 1, 1, end_pixels()).converged);
}

TEST_CASE("barycenter task: contradictions in the config are named") {
  DataSet data;
  const auto add = [&](const std::string& name, Index d) {
    data.add(name, std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(Matrix::Ones(d, 4))));
  };
  add("x", 2), add("y", 3), add("l", 1);
  CHECK(problems_of(of_sets({})) ==
        std::vector<std::string>{"/problem/measures/sets: at least one data entry is needed"});
  CHECK(problems_of(of_sets({{"x"}, {"y"}}), data) ==
        std::vector<std::string>{
            "/problem/measures/sets/1: points have dimension 3, those before 2"});
  BarycenterTask task = of_sets({{"x"}});
  task.problem.weights = Vector{{1.0, 2.0}};
  task.solver.method = LineMethod{};
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{
            "/problem/weights: there are 2 for groups of 1 measures",
            "/solver/method: \"line\" is for points on the line, these have dimension 2"});
  task.problem.weights = Vector{{0.0}};
  task.solver.method = FixedSupportMethod{.nodes = 2000};
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{
            "/problem/weights: must have a positive sum",
            "/solver/method/nodes: a grid of so many nodes along each of 2 axes has more than a "
            "million: take fewer, or \"free_support\""});
  task = BarycenterTask{};
  task.problem.measures =
      ImageMeasures{.images = {"x"}, .labels = DataReference{"l"}, .classes = {9}, .width = 3};
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{"/problem/measures/width: does not divide the number of pixels, 2",
                                 "/problem/measures/classes: no image has one of these labels"});
}
