#include "runner/tasks/ot_warm_start.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "pushforward/core/stats.hpp"
#include "pushforward/ot/warm_start.hpp"

namespace pushforward::runner {

namespace {

Matrix grid(Index per_side) {
  Matrix x(2, per_side * per_side);
  for (Index i = 0; i < x.cols(); ++i) {
    x(0, i) = (static_cast<double>(i % per_side) + 0.5) / static_cast<double>(per_side);
    x(1, i) = (static_cast<double>(i / per_side) + 0.5) / static_cast<double>(per_side);
  }
  return x;
}

DiscreteMeasure random_bumps(const Matrix& x, Index bumps, const RngKey& key) {
  constexpr double deviation = 0.15, floor = 1e-3;
  Matrix drawn(3, bumps);  // a centre and a weight each
  fill_uniform(key, drawn, 1);
  Vector weights = Vector::Constant(x.cols(), floor);
  for (Index k = 0; k < bumps; ++k) {
    const auto squares = (x.colwise() - drawn.col(k).head<2>()).colwise().squaredNorm();
    weights += (0.5 + drawn(2, k)) *
               (squares.array() * (-0.5 / (deviation * deviation))).exp().matrix().transpose();
  }
  return {x, weights, Mass::normalise};
}

/// Passes from zero and from each prediction: rows cold, last, nearest, ridge.
struct Contender {
  const char* key;
  const char* label;
};
constexpr std::array<Contender, 3> contenders{
    {{"last", "last solution"}, {"nearest", "nearest solution"}, {"ridge", "ridge regression"}}};

Bundle measure(const WarmStartTask& task, const RunContext& context, Stage& stage) {
  const auto& [per_side, bumps, training, test] = task.problem;
  const Matrix x = grid(per_side);
  const ot::SinkhornOptions options{.epsilon = task.solver.epsilon,
                                    .method = task.solver.method,
                                    .tolerance = task.solver.tolerance,
                                    .max_passes = task.solver.max_passes,
                                    .certificate = false,
                                    .threads = context.threads()};
  const auto problem = [&](Index k) -> ot::TransportProblem {
    const RngKey key = context.key(Draw::source).at_step(static_cast<std::uint32_t>(2 * k));
    return {random_bumps(x, bumps, key), random_bumps(x, bumps, key.at_step(key.step + 1))};
  };
  std::array<std::unique_ptr<ot::PotentialPredictor>, 3> predictors{
      std::make_unique<ot::LastSolution>(), std::make_unique<ot::NearestSolution>(),
      std::make_unique<ot::RidgePotentials>(task.solver.ridge)};
  bool converged = true;
  for (Index k = 0; k < training; ++k) {
    stage.poll({.phase = "training", .done = k, .total = training + test});
    const auto p = problem(k);
    const auto solved = ot::sinkhorn(p, options);
    converged = converged && solved.converged;
    for (auto& predictor : predictors) {
      predictor->learn(p.source.weights(), p.target.weights(), solved.f);
    }
  }
  Bundle out;
  Matrix& passes = out.arrays["passes"];
  passes.resize(4, test);
  double difference = 0.0;
  for (Index k = 0; k < test; ++k) {
    stage.poll({.phase = "test", .done = training + k, .total = training + test});
    const auto p = problem(training + k);
    const auto cold = ot::sinkhorn(p, options);
    converged = converged && cold.converged;
    passes(0, k) = static_cast<double>(cold.passes);
    for (std::size_t c = 0; c < predictors.size(); ++c) {
      Vector f = predictors[c]->predict(p.source.weights(), p.target.weights());
      if (task.solver.fault == PredictionFault::reversed) f = -10.0 * f;
      const auto warm = ot::sinkhorn_from(f, p, options);
      converged = converged && warm.converged;
      passes(static_cast<Index>(c) + 1, k) = static_cast<double>(warm.passes);
      difference = std::max(difference, std::abs(warm.kl_cost - cold.kl_cost) / cold.kl_cost);
    }
  }
  out.numbers["difference"] = difference;
  out.counts["converged"] = converged;
  return out;
}

}  // namespace

void WarmStartTask::validate(const DataSet&, ConfigProblems&) const {}

PlanEstimate WarmStartTask::plan(const DataSet&) const {
  const double pairs = std::pow(static_cast<double>(problem.per_side), 4.0);
  return {.bytes = 48.0 * pairs,
          .operations = 2000.0 * pairs * static_cast<double>(problem.training + 4 * problem.test),
          .remedy = "lower /problem/per_side"};
}

std::vector<Quantity> WarmStartTask::quantities() {
  return {{"passes.cold", "", "mean over the test problems, started from zero"},
          {"passes.*", "", "the same from the last, the nearest or a ridge-regressed solution"},
          {"saved.*", "", "mean share of the passes of a cold start that a prediction saves"},
          {"difference", "", "largest relative difference between costs from different starts"}};
}

std::string_view WarmStartTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.warm_start",
  "name": "warm-start",
  "seed": 1,
  "problem": {"per_side": 6, "training": 30, "test": 10},
  "solver": {"method": "sparse_newton"},
  "checks": [{"id": "regression saves passes", "quantity": "saved.ridge", "min": 0}]
}
)";
}

