#include "runner/tasks/ot_barycenter.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "runner/tasks/barycenter_report.hpp"
#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

constexpr double largest_grid = 1e6;

/// Writes down the residual of every iteration on its way to the stage's own observer.
Observer recording(Stage& stage, std::vector<double>& residuals) {
  return [observer = stage.observer(), &residuals](const Progress& progress) {
    if (std::isfinite(progress.residual)) residuals.push_back(progress.residual);
    return !observer || observer(progress);
  };
}

Bundle outcome_of(const SolveReport& report, const DiscreteMeasure& measure,
                  const std::vector<double>& residuals) {
  Bundle out;
  keep_report(out, report);
  out.arrays["points"] = measure.points();
  out.arrays["weights"] = measure.weights();
  out.arrays["residuals"] =
      Eigen::Map<const Vector>(residuals.data(), static_cast<Index>(residuals.size()));
  return out;
}

Bundle solve(const FixedSupportMethod& method, const BarycenterGroups& all,
             const BarycenterGroup& group, const RunContext& context, Stage& stage) {
  const Matrix support =
      all.width > 0 ? pixel_centres(all.width, all.height) : grid_over(group, method.nodes);
  std::vector<double> residuals;
  const auto result = ot::entropic_barycenter(group.measures, group.weights, support,
                                              {.epsilon = method.epsilon,
                                               .bias = method.bias,
                                               .tolerance = method.tolerance,
                                               .max_iterations = method.max_iterations,
                                               .threads = context.threads()},
                                              {}, recording(stage, residuals));
  if (result.converged) residuals.push_back(result.residual);
  Bundle out = outcome_of(result, {support, result.weights, Mass::normalise}, residuals);
  out.numbers["bound"] = objective_bound(support, group, result.g);
  return out;
}

Bundle solve(const FreeSupportMethod& method, const BarycenterGroups&, const BarycenterGroup& group,
             const RunContext& context, Stage& stage) {
  const Matrix start = first_support(group, method.points, context.key(Draw::initial));
  std::vector<double> residuals;
  const auto result =
      ot::free_support_barycenter(group.measures, group.weights, DiscreteMeasure::uniform(start),
                                  {.epsilon = method.epsilon,
                                   .tolerance = method.tolerance,
                                   .max_iterations = method.max_iterations,
                                   .threads = context.threads()},
                                  recording(stage, residuals));
  if (result.converged) residuals.push_back(result.residual);
  return outcome_of(result, result.barycenter, residuals);
}

Bundle solve(const LineMethod&, const BarycenterGroups&, const BarycenterGroup& group,
             const RunContext&, Stage&) {
  SolveReport exact;
  exact.converged = true;
  exact.termination = Termination::converged;
  exact.residual = 0.0;
  return outcome_of(exact, ot::univariate_barycenter(group.measures, group.weights), {});
}

FoundBarycenter found_in(const Bundle& outcome) {
  FoundBarycenter found{
      .measure = {outcome.arrays.at("points"), outcome.arrays.at("weights").col(0)}};
  found.objective = outcome.numbers.at("objective");
  found.objective_of_mixture = outcome.numbers.at("objective_of_mixture");
  if (outcome.numbers.contains("bound")) found.bound = outcome.numbers.at("bound");
  found.iterations = outcome.counts.at("iterations");
  if (outcome.arrays.at("residuals").size() > 0) {
    found.residuals = outcome.arrays.at("residuals").col(0);
  }
  return found;
}

void add_scalars(RunContext& context, const std::vector<FoundBarycenter>& found) {
  double objective = 0.0, of_mixture = 0.0, ratio = 0.0, gap = 0.0, bound = 0.0;
  std::int64_t iterations = 0;
  for (const auto& one : found) {
    const double share = 1.0 / static_cast<double>(found.size());
    objective += share * one.objective;
    of_mixture += share * one.objective_of_mixture;
    bound += share * one.bound;
    ratio = std::max(ratio, one.objective / std::max(one.objective_of_mixture, 1e-300));
    gap = std::max(gap, one.objective - one.bound);
    iterations += one.iterations;
  }
  context.scalar("barycenters", {.value = static_cast<double>(found.size())});
  context.scalar("objective", {.value = objective,
                               .unit = "length^2",
                               .description = "weighted mean of exact W_2^2 to the measures, mean "
                                              "over the barycenters"});
  context.scalar(
      "objective_of_mixture",
      {.value = of_mixture, .unit = "length^2", .description = "the same for sum_k w_k b_k"});
  context.scalar("mixture_ratio",
                 {.value = ratio, .description = "objective over that of the mixture, largest"});
  if (std::isfinite(bound)) {
    context.scalar("lower_bound",
                   {.value = bound,
                    .unit = "length^2",
                    .description = "no measures on the support have a mean objective below"});
    context.scalar(
        "gap",
        {.value = gap, .unit = "length^2", .description = "objective less lower bound, largest"});
  }
  context.scalar("iterations", {.value = static_cast<double>(iterations)});
}

/// Group, weight and coordinates of every point: (2 + d) x all.
Matrix listed(const std::vector<FoundBarycenter>& found) {
  Index count = 0;
  for (const auto& one : found) count += one.measure.size();
  Matrix rows(2 + found.front().measure.dim(), count);
  Index at = 0;
  for (std::size_t k = 0; k < found.size(); ++k) {
    const DiscreteMeasure& measure = found[k].measure;
    auto part = rows.middleCols(at, measure.size());
    part.row(0).setConstant(static_cast<double>(k));
    part.row(1) = measure.weights().transpose();
    part.bottomRows(measure.dim()) = measure.points();
    at += measure.size();
  }
  return rows;
}

}  // namespace

