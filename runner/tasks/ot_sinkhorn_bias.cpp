#include "runner/tasks/ot_sinkhorn_bias.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::runner {

namespace {

double entropy(const Vector& weights) {
  double sum = 0.0;
  for (const double w : weights) sum -= w > 0.0 ? w * std::log(w) : 0.0;
  return sum;
}

/// One problem at one epsilon: rows of the stage's outcome.
struct Measurement {
  double bias;   ///< <P, C> of the entropic coupling less the optimum, over a median cost.
  double bound;  ///< epsilon min(H(a), H(b)), over a median cost.
  bool converged;
};

std::vector<Measurement> measure(const SinkhornBiasTask& task, const RunContext& context, Index dim,
                                 Index index) {
  const RngKey key = context.key(Draw::source)
                         .at_chain(static_cast<std::uint32_t>(dim))
                         .at_step(static_cast<std::uint32_t>(2 * index));
  const RandomMixturePoints law{.dim = dim,
                                .components = task.problem.components,
                                .points = task.problem.source_points,
                                .random_weights = true};
  RandomMixturePoints other = law;
  other.points = task.problem.target_points;
  const ot::TransportProblem problem{make_points(law, context, key),
                                     make_points(other, context, key.at_step(key.step + 1))};
  const auto cost = problem.cost_view();
  const double unit = ot::typical_cost(cost);
  const auto exact = ot::network_simplex(problem, {.threads = context.threads()});
  const double smaller =
      std::min(entropy(problem.source.weights()), entropy(problem.target.weights()));
  std::vector<Measurement> out;
  for (const double share : task.solver.epsilons) {
    const auto entropic = ot::sinkhorn(problem, {.epsilon = share * unit,
                                                 .tolerance = task.solver.tolerance,
                                                 .max_passes = task.solver.max_passes,
                                                 .certificate = false,
                                                 .threads = context.threads()});
    out.push_back({(entropic.linear_cost - exact.transport_cost) / unit, share * smaller,
                   entropic.converged && exact.converged});
  }
  return out;
}

}  // namespace

void SinkhornBiasTask::validate(const DataSet&, ConfigProblems& problems) const {
  if (problem.dims.empty()) problems.add("/problem/dims", "at least one dimension is needed");
  // A chain of random numbers belongs to a dimension: twice the same would be the same problems.
  for (std::size_t i = 0; i < problem.dims.size(); ++i) {
    const auto end = problem.dims.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(problem.dims.begin(), end, problem.dims[i]) != end) {
      problems.add("/problem/dims/" + std::to_string(i), "is there before");
    }
  }
  if (solver.epsilons.empty()) problems.add("/solver/epsilons", "at least one number is needed");
}

PlanEstimate SinkhornBiasTask::plan(const DataSet&) const {
  const double pairs =
      static_cast<double>(problem.source_points) * static_cast<double>(problem.target_points);
  const auto solves = static_cast<double>(problem.dims.size()) *
                      static_cast<double>(problem.mixtures) *
                      static_cast<double>(solver.epsilons.size());
  return {.bytes = 48.0 * pairs, .operations = 2000.0 * solves * pairs};
}

std::vector<Quantity> SinkhornBiasTask::quantities() {
  return {{"ratio_max", "", "largest excess cost over its bound, of all problems and epsilons"},
          {"ratio_min", "", "smallest excess cost over its bound"},
          {"ratio.*", "", "largest excess cost over its bound in one dimension"}};
}

std::string_view SinkhornBiasTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.sinkhorn_bias",
  "name": "sinkhorn-bias",
  "seed": 1,
  "problem": {"dims": [2], "mixtures": 2, "source_points": 20, "target_points": 30},
  "solver": {"epsilons": [0.1, 1.0]},
  "checks": [{"id": "bound holds", "quantity": "ratio_max", "max": 1}]
}
)";
}

void SinkhornBiasTask::run(RunContext& context) const {
  const auto epsilons = static_cast<Index>(solver.epsilons.size());
  LinePanel panel{.x = {.label = "bound", .unit = "median costs", .scale = Scale::log},
                  .y = {.label = "excess cost", .unit = "median costs", .scale = Scale::log}};
  double low = std::numeric_limits<double>::infinity(), high = -low;
  double ratio_min = low, ratio_max = high;
  SolveReport report{.converged = true, .termination = Termination::converged};
  for (const Index dim : problem.dims) {
    const std::string label = "dim_" + std::to_string(dim);
    const Bundle& measured = context.stage(label, [&](Stage& stage) {
      Bundle out;
      Matrix& rows = out.arrays["bias_bound_converged"];
      rows.resize(3, problem.mixtures * epsilons);
      for (Index k = 0; k < problem.mixtures; ++k) {
        stage.poll({.phase = label, .done = k, .total = problem.mixtures});
        const std::vector<Measurement> all = measure(*this, context, dim, k);
        for (Index e = 0; e < epsilons; ++e) {
          const Measurement& m = all[static_cast<std::size_t>(e)];
          rows.col(k * epsilons + e) << m.bias, m.bound, m.converged ? 1.0 : 0.0;
        }
      }
      return out;
    });
    const Matrix& rows = measured.arrays.at("bias_bound_converged");
    const Eigen::RowVectorXd ratios = rows.row(0).cwiseQuotient(rows.row(1));
    ratio_min = std::min(ratio_min, ratios.minCoeff());
    ratio_max = std::max(ratio_max, ratios.maxCoeff());
    low = std::min(low, rows.row(1).minCoeff());
    high = std::max(high, rows.row(1).maxCoeff());
    if (rows.row(2).minCoeff() < 1.0) {
      report.converged = false;
      report.termination = Termination::max_iterations;
    }
    context.scalar("ratio." + std::to_string(dim),
                   {.value = ratios.maxCoeff(),
                    .description = "largest excess cost over its bound in this dimension"});
    Series points{.name = "dimension " + std::to_string(dim), .mark = Mark::points};
    for (Index k = 0; k < rows.cols(); ++k) {
      points.x.push_back(rows(1, k));
      points.y.push_back(rows(0, k));
    }
    panel.series.push_back(std::move(points));
  }
  context.scalar("ratio_max",
                 {.value = ratio_max, .description = "largest excess cost over its bound"});
  context.scalar("ratio_min",
                 {.value = ratio_min, .description = "smallest excess cost over its bound"});
  panel.series.push_back(power_law("excess = bound", 1.0, 1.0, 1.0, low, high));
  context.figure({.id = "bias",
                  .title = "Excess cost of entropic couplings against its bound",
                  .description =
                      "One point for each problem and epsilon: <P, C> of the entropic coupling "
                      "less the optimum, against epsilon times the smaller entropy of the weights. "
                      "Points below the dashed line obey the bound.",
                  .caption = "A point above the dashed line would refute the bound.",
                  .panels = {panel}});
  context.finish(report);
}

}  // namespace pushforward::runner
