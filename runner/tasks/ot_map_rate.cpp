#include "runner/tasks/ot_map_rate.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/stats.hpp"
#include "pushforward/ot/entropic_map.hpp"

namespace pushforward::runner {

namespace {

using pushforward::detail::shortest;

constexpr Index most_sizes = 64;

/// Uniform draws in the unit cube, and which atom the optimal map sends each to: those with x_1
/// below the mass of the left atom go left.
struct CubeDraws {
  Matrix x;
  Matrix images;
};

/// d x 2: the centres of two opposite faces.
Matrix atoms(Index dim) {
  Matrix y = Matrix::Constant(dim, 2, 0.5);
  y(0, 0) = 0.0;
  y(0, 1) = 1.0;
  return y;
}

CubeDraws cube_draws(const RngKey& key, Index dim, Index n, double left_mass) {
  CubeDraws draws{Matrix(dim, n), Matrix(dim, n)};
  fill_uniform(key, draws.x);
  const Matrix y = atoms(dim);
  for (Index i = 0; i < n; ++i) draws.images.col(i) = y.col(draws.x(0, i) < left_mass ? 0 : 1);
  return draws;
}

/// n draws of the atoms, counted. An atom that was never drawn keeps its place with weight zero.
DiscreteMeasure drawn_atoms(const RngKey& key, Index dim, Index n, double left_mass) {
  Matrix u(1, n);
  fill_uniform(key, u);
  const double left = static_cast<double>((u.array() < left_mass).count()) / static_cast<double>(n);
  return {atoms(dim), (Vector(2) << left, 1.0 - left).finished()};
}

/// Means and standard errors over repeats of E |T(x) - T_0(x)|^2.
struct Errors {
  RunningMoments entropic, nearest;
  bool converged = true;
};

double mean_squared(const Matrix& difference) {
  return difference.squaredNorm() / static_cast<double>(difference.cols());
}

void add_repeat(const MapRateTask& task, const RunContext& context, Index dim, Index size,
                Index repeat, Errors& errors) {
  const double left_mass = task.problem.left_mass;
  const Index n = task.problem.samples[static_cast<std::size_t>(size)];
  // A repeat owns 2^20 chains, at least as many as it draws columns; a size in a dimension owns a
  // step.
  const RngKey key = context.key(Draw::source)
                         .at_step(static_cast<std::uint32_t>(dim * most_sizes + size))
                         .at_chain(static_cast<std::uint32_t>(repeat) << 20);
  const DiscreteMeasure source = DiscreteMeasure::uniform(cube_draws(key, dim, n, left_mass).x);
  const DiscreteMeasure target = drawn_atoms(key.for_purpose(Draw::component), dim, n, left_mass);
  const CubeDraws fresh =
      cube_draws(key.for_purpose(Draw::reference), dim, task.solver.test_points, left_mass);
  const double epsilon =
      task.solver.epsilon_scale * std::pow(static_cast<double>(n), -task.solver.epsilon_exponent);
  const auto fit = ot::entropic_map(source, target,
                                    {.epsilon = epsilon,
                                     .tolerance = task.solver.tolerance,
                                     .max_passes = task.solver.max_passes,
                                     .certificate = false,
                                     .threads = context.threads()});
  errors.converged = errors.converged && fit.converged;
  errors.entropic.add(mean_squared(fit.map(fresh.x) - fresh.images));
  if (repeat >= task.solver.nearest_repeats) return;
  const auto nearest = ot::nearest_neighbour_map(
      source, target, {.method = ot::ExactMethod::all_arcs, .threads = context.threads()});
  errors.converged = errors.converged && nearest.converged;
  errors.nearest.add(mean_squared(nearest.map(fresh.x) - fresh.images));
}

void check_increasing(const std::vector<Index>& values, std::size_t least, const std::string& at,
                      ConfigProblems& problems) {
  if (values.size() < least) {
    problems.add(at, "at least " + std::to_string(least) + " are needed");
  }
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[i - 1]) continue;
    problems.add(at + "/" + std::to_string(i), "numbers must increase");
  }
}

/// What was measured in one dimension, by size.
struct Curve {
  Vector mean, standard_error;
};

Curve curve_of(const Matrix& rows, Index first) {
  return {rows.row(first).transpose(), rows.row(first + 1).transpose()};
}

}  // namespace

void MapRateTask::validate(const DataSet&, ConfigProblems& problems) const {
  check_increasing(problem.dims, 1, "/problem/dims", problems);
  check_increasing(problem.samples, 3, "/problem/samples", problems);
  if (problem.samples.size() > static_cast<std::size_t>(most_sizes)) {
    problems.add("/problem/samples", "at most 64 are told apart by their draws");
  }
  if (solver.nearest_repeats > solver.repeats) {
    problems.add("/solver/nearest_repeats", "must not exceed /solver/repeats");
  }
}

PlanEstimate MapRateTask::plan(const DataSet&) const {
  double draws = 0.0, largest = 0.0, operations = 0.0;
  for (const Index n : problem.samples) draws += static_cast<double>(n);
  for (const Index d : problem.dims) {
    const auto dim = static_cast<double>(d);
    largest = std::max(largest, dim);
    operations +=
        static_cast<double>(solver.repeats) * draws * (1000.0 + 20.0 * dim) +
        2.0 * static_cast<double>(solver.nearest_repeats * solver.test_points) * draws * dim;
  }
  const double most = problem.samples.empty() ? 0.0 : static_cast<double>(problem.samples.back());
  return {.bytes = 64.0 * largest * (most + static_cast<double>(solver.test_points)),
          .operations = operations,
          .remedy = "lower the last of /problem/samples"};
}

