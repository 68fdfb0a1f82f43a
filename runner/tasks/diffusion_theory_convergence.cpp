#include "runner/tasks/diffusion_theory_convergence.hpp"

#include <algorithm>

#include "pushforward/diffusion/convergence.hpp"
#include "pushforward/diffusion/quantile_flow.hpp"

namespace pushforward::runner {

using namespace diffusion;
using pushforward::detail::shortest;

namespace {

Bundle study_bundle(const ConvergenceStudy& study) {
  Bundle out;
  out.arrays["errors"] = study.errors.transpose();
  Matrix& nfe = out.arrays["nfe"];
  nfe.resize(1, study.errors.size());
  for (Index i = 0; i < nfe.cols(); ++i) {
    nfe(0, i) = static_cast<double>(study.nfe[static_cast<std::size_t>(i)]);
  }
  out.numbers["slope"] = study.fit.slope;
  out.numbers["slope_standard_error"] = study.fit.slope_standard_error;
  return out;
}

Series error_series(const ConvergenceTask::Method& method, const std::vector<Index>& steps,
                    const Bundle& study) {
  const Matrix& errors = study.arrays.at("errors");
  Series series{.name = method.name};
  series.x.assign(steps.begin(), steps.end());
  series.y.assign(errors.data(), errors.data() + errors.size());
  series.slope = FittedSlope{-study.numbers.at("slope"), study.numbers.at("slope_standard_error")};
  return series;
}

}  // namespace

void ConvergenceTask::validate(const DataSet&, ConfigProblems& problems) const {
  problem.target.validate("/problem/target", problems);
  validate_levels(problem.path, "/problem/path", problem.first_level, problem.last_level,
                  "/problem", problems);
  std::vector<std::string> names;
  for (const Method& method : solver.methods) names.push_back(method.name);
  if (names.empty()) problems.add("/solver/methods", "at least one method is needed");
  validate_names(names, "/solver/methods", "/name", problems);
  for (std::size_t i = 0; i < solver.methods.size(); ++i) {
    if (solver.methods[i].sampler.method == SamplerMethod::ancestral) {
      problems.add("/solver/methods/" + std::to_string(i) + "/sampler/method",
                   "\"ancestral\" draws fresh noise and follows no flow map");
    }
  }
  validate_steps(solver.steps, 3, "/solver/steps", problems);
}

PlanEstimate ConvergenceTask::plan(const DataSet&) const {
  double steps = 0.0;
  for (const Index n : solver.steps) steps += static_cast<double>(n);
  const auto points = static_cast<double>(problem.points);
  const auto components = static_cast<double>(problem.target.weights.size());
  return {
      .bytes = 8.0 * points * 16.0,
      .operations = steps * points * components * 30.0 * static_cast<double>(solver.methods.size()),
      .remedy = "lower /problem/points"};
}

std::vector<Quantity> ConvergenceTask::quantities() {
  return {{"slope.*", "", "the fitted order of a method, by its name"},
          {"error.*", "length", "its root mean square error at the largest number of steps"}};
}

std::string_view ConvergenceTask::starter() {
  return R"({
  "version": 1,
  "task": "diffusion.convergence",
  "name": "orders",
  "problem": {
    "target": {"weights": [0.4, 0.6], "means": [-1.0, 1.5], "standard_deviations": [0.8, 1.0]},
    "path": {"type": "edm"},
    "first_level": 10.0,
    "last_level": 0.05
  },
  "solver": {
    "methods": [
      {"name": "ddim", "sampler": {"method": "ddim"}, "order": 1},
      {"name": "heun", "sampler": {"method": "heun"}, "order": 2}
    ],
    "steps": [20, 40, 80, 160]
  },
  "checks": [
    {"id": "first order", "quantity": "slope.ddim", "slope": 1, "tol": 0.15},
    {"id": "second order", "quantity": "slope.heun", "slope": 2, "tol": 0.15}
  ]
}
)";
}

void ConvergenceTask::run(RunContext& context) const {
  const GaussianMixture law = problem.target.law();
  const MixtureDenoiser denoiser(law);
  const NoisePath path(problem.path);
  FlowPairs pairs{.start = spread_points(law, path, problem.first_level, problem.points),
                  .range = {problem.first_level, problem.last_level, false}};
  pairs.end = quantile_flow(law, path, problem.first_level, problem.last_level, pairs.start);

  LinePanel panel{.x = {.label = "steps", .scale = Scale::log},
                  .y = {.label = "root mean square error", .scale = Scale::log}};
  Table table{
      .id = "orders",
      .title = "Error at each number of steps",
      .columns = {{.name = "method"}, {.name = "order expected"}, {.name = "order fitted"}}};
  for (const Index n : solver.steps) table.columns.push_back({.name = std::to_string(n)});
  const double first = static_cast<double>(solver.steps.front());
  const double last = static_cast<double>(solver.steps.back());
  std::vector<double> drawn;  // orders that have a reference line
  for (const Method& method : solver.methods) {
    ReverseSamplerOptions options = method.sampler;
    options.threads = context.threads();
    const Bundle& study = context.stage(method.name, [&](Stage& stage) {
      stage.poll({.phase = method.name, .done = 0, .total = 1});
      return study_bundle(
          convergence_study(denoiser, path, solver.grid, pairs, solver.steps, options));
    });
    const Matrix& errors = study.arrays.at("errors");
    const Index finest = errors.cols() - 1;
    const Measured slope{study.numbers.at("slope"), study.numbers.at("slope_standard_error")};
    context.scalar("slope." + method.name,
                   {.value = slope.value,
                    .standard_error = slope.standard_error,
                    .description = std::string("fitted order of ") + method.name,
                    .expected = method.order});
    context.scalar("error." + method.name,
                   {.value = errors(0, finest),
                    .unit = "length",
                    .description = std::string("error of ") + method.name + " at the most steps"});
    panel.series.push_back(error_series(method, solver.steps, study));
    if (std::find(drawn.begin(), drawn.end(), method.order) == drawn.end()) {
      drawn.push_back(method.order);
      panel.series.push_back(power_law(std::string("order ") + shortest(method.order),
                                       -method.order, last, errors(0, finest), first, last));
    }
    std::vector<TableCell>& cells = table.rows.emplace_back();
    cells.emplace_back(method.name);
    cells.emplace_back(Measured{method.order});
    cells.emplace_back(slope);
    for (Index i = 0; i <= finest; ++i) cells.emplace_back(Measured{errors(0, i)});
  }
  context.table(std::move(table));
  context.figure({.id = "orders",
                  .title = "Error against the exact flow map",
                  .description = "Root mean square error at level " + shortest(problem.last_level) +
                                 " against the number of steps, with fitted slopes and lines of "
                                 "the expected orders.",
                  .caption = "Dashed lines fall with the expected order.",
                  .panels = {panel}});
}

}  // namespace pushforward::runner
