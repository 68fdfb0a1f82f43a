#include "runner/tasks/ot_unbalanced.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "pushforward/ot/sinkhorn.hpp"

#include "runner/figure_text.hpp"
#include "runner/tasks/mass_report.hpp"
#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

Bundle outcome_of(const ot::UnbalancedResult& result, const ot::PotentialCoupling& coupling,
                  const ot::TransportProblem& problem) {
  Bundle out;
  keep_report(out, result);
  keep_certificate(out, {.cost = result.linear_cost,
                         .certificate = result.certificate,
                         .row_error = result.violation,
                         .column_error = 0.0});
  keep_potentials(out, result.f, result.g);
  out.arrays["row_marginal"] = result.row_marginal;
  out.arrays["col_marginal"] = result.col_marginal;
  out.numbers["mass"] = result.mass;
  out.numbers["epsilon"] = result.epsilon;
  out.arrays["images"] =
      coupling.barycentric_map(problem.source.points(), problem.target.points()).points;
  Matrix& partners = out.arrays["partners"];
  partners.resize(1, problem.source.size());
  for (Index i = 0; i < problem.source.size(); ++i) {
    const auto largest = coupling.largest(i, 1);
    partners(0, i) = largest.empty() ? -1.0 : static_cast<double>(largest.front().col);
  }
  return out;
}

/// The gap that budgets of 1, 2, 4, ... sweeps leave.
Figure sweeps_figure(const Matrix& trace, double tolerance) {
  Series gap{.name = "gap or violation", .emphasis = true};
  for (Index k = 0; k < trace.cols(); ++k) {
    gap.x.push_back(trace(0, k));
    gap.y.push_back(trace(1, k));
  }
  const Series wanted{.name = "tolerance",
                      .x = {trace(0, 0), trace(0, trace.cols() - 1)},
                      .y = {tolerance, tolerance},
                      .mark = Mark::line,
                      .reference = true};
  return {.id = "convergence",
          .title = "What sweeps reach",
          .description =
              "The larger of the relative duality gap and the relative violation that "
              "is left after a number of sweeps, on logarithmic axes.",
          .caption =
              "Each point is a solve of its own with so many sweeps at most; those that end "
              "before epsilon is down at its value are left out.",
          .panels = {LinePanel{.x = {.label = "sweeps over both potentials", .scale = Scale::log},
                               .y = {.label = "relative gap", .scale = Scale::log},
                               .series = {std::move(gap), wanted}}}};
}

/// Lets the runner look, and leave by its exception, in every sweep.
Observer polling(Stage& stage) {
  return [&stage](const Progress& progress) {
    stage.poll(progress);
    return true;
  };
}

/// The masses of the source that are destroyed and of the target that are made, or the reverse.
double lost(const Vector& masses, const Matrix& marginal) {
  return (masses - marginal.col(0)).cwiseMax(0.0).sum();
}

}  // namespace

void UnbalancedTask::validate(const DataSet& data, ConfigProblems& problems) const {
  problem.validate(output.image_width, data, problems);
  const auto in_order = [&](const ot::MarginalOptions& options, const std::string& side) {
    if (options.penalty == ot::MarginalPenalty::range && options.low > options.high) {
      problems.add("/solver/" + side + "/low", "must be at most \"high\"");
    }
  };
  in_order(solver.source, "source");
  in_order(solver.target, "target");
  const bool both_exact = solver.source.penalty == ot::MarginalPenalty::exact &&
                          solver.target.penalty == ot::MarginalPenalty::exact;
  if (both_exact && problem.source_mass != problem.target_mass) {
    problems.add("/problem/target_mass",
                 "two exact marginals need equal masses: relax one, or give both the same mass");
  }
}

PlanEstimate UnbalancedTask::plan(const DataSet& data) const {
  const auto from = size_of(problem.source, data);
  const auto n = static_cast<double>(from.n);
  const auto m = static_cast<double>(size_of(problem.target, data).n);
  const auto d = static_cast<double>(from.d);
  return {.bytes = 8.0 * (n + m) * (3.0 * d + 20.0),
          .operations = 200.0 * n * m * (2.0 * d + 10.0),
          .remedy = "take fewer points"};
}

std::vector<Quantity> UnbalancedTask::quantities() {
  std::vector<Quantity> all{{"mass", "", "of the coupling"},
                            {"linear_cost", "", "<P, C>"},
                            {"epsilon", "", "of the potentials, in units of the cost"},
                            {"violation", "", "L1, of exact and bounded marginals"},
                            {"destroyed", "", "mass of the source that the coupling lacks"},
                            {"not_reached", "", "mass of the target that the coupling lacks"},
                            {"sweeps", "", "over both potentials"}};
  for (auto& quantity : bound_quantities("the regularised minimum")) {
    all.push_back(std::move(quantity));
  }
  return all;
}

std::string_view UnbalancedTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.unbalanced",
  "name": "unbalanced",
  "seed": 1,
  "problem": {
    "source": {"type": "gaussian_ring", "points": 120},
    "target": {"type": "random_mixture", "dim": 2, "points": 100},
    "cost": "squared_euclidean",
    "target_mass": 0.7
  },
  "solver": {
    "epsilon": 0.05,
    "unit": "typical_cost",
    "source": {"penalty": "total_variation", "rho": 0.3},
    "target": {"penalty": "kullback_leibler", "rho": 1.0}
  },
  "checks": [
    {"id": "bounds in order", "quantity": "lower_bound", "below": "upper_bound"},
    {"id": "some stays", "quantity": "destroyed", "min": 0.1}
  ]
}
)";
}

