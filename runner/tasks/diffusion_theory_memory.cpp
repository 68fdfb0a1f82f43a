#include "runner/tasks/diffusion_theory_memory.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "pushforward/core/goodness_of_fit.hpp"
#include "pushforward/core/special.hpp"
#include "pushforward/core/stats.hpp"

#include "runner/non_finite.hpp"

namespace pushforward::runner {

using namespace diffusion;
using pushforward::detail::shortest;

namespace {

/// Nearest data point of each sample, and how far it is.
struct Nearest {
  IndexVector counts;
  double largest_distance = 0.0;
};

Nearest nearest(const Matrix& samples, const Matrix& points) {
  Nearest out{.counts = IndexVector::Zero(points.cols())};
  for (Index i = 0; i < samples.cols(); ++i) {
    Index j = 0;
    const double squared = (points.colwise() - samples.col(i)).colwise().squaredNorm().minCoeff(&j);
    ++out.counts[j];
    out.largest_distance = std::max(out.largest_distance, std::sqrt(squared));
  }
  return out;
}

/// Coordinate j of the kernel density estimate has the distribution function
/// mean_i Phi((x - y_ij) / h). The p-value is that of the least one, for all coordinates at once.
GoodnessOfFit kernel_density_test(const Matrix& samples, const Matrix& points, double bandwidth) {
  GoodnessOfFit worst{.statistic = 0.0, .p_value = 1.0};
  for (Index j = 0; j < points.rows(); ++j) {
    const auto cdf = [&](double x) {
      double sum = 0.0;
      for (Index i = 0; i < points.cols(); ++i) sum += normal_cdf((x - points(j, i)) / bandwidth);
      return sum / static_cast<double>(points.cols());
    };
    const GoodnessOfFit fit = kolmogorov_test(samples.row(j).transpose(), cdf);
    worst.statistic = std::max(worst.statistic, fit.statistic);
    worst.p_value = std::min(worst.p_value, fit.p_value);
  }
  worst.p_value = std::min(1.0, worst.p_value * static_cast<double>(points.rows()));
  return worst;
}

GaussianMixture kernel_density(const Matrix& points, double bandwidth) {
  const Index n = points.cols();
  return GaussianMixture::isotropic(Vector::Constant(n, 1.0 / static_cast<double>(n)), points,
                                    Vector::Constant(n, bandwidth));
}

void moments(RunContext& context, const Matrix& samples, const GaussianMixture& law) {
  const Vector mean = law.mean();
  const Matrix covariance = law.covariance();
  for (Index j = 0; j < samples.rows(); ++j) {
    const std::string coordinate = std::to_string(j);
    RunningMoments first, second;
    first.add(samples.row(j).transpose());
    const Vector squares = (samples.row(j).array() - mean[j]).square().matrix().transpose();
    second.add(squares);
    context.scalar("mean." + coordinate, {.value = first.mean(),
                                          .standard_error = first.standard_error(),
                                          .unit = "length",
                                          .description = "early mean, coordinate " + coordinate,
                                          .expected = mean[j]});
    context.scalar("variance." + coordinate,
                   {.value = second.mean(),
                    .standard_error = second.standard_error(),
                    .unit = "length^2",
                    .description = "early variance, coordinate " + coordinate,
                    .expected = covariance(j, j)});
  }
}

Panel early_panel(const Matrix& samples, const Matrix& points, const GaussianMixture& law,
                  double bandwidth) {
  const std::string title = "Stopped at level " + shortest(bandwidth);
  if (points.rows() == 2) {
    const Frame frame = frame_around(samples);
    return ScatterPanel{
        .title = title,
        .x = {.label = "first coordinate"},
        .y = {.label = "second coordinate"},
        .density = density_grid(law, frame),
        .clouds = {
            point_cloud("samples", samples.leftCols(std::min<Index>(samples.cols(), 1000)), frame),
            point_cloud("data", points, frame)}};
  }
  const Vector first = samples.row(0).transpose();
  const double low = first.minCoeff(), high = first.maxCoeff();
  const auto density = [&](double x) {
    const double h = bandwidth * std::sqrt(2.0 * std::numbers::pi);
    const auto z = (x - points.row(0).array()) / bandwidth;
    return (-0.5 * z.square()).exp().mean() / h;
  };
  return HistogramPanel{.title = title,
                        .x = {.label = "first coordinate"},
                        .y = {.label = "density"},
                        .histograms = {histogram("samples", first, low, high)},
                        .curves = {curve("kernel density estimate", density, low, high)}};
}

Panel count_panel(const IndexVector& counts, Index samples) {
  BarPanel panel{.title = "Run to level zero",
                 .value = {.label = "share of samples over share of the data", .low = 0.0},
                 .groups = {{.name = "samples"}}};
  const double expected = static_cast<double>(samples) / static_cast<double>(counts.size());
  for (Index j = 0; j < counts.size(); ++j) {
    panel.categories.push_back("point " + std::to_string(j));
    const auto count = static_cast<double>(counts[j]);
    panel.groups[0].values.push_back(count / expected);
    panel.groups[0].standard_errors.push_back(std::sqrt(count) / expected);
  }
  return panel;
}

}  // namespace

Matrix MemoryTask::Problem::default_points() {
  return (Matrix(2, 10) << -1.9, -1.2, -0.6, 0.1, 0.4, 0.9, 1.3, 1.8, 2.3, -0.3,  //
          0.4, -0.9, 1.1, 0.2, -1.6, 1.5, -0.4, 0.8, -1.1, 2.1)
      .finished();
}

void MemoryTask::validate(const DataSet&, ConfigProblems& problems) const {
  validate_levels(problem.path, "/problem/path", problem.first_level, problem.last_level,
                  "/problem", problems);
  if (!(problem.stop_level < problem.first_level && problem.stop_level >= problem.last_level)) {
    problems.add("/problem/stop_level", "must lie between last_level and first_level");
  }
  if (problem.points.cols() < 2) problems.add("/problem/points", "at least two points are needed");
  for (Index i = 0; i < problem.points.cols(); ++i) {
    for (Index j = 0; j < i; ++j) {
      if (problem.points.col(i) != problem.points.col(j)) continue;
      problems.add("/problem/points/" + std::to_string(i),
                   "equals point " + std::to_string(j) + "; points must be distinct");
    }
  }
}

PlanEstimate MemoryTask::plan(const DataSet&) const {
  const auto samples = static_cast<double>(solver.samples);
  const auto d = static_cast<double>(problem.points.rows());
  const auto n = static_cast<double>(problem.points.cols());
  return {.bytes = 8.0 * samples * d * 8.0,
          .operations = 2.0 * samples * n * (2.0 * d + 20.0) * static_cast<double>(solver.steps),
          .remedy = "lower /solver/samples"};
}

std::vector<Quantity> MemoryTask::quantities() {
  return {
      {"distance_to_data_max", "length", "largest distance of a sample of level zero to the data"},
      {"frequency_p_value", "", "of Pearson's test that each data point is as likely"},
      {"frequency_chi_squared", "", "its statistic"},
      {"kernel_density_p_value", "",
       "of the Kolmogorov-Smirnov test of each coordinate of the early-stopped samples against "
       "the kernel density estimate, for all coordinates at once"},
      {"kernel_density_distance", "", "its statistic, the largest over coordinates"},
      {"mean.*", "length", "of one coordinate of the early-stopped samples"},
      {"variance.*", "length^2", "of one coordinate of the early-stopped samples"}};
}

std::string_view MemoryTask::starter() {
  return R"({
  "version": 1,
  "task": "diffusion.empirical_memory",
  "name": "memory",
  "seed": 1,
  "problem": {
    "points": [[-2.0], [-0.5], [0.2], [1.7]],
    "first_level": 40.0,
    "stop_level": 0.3,
    "last_level": 0.01
  },
  "solver": {"sampler": {"method": "multistep", "order": 3}, "steps": 60, "samples": 4000},
  "checks": [
    {"id": "data come back", "quantity": "distance_to_data_max", "max": 1e-12},
    {"id": "each as often", "quantity": "frequency_p_value", "min": 5.7e-7},
    {"id": "kernel density estimate", "quantity": "kernel_density_p_value", "min": 5.7e-7}
  ]
}
)";
}