void BarycenterTask::validate(const DataSet& data, ConfigProblems& problems) const {
  problem.validate(data, problems);
  const GroupsSize size = size_of(problem, data);
  if (size.dim == 0) return;
  if (std::holds_alternative<LineMethod>(solver.method) && size.dim != 1) {
    problems.add("/solver/method", "\"line\" is for points on the line, these have dimension " +
                                       std::to_string(size.dim));
  }
  const auto* fixed = std::get_if<FixedSupportMethod>(&solver.method);
  const bool images = std::holds_alternative<ImageMeasures>(problem.measures);
  if (fixed != nullptr && !images &&
      std::pow(static_cast<double>(fixed->nodes), static_cast<double>(size.dim)) > largest_grid) {
    problems.add("/solver/method/nodes",
                 "a grid of so many nodes along each of " + std::to_string(size.dim) +
                     " axes has more than a million: take fewer, or \"free_support\"");
  }
}

PlanEstimate BarycenterTask::plan(const DataSet& data) const {
  const GroupsSize size = size_of(problem, data);
  const auto k = static_cast<double>(size.measures), m = static_cast<double>(size.points);
  const auto d = static_cast<double>(size.dim);
  double n = k * m, passes = 1.0;
  if (const auto* fixed = std::get_if<FixedSupportMethod>(&solver.method)) {
    const bool images = std::holds_alternative<ImageMeasures>(problem.measures);
    n = images ? m : std::pow(static_cast<double>(fixed->nodes), d);
    passes = 1000.0;
  } else if (const auto* free = std::get_if<FreeSupportMethod>(&solver.method)) {
    n = static_cast<double>(free->points);
    passes = 100.0;
  }
  return {.bytes = 8.0 * (k + 2.0) * (n + m) * (d + 10.0),
          .operations = static_cast<double>(size.groups) * k * n * m * (2.0 * d + 20.0) * passes,
          .remedy = "take fewer nodes or measures"};
}

std::vector<Quantity> BarycenterTask::quantities() {
  return {
      {"barycenters", "", "one for each group"},
      {"objective", "length^2", "weighted mean of exact W_2^2 to the measures, over all groups"},
      {"objective_of_mixture", "length^2", "the same for the measures' weighted sum"},
      {"mixture_ratio", "", "objective over that of the mixture, largest of all groups"},
      {"lower_bound", "length^2", "of the objective on a fixed support, over all groups"},
      {"gap", "length^2", "objective less lower bound, largest of all groups"},
      {"iterations", "", "of all barycenters"}};
}

std::string_view BarycenterTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.barycenter",
  "name": "barycenter",
  "seed": 1,
  "problem": {
    "measures": {"type": "drawn", "classes": 2, "per_class": 4, "points": 40, "spread": 5}
  },
  "solver": {"method": {"type": "free_support", "points": 40}},
  "checks": [
    {"id": "better than adding", "quantity": "mixture_ratio", "max": 1}
  ]
}
)";
}

void BarycenterTask::run(RunContext& context) const {
  const BarycenterGroups all = make_groups(problem, context);
  std::vector<FoundBarycenter> found;
  SolveReport report;
  report.converged = true;
  report.termination = Termination::converged;
  report.residual = 0.0;
  for (std::size_t k = 0; k < all.groups.size(); ++k) {
    const BarycenterGroup& group = all.groups[k];
    const std::string id = "barycenter_" + std::to_string(k);
    const Bundle& outcome = context.stage(id, [&](Stage& stage) {
      Bundle out =
          std::visit([&](const auto& method) { return solve(method, all, group, context, stage); },
                     solver.method);
      stage.poll({.phase = "objective"});
      const DiscreteMeasure measure(out.arrays.at("points"), out.arrays.at("weights").col(0));
      out.numbers["objective"] = exact_objective(measure, group, context.threads());
      out.numbers["objective_of_mixture"] =
          exact_objective(mixture(group), group, context.threads());
      stage.calls("iterations", static_cast<double>(out.counts.at("iterations")));
      return out;
    });
    found.push_back(found_in(outcome));
    const SolveReport one = kept_report(outcome);
    if (!one.converged) report.converged = false, report.termination = one.termination;
    report.iterations += one.iterations;
    report.residual = std::max(report.residual, one.residual);
  }
  add_scalars(context, found);
  context.section("Barycenters",
                  {std::to_string(found.size()) + " barycenters of " +
                   std::to_string(all.groups.front().measures.size()) +
                   " measures each, measured by exact transport to every one of them."});
  if (all.width > 0) {
    context.figure(barycenter_images(all, found));
  } else if (auto figure = barycenter_points(all, found)) {
    context.figure(std::move(*figure));
  }
  if (const auto* fixed = std::get_if<FixedSupportMethod>(&solver.method)) {
    context.figure(residuals_figure(all, found, "mean L1 distance of marginals", fixed->tolerance));
  } else if (const auto* free = std::get_if<FreeSupportMethod>(&solver.method)) {
    context.figure(
        residuals_figure(all, found, "relative decrease of the objective", free->tolerance));
  }
  context.table(barycenter_table(all, found));
  if (output.barycenters) {
    context.array("barycenters", listed(found), "",
                  "group (from 0), weight and coordinates of each point");
  }
  context.finish(report);
}

}  // namespace pushforward::runner
