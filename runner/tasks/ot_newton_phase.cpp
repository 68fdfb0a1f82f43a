#include "runner/tasks/ot_newton_phase.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "pushforward/core/measure.hpp"
#include "pushforward/core/stats.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

namespace pushforward::runner {

namespace {

constexpr Index mesh_side = 3;
/// The unit square in 18 triangles with values between 0.3 and 1.3 at their corners: a density that
/// is bounded below and Lipschitz, as the theorem asks.
std::shared_ptr<const ot::LaguerreSource> linear_density(const RngKey& key) {
  Matrix points(2, (mesh_side + 1) * (mesh_side + 1));
  for (Index j = 0; j < points.cols(); ++j) {
    points.col(j) << static_cast<double>(j % (mesh_side + 1)),
        static_cast<double>(j / (mesh_side + 1));
  }
  points /= static_cast<double>(mesh_side);
  ot::IndexMatrix triangles(3, 2 * mesh_side * mesh_side);
  for (Index j = 0; j < mesh_side * mesh_side; ++j) {
    const Index corner = j % mesh_side + (mesh_side + 1) * (j / mesh_side);
    const Index across = corner + mesh_side + 2;
    triangles.col(2 * j) << corner, corner + 1, across;
    triangles.col(2 * j + 1) << corner, across, across - 1;
  }
  Matrix values(1, points.cols());
  fill_uniform(key, values);
  Matrix density(3, triangles.cols());
  for (Index t = 0; t < triangles.cols(); ++t) {
    for (Index k = 0; k < 3; ++k) density(k, t) = values(0, triangles(k, t)) + 0.3;
  }
  return std::make_shared<ot::TriangleMesh>(points, triangles, density);
}

/// A problem made from its solution: w is drawn, and the masses are those of its cells.
struct KnownProblem {
  ot::LaguerreProblem problem;
  Vector weights;  ///< In the gauge sum_j nu_j w_j = 0.
};

KnownProblem known_problem(const NewtonPhaseTask::Problem& options, const RngKey& key) {
  std::shared_ptr<const ot::LaguerreSource> source;
  if (options.density == PhaseDensity::uniform) {
    source = std::make_shared<ot::Box>(ot::Box::unit(2));
  } else {
    source = linear_density(key.for_purpose(Draw::component));
  }
  Matrix sites(2, options.sites), drawn(1, options.sites);
  fill_uniform(key, sites);
  fill_uniform(key.for_purpose(Draw::user), drawn);
  const double area = 1.0 / static_cast<double>(options.sites);
  Vector weights = options.spread * area * drawn.row(0).transpose();
  ot::CellMeasures cells = ot::laguerre_measures(*source, sites, weights, 1);
  // Weights zero give each site its Voronoi cell, so this ends.
  while (cells.empty_cells > 0) {
    weights *= 0.5;
    cells = ot::laguerre_measures(*source, sites, weights, 1);
  }
  const Vector masses = cells.masses / cells.masses.sum();
  weights.array() -= weights.dot(masses);
  return {{source, DiscreteMeasure(sites, masses, Mass::normalise)}, weights};
}

/// What the repeats add up to: pairs of successive mass errors as columns, and extremes.
struct Phase {
  std::vector<double> before, after;
  double largest_weight_error = 0.0;
  double shortest_step = 1.0;
  double largest_constant = 0.0;  ///< Of e' <= C e^2.
  bool converged = true;

