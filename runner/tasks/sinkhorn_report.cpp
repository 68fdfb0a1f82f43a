#include "runner/tasks/sinkhorn_report.hpp"

#include <algorithm>

#include "runner/tasks/solve_record.hpp"
#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

double epsilon_scale(EpsilonUnit unit, const ot::CostView& cost) {
  return unit == EpsilonUnit::cost ? 1.0 : std::max(1e-300, ot::typical_cost(cost));
}

ot::SinkhornResult keep_sinkhorn(Bundle& outcome, ot::SinkhornSolver& solver,
                                 const ot::SinkhornState& state) {
  ot::SinkhornResult result = solver.result(state);
  keep_report(outcome, result);
  keep_certificate(outcome, {.cost = result.transport_cost,
                             .certificate = result.certificate,
                             .row_error = result.row_error,
                             .column_error = result.column_error});
  keep_potentials(outcome, result.f, result.g);
  outcome.numbers["linear_cost"] = result.linear_cost;
  outcome.numbers["kl_cost"] = result.kl_cost;
  outcome.numbers["epsilon"] = result.epsilon;
  outcome.counts["converged"] = result.converged && result.epsilon <= solver.options().epsilon;
  outcome.counts["method"] = static_cast<std::int64_t>(result.method);
  outcome.counts["passes"] = result.passes;
  outcome.counts["stages"] = result.stages;
  outcome.counts["newton_steps"] = result.newton_steps;
  return result;
}

Figure convergence_figure(const Matrix& trace, double tolerance) {
  Series residual{.name = "error of the marginals", .mark = Mark::line, .emphasis = true};
  Series epsilon{.name = "epsilon", .mark = Mark::steps, .emphasis = true};
  for (const Index k : evenly_spaced(trace.cols(), 1000)) {
    residual.x.push_back(trace(0, k));
    residual.y.push_back(trace(1, k));
    epsilon.x.push_back(trace(0, k));
    epsilon.y.push_back(trace(2, k));
  }
  const double last = trace.cols() > 0 ? trace(0, trace.cols() - 1) : 1.0;
  const Series wanted{.name = "tolerance",
                      .x = {trace.cols() > 0 ? trace(0, 0) : 0.0, last},
                      .y = {tolerance, tolerance},
                      .mark = Mark::line,
                      .reference = true};
  const Axis passes{.label = "passes over all pairs"};
  LinePanel errors{.title = "error",
                   .x = passes,
                   .y = {.label = "L1 error of the marginals", .scale = Scale::log},
                   .series = {residual, wanted}};
  Figure figure{.id = "convergence",
                .title = "Error of the marginals against passes",
                .description =
                    "L1 error of the marginals after each step, on a logarithmic axis, "
                    "against passes over all pairs, with the tolerance.",
                .caption = "The error of a step is that of the epsilon in use.",
                .panels = {errors}};
  if (trace.cols() > 0 && trace.row(2).maxCoeff() > trace.row(2).minCoeff()) {
    figure.panels.push_back(LinePanel{.title = "epsilon",
                                      .x = passes,
                                      .y = {.label = "epsilon", .scale = Scale::log},
                                      .series = {epsilon}});
  }
  return figure;
}

}  // namespace pushforward::runner
