/// Tasks in which not all mass moves: what they report against oracles of their own, and rules.
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "runner/tasks/embedding_measures.hpp"
#include "runner/tasks/mass_report.hpp"
#include "runner/tasks/ot_embedding.hpp"
#include "runner/tasks/ot_partial.hpp"
#include "runner/tasks/ot_unbalanced.hpp"
#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

/// Two sources and two targets of mass 1/2 on the line, at distances 1 and 10.
std::map<std::string, DiscreteMeasure> two_pairs() {
  const Matrix x = (Matrix(1, 2) << 0.0, 100.0).finished();
  const Matrix y = (Matrix(1, 2) << 1.0, 110.0).finished();
  return {{"x", DiscreteMeasure::uniform(x)}, {"y", DiscreteMeasure::uniform(y)}};
}

template <class Task>
Task on_two_pairs() {
  Task task;
  task.problem.source = DataPoints{.points = {"x"}};
  task.problem.target = DataPoints{.points = {"y"}};
  return task;
}

}  // namespace

TEST_CASE("partial task: half of the mass takes the near pair, the next unit costs the far one") {
  auto task = on_two_pairs<PartialTask>();
  task.solver.amount = ByMass{.share = 0.25};
  const auto run = recorded(task, 1, 1, two_pairs());
  CHECK(run.converged);
  CHECK(run.value("mass") == doctest::Approx(0.25).epsilon(1e-14));
  CHECK(run.value("transport_cost") == doctest::Approx(0.25).epsilon(1e-14));
  CHECK(run.value("lambda") == doctest::Approx(0.5).epsilon(1e-12));  // half of the cost 1
  CHECK(run.value("left_behind") == doctest::Approx(0.75).epsilon(1e-12));
  CHECK(run.value("path_error") < 1e-12);
  CHECK(run.figures.size() == 2);  // what moves, the path
  task.solver.amount = ByMass{.share = 0.75};
  const auto more = recorded(task, 1, 1, two_pairs());
  CHECK(more.value("transport_cost") == doctest::Approx(0.5 + 25.0).epsilon(1e-14));
  CHECK(more.value("lambda") == doctest::Approx(50.0).epsilon(1e-12));
}

TEST_CASE("partial task: by price, a pair moves if its cost is below twice the price") {
  auto task = on_two_pairs<PartialTask>();
  task.solver.amount = ByPrice{.lambda = 10.0};
  const auto run = recorded(task, 1, 1, two_pairs());
  CHECK(run.value("mass") == doctest::Approx(0.5).epsilon(1e-14));
  CHECK(run.value("objective") == doctest::Approx(0.5 + 10.0).epsilon(1e-14));
  CHECK(run.value("gap") <= 1e-8);
  task.problem.source_mass = 3.0;  // mass 1.5 at each source, 0.5 at each target
  const auto heavy = recorded(task, 1, 1, two_pairs());
  CHECK(heavy.value("mass") == doctest::Approx(0.5).epsilon(1e-14));
  CHECK(heavy.value("objective") == doctest::Approx(0.5 + 10.0 * (2.5 + 0.5)).epsilon(1e-14));
}

TEST_CASE("partial task: the same numbers for any number of threads, in the plane too") {
  PartialTask task;
  task.problem.source = RingPoints{.points = 40};
  task.problem.target = RandomMixturePoints{.points = 30, .random_weights = true};
  check_thread_invariance(task);
  const auto run = recorded(task);
  CHECK(run.value("gap") <= 1e-8);
  CHECK(run.value("path_error") < 1e-9);
  const auto& panel = std::get<ScatterPanel>(run.figures.front().panels.front());
  std::int64_t points = 0;
  for (const auto& cloud : panel.clouds) points += cloud.total;
  CHECK(points == 70);
  CHECK(panel.segments.front().total == static_cast<std::int64_t>(run.value("support")));
}

