#include "runner/tasks/diffusion_theory_contraction.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "pushforward/diffusion/gaussian_contraction.hpp"
#include "pushforward/diffusion/quantile_flow.hpp"

namespace pushforward::runner {

using namespace diffusion;
using pushforward::detail::shortest;

namespace {

std::string grid_name(const TimeGrid& grid) {
  return std::visit([](const auto& g) { return std::string(g.type_name); }, grid);
}

std::string run_label(const TimeGrid& grid, Index steps) {
  return grid_name(grid) + "." + std::to_string(steps);
}

GaussianMixture gaussian(const ContractionTask::Problem& problem) {
  const auto d = static_cast<Index>(problem.standard_deviations.size());
  const Eigen::Map<const Vector> deviations(problem.standard_deviations.data(), d);
  const Matrix covariance = deviations.array().square().matrix().asDiagonal();
  return GaussianMixture(Vector::Ones(1), Matrix::Constant(d, 1, problem.mean), {covariance});
}

/// Spread of the sampler's points over that of the exact flow's, for every coordinate. The points
/// are symmetric about the mean, so their root mean square deviation is the spread.
Vector measured_contraction(const GaussianMixture& law, const NoisePath& path, const Vector& levels,
                            const ReverseSamplerOptions& options) {
  const double from = levels[0];
  const double to = levels[levels.size() - 1];
  const Vector centre = law.means().col(0);
  const Vector axis = Vector::LinSpaced(9, -3.0, 3.0);
  Matrix start = (law.component_covariance(0).diagonal().array() + from * from).sqrt().matrix() *
                 axis.transpose();
  start.colwise() += centre;
  start *= path.scales(from).a;
  const MixtureDenoiser denoiser(law);
  const auto spread = [&](Matrix points) {
    points.colwise() -= path.scales(to).a * centre;
    return Vector(points.rowwise().norm());
  };
  const Vector found = spread(reverse_sampler(denoiser, path, levels, start, {}, options).samples);
  return found.cwiseQuotient(spread(gaussian_flow(law, path, from, to, start)));
}

/// By how much the product on the angle grid exceeds the largest of the others, as a ratio less 1;
/// NaN without an angle grid of this scale or without another grid.
double equal_angle_advantage(const std::vector<TimeGrid>& grids, double deviation,
                             const std::vector<double>& products) {
  double angle = not_known;
  double best = not_known;
  for (std::size_t g = 0; g < grids.size(); ++g) {
    const auto* equal = std::get_if<AngleGrid>(&grids[g]);
    if (equal != nullptr && equal->scale == deviation) {
      angle = products[g];
    } else {
      best = std::fmax(best, products[g]);
    }
  }
  return angle / best - 1.0;
}

}  // namespace

void ContractionTask::validate(const DataSet&, ConfigProblems& problems) const {
  validate_levels(problem.path, "/problem/path", problem.first_level, problem.last_level,
                  "/problem", problems);
  if (problem.standard_deviations.empty()) {
    problems.add("/problem/standard_deviations", "at least one coordinate is needed");
  }
  if (solver.sampler.method == SamplerMethod::ancestral) {
    problems.add("/solver/sampler/method", "\"ancestral\" adds fresh noise, so it has no factor");
  }
  std::vector<std::string> names;
  for (const TimeGrid& grid : solver.grids) names.push_back(grid_name(grid));
  if (names.empty()) problems.add("/solver/grids", "at least one grid is needed");
  validate_names(names, "/solver/grids", "/type", problems);
  validate_steps(solver.steps, 1, "/solver/steps", problems);
}

std::vector<Quantity> ContractionTask::quantities() {
  return {
      {"deviation_max", "", "largest |measured / predicted - 1| over grids, steps, coordinates"},
      {"contraction.*", "", "measured factor of the first coordinate, by grid and steps"},
      {"equal_angle_advantage", "",
       "least ratio less 1, over numbers of steps from 2 on, of the factor on the angle grid to "
       "that on the best other grid, in the first coordinate"}};
}

std::string_view ContractionTask::starter() {
  return R"({
  "version": 1,
  "task": "diffusion.gaussian_contraction",
  "name": "cosines",
  "problem": {"standard_deviations": [1.0, 0.3], "first_level": 40.0, "last_level": 0.02},
  "solver": {"grids": ["angle", "karras", "log_snr"], "steps": [1, 2, 5, 10, 50]},
  "checks": [{"id": "product of cosines", "quantity": "deviation_max", "max": 1e-12}]
}
)";
}