void UnbalancedTask::run(RunContext& context) const {
  const ot::TransportProblem instance = problem.make(context);
  const Vector a = problem.a(instance), b = problem.b(instance);
  const auto cost = std::make_shared<ot::PointCost>(instance.cost_view());
  const double scale = epsilon_scale(solver.unit, *cost);
  ot::UnbalancedOptions options{.epsilon = solver.epsilon * scale,
                                .source = solver.source,
                                .target = solver.target,
                                .reference = solver.reference,
                                .tolerance = solver.tolerance,
                                .max_iterations = solver.max_iterations,
                                .translation = solver.translation,
                                .epsilon_scaling = solver.epsilon_scaling,
                                .over_relaxation = solver.over_relaxation,
                                .threads = context.threads()};
  options.source.rho *= scale;
  options.target.rho *= scale;
  const Bundle& outcome = context.stage("transport", [&](Stage& stage) {
    const ot::UnbalancedResult result =
        ot::unbalanced_transport(a, b, *cost, options, polling(stage));
    stage.calls("sweeps over both potentials", static_cast<double>(result.iterations));
    const bool product = solver.reference == ot::EntropyReference::product;
    const ot::PotentialCoupling coupling(cost, product ? a : Vector::Ones(a.size()),
                                         product ? b : Vector::Ones(b.size()), result.f, result.g,
                                         result.epsilon, context.threads());
    return outcome_of(result, coupling, instance);
  });
  const SolveReport report = kept_report(outcome);
  const std::string unit(problem.cost_unit());
  const double mass = outcome.numbers.at("mass");
  const double destroyed = lost(a, outcome.arrays.at("row_marginal"));
  const double not_reached = lost(b, outcome.arrays.at("col_marginal"));
  context.scalar("mass", {.value = mass, .description = "of the coupling"});
  context.scalar("linear_cost",
                 {.value = outcome.numbers.at("cost"), .unit = unit, .description = "<P, C>"});
  add_bounds(context, outcome, unit, "the regularised minimum");
  context.scalar("epsilon", {.value = outcome.numbers.at("epsilon"), .unit = unit});
  context.scalar("violation", {.value = outcome.numbers.at("row_error"),
                               .description = "L1, of exact and bounded marginals"});
  context.scalar("destroyed",
                 {.value = destroyed, .description = "mass of the source that the coupling lacks"});
  context.scalar("not_reached", {.value = not_reached,
                                 .description = "mass of the target that the coupling lacks"});
  context.scalar("sweeps", {.value = static_cast<double>(report.iterations)});

  context.section(
      "Transport",
      {"Of mass " + number_text(a.sum()) + " at " + std::to_string(a.size()) + " points, " +
       number_text(destroyed) + " is destroyed; of mass " + number_text(b.sum()) + " at " +
       std::to_string(b.size()) + " points, " + number_text(not_reached) + " is not reached; " +
       number_text(mass) + " moves, in dimension " + std::to_string(instance.source.dim()) + "."});
  MovedMass moved{.source = moved_share(outcome.arrays.at("row_marginal").col(0), a),
                  .target = moved_share(outcome.arrays.at("col_marginal").col(0), b),
                  .partners = {}};
  for (const double j : outcome.arrays.at("partners").row(0)) {
    moved.partners.push_back(static_cast<Index>(j));
  }
  const Matrix& images = outcome.arrays.at("images");
  std::vector<Index> movers;
  for (Index i = 0; i < a.size(); ++i) {
    if (moved.source[i] >= 0.5) movers.push_back(i);
  }
  const Matrix from = instance.source.points()(Eigen::all, movers);
  const Matrix to = images(Eigen::all, movers);
  if (auto figure = mass_figure(instance, moved, from, to, "mean targets")) {
    context.figure(std::move(*figure));
  }
  if (output.image_width > 0) context.figure(mass_images(instance, moved, output.image_width));
  if (solver.convergence && report.iterations > 0) {
    const Bundle& convergence = context.stage("convergence", [&](Stage& stage) {
      std::vector<double> trace;
      for (std::int64_t budget = 1; budget < report.iterations; budget *= 2) {
        auto short_options = options;
        short_options.max_iterations = budget;
        const auto result = ot::unbalanced_transport(a, b, *cost, short_options, polling(stage));
        // A budget that ends on the way down to epsilon has solved another problem.
        if (!std::isfinite(result.residual) || result.epsilon > options.epsilon) continue;
        trace.insert(trace.end(), {static_cast<double>(budget), result.residual});
      }
      trace.insert(trace.end(), {static_cast<double>(report.iterations), report.residual});
      Bundle out;
      out.arrays["trace"] =
          Eigen::Map<const Matrix>(trace.data(), 2, static_cast<Index>(trace.size() / 2));
      return out;
    });
    context.figure(sweeps_figure(convergence.arrays.at("trace"), solver.tolerance));
  }
  if (output.potentials) add_potentials(context, outcome, unit);
  if (output.marginals) {
    context.array("row_marginal", outcome.arrays.at("row_marginal").transpose(), "",
                  "mass of the coupling at each source");
    context.array("col_marginal", outcome.arrays.at("col_marginal").transpose(), "",
                  "mass of the coupling at each target");
  }
  context.finish(report);
}

}  // namespace pushforward::runner
