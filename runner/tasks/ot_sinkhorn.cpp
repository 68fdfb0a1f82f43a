#include "runner/tasks/ot_sinkhorn.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "pushforward/ot/sinkhorn_divergence.hpp"

#include "runner/tasks/sinkhorn_stage.hpp"
#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

double entropy(const Vector& weights) {
  double sum = 0.0;
  for (const double w : weights) sum -= w > 0.0 ? w * std::log(w) : 0.0;
  return sum;
}

/// What a finished solve says, with the images of the sources and their main targets.
Bundle outcome_of(ot::SinkhornSolver& solver, const ot::SinkhornState& state,
                  const ot::TransportProblem& problem) {
  Bundle out;
  const ot::SinkhornResult result = keep_sinkhorn(out, solver, state);
  const ot::PotentialCoupling coupling = solver.coupling(result);
  out.arrays["images"] =
      coupling.barycentric_map(problem.source.points(), problem.target.points()).points;
  Matrix& partners = out.arrays["partners"];
  partners = Matrix::Constant(1, problem.source.size(), -1.0);
  for (const Index i : evenly_spaced(problem.source.size(), shown_images)) {
    const auto largest = coupling.largest(i, 1);
    if (!largest.empty()) partners(0, i) = static_cast<double>(largest.front().col);
  }
  return out;
}

void add_scalars(RunContext& context, const Bundle& outcome, const ot::TransportProblem& problem,
                 const std::string& unit) {
  const auto& number = outcome.numbers;
  context.scalar("transport_cost", {.value = number.at("cost"),
                                    .unit = unit,
                                    .description = "<P, C>, P rounded onto the marginals"});
  context.scalar("linear_cost", {.value = number.at("linear_cost"),
                                 .unit = unit,
                                 .description = "<P, C>, P of the potentials"});
  context.scalar("kl_cost", {.value = number.at("kl_cost"),
                             .unit = unit,
                             .description = "<P, C> + epsilon KL(P | a b^T)"});
  add_bounds(context, outcome, unit, "the exact cost");
  context.scalar("bias_bound",
                 {.value = number.at("epsilon") * std::min(entropy(problem.source.weights()),
                                                           entropy(problem.target.weights())),
                  .unit = unit,
                  .description = "epsilon min(H(a), H(b)): most that <P, C> exceeds "
                                 "the exact cost by"});
  context.scalar("epsilon", {.value = number.at("epsilon"), .unit = unit});
  context.scalar("marginal_error",
                 {.value = number.at("residual"), .description = "L1 error of both marginals"});
  context.scalar("passes", {.value = static_cast<double>(outcome.counts.at("passes")),
                            .description = "over all pairs"});
  context.scalar("newton_steps", {.value = static_cast<double>(outcome.counts.at("newton_steps"))});
}

}  // namespace

void SinkhornTask::validate(const DataSet& data, ConfigProblems& problems) const {
  problem.validate(output.image_width, data, problems);
  const auto n = size_of(problem.source, data).n;
  const auto m = size_of(problem.target, data).n;
  if (solver.method == ot::SinkhornMethod::sparse_newton && n * m > solver.stored_pairs) {
    problems.add("/solver/stored_pairs", "sparse_newton stores all " + std::to_string(n * m) +
                                             " pairs: allow them, or take \"truncated_newton\"");
  }
}

PlanEstimate SinkhornTask::plan(const DataSet& data) const {
  const auto from = size_of(problem.source, data);
  const auto n = static_cast<double>(from.n);
  const auto m = static_cast<double>(size_of(problem.target, data).n);
  const auto d = static_cast<double>(from.d);
  const double stored = n * m <= static_cast<double>(solver.stored_pairs) ? n * m : 0.0;
  // A hundred passes is typical of the automatic method; an exponential counts for ten.
  return {.bytes = 16.0 * stored + 8.0 * (n + m) * (3.0 * d + 20.0),
          .operations = 100.0 * n * m * (2.0 * d + 10.0),
          .remedy = stored > 0.0 ? "lower /solver/stored_pairs" : "take fewer points"};
}

