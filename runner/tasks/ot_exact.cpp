#include "runner/tasks/ot_exact.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

Bundle outcome_of(const ot::NetworkSimplexResult& result) {
  Bundle out;
  keep_report(out, result);
  keep_certificate(out, {.cost = result.transport_cost,
                         .certificate = result.certificate,
                         .row_error = result.row_error,
                         .column_error = result.col_error});
  keep_potentials(out, result.f, result.g);
  keep_coupling(out, result.coupling);
  out.counts["method"] = static_cast<std::int64_t>(result.method_used);
  out.counts["rounds"] = result.rounds;
  return out;
}

void add_scalars(RunContext& context, const Bundle& outcome, const DiscreteProblem& problem) {
  const std::string unit(problem.cost_unit());
  const double cost = outcome.numbers.at("cost");
  context.scalar("transport_cost",
                 {.value = cost, .unit = unit, .description = "<P, C> of the coupling"});
  add_bounds(context, outcome, unit, "the least cost");
  if (std::holds_alternative<SquaredEuclideanCost>(problem.cost)) {
    context.scalar("wasserstein_2", {.value = std::sqrt(std::max(0.0, cost)), .unit = "length"});
  }
  context.scalar("marginal_error",
                 {.value = outcome.numbers.at("row_error") + outcome.numbers.at("column_error"),
                  .description = "L1 error of both marginals"});
  context.scalar("support", {.value = static_cast<double>(outcome.arrays.at("coupling").cols()),
                             .description = "pairs between which mass moves"});
  context.scalar("pivots", {.value = static_cast<double>(outcome.counts.at("iterations"))});
}

void add_figures(RunContext& context, const Bundle& outcome, const ot::TransportProblem& problem,
                 int image_width) {
  const auto coupling = kept_coupling(outcome, problem.source.size(), problem.target.size());
  const Pairs pairs = pairs_of(coupling, problem);
  if (auto figure = transport_figure(problem, pairs.from, pairs.to, "pairs that share mass")) {
    context.figure(std::move(*figure));
  }
  if (image_width == 0) return;
  const Matrix images =
      coupling.barycentric_map(problem.source.points(), problem.target.points()).points;
  context.figure(image_figure(problem, images, pairs.partners, image_width));
}

}  // namespace

void ExactTask::validate(const DataSet& data, ConfigProblems& problems) const {
  problem.validate(output.image_width, data, problems);
}

PlanEstimate ExactTask::plan(const DataSet& data) const {
  const auto from = size_of(problem.source, data);
  const auto to = size_of(problem.target, data);
  const auto n = static_cast<double>(from.n), m = static_cast<double>(to.n);
  const auto d = static_cast<double>(from.d);
  const bool all_arcs = solver.method == ot::ExactMethod::all_arcs;
  const double arcs = all_arcs ? n * m : (n + m) * static_cast<double>(solver.arcs_per_node);
  // Some four pricing passes over all pairs, and pivots that look at a block of arcs each.
  return {.bytes = 32.0 * arcs + 8.0 * (n + m) * (3.0 * d + 20.0),
          .operations = 4.0 * n * m * (2.0 * d + 4.0) + 5.0 * (n + m) * std::sqrt(arcs),
          .remedy = all_arcs ? "set /solver/method to \"shortlist\"" : "take fewer points"};
}

std::vector<Quantity> ExactTask::quantities() {
  std::vector<Quantity> all{
      {"transport_cost", "", "<P, C> of the coupling, in units of the cost"},
      {"wasserstein_2", "length", "root of the cost, for squared Euclidean costs"},
      {"marginal_error", "", "L1 error of both marginals"},
      {"support", "", "pairs between which mass moves"},
      {"pivots", "", "of the network simplex"}};
  for (auto& quantity : bound_quantities("the least cost")) all.push_back(std::move(quantity));
  return all;
}

std::string_view ExactTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.exact",
  "name": "exact",
  "seed": 1,
  "problem": {
    "source": {"type": "gaussian_ring", "points": 150},
    "target": {"type": "random_mixture", "dim": 2, "points": 120, "random_weights": true},
    "cost": "squared_euclidean"
  },
  "checks": [
    {"id": "certified", "quantity": "gap", "max": 1e-8},
    {"id": "sparse", "quantity": "support", "max": 269}
  ]
}
)";
}

void ExactTask::run(RunContext& context) const {
  const ot::TransportProblem instance = problem.make(context);
  const Bundle& outcome = context.stage("transport", [&](Stage& stage) {
    const auto result = ot::network_simplex(instance,
                                            {.method = solver.method,
                                             .tolerance = solver.tolerance,
                                             .max_iterations = solver.max_iterations,
                                             .arcs_per_node = solver.arcs_per_node,
                                             .threads = context.threads()},
                                            stage.observer());
    stage.calls("pivots", static_cast<double>(result.iterations));
    return outcome_of(result);
  });
  add_scalars(context, outcome, problem);
  context.section(
      "Transport",
      {"Exact transport of " + std::to_string(instance.source.size()) + " points to " +
       std::to_string(instance.target.size()) + " in dimension " +
       std::to_string(instance.source.dim()) + ", by the network simplex (`" +
       std::string(pushforward::name(static_cast<ot::ExactMethod>(outcome.counts.at("method")))) +
       "`), " + std::to_string(outcome.counts.at("rounds")) + " passes over all costs."});
  add_figures(context, outcome, instance, output.image_width);
  context.table(certificate_table(kept_certificate(outcome), {}));
  const std::string unit(problem.cost_unit());
  if (output.coupling) add_coupling(context, outcome);
  if (output.potentials) add_potentials(context, outcome, unit);
  context.finish(kept_report(outcome));
}

}  // namespace pushforward::runner