TEST_CASE("unbalanced task: two point masses give the closed form") {
  UnbalancedTask task;
  task.problem.source = DataPoints{.points = {"x"}};
  task.problem.target = DataPoints{.points = {"y"}};
  task.problem.target_mass = 2.0;
  task.solver.epsilon = 0.1;
  task.solver.tolerance = 1e-10;
  task.solver.source = {.penalty = ot::MarginalPenalty::kullback_leibler, .rho = 3.0};
  task.solver.target = task.solver.source;
  const std::map<std::string, DiscreteMeasure> points{
      {"x", DiscreteMeasure::uniform(Matrix::Zero(1, 1))},
      {"y", DiscreteMeasure::uniform(Matrix::Ones(1, 1))}};
  const auto run = recorded(task, 1, 1, points);
  // m^(epsilon + 2 rho) = (p q)^epsilon p^rho q^rho e^(-c), p = 1, q = 2, c = 1.
  const double mass = std::exp((0.1 * std::log(2.0) + 3.0 * std::log(2.0) - 1.0) / 6.1);
  CHECK(run.converged);
  CHECK(run.value("mass") == doctest::Approx(mass).epsilon(1e-5));
  CHECK(run.value("destroyed") == doctest::Approx(std::max(0.0, 1.0 - mass)).epsilon(1e-4));
  CHECK(run.value("not_reached") == doctest::Approx(2.0 - mass).epsilon(1e-4));
}

TEST_CASE("unbalanced task: for total variation, far pairs are destroyed and near ones move") {
  auto task = on_two_pairs<UnbalancedTask>();
  task.solver.epsilon = 0.05;
  task.solver.source = {.penalty = ot::MarginalPenalty::total_variation, .rho = 10.0};
  task.solver.target = task.solver.source;
  const auto run = recorded(task, 1, 1, two_pairs());
  CHECK(run.value("mass") == doctest::Approx(0.5).epsilon(0.01));
  CHECK(run.value("destroyed") == doctest::Approx(0.5).epsilon(0.01));
  CHECK(run.value("lower_bound") <= run.value("upper_bound"));
  CHECK(run.figures.front().id == "transport");
  check_thread_invariance(task, two_pairs());
}

TEST_CASE("embedding task: discrepancies to the reference stay below the cost, classes apart") {
  EmbeddingTask task;
  task.problem.measures = DrawnMeasures{.per_class = 4, .points = 12};
  const auto run = recorded(task);
  CHECK(run.converged);
  CHECK(run.value("solves") == 12);
  CHECK(run.value("reference_ratio_max") <= 1.0 + 1e-9);
  CHECK(run.value("within") < run.value("between"));
  CHECK(run.value("exact_correlation") > 0.5);
  CHECK(run.figures.size() == 3);  // the map, principal coordinates, discrepancy against cost
  check_thread_invariance(task);
}

