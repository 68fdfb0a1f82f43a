#include "runner/tasks/ot_partial.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/ot/partial.hpp"

#include "runner/figure_text.hpp"
#include "runner/tasks/mass_report.hpp"
#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

Bundle outcome_of(const ot::PartialResult& result) {
  Bundle out;
  keep_report(out, result);
  keep_certificate(out, {.cost = result.objective,
                         .certificate = result.certificate,
                         .row_error = result.row_excess,
                         .column_error = result.col_excess});
  keep_potentials(out, result.f, result.g);
  keep_coupling(out, result.coupling);
  out.numbers["transport_cost"] = result.transport_cost;
  out.numbers["mass"] = result.mass;
  out.numbers["lambda"] = result.lambda;
  return out;
}

/// Cost and price of every mass, with the solution that was asked for on both.
Figure path_figure(const Matrix& path, double mass, double cost, double lambda,
                   const std::string& unit) {
  Series costs{.name = "least cost", .mark = Mark::line, .emphasis = true};
  Series prices{.name = "price of a unit left behind", .mark = Mark::line, .emphasis = true};
  for (Index k = 0; k < path.cols(); ++k) {
    costs.x.push_back(path(0, k));
    costs.y.push_back(path(1, k));
    if (k == 0) continue;
    const double rise = path(0, k) - path(0, k - 1);
    if (!(rise > 0.0)) continue;
    const double price = 0.5 * (path(1, k) - path(1, k - 1)) / rise;
    for (const Index end : {k - 1, k}) {
      prices.x.push_back(path(0, end));
      prices.y.push_back(price);
    }
  }
  const auto here = [&](double y) {
    return Series{.name = "this solution", .x = {mass}, .y = {y}, .mark = Mark::points};
  };
  const Axis masses{.label = "mass moved"};
  LinePanel left{.title = "least cost",
                 .x = masses,
                 .y = {.label = "cost", .unit = unit},
                 .series = {std::move(costs), here(cost)}};
  LinePanel right{.title = "price",
                  .x = masses,
                  .y = {.label = "lambda", .unit = unit},
                  .series = {std::move(prices), here(lambda)}};
  return {.id = "path",
          .title = "The least cost of every mass",
          .description =
              "Least cost against the mass that is moved, and half of its slope: the "
              "price at which that mass is worth moving.",
          .caption =
              "The cost is convex and piecewise linear in the mass; its slope is twice the "
              "price of a unit of mass that is left at either end.",
          .panels = {std::move(left), std::move(right)}};
}

}  // namespace

void PartialTask::validate(const DataSet& data, ConfigProblems& problems) const {
  problem.validate(output.image_width, data, problems);
}

PlanEstimate PartialTask::plan(const DataSet& data) const {
  const auto from = size_of(problem.source, data);
  const auto n = static_cast<double>(from.n);
  const auto m = static_cast<double>(size_of(problem.target, data).n);
  const auto d = static_cast<double>(from.d);
  const bool all_arcs = solver.path || std::holds_alternative<ByMass>(solver.amount);
  return {.bytes = (all_arcs ? 50.0 * n * m : 0.0) + 8.0 * (n + m) * (3.0 * d + 20.0),
          .operations =
              10.0 * n * m * (d + 4.0) + (solver.path ? (n + m) * (n + m) * std::max(n, m) : 0.0),
          .remedy = solver.path ? "set /solver/path to false" : "take fewer points"};
}

std::vector<Quantity> PartialTask::quantities() {
  std::vector<Quantity> all{{"mass", "", "that is moved"},
                            {"transport_cost", "", "<P, C> of the coupling"},
                            {"objective", "",
                             "what is minimised: the same and the price of what "
                             "is left, by price"},
                            {"lambda", "", "price at which this mass is worth moving"},
                            {"marginal_excess", "", "mass above what is there, rounding only"},
                            {"support", "", "pairs between which mass moves"},
                            {"left_behind", "", "share of the source's mass"},
                            {"not_reached", "", "share of the target's mass"},
                            {"path_error", "", "of the path's cost at this mass, relative"}};
  for (auto& quantity : bound_quantities("the least objective")) all.push_back(std::move(quantity));
  return all;
}

std::string_view PartialTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.partial",
  "name": "partial",
  "seed": 1,
  "problem": {
    "source": {"type": "gaussian_ring", "points": 120},
    "target": {"type": "random_mixture", "dim": 2, "points": 100},
    "cost": "squared_euclidean"
  },
  "solver": {"amount": {"type": "mass", "share": 0.6}},
  "checks": [
    {"id": "certified", "quantity": "gap", "max": 1e-8},
    {"id": "moved", "quantity": "mass", "equals": 0.6, "abs_tol": 1e-12},
    {"id": "on the path", "quantity": "path_error", "max": 1e-9}
  ]
}
)";
}

