#include "runner/tasks/ot_rate.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "pushforward/core/stats.hpp"
#include "pushforward/ot/semidiscrete.hpp"
#include "pushforward/ot/semidiscrete_rate.hpp"

namespace pushforward::runner {

using namespace ot;
using pushforward::detail::shortest;

namespace {

/// A seed for each run, independent of the others: one uniform draw as an integer.
std::uint64_t run_seed(const RngKey& key) {
  Matrix u(1, 1);
  fill_uniform(key, u);
  return static_cast<std::uint64_t>(std::ldexp(u(0, 0), 53));
}

struct Reached {
  double draws;  ///< Behind the heights: the batch, those of the average, or all.
  double error;
};

Reached run_to(const SemidiscreteRateTask& task, Index draws, std::uint64_t seed, int threads) {
  const auto& [dim, per_side] = task.problem;
  const SemidiscreteProblem problem = unit_grid_problem(dim, per_side);
  if (task.solver.method == HeightMethod::batch_optimum) {
    const Matrix x = problem.source->draws({.seed = seed, .purpose = Draw::source}, draws);
    // Small assignments lose more by sharing than they gain; the numbers are the same.
    const Vector heights = batch_heights(problem.target, x, draws < 4000 ? 1 : threads);
    return {static_cast<double>(draws), unit_grid_height_error(heights, dim, per_side)};
  }
  const bool averages = task.solver.method == HeightMethod::stochastic_newton;
  const SemidiscreteSolver solver(
      problem,
      {.method = averages ? SemidiscreteMethod::stochastic_newton : SemidiscreteMethod::mc_adam,
       .max_iterations = 1'000'000,
       .seed = seed,
       .threads = threads});
  SemidiscreteState state = solver.init();
  state.required_samples = std::numeric_limits<std::int64_t>::max();  // no certificate
  const auto behind = [&] { return averages ? state.averaged_samples : state.ascent_samples; };
  while (!solver.finished(state) && behind() < draws) solver.step(state);
  return {static_cast<double>(behind()),
          unit_grid_height_error(solver.result(state).heights, dim, per_side)};
}

}  // namespace

void SemidiscreteRateTask::validate(const DataSet&, ConfigProblems& problems) const {
  const double sites =
      std::pow(static_cast<double>(problem.per_side), static_cast<double>(problem.dim));
  if (sites > 1e6) {
    problems.add("/problem/per_side", "per_side^dim is more than a million sites");
  }
  if (solver.draws.size() < 3) {
    problems.add("/solver/draws", "at least 3 numbers are needed to fit a slope");
  }
  const bool batches = solver.method == HeightMethod::batch_optimum && sites <= 1e6;
  for (std::size_t i = 0; batches && i < solver.draws.size(); ++i) {
    const std::string at = "/solver/draws/" + std::to_string(i);
    if (solver.draws[i] % std::llround(sites) != 0) {
      problems.add(at, "a batch must be a multiple of the number of sites, " + shortest(sites));
    } else if (solver.draws[i] > 20'000) {
      problems.add(at, "a batch of more than 20000 draws is too many for an exact solution");
    }
  }
  for (std::size_t i = 1; i < solver.draws.size(); ++i) {
    if (solver.draws[i] > solver.draws[i - 1]) continue;
    problems.add("/solver/draws/" + std::to_string(i), "numbers of draws must increase");
  }
}

PlanEstimate SemidiscreteRateTask::plan(const DataSet&) const {
  double draws = 0.0;
  for (const Index n : solver.draws) draws += static_cast<double>(n);
  const double sites =
      std::pow(static_cast<double>(problem.per_side), static_cast<double>(problem.dim));
  const auto d = static_cast<double>(problem.dim);
  const auto largest = solver.draws.empty() ? 0.0 : static_cast<double>(solver.draws.back());
  if (solver.method == HeightMethod::batch_optimum) {
    return {.bytes = 8.0 * largest * largest,
            .operations = 10.0 * static_cast<double>(solver.repeats) * std::pow(largest, 2.5),
            .remedy = "lower the last of /solver/draws"};
  }
  return {.bytes = 8.0 * (sites * (d + 8.0) + 1e5 * d),
          .operations = 2.0 * draws * static_cast<double>(solver.repeats) * sites * (d + 1.0),
          .remedy = "lower /problem/per_side"};
}

std::vector<Quantity> SemidiscreteRateTask::quantities() {
  return {{"slope", "", "log mean squared error of the heights against log draws"},
          {"efficiency", "",
           "squared error times draws at the largest number of draws, over its limit for heights "
           "that are optimal for the draws"},
          {"squared_error.*", "length^4", "mean squared error at one of the numbers of draws"}};
}

std::string_view SemidiscreteRateTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.semi_discrete_rate",
  "name": "rate",
  "seed": 1,
  "problem": {"dim": 2, "per_side": 2},
  "solver": {"draws": [64, 128, 256], "repeats": 40},
  "checks": [{"id": "rate in draws", "quantity": "slope", "slope": -1, "tol": 0.5}]
}
)";
}

