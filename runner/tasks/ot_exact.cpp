#include "runner/tasks/ot_exact.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

namespace {

using Entry = ot::Coupling::Entry;

Bundle stored(const ot::NetworkSimplexResult& result) {
  Bundle out;
  const std::vector<Entry>& entries = result.coupling.entries();
  Matrix& triplets = out.arrays["coupling"];
  triplets.resize(3, static_cast<Index>(entries.size()));
  for (Index k = 0; k < triplets.cols(); ++k) {
    const Entry& e = entries[static_cast<std::size_t>(k)];
    // Indices stay far below 2^53, where doubles are exact.
    triplets.col(k) << static_cast<double>(e.row), static_cast<double>(e.col), e.mass;
  }
  out.arrays["f"] = result.f;
  out.arrays["g"] = result.g;
  out.numbers = {{"cost", result.transport_cost},    {"upper", result.certificate.primal},
                 {"lower", result.certificate.dual}, {"row_error", result.row_error},
                 {"col_error", result.col_error},    {"residual", result.residual}};
  out.counts = {{"converged", result.converged},
                {"termination", static_cast<std::int64_t>(result.termination)},
                {"method", static_cast<std::int64_t>(result.method_used)},
                {"iterations", result.iterations},
                {"arcs", result.arcs},
                {"rounds", result.rounds}};
  return out;
}

SolveReport report_of(const Bundle& outcome) {
  SolveReport report;
  report.converged = outcome.counts.at("converged") != 0;
  report.termination = static_cast<Termination>(outcome.counts.at("termination"));
  report.iterations = outcome.counts.at("iterations");
  report.residual = outcome.numbers.at("residual");
  return report;
}

void add_scalars(RunContext& context, const Bundle& outcome, const DiscreteProblem& problem) {
  const std::string unit(problem.cost_unit());
  const double cost = outcome.numbers.at("cost");
  const double lower = outcome.numbers.at("lower");
  const double upper = outcome.numbers.at("upper");
  context.scalar("transport_cost",
                 {.value = cost, .unit = unit, .description = "<P, C> of the coupling"});
  context.scalar("lower_bound",
                 {.value = lower, .unit = unit, .description = "value of feasible potentials"});
  context.scalar("upper_bound",
                 {.value = upper, .unit = unit, .description = "cost of the coupling, rounded up"});
  context.scalar("gap", {.value = upper - lower,
                         .unit = unit,
                         .description = "between the bounds; the optimum lies there"});
  if (std::holds_alternative<SquaredEuclideanCost>(problem.cost)) {
    context.scalar("wasserstein_2", {.value = std::sqrt(std::max(0.0, cost)), .unit = "length"});
  }
  context.scalar("marginal_error",
                 {.value = outcome.numbers.at("row_error") + outcome.numbers.at("col_error"),
                  .description = "L1 error of both marginals"});
  context.scalar("support", {.value = static_cast<double>(outcome.arrays.at("coupling").cols()),
                             .description = "pairs between which mass moves"});
  context.scalar("pivots", {.value = static_cast<double>(outcome.counts.at("iterations"))});
}

void add_figures(RunContext& context, const Bundle& outcome, const ot::TransportProblem& problem,
                 int image_width) {
  const Matrix& triplets = outcome.arrays.at("coupling");
  const Index n = problem.source.size();
  const Index d = problem.source.dim();
  Matrix from(d, triplets.cols()), to(d, triplets.cols());
  std::vector<Entry> entries;
  for (Index k = 0; k < triplets.cols(); ++k) {
    const auto i = static_cast<Index>(triplets(0, k));
    const auto j = static_cast<Index>(triplets(1, k));
    from.col(k) = problem.source.points().col(i);
    to.col(k) = problem.target.points().col(j);
    entries.push_back({i, j, triplets(2, k)});
  }
  if (auto figure = transport_figure(problem, from, to, "pairs that share mass")) {
    context.figure(std::move(*figure));
  }
  if (image_width == 0) return;
  const ot::SparseCoupling coupling(n, problem.target.size(), std::move(entries));
  std::vector<Index> partners;
  for (Index i = 0; i < n; ++i) {
    const auto largest = coupling.largest(i, 1);
    partners.push_back(largest.empty() ? 0 : largest.front().col);
  }
  const Matrix images =
      coupling.barycentric_map(problem.source.points(), problem.target.points()).points;
  context.figure(image_figure(problem, images, partners, image_width));
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
  return {{"transport_cost", "", "<P, C> of the coupling, in units of the cost"},
          {"lower_bound", "", "value of feasible potentials, rounded down"},
          {"upper_bound", "", "cost of the coupling, rounded up"},
          {"gap", "", "upper bound less lower bound"},
          {"wasserstein_2", "length", "root of the cost, for squared Euclidean costs"},
          {"marginal_error", "", "L1 error of both marginals"},
          {"support", "", "pairs between which mass moves"},
          {"pivots", "", "of the network simplex"}};
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
    return stored(ot::network_simplex(instance,
                                      {.method = solver.method,
                                       .tolerance = solver.tolerance,
                                       .max_iterations = solver.max_iterations,
                                       .arcs_per_node = solver.arcs_per_node,
                                       .threads = context.threads()},
                                      stage.observer()));
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
  context.table(
      certificate_table({.cost = outcome.numbers.at("cost"),
                         .certificate = {outcome.numbers.at("upper"), outcome.numbers.at("lower")},
                         .row_error = outcome.numbers.at("row_error"),
                         .column_error = outcome.numbers.at("col_error")},
                        {}));
  const std::string unit(problem.cost_unit());
  if (output.coupling) {
    context.array("coupling", outcome.arrays.at("coupling"), "",
                  "source, target (from 0) and mass of each entry");
  }
  if (output.potentials) {
    context.array("f", outcome.arrays.at("f").transpose(), unit, "potential, one a source");
    context.array("g", outcome.arrays.at("g").transpose(), unit, "potential, one a target");
  }
  context.finish(report_of(outcome));
}

}  // namespace pushforward::runner