void ContractionTask::run(RunContext& context) const {
  const GaussianMixture law = gaussian(problem);
  const NoisePath path(problem.path);
  const LevelRange range{problem.first_level, problem.last_level, false};
  ReverseSamplerOptions options = solver.sampler;
  options.threads = context.threads();

  const Bundle& factors = context.stage("factors", [&](Stage& stage) {
    Bundle out;
    const auto total = static_cast<std::int64_t>(solver.grids.size() * solver.steps.size());
    for (const TimeGrid& grid : solver.grids) {
      for (const Index n : solver.steps) {
        stage.poll({.phase = "factors",
                    .done = static_cast<std::int64_t>(out.arrays.size()),
                    .total = total});
        out.arrays[run_label(grid, n)] =
            measured_contraction(law, path, time_grid(grid, path, n, range), options);
      }
    }
    return out;
  });

  LinePanel spread{.title = "Spread over true spread",
                   .x = {.label = "steps", .scale = Scale::log},
                   .y = {.label = "ratio", .low = 0.0, .high = 1.0}};
  LinePanel gap{.title = "Gap to the product of cosines",
                .x = {.label = "steps", .scale = Scale::log},
                .y = {.label = "relative", .scale = Scale::log}};
  for (const TimeGrid& grid : solver.grids) {
    spread.series.push_back({.name = grid_name(grid)});
    gap.series.push_back({.name = grid_name(grid), .mark = Mark::points});
  }
  double deviation = 0.0;
  double advantage = not_known;
  for (const Index n : solver.steps) {
    std::vector<double> products;
    for (std::size_t g = 0; g < solver.grids.size(); ++g) {
      const std::string label = run_label(solver.grids[g], n);
      const Vector levels = time_grid(solver.grids[g], path, n, range);
      const Vector measured = factors.arrays.at(label).col(0);
      double largest = 0.0;
      for (Index j = 0; j < measured.size(); ++j) {
        const double c = problem.standard_deviations[static_cast<std::size_t>(j)];
        largest = std::max(largest, std::abs(measured[j] / ddim_contraction(levels, c) - 1.0));
      }
      deviation = std::max(deviation, largest);
      products.push_back(ddim_contraction(levels, problem.standard_deviations.front()));
      context.scalar("contraction." + label, {.value = measured[0], .expected = products.back()});
      const auto x = static_cast<double>(n);
      spread.series[g].x.push_back(x);
      spread.series[g].y.push_back(measured[0]);
      gap.series[g].x.push_back(x);
      gap.series[g].y.push_back(largest);
    }
    if (n >= 2) {
      advantage = std::fmin(
          advantage,
          equal_angle_advantage(solver.grids, problem.standard_deviations.front(), products));
    }
  }
  context.scalar("deviation_max", {.value = deviation,
                                   .description = "largest relative gap to the product of cosines",
                                   .expected = 0.0});
  if (!std::isnan(advantage))
    context.scalar("equal_angle_advantage", {.value = advantage,
                                             .description = "least gain of equal angles over "
                                                            "the best other grid"});
  context.figure({.id = "contraction",
                  .title = "What first-order steps do to Gaussian data",
                  .description = "Left: spread of the sampler's points over the true one in the "
                                 "first coordinate, standard deviation " +
                                 shortest(problem.standard_deviations.front()) +
                                 ", against the number of steps, on each grid. Right: largest "
                                 "relative gap of a coordinate's ratio to the product of cosines.",
                  .caption = "Equal angles shrink least. Gaps are those of rounding, or none.",
                  .panels = {spread, gap}});
}

}  // namespace pushforward::runner