std::vector<Quantity> MapRateTask::quantities() {
  return {{"slope.*", "", "exponent of the entropic map's error in samples, by dimension"},
          {"nearest_slope.*", "", "the same for the nearest-neighbour map"},
          {"nearest_over_entropic.*", "",
           "error of the nearest-neighbour map over that of the entropic one at the largest size"},
          {"error.*", "length^2", "E |T - T_0|^2 of the entropic map by dimension and samples"},
          {"nearest_error.*", "length^2", "the same for the nearest-neighbour map"}};
}

std::string_view MapRateTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.map_rate",
  "name": "map-rate",
  "seed": 1,
  "problem": {"dims": [2], "samples": [64, 256, 1024]},
  "solver": {"repeats": 60},
  "checks": [{"id": "rate in samples", "quantity": "slope.2", "slope": -0.5, "tol": 0.2}]
}
)";
}

void MapRateTask::run(RunContext& context) const {
  const auto sizes = static_cast<Index>(problem.samples.size());
  Vector samples(sizes);
  for (Index k = 0; k < sizes; ++k) {
    samples[k] = static_cast<double>(problem.samples[static_cast<std::size_t>(k)]);
  }
  Table table{.id = "errors",
              .title = "Error of the maps by dimension and samples",
              .columns = {{.name = "d"},
                          {.name = "n"},
                          {.name = "epsilon"},
                          {.name = "entropic"},
                          {.name = "nearest neighbour"}}};
  LinePanel panel{.x = {.label = "samples", .scale = Scale::log},
                  .y = {.label = "E |T - T_0|^2", .scale = Scale::log}};
  SolveReport report{.converged = true, .termination = Termination::converged};
  for (const Index dim : problem.dims) {
    const std::string in = "dim_" + std::to_string(dim);
    const Bundle& measured = context.stage(in, [&](Stage& stage) {
      Bundle out;
      Matrix& rows = out.arrays["errors"];
      rows.resize(5, sizes);
      for (Index k = 0; k < sizes; ++k) {
        Errors errors;
        for (Index r = 0; r < solver.repeats; ++r) {
          stage.poll(
              {.phase = in, .done = k * solver.repeats + r, .total = sizes * solver.repeats});
          add_repeat(*this, context, dim, k, r, errors);
        }
        rows.col(k) << errors.entropic.mean(), errors.entropic.standard_error(),
            errors.nearest.mean(), errors.nearest.standard_error(), errors.converged ? 1.0 : 0.0;
      }
      return out;
    });
    const Matrix& rows = measured.arrays.at("errors");
    if (rows.row(4).minCoeff() < 1.0) {
      report.converged = false;
      report.termination = Termination::max_iterations;
    }
    const Curve entropic = curve_of(rows, 0), nearest = curve_of(rows, 2);
    const std::string d = std::to_string(dim);
    const auto add_curve = [&](const Curve& curve, const std::string& prefix,
                               const std::string& label) {
      const LineFit fit = fit_power(samples, curve.mean, curve.standard_error);
      context.scalar(prefix + "slope." + d, {.value = fit.slope,
                                             .standard_error = fit.slope_standard_error,
                                             .description = "exponent of the error in samples"});
      for (Index k = 0; k < sizes; ++k) {
        context.scalar(prefix + "error." + d + "." + shortest(samples[k]),
                       {.value = curve.mean[k],
                        .standard_error = curve.standard_error[k],
                        .unit = "length^2",
                        .detail = true});
      }
      panel.series.push_back(
          {.name = label + ", d = " + d,
           .x = {samples.begin(), samples.end()},
           .y = {curve.mean.begin(), curve.mean.end()},
           .standard_errors = {curve.standard_error.begin(), curve.standard_error.end()},
           .slope = FittedSlope{fit.slope, fit.slope_standard_error}});
    };
    add_curve(entropic, "", "entropic");
    add_curve(nearest, "nearest_", "nearest neighbour");
    const Index last = sizes - 1;
    const double ratio = nearest.mean[last] / entropic.mean[last];
    context.scalar(
        "nearest_over_entropic." + d,
        {.value = ratio,
         .standard_error = ratio * std::hypot(nearest.standard_error[last] / nearest.mean[last],
                                              entropic.standard_error[last] / entropic.mean[last]),
         .description = "ratio of the errors at the largest size"});
    for (Index k = 0; k < sizes; ++k) {
      table.rows.push_back(
          {Measured{static_cast<double>(dim)}, Measured{samples[k]},
           Measured{solver.epsilon_scale * std::pow(samples[k], -solver.epsilon_exponent)},
           Measured{entropic.mean[k], entropic.standard_error[k]},
           Measured{nearest.mean[k], nearest.standard_error[k]}});
    }
  }
  context.table(std::move(table));
  context.figure({.id = "rate",
                  .title = "Error of estimated maps against samples",
                  .description = "Mean squared distance to the true map of the entropic and the "
                                 "nearest-neighbour estimate, two atoms and a uniform cube, one "
                                 "line for each dimension, with fitted exponents.",
                  .caption = "The entropic map does not notice the dimension.",
                  .panels = {panel}});
  context.finish(report);
}

}  // namespace pushforward::runner
