#include "runner/tasks/ot_sample_complexity.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/stats.hpp"
#include "pushforward/ot/assignment.hpp"
#include "pushforward/ot/sinkhorn_divergence.hpp"

namespace pushforward::runner {

namespace {

using pushforward::detail::shortest;

constexpr Index most_sizes = 64;

struct Distances {
  RunningMoments exact, entropic, first;
  double largest_ratio = 0.0;  // W_1^2 / W_2^2, at most 1
  bool converged = true;
};

void add_repeat(const SampleComplexityTask& task, const RunContext& context, Index dim, Index size,
                Index repeat, Distances& distances) {
  const Index n = task.problem.samples[static_cast<std::size_t>(size)];
  // A repeat owns 2^20 chains, at least as many as it draws columns; a size in a dimension owns a
  // step.
  const RngKey key = context.key(Draw::source)
                         .at_step(static_cast<std::uint32_t>(dim * most_sizes + size))
                         .at_chain(static_cast<std::uint32_t>(repeat) << 20);
  Matrix x(dim, n), y(dim, n);
  fill_uniform(key, x);
  fill_uniform(key.for_purpose(Draw::reference), y);
  if (task.problem.varying > 0 && task.problem.varying < dim) {
    x.bottomRows(dim - task.problem.varying).setConstant(0.5);
    y.bottomRows(dim - task.problem.varying).setConstant(0.5);
  }
  const auto exact = ot::assignment_squared_euclidean(x, y, {.threads = context.threads()});
  Matrix lengths(n, n);
  squared_euclidean(x, y, lengths, context.threads());
  lengths = lengths.cwiseSqrt();
  const auto first = ot::assignment(lengths, {.threads = context.threads()});
  const ot::SinkhornOptions options{
      .epsilon = task.solver.epsilon_per_dim * static_cast<double>(dim),
      .tolerance = task.solver.tolerance,
      .max_passes = task.solver.max_passes,
      .certificate = false,
      .threads = context.threads()};
  const auto entropic = ot::sinkhorn_divergence(
      {DiscreteMeasure::uniform(std::move(x)), DiscreteMeasure::uniform(std::move(y))}, options);
  distances.exact.add(exact.mean_cost);
  distances.first.add(first.mean_cost);
  distances.largest_ratio =
      std::max(distances.largest_ratio, first.mean_cost * first.mean_cost / exact.mean_cost);
  distances.entropic.add(task.solver.debias ? entropic.divergence : entropic.cross.kl_cost);
  distances.converged =
      distances.converged && exact.converged && first.converged && entropic.converged;
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

}  // namespace

void SampleComplexityTask::validate(const DataSet&, ConfigProblems& problems) const {
  check_increasing(problem.dims, 1, "/problem/dims", problems);
  check_increasing(problem.samples, 3, "/problem/samples", problems);
  if (problem.samples.size() > static_cast<std::size_t>(most_sizes)) {
    problems.add("/problem/samples", "at most 64 are told apart by their draws");
  }
}

PlanEstimate SampleComplexityTask::plan(const DataSet&) const {
  double pairs = 0.0;
  for (const Index n : problem.samples) pairs += std::pow(static_cast<double>(n), 2.0);
  const double largest = problem.samples.empty() ? 0.0 : double(problem.samples.back());
  return {.bytes = 60.0 * largest * largest,
          .operations = 1000.0 * pairs * static_cast<double>(solver.repeats) *
                        static_cast<double>(problem.dims.size()),
          .remedy = "lower the last of /problem/samples"};
}

std::vector<Quantity> SampleComplexityTask::quantities() {
  return {{"exact_slope.*", "", "exponent of W_2^2 in samples, by dimension"},
          {"first_slope.*", "", "exponent of W_1"},
          {"entropic_slope.*", "", "the same for the Sinkhorn divergence"},
          {"first_over_exact_max", "", "largest W_1^2 / W_2^2 of all pairs of samples: at most 1"},
          {"exact.*", "length^2", "mean W_2^2 by dimension and samples"},
          {"first.*", "length", "mean W_1 by dimension and samples"},
          {"entropic.*", "length^2", "mean Sinkhorn divergence by dimension and samples"}};
}

std::string_view SampleComplexityTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.sample_complexity",
  "name": "sample-complexity",
  "seed": 1,
  "problem": {"dims": [6], "samples": [25, 50, 100, 200]},
  "checks": [{"id": "divergence: 1 / n", "quantity": "entropic_slope.6", "slope": -1, "tol": 0.2}]
}
)";
}