  void add(const ot::SemidiscreteNewtonResult& result, const KnownProblem& known,
           const NewtonPhaseTask::Solver& options) {
    converged = converged && result.converged;
    const double area = 1.0 / static_cast<double>(known.weights.size());
    largest_weight_error = std::max(largest_weight_error,
                                    (result.weights - known.weights).cwiseAbs().maxCoeff() / area);
    for (std::size_t k = 1; k < result.history.size(); ++k) {
      const double e = result.history[k - 1].mass_error, next = result.history[k].mass_error;
      if (!(e <= options.entry)) continue;
      shortest_step = std::min(shortest_step, result.history[k].step);
      if (!(next >= options.floor)) continue;
      before.push_back(e);
      after.push_back(next);
      largest_constant = std::max(largest_constant, next / (e * e));
    }
  }
};

Bundle measured(const NewtonPhaseTask& task, const RunContext& context, Stage& stage) {
  Phase phase;
  for (Index r = 0; r < task.solver.repeats; ++r) {
    stage.poll({.phase = "problems", .done = r, .total = task.solver.repeats});
    const KnownProblem known = known_problem(
        task.problem, context.key(Draw::source).at_step(static_cast<std::uint32_t>(r)));
    phase.add(
        ot::semidiscrete_newton(known.problem, {.tolerance = task.solver.floor,
                                                .system_residual = task.solver.system_residual,
                                                .tighten_systems = task.solver.tighten_systems,
                                                .threads = context.threads()}),
        known, task.solver);
  }
  Bundle out;
  Matrix& pairs = out.arrays["pairs"];
  pairs.resize(2, static_cast<Index>(phase.before.size()));
  for (Index k = 0; k < pairs.cols(); ++k) {
    pairs.col(k) << phase.before[static_cast<std::size_t>(k)],
        phase.after[static_cast<std::size_t>(k)];
  }
  out.numbers["weight_error"] = phase.largest_weight_error;
  out.numbers["shortest_step"] = phase.shortest_step;
  out.numbers["constant"] = phase.largest_constant;
  out.counts["converged"] = phase.converged;
  return out;
}

Figure phase_figure(PointsIn pairs) {
  Series steps{.name = "steps", .mark = Mark::points, .emphasis = true};
  for (const auto& pair : pairs.colwise()) {
    steps.x.push_back(pair[0]);
    steps.y.push_back(pair[1]);
  }
  const double low = pairs.row(0).minCoeff(), high = pairs.row(0).maxCoeff();
  const double middle = std::exp(pairs.row(0).array().log().mean());
  const double after = std::exp(pairs.row(1).array().log().mean());
  Series square = power_law("order 2", 2.0, middle, after, low, high);
  Series linear = power_law("order 1", 1.0, middle, after, low, high);
  LinePanel panel{.x = {.label = "mass error before a step", .scale = Scale::log},
                  .y = {.label = "mass error after it", .scale = Scale::log},
                  .series = {std::move(steps), std::move(square), std::move(linear)}};
  return {.id = "phase",
          .title = "What a Newton step does to the mass error",
          .description =
              "Largest relative mass error after a step against the one before it, near "
              "the solution, with lines of order one and two.",
          .caption = "Along the steeper line every step doubles the number of correct digits.",
          .panels = {std::move(panel)}};
}

}  // namespace

void NewtonPhaseTask::validate(const DataSet&, ConfigProblems& problems) const {
  if (!(solver.floor < solver.entry)) problems.add("/solver/floor", "must be below \"entry\"");
}

PlanEstimate NewtonPhaseTask::plan(const DataSet&) const {
  const auto n = static_cast<double>(problem.sites);
  return {.bytes = 5000.0 * n,
          .operations = 2e5 * n * static_cast<double>(solver.repeats),
          .remedy = "take fewer sites"};
}

std::vector<Quantity> NewtonPhaseTask::quantities() {
  return {{"order", "", "exponent of the mass error after a step in the one before it"},
          {"constant", "", "largest ratio of an error to the square of the one before"},
          {"shortest_step", "", "share of the Newton step that was taken, at least, in this phase"},
          {"weight_error", "", "largest distance to the known weights, in areas of a mean cell"},
          {"pairs", "", "steps that were measured"}};
}

std::string_view NewtonPhaseTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.newton_phase",
  "name": "newton-phase",
  "seed": 1,
  "problem": {"sites": 100},
  "solver": {"repeats": 12},
  "checks": [
    {"id": "steps are whole", "quantity": "shortest_step", "min": 1},
    {"id": "weights", "quantity": "weight_error", "max": 1e-7}
  ]
}
)";
}

void NewtonPhaseTask::run(RunContext& context) const {
  const Bundle& phase =
      context.stage("problems", [&](Stage& stage) { return measured(*this, context, stage); });
  const Matrix& pairs = phase.arrays.at("pairs");
  context.scalar("pairs", {.value = static_cast<double>(pairs.cols())});
  // Three points are the fewest with a standard error.
  if (pairs.cols() >= 3) {
    const LineFit fit = fit_power(pairs.row(0).transpose(), pairs.row(1).transpose());
    context.scalar("order", {.value = fit.slope,
                             .standard_error = fit.slope_standard_error,
                             .description = "of the mass error after a step in that before it",
                             .expected = 2.0});
    context.figure(phase_figure(pairs));
  }
  context.scalar("constant", {.value = phase.numbers.at("constant"),
                              .description = "largest ratio of an error to the square before it"});
  context.scalar("shortest_step", {.value = phase.numbers.at("shortest_step")});
  context.scalar("weight_error", {.value = phase.numbers.at("weight_error"),
                                  .description = "in areas of a mean cell"});
  SolveReport report;
  report.converged = phase.counts.at("converged") != 0;
  if (report.converged) report.termination = Termination::converged;
  context.finish(report);
}

}  // namespace pushforward::runner