void SemidiscreteRateTask::run(RunContext& context) const {
  const auto count = static_cast<Index>(solver.draws.size());
  Vector draws(count), errors(count), standard_errors(count);
  for (Index i = 0; i < count; ++i) {
    const Index wanted = solver.draws[static_cast<std::size_t>(i)];
    const std::string label = "draws_" + std::to_string(wanted);
    const Bundle& reached = context.stage(label, [&](Stage& stage) {
      RunningMoments error, behind;
      for (Index r = 0; r < solver.repeats; ++r) {
        stage.poll({.phase = label, .done = r, .total = solver.repeats});
        const RngKey key = context.key(Draw::resample)
                               .at_step(static_cast<std::uint32_t>(i))
                               .at_chain(static_cast<std::uint32_t>(r));
        const Reached run = run_to(*this, wanted, run_seed(key), context.threads());
        error.add(run.error);
        behind.add(run.draws);
      }
      Bundle out;
      out.numbers = {{"draws", behind.mean()},
                     {"error", error.mean()},
                     {"standard_error", error.standard_error()}};
      return out;
    });
    draws[i] = reached.numbers.at("draws");
    errors[i] = reached.numbers.at("error");
    standard_errors[i] = reached.numbers.at("standard_error");
    context.scalar("squared_error." + std::to_string(wanted),
                   {.value = errors[i], .standard_error = standard_errors[i], .unit = "length^4"});
  }
  const LineFit fit = fit_power(draws, errors, standard_errors);
  const double limit = unit_grid_height_variance(problem.dim, problem.per_side);
  const Index last = count - 1;
  context.scalar("slope", {.value = fit.slope,
                           .standard_error = fit.slope_standard_error,
                           .description = "exponent of the squared error in draws",
                           .expected = -1.0});
  context.scalar("efficiency", {.value = errors[last] * draws[last] / limit,
                                .standard_error = standard_errors[last] * draws[last] / limit,
                                .description = "squared error times draws, over its limit",
                                .expected = 1.0});

  Series measured{.name = std::string(pushforward::name(solver.method)),
                  .x = {draws.begin(), draws.end()},
                  .y = {errors.begin(), errors.end()},
                  .standard_errors = {standard_errors.begin(), standard_errors.end()},
                  .slope = FittedSlope{fit.slope, fit.slope_standard_error}};
  LinePanel panel{
      .x = {.label = "draws", .scale = Scale::log},
      .y = {.label = "mean squared error of the heights", .unit = "length^4", .scale = Scale::log},
      .series = {measured, power_law("least possible in the limit", -1.0, 1.0, limit, draws[0],
                                     draws[last])}};
  context.figure({.id = "rate",
                  .title = "Error of the heights against draws",
                  .description = "Mean squared distance of the heights to the known ones against "
                                 "the number of draws behind them, with the fitted slope and the "
                                 "limit for heights that are optimal for the draws.",
                  .caption = "The dashed line falls as one over the number of draws.",
                  .panels = {panel}});
}

}  // namespace pushforward::runner