void SampleComplexityTask::run(RunContext& context) const {
  const auto sizes = static_cast<Index>(problem.samples.size());
  Vector samples(sizes);
  for (Index k = 0; k < sizes; ++k) {
    samples[k] = static_cast<double>(problem.samples[static_cast<std::size_t>(k)]);
  }
  LinePanel panel{
      .x = {.label = "samples", .scale = Scale::log},
      .y = {.label = "mean W_2^2 or divergence", .unit = "squared sides", .scale = Scale::log}};
  LinePanel first_panel{.x = panel.x,
                        .y = {.label = "mean W_1", .unit = "sides", .scale = Scale::log}};
  double largest_ratio = 0.0;
  SolveReport report{.converged = true, .termination = Termination::converged};
  for (const Index dim : problem.dims) {
    const std::string in = "dim_" + std::to_string(dim);
    const Bundle& measured = context.stage(in, [&](Stage& stage) {
      Bundle out;
      Matrix& rows = out.arrays["distances"];
      rows.resize(8, sizes);
      for (Index k = 0; k < sizes; ++k) {
        Distances distances;
        for (Index r = 0; r < solver.repeats; ++r) {
          stage.poll(
              {.phase = in, .done = k * solver.repeats + r, .total = sizes * solver.repeats});
          add_repeat(*this, context, dim, k, r, distances);
        }
        rows.col(k) << distances.exact.mean(), distances.exact.standard_error(),
            distances.entropic.mean(), distances.entropic.standard_error(), distances.first.mean(),
            distances.first.standard_error(), distances.largest_ratio,
            distances.converged ? 1.0 : 0.0;
      }
      return out;
    });
    const Matrix& rows = measured.arrays.at("distances");
    largest_ratio = std::max(largest_ratio, rows.row(6).maxCoeff());
    if (rows.row(7).minCoeff() < 1.0) {
      report.converged = false;
      report.termination = Termination::max_iterations;
    }
    const std::string d = std::to_string(dim);
    const auto add_curve = [&](Index row, const std::string& key, const std::string& label,
                               const std::string& unit, LinePanel& into) {
      const Vector mean = rows.row(row).transpose(), error = rows.row(row + 1).transpose();
      const LineFit fit = fit_power(samples, mean, error);
      context.scalar(key + "_slope." + d, {.value = fit.slope,
                                           .standard_error = fit.slope_standard_error,
                                           .description = label + ": exponent in samples"});
      for (Index k = 0; k < sizes; ++k) {
        context.scalar(
            key + "." + d + "." + shortest(samples[k]),
            {.value = mean[k], .standard_error = error[k], .unit = unit, .detail = true});
      }
      into.series.push_back({.name = label + ", d = " + d,
                             .x = {samples.begin(), samples.end()},
                             .y = {mean.begin(), mean.end()},
                             .standard_errors = {error.begin(), error.end()},
                             .slope = FittedSlope{fit.slope, fit.slope_standard_error}});
    };
    add_curve(0, "exact", "W_2^2", "length^2", panel);
    add_curve(2, "entropic", solver.debias ? "Sinkhorn divergence" : "entropic cost", "length^2",
              panel);
    add_curve(4, "first", "W_1", "length", first_panel);
  }
  context.scalar("first_over_exact_max",
                 {.value = largest_ratio, .description = "largest W_1^2 / W_2^2 of all pairs"});
  context.figure({.id = "rates",
                  .title = "Distance between two samples of one law",
                  .description =
                      "Mean W_2^2, Sinkhorn divergence and W_1 between two samples of the "
                      "uniform law on a cube against their size, one line for each "
                      "dimension, with fitted exponents.",
                  .caption = "The divergence does not notice the dimension; W_1 and W_2 do.",
                  .panels = {panel, first_panel}});
  context.finish(report);
}

}  // namespace pushforward::runner
