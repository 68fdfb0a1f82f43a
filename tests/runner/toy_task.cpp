#include "tests/runner/toy_task.hpp"

#include <cstdint>
#include <limits>

#include "core/src/parallel.hpp"
#include "runner/non_finite.hpp"

namespace pushforward::runner::test {

void ToyTask::validate(const DataSet&, ConfigProblems& problems) const {
  for (std::size_t i = 1; i < solver.levels.size(); ++i) {
    if (!(solver.levels[i] < solver.levels[i - 1])) {
      problems.add("/solver/levels/" + std::to_string(i), "levels must decrease");
    }
  }
}

PlanEstimate ToyTask::plan(const DataSet&) const {
  return {.bytes = 8.0 * problem.dim * solver.steps,
          .operations = static_cast<double>(solver.work) * solver.steps,
          .remedy = "lower /solver/steps"};
}

std::vector<Quantity> ToyTask::quantities() {
  return {{"norm", "", "Euclidean norm of the final state"},
          {"norm_squared_mean", "", "mean of the squared norm along the walk"},
          {"coordinate_*", "", "one coordinate of the final state"}};
}

void ToyTask::run(RunContext& context) const {
  const Bundle& increments = context.stage("increments", [&](Stage& stage) {
    Bundle out;
    Matrix& noise = out.arrays["noise"];
    noise.resize(problem.dim, solver.steps);
    fill_normal(context.key(Draw::noise), noise, context.threads());
    stage.poll({.phase = "increments", .done = 1, .total = 1});
    stage.record({{"columns", static_cast<double>(noise.cols())}});
    return out;
  });
  const Index steps = Index{solver.steps} * solver.laps;
  const Bundle& walk = context.stage("walk", [&](Stage& stage) {
    Bundle state;
    if (stage.restored()) {
      state = *stage.restored();
    } else {
      state.arrays["x"] = Matrix::Zero(problem.dim, 1);
      state.numbers["waste"] = 0.0;
    }
    const Matrix& noise = increments.arrays.at("noise");
    state.arrays["norms"].conservativeResizeLike(Matrix::Zero(1, steps));
    for (std::int64_t& t = state.counts["t"]; t < steps;) {
      Matrix& x = state.arrays["x"];
      x += solver.epsilon * noise.col(t % solver.steps);
      if (t + 1 == solver.diverges_at) x(1, 0) = std::numeric_limits<double>::quiet_NaN();
      require_finite(x, "the walk",
                     context.key(Draw::noise).at_chain(static_cast<std::uint32_t>(t)));
      state.numbers["waste"] += ::pushforward::detail::ordered_sum(
          solver.work, 256, context.threads(), [&](Index begin, Index end) {
            double sum = 0.0;
            for (Index i = begin; i < end; ++i) sum += 1.0 / static_cast<double>(i + 1 + t);
            return sum;
          });
      state.arrays["norms"](0, t) = x.norm();
      ++t;
      if (t % 10 == 0) {
        stage.record({{"step", static_cast<double>(t)}, {"norm", x.norm()}});
      }
      if (t == 20) stage.warn("the walk has come to step 20");
      stage.poll({.phase = "walk", .done = t, .total = steps, .residual = x.norm()},
                 [&] { return state; });
    }
    stage.budget_spent(state);
    stage.calls("random walk", static_cast<double>(steps));
    stage.warn("the walk has ended");
    stage.record({{"end", static_cast<double>(steps)}});
    return state;
  });
  const Bundle& mean = context.stage("mean", [&](Stage& stage) {
    Bundle out;
    out.numbers["squared"] = walk.arrays.at("norms").squaredNorm() / static_cast<double>(steps);
    stage.record({{"mean", out.numbers["squared"]}});
    return out;
  });
  const Matrix& x = walk.arrays.at("x");
  context.scalar("norm", {.value = x.norm(), .unit = "length", .description = "final norm"});
  context.scalar("norm_squared_mean",
                 {.value = mean.numbers.at("squared"),
                  .standard_error = 0.1,
                  .expected = 0.5 * solver.epsilon * solver.epsilon * problem.dim * solver.steps});
  for (Index i = 0; i < x.rows(); ++i) {
    context.scalar("coordinate_" + std::to_string(i), {.value = x(i, 0)});
  }
  context.scalar("waste", {.value = walk.numbers.at("waste")});
  if (output.path) context.array("norms", walk.arrays.at("norms"), "length", "norm at every step");
  SolveReport report;
  report.converged = !solver.fail;
  report.termination = solver.fail ? Termination::max_iterations : Termination::converged;
  report.iterations = steps;
  context.finish(report);
}

}  // namespace pushforward::runner::test
