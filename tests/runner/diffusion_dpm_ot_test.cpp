/// The expressway comparison: what it measures, and what it says of a config that makes no sense.
#include "runner/tasks/diffusion_dpm_ot.hpp"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/runner/recording_context.hpp"

using namespace pushforward;
using namespace pushforward::runner;
using namespace pushforward::runner::test;

namespace {

DpmOtTask small_task() {
  DpmOtTask task;
  task.problem.atoms = 32;
  task.solver.transport.tolerance = 2.0;
  task.solver.transport.max_iterations = 60;
  task.solver.nfe = {1, 3};
  task.solver.rivals = {{.method = diffusion::SamplerMethod::ddim},
                        {.method = diffusion::SamplerMethod::heun},
                        {.method = diffusion::SamplerMethod::multistep, .order = 2}};
  task.solver.rival_grids = {diffusion::KarrasGrid{}};
  task.solver.reference_steps = 50;
  task.solver.samples = 400;
  task.solver.reference_samples = 200;
  task.solver.block = 50;
  task.output.figure_nfe = 3;
  return task;
}

// Two clusters of 40 points in the plane, with their labels.
std::map<std::string, DiscreteMeasure> two_clusters() {
  Matrix points(2, 80);
  fill_normal({.seed = 8}, points);
  points *= 0.3;
  Matrix labels = Matrix::Zero(1, 80);
  for (Index i = 0; i < 80; i += 2) {
    points(0, i) += 5.0;
    labels(0, i) = 1.0;
  }
  return {{"points", DiscreteMeasure::uniform(points)},
          {"labels", DiscreteMeasure::uniform(labels)}};
}

DpmOtTask data_task() {
  DpmOtTask task = small_task();
  task.problem.targets = {EmpiricalTarget{.name = "clusters",
                                          .data = {"points"},
                                          .labels = DataReference{"labels"},
                                          .held_out_share = 0.5,
                                          .image_width = 2}};
  task.solver.samples = 120;
  task.solver.reference_samples = 40;
  task.solver.block = 20;
  task.output.figure_nfe = 3;
  return task;
}

// What the claim expressway_equal_cost checks, at 2000 samples, with a transport that stops after
// `batches`.
RecordingContext expressway_after(int batches) {
  DpmOtTask task;
  task.problem.targets = {RingTarget{}};
  task.problem.start_level = 0.5;
  task.problem.atoms = 1024;
  task.solver.transport.max_iterations = batches;
  task.solver.nfe = {3};
  task.solver.rivals = {{.method = diffusion::SamplerMethod::ddim}};
  task.solver.rival_grids = {diffusion::KarrasGrid{}, diffusion::AngleGrid{}};
  task.solver.reference_steps = 0;
  task.solver.samples = 2000;
  task.solver.reference_samples = 200;
  task.solver.block = 250;
  task.output.figure_nfe = 3;
  return recorded(task);
}

bool mentions(const std::vector<std::string>& lines, const std::string& text) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace

TEST_CASE("dpm_ot: after three calls the expressway lies in the modes where DDIM lies between") {
  const auto run = recorded(small_task());
  CHECK(run.value("ring.mode_mixture.expressway.3") < 0.1);
  CHECK(run.value("ring.mode_mixture.ddim.3") > 0.5);
  CHECK(run.value("ring.debiased.ddim.1") > 10.0);  // one call leaves everything at the centre
  CHECK(run.value("ring.debiased.expressway.1") < 5.0);
  CHECK(std::abs(run.value("ring.mode_mixture.50_steps.50")) < 0.05);
  CHECK(run.figures.size() == 3);
  CHECK(run.tables.size() == 3);
  // One call leaves DDIM's samples at the centre, and the posterior there spreads them evenly over
  // the modes; frequencies say nothing of samples between modes, only of modes left out.
  CHECK(run.value("ring.component_chi_squared.expressway.3") < 3.0);
}

TEST_CASE("dpm_ot: a transport stopped after one batch loses the lead that the claim states") {
  const auto run = expressway_after(1);
  const Scalar& lead = run.scalars.at("ring.gain_over_ddim.3");
  CHECK(lead.value < 4.89 * lead.standard_error);  // what the claim asks for
  // Modes reached far too often or too seldom, which the share between modes does not show.
  CHECK(run.value("ring.component_chi_squared.expressway.3") > 10.0);
  CHECK(run.value("ring.mode_mixture.expressway.3") < 0.05);
}

TEST_CASE("dpm_ot: every number is the same for 1, 2, 3 and 8 threads") {
  DpmOtTask task = small_task();
  task.solver.rivals.resize(1);
  task.solver.reference_steps = 0;
  check_thread_invariance(task);
}

TEST_CASE("dpm_ot: an exact score of a data set copies the data that it knows") {
  const auto run = recorded(data_task(), 1, 1, two_clusters());
  CHECK(run.value("clusters.copied.expressway.3") == 1.0);
  CHECK(run.value("clusters.copied.ddim.1") == 0.0);  // the mean of all points is none of them
  CHECK(std::abs(run.value("clusters.mode_mixture.expressway.3")) < 0.05);
}

TEST_CASE("dpm_ot: samples are shown as histograms on the line and as pairs of axes in space") {
  const auto shown = [](const Matrix& means) {
    DpmOtTask task = small_task();
    task.problem.targets = {MixtureTarget{
        .name = "law", .weights = {0.5, 0.5}, .means = means, .standard_deviations = {0.3, 0.3}}};
    task.solver.rivals.resize(1);
    task.solver.reference_steps = 0;
    const auto figures = recorded(task).figures;
    const auto samples = std::find_if(figures.begin(), figures.end(),
                                      [](const Figure& f) { return f.id == "law-samples"; });
    REQUIRE(samples != figures.end());
    return *samples;
  };
  const Figure line = shown((Matrix(1, 2) << -2.0, 2.0).finished());
  CHECK(line.panels.size() == 4);  // the law, the expressway with both maps, one rival
  const auto& panel = std::get<HistogramPanel>(line.panels[1]);
  CHECK(panel.curves.front().name == "exact density");
  // The density of two halves of N(+-2, 0.3^2) at its peak.
  const double peak = 0.5 / (0.3 * std::sqrt(2.0 * 3.14159265358979323846));
  const auto& y = panel.curves.front().y;
  CHECK(*std::max_element(y.begin(), y.end()) == doctest::Approx(peak).epsilon(0.01));
  const Figure space = shown((Matrix(3, 2) << -2.0, 2.0, 0.0, 0.0, 1.0, -1.0).finished());
  CHECK(space.panels.size() == 3);  // pairs of three axes
  const auto& pair = std::get<ScatterPanel>(space.panels[1]);
  CHECK(pair.x.label == "coordinate 1");
  CHECK(pair.y.label == "coordinate 3");
  CHECK(pair.clouds.size() == 2);
  CHECK(pair.clouds[0].total == pair.clouds[1].total);
}

TEST_CASE("dpm_ot: a config that makes no sense is told so, by pointer") {
  CHECK(problems_of(small_task()).empty());
  DpmOtTask task = small_task();
  task.problem.targets = {RingTarget{}, GridTarget{.name = "ring"},
                          MixtureTarget{.name = "a b", .weights = {1.0}}};
  task.problem.final_level = 0.7;
  task.problem.start_level = 0.5;
  task.solver.nfe = {3, 3};
  task.solver.rival_grids = {};
  task.solver.block = 300;
  const auto lines = problems_of(task);
  for (const char* text :
       {"/problem/targets/1/name: the name \"ring\" is used twice",
        "/problem/targets/2/name: must be a word without spaces, dots, slashes or quotes",
        "/problem/targets/2: needs as many weights and standard_deviations as means, which are 2",
        "/problem/final_level: must lie below start_level, which is 0.5",
        "/solver/nfe: must increase strictly", "/solver/rival_grids: needs at least one grid",
        "/solver/samples: must hold at least two blocks of /solver/block, which is 300"}) {
    CAPTURE(text);
    CHECK(mentions(lines, text));
  }
  task.problem.targets.clear();
  task.problem.start_level = 500.0;
  CHECK(mentions(problems_of(task), "/problem/targets: needs at least one target"));
  CHECK(mentions(problems_of(task),
                 "/problem/start_level: lies outside the path's levels, 0.002 to 80"));
}

TEST_CASE("dpm_ot: points whose squared distances overflow are refused, in files too") {
  const Matrix far = (Matrix(1, 2) << -1e200, 1e200).finished();
  DpmOtTask task = small_task();
  task.problem.targets = {MixtureTarget{.means = far}};
  const std::string text =
      "coordinates must stay below 1e+150 in size: squared distances would overflow";
  CHECK(problems_of(task) == std::vector<std::string>{"/problem/targets/0/means: " + text});
  task = data_task();
  DataSet data;
  Matrix points = Matrix::Ones(2, 80);
  points(0, 3) = 1e151;
  data.add("points", std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(points)));
  data.add("labels",
           std::make_shared<DiscreteMeasure>(DiscreteMeasure::uniform(Matrix::Ones(1, 80))));
  CHECK(problems_of(task, data) == std::vector<std::string>{"/problem/targets/0/data: " + text});
}

TEST_CASE("dpm_ot: data that do not fit are told so") {
  DataSet data;
  const auto clusters = two_clusters();
  data.add("points", std::make_shared<DiscreteMeasure>(clusters.at("points")));
  data.add("labels", std::make_shared<DiscreteMeasure>(clusters.at("points")));
  DpmOtTask task = data_task();
  auto& target = std::get<EmpiricalTarget>(task.problem.targets[0]);
  target.image_width = 3;
  target.held_out_share = 0.2;
  const auto lines = problems_of(task, data);
  CHECK(
      mentions(lines, "/problem/targets/0/labels: must hold one number for each of the 80 points"));
  CHECK(mentions(lines,
                 "/problem/targets/0/image_width: does not divide the dimension of the data, 2"));
  CHECK(mentions(lines, "/problem/targets/0/held_out_share: must hold at least two blocks"));
}
