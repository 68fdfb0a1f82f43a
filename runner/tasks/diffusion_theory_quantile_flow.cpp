#include "runner/tasks/diffusion_theory_quantile_flow.hpp"

#include <algorithm>
#include <cstdint>

#include "pushforward/diffusion/probability_flow.hpp"
#include "pushforward/diffusion/quantile_flow.hpp"

namespace pushforward::runner {

using namespace diffusion;
using pushforward::detail::shortest;

namespace {

std::vector<double> row(const Matrix& points, double scale) {
  std::vector<double> values;
  for (const double x : points.reshaped()) values.push_back(x / scale);
  return values;
}

}  // namespace

void QuantileFlowTask::validate(const DataSet&, ConfigProblems& problems) const {
  problem.target.validate("/problem/target", problems);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < problem.paths.size(); ++i) {
    names.push_back(
        std::visit([](const auto& path) { return std::string(path.type_name); }, problem.paths[i]));
    if (!validate_levels(problem.paths[i], "/problem/paths/" + std::to_string(i),
                         problem.first_level, problem.last_level, "/problem", problems)) {
      break;
    }
  }
  if (problem.paths.empty()) problems.add("/problem/paths", "at least one path is needed");
  validate_names(names, "/problem/paths", "/type", problems);
  validate_steps(solver.steps, 1, "/solver/steps", problems);
}

std::vector<Quantity> QuantileFlowTask::quantities() {
  return {{"deviation_max", "length",
           "largest distance to the quantile map, over paths, at the largest number of steps; in "
           "units of the data"},
          {"deviation.*", "length", "the same for one path, by its type"}};
}

std::string_view QuantileFlowTask::starter() {
  return R"({
  "version": 1,
  "task": "diffusion.quantile_flow",
  "name": "ranks",
  "problem": {
    "target": {"weights": [0.4, 0.6], "means": [-1.0, 1.5], "standard_deviations": [0.8, 1.0]},
    "paths": ["vp_linear", "edm", "flow_linear"],
    "points": 32
  },
  "solver": {"steps": [100, 200, 400]},
  "checks": [{"id": "ranks are kept", "quantity": "deviation_max", "max": 1e-6}]
}
)";
}

void QuantileFlowTask::run(RunContext& context) const {
  const GaussianMixture law = problem.target.law();
  const MixtureDenoiser denoiser(law);
  LinePanel map{.title = "Where the flow takes a point",
                .x = {.label = "x / a at level " + shortest(problem.first_level)},
                .y = {.label = "x / a at level " + shortest(problem.last_level)}};
  LinePanel error{.title = "Largest distance to the quantile map",
                  .x = {.label = "steps", .scale = Scale::log},
                  .y = {.label = "distance, units of the data", .scale = Scale::log}};
  std::vector<std::string> names;
  double largest = 0.0;
  for (const NoisePathOptions& options : problem.paths) {
    const NoisePath path(options);
    const std::string type(path.type_name());
    names.push_back(type);
    const double a_first = path.scales(problem.first_level).a;
    const double a_last = path.scales(problem.last_level).a;
    const Matrix start = spread_points(law, path, problem.first_level, problem.points);
    const Matrix exact = quantile_flow(law, path, problem.first_level, problem.last_level, start);
    Series errors{.name = type};
    const Bundle& images = context.stage(type, [&](Stage& stage) {
      Bundle out;
      for (const Index n : solver.steps) {
        stage.poll({.phase = type,
                    .done = static_cast<std::int64_t>(out.arrays.size()),
                    .total = static_cast<std::int64_t>(solver.steps.size())});
        out.arrays[std::to_string(n)] = probability_flow(
            denoiser, path, problem.first_level, problem.last_level, start, n, context.threads());
      }
      return out;
    });
    for (const Index n : solver.steps) {
      const Matrix& image = images.arrays.at(std::to_string(n));
      errors.x.push_back(static_cast<double>(n));
      errors.y.push_back((image - exact).cwiseAbs().maxCoeff() / a_last);
    }
    const Matrix& finest = images.arrays.at(std::to_string(solver.steps.back()));
    if (map.series.empty()) {
      map.series.push_back({.name = "quantile map",
                            .x = row(start, a_first),
                            .y = row(exact, a_last),
                            .mark = Mark::line,
                            .reference = true});
    }
    map.series.push_back(
        {.name = type, .x = row(start, a_first), .y = row(finest, a_last), .mark = Mark::points});
    context.scalar("deviation." + type,
                   {.value = errors.y.back(),
                    .unit = "length",
                    .description = std::string("largest distance to the quantile map, ") + type,
                    .expected = 0.0});
    largest = std::max(largest, errors.y.back());
    error.series.push_back(std::move(errors));
  }
  context.scalar("deviation_max", {.value = largest,
                                   .unit = "length",
                                   .description = "the largest of all paths",
                                   .expected = 0.0});
  context.figure({.id = "quantile-flow",
                  .title = "The flow on the line keeps ranks",
                  .description = "Left: end points of the integrated flow of every path over the "
                                 "quantile map. Right: the largest distance between the two "
                                 "against the number of integration steps.",
                  .caption = "One map for all paths; the distance falls to rounding.",
                  .panels = {map, error},
                  .color_order = names});
}

}  // namespace pushforward::runner