TEST_CASE("embedding task: it is exact to the reference unless masses have to split") {
  EmbeddingTask task;
  DrawnMeasures measures{.classes = 1, .per_class = 12, .points = 20, .spread = 1.0};
  measures.equal_masses = true;
  task.problem = {.measures = measures, .lambda = 1.0};
  task.solver.pairs = 66;
  const auto whole = recorded(task);
  CHECK(whole.value("reference_ratio_min") == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(whole.value("reference_ratio_max") == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(whole.value("solves") == 12);
  CHECK(whole.value("work_share") < 2.0 * 2.0 / 11.0);
  measures.equal_masses = false;
  task.problem.measures = measures;
  CHECK(recorded(task).value("reference_ratio_min") < 0.99);
}

TEST_CASE("embedding task: images are measures on their pixels") {
  EmbeddingTask task;
  task.problem.measures = ImageMeasures{
      .images = {"x"}, .labels = DataReference{"l"}, .classes = {7, 8}, .per_class = 2, .width = 2};
  // 2 x 2 pixels: ink in one corner each.
  const Matrix images = Matrix::Identity(4, 4) * 16.0;
  const Matrix labels = (Matrix(1, 4) << 7.0, 7.0, 8.0, 8.0).finished();
  const auto run =
      recorded(task, 1, 1,
               {{"x", DiscreteMeasure::uniform(images)}, {"l", DiscreteMeasure::uniform(labels)}});
  CHECK(run.value("solves") == 4);
  CHECK(run.value("lost") < 1e-12);
  // All mass of the mean image goes to the corner, so that two embeddings differ by the vector
  // between their corners, with mass one: squared distances 1, 1 within, 1, 2, 2, 1 between.
  CHECK(run.value("within") == doctest::Approx(1.0).epsilon(1e-9));
  CHECK(run.value("between") == doctest::Approx(1.5).epsilon(1e-9));
  CHECK(run.value("reference_ratio_max") == doctest::Approx(1.0).epsilon(1e-9));
  CHECK(run.figures[1].id == "interpolation");
}

TEST_CASE("embedding task: principal coordinates are those of the weighted displacements") {
  // One reference point of mass 4 and one of mass 1 that stays: vectors (2 u, 0), on one line.
  const Matrix mass = (Matrix(2, 3) << 4.0, 4.0, 4.0, 1.0, 1.0, 1.0).finished();
  Matrix displacement = Matrix::Zero(4, 3);
  displacement.row(0) << 0.0, 1.0, 5.0;
  const PrincipalPlane plane = principal_plane(mass, displacement);
  CHECK(plane.share == doctest::Approx(1.0).epsilon(1e-12));
  CHECK(std::abs(plane.coordinates(0, 1) - plane.coordinates(0, 0)) ==
        doctest::Approx(2.0).epsilon(1e-12));
  CHECK(std::abs(plane.coordinates(0, 2) - plane.coordinates(0, 0)) ==
        doctest::Approx(10.0).epsilon(1e-12));
  const Matrix line = (Matrix(1, 4) << 0.0, 1.0, 10.0, 2.0).finished();
  CHECK(nearest_mean_accuracy(line, {0, 0, 1, 1}) == 0.75);  // the last is nearer to the others
}

TEST_CASE("embedding task: the plane of points in the plane is theirs") {
  const Matrix x = (Matrix(2, 5) << 0.0, 3.0, 1.0, -2.0, 0.5, 0.0, 1.0, 4.0, 2.0, -3.0).finished();
  Matrix squared(5, 5);
  for (Index i = 0; i < 5; ++i) {
    squared.col(i) = (x.colwise() - x.col(i)).colwise().squaredNorm().transpose();
  }
  const Matrix map = plane_map(squared);
  for (Index i = 0; i < 5; ++i) {
    for (Index j = 0; j < 5; ++j) {
      CHECK((map.col(i) - map.col(j)).squaredNorm() ==
            doctest::Approx(squared(i, j)).epsilon(1e-9));
    }
  }
  const Vector pixels = rasterised(
      {(Matrix(2, 2) << 0.5, 2.0, 0.25, 1.0).finished(), Vector::Constant(2, 1.0)}, 3, 2);
  CHECK(pixels.sum() == doctest::Approx(2.0).epsilon(1e-15));
  CHECK(pixels[0] == doctest::Approx(0.375).epsilon(1e-15));
  CHECK(pixels[5] == doctest::Approx(1.0).epsilon(1e-15));
}

TEST_CASE("mass tasks: cross-field rules name the key") {
  UnbalancedTask exact;
  exact.solver.source.penalty = ot::MarginalPenalty::exact;
  exact.solver.target.penalty = ot::MarginalPenalty::exact;
  exact.problem.target_mass = 2.0;
  CHECK(problems_of(exact) ==
        std::vector<std::string>{"/problem/target_mass: two exact marginals need equal masses: "
                                 "relax one, or give both the same mass"});
  UnbalancedTask range;
  range.solver.source = {.penalty = ot::MarginalPenalty::range, .low = 0.9, .high = 0.5};
  CHECK(problems_of(range) ==
        std::vector<std::string>{"/solver/source/low: must be at most \"high\""});
  EmbeddingTask images;
  images.problem.measures =
      ImageMeasures{.images = {"x"}, .labels = DataReference{"l"}, .classes = {9}, .width = 3};
  DataSet data;
  data.add("x", std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(Matrix::Ones(4, 2))));
  data.add("l", std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(Matrix::Ones(1, 2))));
  CHECK(problems_of(images, data) ==
        std::vector<std::string>{"/problem/measures/width: does not divide the number of pixels, 4",
                                 "/problem/measures/classes: no image has one of these labels"});
}
