/// The task of fitted maps: where points go, errors where the map is known, pictures, and rules.
#include "runner/tasks/ot_map.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"

#include "runner/tasks/map_report.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

MapTask known_task(KnownMap map, Index points = 200) {
  MapTask task;
  task.problem.source = NormalPoints{.dim = 2, .points = points};
  task.problem.target = ImagePoints{.map = map, .points = points};
  task.solver.method = EntropicMapMethod{.epsilon = 0.02};
  return task;
}

Matrix uniform_points(Index d, Index n, std::uint64_t seed) {
  Matrix points(d, n);
  fill_uniform({.seed = seed, .purpose = Draw::user}, points);
  return points;
}

MapTask on_data() {
  MapTask task;
  task.problem.source = DataPoints{.points = {"x"}};
  task.problem.target = DataPoints{.points = {"y"}};
  task.solver.method = NearestNeighbourMethod{};
  return task;
}

RecordingContext on_pictures(const MapTask& task, const Matrix& x, const Matrix& y) {
  RecordingContext context;
  context.entries = {{"x", DiscreteMeasure::uniform(x)}, {"y", DiscreteMeasure::uniform(y)}};
  context.picture_widths = {{"x", 4}, {"y", y.cols() / 2}};
  task.run(context);
  return context;
}

}  // namespace

TEST_CASE("map task: what a plan says of cells is what their number costs") {
  const auto points =
      std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(uniform_points(3, 1000, 5)));
  DataSet data;
  data.add("x", points);
  data.add("y", points);
  MapTask task = on_data();
  task.solver.method = EntropicMapMethod{};
  task.solver.fit_to = AllPoints{};
  const double all = task.plan(data).operations;
  task.solver.fit_to = CellMeans{.width = 0.5};  // eight cells of the unit cube
  CHECK(task.plan(data).operations < 0.01 * all);
  task.solver.fit_to = SubsampledPoints{.points = 10};
  CHECK(task.plan(data).operations < 0.01 * all);
}

TEST_CASE("map task: on the line the k-th smallest point goes to the k-th smallest target") {
  const Matrix x = uniform_points(1, 50, 1), y = uniform_points(1, 50, 2);
  const auto run = recorded(
      on_data(), 1, 1, {{"x", DiscreteMeasure::uniform(x)}, {"y", DiscreteMeasure::uniform(y)}});
  std::vector<Index> order(50);
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return x(0, i) < x(0, j); });
  Vector sorted = y.row(0).transpose();
  std::sort(sorted.begin(), sorted.end());
  double expected = 0.0;
  for (Index k = 0; k < 50; ++k) {
    const Index i = order[static_cast<std::size_t>(k)];
    CHECK(std::abs(run.arrays.at("mapped")(0, i) - sorted[k]) < 1e-12);
    expected += (x(0, i) - sorted[k]) * (x(0, i) - sorted[k]) / 50.0;
  }
  CHECK(run.converged);
  CHECK(std::abs(run.value("transport_cost") - expected) < 1e-12);
  CHECK(std::abs(run.value("displacement") - expected) < 1e-12);
  CHECK(run.value("sliced_after") < 1e-20);  // the image is the target
  CHECK(run.value("fit_distance") == 0.0);
  CHECK(run.figures.front().id == "transport");
}

TEST_CASE("map task: errors are those against the known map, on fresh draws") {
  // E |x - (s x + t)|^2 = d ((1 - s)^2 + t^2) for N(0, I): for s = 2, t = 1 and d = 2 that is 4.
  // Its terms have mean 2 and variance 2 + 4 = 6 each; 2000 held out make a standard error of
  // sqrt(12 / 2000).
  MapTask task = known_task(AffineImage{.scale = 2.0, .shift = 1.0});
  task.solver.held_out = 2000;
  const auto run = recorded(task);
  CHECK(std::abs(run.value("error_of_identity") - 4.0) < 5.0 * std::sqrt(12.0 / 2000.0));
  // What 200 samples leave of the map: measured 0.13 of it, twice that is far from nothing still.
  CHECK(run.value("error") < 0.25 * run.value("error_of_identity"));
  CHECK(run.scalars.at("error").standard_error > 0.0);
  CHECK(run.value("sliced_after") < 0.1 * run.value("sliced_before"));
  CHECK(run.figures.size() == 2);  // displaced points, convergence
}

