/// The task of semi-discrete transport on exact cells: its numbers, figures, rules and starter.
#include "runner/tasks/ot_semi_discrete.hpp"

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

using Problems = std::vector<std::string>;

SemiDiscreteTask square(Index sites) {
  SemiDiscreteTask task;
  task.problem.source = BoxSource{};
  task.problem.target = DrawnSites{.points = sites};
  return task;
}

/// 3 x 2 greys, the array of a picture with two rows of three pixels.
DiscreteMeasure greys() {
  Matrix pixels(3, 2);
  pixels << 0, 3, 1, 2, 2, 0;
  return DiscreteMeasure::uniform(pixels);
}

DataSet data_of(const std::map<std::string, DiscreteMeasure>& entries) {
  DataSet data;
  for (const auto& [key, measure] : entries) {
    data.add(key, std::make_shared<DiscreteMeasure>(measure));
  }
  return data;
}

const Figure* figure(const RecordingContext& run, const std::string& id) {
  const auto it = std::find_if(run.figures.begin(), run.figures.end(),
                               [&](const Figure& f) { return f.id == id; });
  return it == run.figures.end() ? nullptr : &*it;
}

}  // namespace

TEST_CASE("semi-discrete task: two sites part a box at the quantile of their axis") {
  SemiDiscreteTask task;
  task.problem.source = BoxSource{};
  task.problem.target = GivenSites{.points = (Matrix(2, 2) << 0.25, 0.75, 0.5, 0.5).finished(),
                                   .weights = (Vector(2) << 1.0, 1.0).finished()};
  const auto run = recorded(task);
  CHECK(run.converged);
  // Each half has the variances (1/4 + 1) / 12 about its middle.
  const double exact = 1.25 / 12.0;
  CHECK(run.value("transport_cost") == doctest::Approx(exact).epsilon(1e-12));
  CHECK(run.value("dual_value") == doctest::Approx(exact).epsilon(1e-12));
  CHECK(run.value("lower_bound") <= exact + 1e-15);
  CHECK(run.value("upper_bound") >= exact - 1e-15);
  CHECK(run.value("mass_error") < 1e-9);
  CHECK(run.value("empty_cells") == 0.0);
  CHECK_FALSE(run.scalars.contains("mass_error_bound"));
}

TEST_CASE("semi-discrete task: a standard normal in the plane has exact cells") {
  SemiDiscreteTask task;
  task.problem.target = GivenSites{.points = (Matrix(2, 2) << -1.0, 1.0, 0.0, 0.0).finished()};
  const auto run = recorded(task);
  CHECK(run.converged);
  // |x|^2 + 1 - 2 |x_0| in the mean.
  const double exact = 3.0 - 2.0 * std::sqrt(2.0 / std::acos(-1.0));
  CHECK(run.value("transport_cost") == doctest::Approx(exact).epsilon(1e-12));
  CHECK(figure(run, "cells") != nullptr);
}

TEST_CASE("semi-discrete task: cells in the plane are drawn, each border once") {
  const auto run = recorded(square(60));
  const Figure* cells = figure(run, "cells");
  REQUIRE(cells != nullptr);
  const auto& panel = std::get<ScatterPanel>(cells->panels.front());
  REQUIRE(panel.segments.size() == 1);
  // A planar graph with N bounded faces and corners of degree three has fewer than 3 N edges; the
  // outline is drawn as a whole and in pieces.
  CHECK(panel.segments.front().x0.size() < 3 * 60 + 4);
  CHECK(panel.segments.front().x0.size() > 2 * 60);
  CHECK(panel.clouds.size() == 2);
  CHECK(panel.clouds.front().total == 60);
  const Figure* newton = figure(run, "newton");
  REQUIRE(newton != nullptr);
  const auto& steps = std::get<LinePanel>(newton->panels.front()).series.front();
  CHECK(static_cast<double>(steps.x.size()) == run.value("newton_steps") + 1.0);
  CHECK(steps.y.back() < 1e-9);

  const auto many = recorded(square(1200));
  const auto& middle = std::get<ScatterPanel>(figure(many, "cells")->panels.front());
  CHECK(middle.segments.front().x0.size() < 3 * 1000);
}

TEST_CASE("semi-discrete task: a picture is the right way up, and dark pixels carry mass") {
  const std::map<std::string, DiscreteMeasure> entries{{"greys", greys()}};
  SemiDiscreteTask task;
  // One site: the cost is the second moment about it, of pixels with the densities 3 - grey:
  // above 3 0 2, below 1 1 3, sides of 1/2.
  task.problem.source = ImageSource{.pixels = {"greys"}, .width = 1.5};
  task.problem.target = GivenSites{.points = Matrix::Zero(2, 1)};
  const double above[] = {3, 0, 2}, below[] = {1, 1, 3};
  double total = 0.0, moment = 0.0;
  for (int i = 0; i < 3; ++i) {
    const auto add = [&](double mass, double y) {
      const double x = 0.25 + 0.5 * i;
      total += mass;
      moment += mass * (x * x + y * y + 2.0 * 0.25 / 12.0);
    };
    add(above[i], 0.75);
    add(below[i], 0.25);
  }
  const auto run = recorded(task, 1, 1, entries);
  CHECK(run.value("transport_cost") == doctest::Approx(moment / total).epsilon(1e-12));

  std::get<ImageSource>(task.problem.source).ink = Ink::bright;
  const auto other = recorded(task, 1, 1, entries);
  CHECK(std::abs(other.value("transport_cost") - moment / total) > 0.01);
}