void WarmStartTask::run(RunContext& context) const {
  const Bundle& measured =
      context.stage("solves", [&](Stage& stage) { return measure(*this, context, stage); });
  const Matrix& passes = measured.arrays.at("passes");
  const auto mean = [](const Vector& values) {
    RunningMoments moments;
    moments.add(values);
    return Scalar{.value = moments.mean(), .standard_error = moments.standard_error()};
  };
  Table table{.id = "passes",
              .title = "Passes over all pairs until the marginals are right",
              .columns = {{.name = "start"},
                          {.name = "passes", .better = Better::smaller},
                          {.name = "share saved", .better = Better::larger}}};
  const Scalar cold = mean(passes.row(0).transpose());
  context.scalar("passes.cold", cold);
  table.rows.push_back(
      {std::string("zero"), Measured{cold.value, cold.standard_error}, Measured{0.0}});
  Series series{.name = "from a prediction", .mark = Mark::points};
  for (std::size_t c = 0; c < contenders.size(); ++c) {
    const Vector warm = passes.row(static_cast<Index>(c) + 1).transpose();
    const Vector share = 1.0 - warm.array() / passes.row(0).transpose().array();
    const Scalar count = mean(warm), saved = mean(share);
    context.scalar("passes." + std::string(contenders[c].key), count);
    Scalar scalar = saved;
    scalar.description = std::string(contenders[c].label) + ": share of passes saved";
    context.scalar("saved." + std::string(contenders[c].key), scalar);
    table.rows.push_back({std::string(contenders[c].label),
                          Measured{count.value, count.standard_error},
                          Measured{saved.value, saved.standard_error}});
  }
  context.scalar("difference", {.value = measured.numbers.at("difference"),
                                .description = "largest relative difference of costs"});
  for (Index k = 0; k < passes.cols(); ++k) {
    series.x.push_back(passes(0, k));
    series.y.push_back(passes(3, k));
  }
  const double low = passes.row(0).minCoeff(), high = passes.row(0).maxCoeff();
  context.table(std::move(table));
  context.figure(
      {.id = "passes",
       .title = "Passes from a ridge-regressed potential against passes from zero",
       .description = "One point for each test problem: passes over all pairs when "
                      "started from the predicted potential against a start from zero.",
       .caption = "Points below the dashed line saved passes.",
       .panels = {LinePanel{.x = {.label = "passes from zero"},
                            .y = {.label = "passes from the prediction"},
                            .series = {series, power_law("as many", 1.0, 1.0, 1.0, low, high)}}}});
  SolveReport report{.converged = measured.counts.at("converged") == 1,
                     .termination = Termination::max_iterations};
  if (report.converged) report.termination = Termination::converged;
  context.finish(report);
}

}  // namespace pushforward::runner