void PartialTask::run(RunContext& context) const {
  const ot::TransportProblem instance = problem.make(context);
  const Vector a = problem.a(instance), b = problem.b(instance);
  const ot::PointCost cost = instance.cost_view();
  const Bundle& outcome = context.stage("transport", [&](Stage& stage) {
    stage.poll({.phase = "transport", .done = 0, .total = 1});
    const ot::NetworkSimplexOptions options{.tolerance = solver.tolerance,
                                            .max_iterations = solver.max_iterations,
                                            .threads = context.threads()};
    const auto* by_mass = std::get_if<ByMass>(&solver.amount);
    const auto result = by_mass
                            ? ot::partial_transport(
                                  a, b, cost, by_mass->share * std::min(a.sum(), b.sum()), options)
                            : ot::penalized_partial_transport(
                                  a, b, cost, std::get<ByPrice>(solver.amount).lambda, options);
    stage.calls("pivots", static_cast<double>(result.iterations));
    return outcome_of(result);
  });
  const std::string unit(problem.cost_unit());
  const auto& number = outcome.numbers;
  const double mass = number.at("mass"), lambda = number.at("lambda");
  context.scalar("mass", {.value = mass, .description = "that is moved"});
  context.scalar("transport_cost", {.value = number.at("transport_cost"),
                                    .unit = unit,
                                    .description = "<P, C> of the coupling"});
  context.scalar("objective", {.value = number.at("cost"), .unit = unit});
  context.scalar(
      "lambda",
      {.value = lambda, .unit = unit, .description = "price at which this mass is worth moving"});
  add_bounds(context, outcome, unit, "the least objective");
  context.scalar("marginal_excess", {.value = number.at("row_error") + number.at("column_error"),
                                     .description = "mass above what is there, rounding only"});
  const ot::SparseCoupling coupling = kept_coupling(outcome, a.size(), b.size());
  context.scalar("support", {.value = static_cast<double>(coupling.entries().size())});
  context.scalar("left_behind", {.value = 1.0 - mass / a.sum()});
  context.scalar("not_reached", {.value = 1.0 - mass / b.sum()});

  context.section(
      "Transport",
      {"Of " + std::to_string(a.size()) + " points of mass " + number_text(a.sum()) + " and " +
       std::to_string(b.size()) + " of mass " + number_text(b.sum()) + " in dimension " +
       std::to_string(instance.source.dim()) + ", mass " + number_text(mass) + " moves; " +
       number_text(a.sum() - mass) + " and " + number_text(b.sum() - mass) + " stay."});
  const Pairs pairs = pairs_of(coupling, instance);
  const MovedMass moved{.source = moved_share(coupling.row_marginal(), a),
                        .target = moved_share(coupling.col_marginal(), b),
                        .partners = pairs.partners};
  if (auto figure = mass_figure(instance, moved, pairs.from, pairs.to, "pairs that share mass")) {
    context.figure(std::move(*figure));
  }
  if (output.image_width > 0) context.figure(mass_images(instance, moved, output.image_width));
  if (solver.path) {
    const Bundle& path = context.stage("path", [&](Stage& stage) {
      stage.poll({.phase = "path in the mass", .done = 0, .total = 1});
      const ot::PartialPath found = ot::partial_path(a, b, cost);
      Bundle out;
      Matrix& points = out.arrays["path"];
      points.resize(2, found.mass.size());
      points << found.mass.transpose(), found.cost.transpose();
      out.numbers["at_mass"] = found.cost_at(std::min(mass, found.mass[found.mass.size() - 1]));
      return out;
    });
    const double exact = number.at("transport_cost");
    context.scalar("path_error",
                   {.value = std::abs(path.numbers.at("at_mass") - exact) / std::max(exact, 1e-300),
                    .description = "of the path's cost at this mass, relative"});
    context.figure(path_figure(path.arrays.at("path"), mass, exact, lambda, unit));
    context.array("path", path.arrays.at("path"), "", "mass and least cost at each bend");
  }
  context.table(certificate_table(kept_certificate(outcome), unit));
  if (output.coupling) add_coupling(context, outcome);
  if (output.potentials) add_potentials(context, outcome, unit);
  context.finish(kept_report(outcome));
}

}  // namespace pushforward::runner