TEST_CASE("semi-discrete task: voxels and boxes in space") {
  const std::map<std::string, DiscreteMeasure> entries{
      {"greys", DiscreteMeasure::uniform(Matrix::Ones(3, 4))}};
  SemiDiscreteTask task;
  task.problem.source = VoxelSource{.pixels = {"greys"}, .rows = 2, .width = 3.0};
  task.problem.target = DrawnSites{.points = 20, .law = SiteLaw::uniform};
  const auto voxels = recorded(task, 5, 1, entries);
  task.problem.source = BoxSource{Vector::Zero(3), (Vector(3) << 3.0, 2.0, 2.0).finished()};
  const auto box = recorded(task, 5, 1);
  CHECK(voxels.converged);
  CHECK(voxels.value("transport_cost") ==
        doctest::Approx(box.value("transport_cost")).epsilon(1e-9));
  CHECK(figure(box, "cells") == nullptr);
}

TEST_CASE("semi-discrete task: on the line cells are cut at quantiles, whatever the source") {
  const double pi = 3.14159265358979323846;
  SemiDiscreteTask task;
  task.problem.target = GivenSites{.points = (Matrix(1, 2) << -1.0, 1.0).finished()};
  const auto normal = recorded(task);
  CHECK(normal.value("transport_cost") ==
        doctest::Approx(2.0 - 2.0 * std::sqrt(2.0 / pi)).epsilon(1e-12));
  CHECK(figure(normal, "map") != nullptr);
  CHECK_FALSE(normal.scalars.contains("newton_steps"));

  task.problem.source = LineMixtureSource{{{1.0}, {0.0}, {1.0}}};
  CHECK(recorded(task).value("transport_cost") ==
        doctest::Approx(normal.value("transport_cost")).epsilon(1e-12));

  // The uniform law on [-2, 2], three ways: E(|x| - 1)^2 = 1/3.
  task.problem.source = LineHistogramSource{(Vector(3) << -2.0, 0.0, 2.0).finished(),
                                            (Vector(2) << 5.0, 5.0).finished()};
  CHECK(recorded(task).value("transport_cost") == doctest::Approx(1.0 / 3.0).epsilon(1e-12));
  task.problem.source = UniformBoxSource{-2.0, 2.0};
  CHECK(recorded(task).value("transport_cost") == doctest::Approx(1.0 / 3.0).epsilon(1e-12));
  task.problem.source = BoxSource{Vector::Constant(1, -2.0), Vector::Constant(1, 2.0)};
  CHECK(recorded(task).value("transport_cost") == doctest::Approx(1.0 / 3.0).epsilon(1e-12));
}

TEST_CASE("semi-discrete task: draws and cells agree on one problem") {
  SemiDiscreteTask task = square(6);
  const auto exact = recorded(task);
  task.solver.method = SemiDiscreteMethod::stochastic_newton;
  const auto drawn = recorded(task);
  CHECK(drawn.converged);
  CHECK(drawn.value("mass_error_bound") <= 0.25);
  const Scalar& dual = drawn.scalars.at("dual_value");
  CHECK(std::abs(dual.value - exact.value("dual_value")) <
        5.0 * dual.standard_error + 0.01 * exact.value("dual_value"));

  // Draws of a law on the line are its quantiles.
  task.problem.source = LineHistogramSource{};
  const auto line = recorded(task);
  CHECK(line.converged);
  CHECK(line.scalars.contains("mass_error_bound"));
}

TEST_CASE("semi-discrete task: steps that run out leave bounds that hold") {
  SemiDiscreteTask task = square(80);
  task.problem.target = DrawnSites{.points = 80, .random_weights = true};
  const double exact = recorded(task).value("transport_cost");
  task.solver.max_iterations = 1;
  const auto run = recorded(task);
  CHECK_FALSE(run.converged);
  CHECK(run.value("lower_bound") <= exact + 1e-12);
  CHECK(run.value("upper_bound") >= exact - 1e-12);
}