void MemoryTask::run(RunContext& context) const {
  const NoisePath path(problem.path);
  const EmpiricalDenoiser denoiser(DiscreteMeasure::uniform(problem.points));
  ReverseSamplerOptions options = solver.sampler;
  options.threads = context.threads();
  const Scales noisy = path.scales(problem.first_level);
  const GaussianMixture start_law = kernel_density(problem.points, 0.0).noised(noisy.a, noisy.s);
  const auto sampled = [&](const std::string& label, const LevelRange& range,
                           std::uint32_t chain) -> const Matrix& {
    return context
        .stage(label,
               [&](Stage& stage) {
                 Matrix start(problem.points.rows(), solver.samples);
                 start_law.draw(context.key(Draw::initial).at_step(chain), start);
                 const auto result = reverse_sampler(
                     denoiser, path, time_grid(solver.grid, path, solver.steps, range), start,
                     context.key(Draw::noise).at_step(chain << 24), options, stage.observer());
                 stage.calls("denoiser", static_cast<double>(result.nfe * solver.samples));
                 require_finite(result.samples, pushforward::name(options.method),
                                context.key(Draw::initial).at_step(chain));
                 Bundle out;
                 // In units of the data, whatever the path.
                 out.arrays["samples"] =
                     result.samples / path.scales(range.to_zero ? 0.0 : range.last).a;
                 return out;
               })
        .arrays.at("samples");
  };
  const Matrix& zero = sampled("to_zero", {problem.first_level, problem.last_level, true}, 0);
  const Matrix& early = sampled("early_stop", {problem.first_level, problem.stop_level, false}, 1);

  const Nearest found = nearest(zero, problem.points);
  const auto share = 1.0 / static_cast<double>(problem.points.cols());
  const GoodnessOfFit frequency =
      pearson_test(found.counts, Vector::Constant(problem.points.cols(), share));
  context.scalar("distance_to_data_max", {.value = found.largest_distance,
                                          .unit = "length",
                                          .description = "largest distance of a sample to the data",
                                          .expected = 0.0});
  context.scalar("frequency_p_value",
                 {.value = frequency.p_value, .description = "p-value of equal frequencies"});
  context.scalar(
      "frequency_chi_squared",
      {.value = frequency.statistic, .expected = static_cast<double>(problem.points.cols() - 1)});
  const GoodnessOfFit density = kernel_density_test(early, problem.points, problem.stop_level);
  context.scalar(
      "kernel_density_p_value",
      {.value = density.p_value, .description = "p-value of the kernel density estimate"});
  context.scalar("kernel_density_distance", {.value = density.statistic, .expected = 0.0});
  const GaussianMixture law = kernel_density(problem.points, problem.stop_level);
  moments(context, early, law);

  context.figure({.id = "memory",
                  .title = "What an exact score of a data set samples",
                  .description = "Left: how often a run to level zero returned each data point, "
                                 "relative to an equal share. Right: samples of the run stopped at "
                                 "level " +
                                 shortest(problem.stop_level) +
                                 " over the kernel density estimate of that bandwidth.",
                  .caption = "The data themselves, equally often; a smoothed copy of them before.",
                  .panels = {count_panel(found.counts, solver.samples),
                             early_panel(early, problem.points, law, problem.stop_level)}});
}

}  // namespace pushforward::runner