std::vector<Quantity> SinkhornTask::quantities() {
  std::vector<Quantity> all{
      {"transport_cost", "", "<P, C> of the coupling rounded onto the marginals"},
      {"linear_cost", "", "<P, C> of the coupling of the potentials"},
      {"kl_cost", "", "<P, C> + epsilon KL(P | a b^T)"},
      {"bias_bound", "", "epsilon times the smaller entropy of the weights"},
      {"epsilon", "", "of the potentials, in units of the cost"},
      {"marginal_error", "", "L1 error of both marginals"},
      {"passes", "", "over all pairs"},
      {"newton_steps", "", "taken"},
      {"divergence", "", "debiased distance, where it was asked for"}};
  for (auto& quantity : bound_quantities("the exact cost")) all.push_back(std::move(quantity));
  return all;
}

std::string_view SinkhornTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.sinkhorn",
  "name": "sinkhorn",
  "seed": 1,
  "problem": {
    "source": {"type": "gaussian_ring", "points": 150},
    "target": {"type": "random_mixture", "dim": 2, "points": 120, "random_weights": true},
    "cost": "squared_euclidean"
  },
  "solver": {"epsilon": 0.02, "epsilon_unit": "typical_cost", "divergence": true},
  "checks": [
    {"id": "marginals", "quantity": "marginal_error", "max": 1.1e-8},
    {"id": "bounds in order", "quantity": "lower_bound", "below": "transport_cost"},
    {"id": "a distance", "quantity": "divergence", "min": 0}
  ]
}
)";
}

void SinkhornTask::run(RunContext& context) const {
  const ot::TransportProblem instance = problem.make(context);
  const auto cost = std::make_shared<ot::PointCost>(instance.cost_view());
  const double scale = epsilon_scale(solver.epsilon_unit, *cost);
  const ot::SinkhornOptions options{.epsilon = solver.epsilon * scale,
                                    .method = solver.method,
                                    .tolerance = solver.tolerance,
                                    .max_passes = solver.max_passes,
                                    .over_relaxation = solver.over_relaxation,
                                    .epsilon_scaling = solver.epsilon_scaling,
                                    .stored_pairs = solver.stored_pairs,
                                    .threads = context.threads()};
  ot::SinkhornSolver entropic(cost, instance.source.weights(), instance.target.weights(), options);
  const SinkhornRun solved = sinkhorn_stage(context, "transport", entropic);
  const Bundle& outcome = context.stage(
      "certificate", [&](Stage&) { return outcome_of(entropic, solved.state, instance); });
  const std::string unit(problem.cost_unit());
  add_scalars(context, outcome, instance, unit);
  if (solver.divergence) {
    const Bundle& own = context.stage("self_transport", [&](Stage&) {
      Bundle out;
      const auto source = ot::self_transport(instance.source, instance.cost, options);
      const auto target = ot::self_transport(instance.target, instance.cost, options);
      out.numbers = {{"source", source.kl_cost}, {"target", target.kl_cost}};
      out.counts = {{"converged", source.converged && target.converged}};
      return out;
    });
    if (own.counts.at("converged") == 0) {
      context.warn("a measure's transport to itself did not converge: `divergence` is inexact");
    }
    context.scalar("divergence",
                   {.value = outcome.numbers.at("kl_cost") -
                             0.5 * (own.numbers.at("source") + own.numbers.at("target")),
                    .unit = unit,
                    .description = "debiased entropic distance"});
  }
  const auto method = static_cast<ot::SinkhornMethod>(outcome.counts.at("method"));
  context.section("Transport",
                  {"Entropic transport of " + std::to_string(instance.source.size()) +
                   " points to " + std::to_string(instance.target.size()) + " in dimension " +
                   std::to_string(instance.source.dim()) + ", finished by `" +
                   std::string(pushforward::name(method)) + "` after " +
                   std::to_string(outcome.counts.at("passes")) + " passes over all pairs and " +
                   std::to_string(outcome.counts.at("stages")) + " values of epsilon."});
  const Matrix& images = outcome.arrays.at("images");
  if (auto figure = transport_figure(instance, instance.source.points(), images, "mean targets")) {
    context.figure(std::move(*figure));
  }
  if (output.image_width > 0) {
    const Matrix& partners = outcome.arrays.at("partners");
    std::vector<Index> columns;
    for (const double j : partners.row(0)) columns.push_back(static_cast<Index>(j));
    context.figure(image_figure(instance, images, columns, output.image_width));
  }
  context.figure(convergence_figure(solved.trace, solver.tolerance));
  context.table(certificate_table(kept_certificate(outcome), {}));
  if (output.potentials) add_potentials(context, outcome, unit);
  if (output.images) {
    context.array("images", images, "length", "where the mass of each source goes on average");
  }
  context.finish(kept_report(outcome));
}

}  // namespace pushforward::runner