TEST_CASE("map task: on the line, errors are those of empirical quantiles") {
  // T(x) = x^(3/2) on U[0, 4]. E (x - T)^2 = 16/3 - 2 * 4^(5/2) / 3.5 + 16, of terms in [0, 16].
  // Empirical quantiles of n points of both sides: 2/n int q (1 - q) T'(q)^2 = 2/n * 12 = 0.12,
  // T(q) = 8 q^(3/2); three times that are allowed.
  MapTask task;
  task.problem.source = BoxPoints{.dim = 1, .lower = 0.0, .upper = 4.0, .points = 200};
  task.problem.target = ImagePoints{.map = PowerImage{.exponent = 1.5}, .points = 200};
  task.solver.method = NearestNeighbourMethod{};
  task.solver.held_out = 2000;
  const auto run = recorded(task);
  const double expected = 16.0 / 3.0 - 64.0 / 3.5 + 16.0;
  CHECK(std::abs(run.value("error_of_identity") - expected) < 5.0 * 8.0 / std::sqrt(2000.0));
  CHECK(run.value("error") < 0.36);
}

TEST_CASE("map task: the known maps are what they say") {
  const Matrix x = (Matrix(1, 3) << -4.0, 0.0, 9.0).finished();
  CHECK(image_of(PowerImage{.exponent = 0.5}, x) == (Matrix(1, 3) << -2.0, 0.0, 3.0).finished());
  CHECK(image_of(AffineImage{.scale = 2.0, .shift = 1.0}, x) ==
        (Matrix(1, 3) << -7.0, 1.0, 19.0).finished());
}

TEST_CASE("map task: less the source's map to itself, a blurred map is nearer to the truth") {
  MapTask task = known_task(AffineImage{.scale = 1.5, .shift = 0.0}, 400);
  EntropicMapMethod method{.epsilon = 0.3};
  task.solver.method = method;
  const double plain = recorded(task).value("error");
  method.bias = ot::MapBias::debiased;
  task.solver.method = method;
  CHECK(recorded(task).value("error") < 0.5 * plain);
}

TEST_CASE("map task: other points are taken along") {
  MapTask task = on_data();
  task.problem.apply_to = DataReference{"x"};
  for (const auto& method :
       {decltype(task.solver.method)(NearestNeighbourMethod{}), {EntropicMapMethod{}}}) {
    task.solver.method = method;
    const auto run = recorded(task, 1, 1,
                              {{"x", DiscreteMeasure::uniform(uniform_points(3, 30, 1))},
                               {"y", DiscreteMeasure::uniform(uniform_points(3, 40, 2))}});
    CHECK(run.arrays.at("others") == run.arrays.at("mapped"));
    CHECK(run.figures.front().id == "projections");
  }
}

TEST_CASE("map task: means of cells keep mass and mean, and bound what they cost") {
  const Matrix x = uniform_points(2, 300, 3), y = uniform_points(2, 200, 4).array() + 0.5;
  const auto all = DiscreteMeasure::uniform(x);
  const Representatives few = representatives(all, CellMeans{.width = 0.25}, {});
  CHECK(few.measure.size() <= 25);  // at most 5 x 5 cells reach into the unit square
  CHECK((few.measure.mean() - all.mean()).norm() < 1e-13);
  CHECK(few.distance > 0.0);
  CHECK(few.distance <= 0.25 * std::sqrt(2.0));
  MapTask task = on_data();
  task.solver.fit_to = CellMeans{.width = 0.25};
  const std::map<std::string, DiscreteMeasure> data{{"x", all}, {"y", DiscreteMeasure::uniform(y)}};
  const auto run = recorded(task, 1, 1, data);
  const auto exact = ot::network_simplex({data.at("x"), data.at("y")});
  CHECK(run.value("wasserstein_2_low") <= std::sqrt(exact.transport_cost));
  CHECK(run.value("wasserstein_2_high") >= std::sqrt(exact.transport_cost));
  CHECK(run.value("fitted_source") == static_cast<double>(few.measure.size()));
  // The distance itself: each point to its own mean.
  const Representatives one = representatives(all, CellMeans{.width = 100.0}, {});
  REQUIRE(one.measure.size() == 1);
  CHECK(one.distance * one.distance ==
        doctest::Approx((x.colwise() - all.mean()).colwise().squaredNorm().mean()).epsilon(1e-12));
}