TEST_CASE("semi-discrete task: sites from data, and sites that coincide are warned of") {
  Matrix sites(2, 4);
  sites << 0.2, 0.8, 0.8, 0.5, 0.3, 0.6, 0.6, 0.9;
  SemiDiscreteTask task;
  task.problem.source = PolygonSource{};
  task.problem.target = DataSites{.points = {"sites"}};
  const auto run = recorded(task, 1, 1, {{"sites", DiscreteMeasure::uniform(sites)}});
  CHECK(run.converged);
  CHECK(run.warnings == Problems{"sites that coincide with others share their cells; there are 1"});
}

TEST_CASE("semi-discrete task: contradictions in the config are named") {
  const auto lines = [](LawSource source, decltype(SemiDiscreteTask::problem.target) target,
                        const DataSet& data = {}) {
    SemiDiscreteTask task;
    task.problem = {std::move(source), std::move(target)};
    return problems_of(task, data);
  };
  const DrawnSites drawn;
  CHECK(lines(BoxSource{Vector(), Vector()}, drawn) ==
        Problems{"/problem/source/lower: there must be at least one side"});
  CHECK(lines(BoxSource{Vector::Zero(2), Vector::Ones(3)}, drawn) ==
        Problems{"/problem/source/upper: there are 2 lower ends and 3 upper ones"});
  CHECK(lines(BoxSource{Vector::Zero(2), Vector::Zero(2)}, drawn) ==
        Problems{"/problem/source/upper/0: must be above its lower end",
                 "/problem/source/upper/1: must be above its lower end"});
  CHECK(lines(BoxSource{}, GivenSites{.points = Matrix::Ones(3, 2)}) ==
        Problems{"/problem/target: sites have dimension 3, the source 2"});
  CHECK(lines(BoxSource{}, GivenSites{.points = Matrix(0, 0)}) ==
        Problems{"/problem/target/points: there must be at least one site"});
  CHECK(lines(BoxSource{}, GivenSites{.weights = Vector::Ones(3)}) ==
        Problems{"/problem/target/weights: there are 4 points and 3 weights"});
  CHECK(lines(BoxSource{}, GivenSites{.weights = Vector::Zero(4)}) ==
        Problems{"/problem/target/weights: must have a positive finite sum"});
  CHECK(lines(StandardNormalSource{}, DrawnSites{.law = SiteLaw::uniform}) ==
        Problems{"/problem/target/law: there is no box around a source without bounds"});
  CHECK(lines(UniformBoxSource{1.0, 1.0}, drawn) ==
        Problems{"/problem/source/upper: must be above \"lower\""});
  const Matrix bow_tie = (Matrix(2, 4) << 0, 1, 0, 1, 0, 1, 1, 0).finished();
  const auto folded = lines(PolygonSource{bow_tie}, drawn);
  REQUIRE(folded.size() == 1);
  CHECK(folded.front().starts_with("/problem/source/vertices: ConvexPolygon: "));
  const auto falling =
      lines(LineHistogramSource{(Vector(2) << 1, 0).finished(), Vector::Ones(1)}, drawn);
  REQUIRE(falling.size() == 1);
  CHECK(falling.front().starts_with("/problem/source: histogram_line_law: "));
  CHECK(lines(LineMixtureSource{{{0.5, 0.5}, {0.0}, {1.0, 1.0}}}, drawn) ==
        Problems{"/problem/source/means: there are 2 weights and 1 means"});

  const DataSet data = data_of({{"greys", greys()},
                                {"flat", DiscreteMeasure::uniform(Matrix::Ones(2, 2))},
                                {"negative", DiscreteMeasure::uniform(-Matrix::Ones(2, 2))}});
  CHECK(lines(ImageSource{.pixels = {"flat"}}, drawn, data) ==
        Problems{"/problem/source/pixels: no pixel carries mass: all greys are the same"});
  CHECK(lines(ImageSource{.pixels = {"negative"}, .ink = Ink::bright}, drawn, data) ==
        Problems{"/problem/source/pixels: there are negative greys, and \"bright\" takes greys as "
                 "mass"});
  CHECK(lines(VoxelSource{.pixels = {"greys"}, .rows = 3}, drawn, data) ==
        Problems{"/problem/source/rows: does not divide the number of rows in all slices, 2"});

  SemiDiscreteTask task;
  task.solver.method = SemiDiscreteMethod::cells;
  task.problem.target = DrawnSites{.dim = 3};
  CHECK(problems_of(task) == Problems{"/solver/method: there are no exact cells of this source in "
                                      "dimension 3; take \"automatic\""});
}

TEST_CASE("semi-discrete task: the numbers do not depend on the number of threads") {
  check_thread_invariance(square(70));
}

TEST_CASE("semi-discrete task: the starter runs and passes its checks, and steps may grow later") {
  const Registry registry = shipped_tasks();
  const RunPlan plan =
      load_config_text(std::string(SemiDiscreteTask::starter()), "starter.json", registry);
  RunHost host;
  CHECK(execute(plan, host).verdict == Verdict::ok);
  CHECK(plan.checks.size() == 2);
}