TEST_CASE("map task: a subsample is part of the points, and its distance is not claimed") {
  const auto all = DiscreteMeasure::uniform(uniform_points(2, 100, 5));
  const Representatives some =
      representatives(all, SubsampledPoints{.points = 20}, {.seed = 1, .purpose = Draw::user});
  CHECK(some.measure.size() == 20);
  CHECK(std::isnan(some.distance));
  for (const auto& point : some.measure.points().colwise()) {
    CHECK((all.points().colwise() - point).colwise().squaredNorm().minCoeff() == 0.0);
  }
  CHECK(representatives(all, SubsampledPoints{.points = 100}, {}).distance == 0.0);
  MapTask task = known_task(AffineImage{});
  task.solver.fit_to = SubsampledPoints{.points = 50};
  const auto run = recorded(task);
  CHECK(run.value("fitted_source") == 50.0);
  CHECK_FALSE(run.scalars.contains("wasserstein_2_low"));
}

TEST_CASE("map task: points of weight zero are not fitted to, and weights leave sliced out") {
  const Matrix x = uniform_points(2, 3, 6);
  const DiscreteMeasure weighted(x, Vector{{0.5, 0.0, 0.5}});
  CHECK(representatives(weighted, AllPoints{}, {}).measure.size() == 2);
  const auto run = recorded(on_data(), 1, 1, {{"x", weighted}, {"y", DiscreteMeasure::uniform(x)}});
  CHECK(run.value("fitted_source") == 2.0);
  CHECK_FALSE(run.scalars.contains("sliced_before"));
}

TEST_CASE("map task: a picture is shown before and after, its colours within their range") {
  const Matrix x = (255.0 * uniform_points(3, 8, 7).array()).floor();
  const Matrix y = (255.0 * uniform_points(3, 6, 8).array()).floor();
  MapTask task = on_data();
  const auto own = on_pictures(task, x, x);
  const Figure& figure = own.figures.front();
  REQUIRE(figure.id == "pictures");
  const auto& before = std::get<PicturePanel>(figure.panels[0]);
  const auto& after = std::get<PicturePanel>(figure.panels[1]);
  CHECK(before.width == 4);
  CHECK(before.height == 2);
  CHECK(before.png == after.png);  // the map of a picture to itself moves nothing
  task.solver.method = EntropicMapMethod{.epsilon = 0.5, .bias = ot::MapBias::debiased};
  const auto run = on_pictures(task, x, y);
  CHECK(run.arrays.at("mapped").minCoeff() >= 0.0);
  CHECK(run.arrays.at("mapped").maxCoeff() <= 255.0);
  CHECK(run.figures.front().panels.size() == 3);
  CHECK(run.figures[1].id == "projections");
  CHECK(run.scalars.contains("clipped"));
  const CutColours cut =
      cut_to_colours((Matrix(3, 2) << 300.0, 0.0, -1.0, 255.0, 5.0, 7.0).finished());
  CHECK(cut.share == 0.5);
  CHECK(cut.colours == (Matrix(3, 2) << 255.0, 0.0, 0.0, 255.0, 5.0, 7.0).finished());
}

TEST_CASE("map task: part of a picture is no picture") {
  MapTask task = on_data();
  task.problem.source = DataPoints{.points = {"x"}, .most = 5};
  const auto run = on_pictures(task, uniform_points(3, 8, 7), uniform_points(3, 6, 8));
  CHECK(run.figures.front().id == "projections");
}

TEST_CASE("map task: a budget that is too small is not success") {
  MapTask task = known_task(AffineImage{});
  task.solver.method = EntropicMapMethod{.max_passes = 2};
  CHECK_FALSE(recorded(task).converged);
}

TEST_CASE("map task: the numbers do not depend on the number of threads") {
  MapTask task = known_task(PowerImage{}, 80);
  task.solver.fit_to = CellMeans{.width = 0.2};
  check_thread_invariance(task);
  task.solver.method = NearestNeighbourMethod{};
  check_thread_invariance(task);
}

TEST_CASE("map task: contradictions in the config are named") {
  DataSet data;
  const auto add = [&](const std::string& name, Index d) {
    data.add(name, std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(Matrix::Ones(d, 4))));
  };
  add("x", 2), add("y", 3);
  MapTask task = on_data();
  task.problem.apply_to = DataReference{"y"};
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{
            "/problem/target: points have dimension 3, those of the source 2",
            "/problem/apply_to: points have dimension 3, those of the source 2"});
  task = on_data();
  task.problem.target = ImagePoints{};
  CHECK(problems_of(task, data) ==
        std::vector<std::string>{
            "/problem/target: the image of a source needs one that is drawn, not data"});
  task = known_task(AffineImage{});
  task.problem.source = BoxPoints{.lower = 1.0, .upper = 0.0};
  CHECK(problems_of(task) ==
        std::vector<std::string>{"/problem/source/upper: must be above \"lower\""});
}
