#include "runner/tasks/ot_sinkhorn_passes.hpp"

#include <array>
#include <cmath>
#include <string>

#include "pushforward/ot/sinkhorn.hpp"

namespace pushforward::runner {

namespace {

struct Contender {
  std::string_view key, label;
  ot::SinkhornMethod method;
  bool over_relaxation;
};

// Epsilon is not scaled down in the first two: what is compared are the iterations themselves.
constexpr std::array<Contender, 3> contenders{
    {{"plain", "plain", ot::SinkhornMethod::sinkhorn, false},
     {"over_relaxed", "over-relaxed", ot::SinkhornMethod::sinkhorn, true},
     {"sparse_newton", "sparse Newton", ot::SinkhornMethod::sparse_newton, false}}};

/// 4 numbers for each mixture: passes of each contender, and whether all converged.
Matrix measure(const SinkhornPassesTask& task, RunContext& context, Stage& stage,
               std::string_view label, double share) {
  const auto& problem = task.problem;
  Matrix rows(4, problem.mixtures);
  for (Index k = 0; k < problem.mixtures; ++k) {
    const RngKey key = context.key(Draw::source).at_step(static_cast<std::uint32_t>(2 * k));
    const RandomMixturePoints law{
        .dim = problem.dim, .components = problem.components, .points = problem.points};
    const ot::TransportProblem instance{make_points(law, context, key),
                                        make_points(law, context, key.at_step(key.step + 1))};
    const double epsilon = share * ot::typical_cost(instance.cost_view());
    rows(3, k) = 1.0;
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      stage.poll({.phase = label, .done = k, .total = problem.mixtures});
      const auto result = ot::sinkhorn(instance, {.epsilon = epsilon,
                                                  .method = contenders[c].method,
                                                  .tolerance = task.solver.tolerance,
                                                  .max_passes = task.solver.max_passes,
                                                  .over_relaxation = contenders[c].over_relaxation,
                                                  .epsilon_scaling = false,
                                                  .certificate = false,
                                                  .threads = context.threads()});
      rows(static_cast<Index>(c), k) = static_cast<double>(result.passes);
      if (!result.converged) rows(3, k) = 0.0;
    }
  }
  return rows;
}

}  // namespace

void SinkhornPassesTask::validate(const DataSet&, ConfigProblems& problems) const {
  if (problem.epsilons.empty()) problems.add("/problem/epsilons", "at least one number is needed");
  for (std::size_t i = 1; i < problem.epsilons.size(); ++i) {
    if (problem.epsilons[i] < problem.epsilons[i - 1]) continue;
    problems.add("/problem/epsilons/" + std::to_string(i), "numbers must decrease");
  }
}

PlanEstimate SinkhornPassesTask::plan(const DataSet&) const {
  const double pairs = std::pow(static_cast<double>(problem.points), 2.0);
  const auto solves =
      static_cast<double>(problem.mixtures) * static_cast<double>(problem.epsilons.size());
  return {.bytes = 48.0 * pairs,
          .operations = 50'000.0 * solves * pairs,
          .remedy = "lower /problem/points"};
}

std::vector<Quantity> SinkhornPassesTask::quantities() {
  return {{"passes.plain", "", "mean over mixtures at the last epsilon"},
          {"passes.over_relaxed", "", "mean over mixtures at the last epsilon"},
          {"passes.sparse_newton", "", "mean over mixtures at the last epsilon"},
          {"saving.over_relaxed", "",
           "passes of the plain iteration over those of the over-relaxed one at the last epsilon, "
           "smallest over mixtures"},
          {"saving.sparse_newton", "",
           "passes of the over-relaxed iteration over those of sparse Newton at the last epsilon, "
           "smallest over mixtures"}};
}

std::string_view SinkhornPassesTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.sinkhorn_passes",
  "name": "sinkhorn-passes",
  "seed": 1,
  "problem": {"mixtures": 2, "points": 40, "epsilons": [0.1, 0.03]},
  "checks": [
    {"id": "over-relaxation saves", "quantity": "passes.over_relaxed", "below": "passes.plain"}
  ]
}
)";
}

void SinkhornPassesTask::run(RunContext& context) const {
  std::array<Series, contenders.size()> series;
  for (std::size_t c = 0; c < contenders.size(); ++c) {
    series[c].name = std::string(contenders[c].label);
  }
  SolveReport report{.converged = true, .termination = Termination::converged};
  Matrix last;
  for (std::size_t i = 0; i < problem.epsilons.size(); ++i) {
    const std::string label = "epsilon_" + std::to_string(i);
    const Bundle& measured = context.stage(label, [&](Stage& stage) {
      Bundle out;
      out.arrays["passes"] = measure(*this, context, stage, label, problem.epsilons[i]);
      return out;
    });
    last = measured.arrays.at("passes");
    if (last.row(3).minCoeff() < 1.0) {
      report.converged = false;
      report.termination = Termination::max_iterations;
    }
    for (std::size_t c = 0; c < contenders.size(); ++c) {
      series[c].x.push_back(problem.epsilons[i]);
      series[c].y.push_back(last.row(static_cast<Index>(c)).mean());
    }
  }
  for (std::size_t c = 0; c < contenders.size(); ++c) {
    context.scalar("passes." + std::string(contenders[c].key),
                   {.value = series[c].y.back(), .description = "mean at the last epsilon"});
  }
  const auto saving = [&](Index slow, Index fast) {
    return last.row(slow).cwiseQuotient(last.row(fast)).minCoeff();
  };
  context.scalar("saving.over_relaxed",
                 {.value = saving(0, 1), .description = "plain over over-relaxed, least"});
  context.scalar("saving.sparse_newton",
                 {.value = saving(1, 2), .description = "over-relaxed over sparse Newton, least"});
  LinePanel panel{.x = {.label = "epsilon", .unit = "median costs", .scale = Scale::log},
                  .y = {.label = "passes over all pairs", .scale = Scale::log},
                  .series = {series.begin(), series.end()}};
  context.figure({.id = "passes",
                  .title = "Passes against epsilon",
                  .description = "Mean number of passes over all pairs until the marginals are "
                                 "right to the tolerance, against epsilon, one line a method.",
                  .caption = "Soft minima by turns need passes in proportion to 1 / epsilon; "
                             "Newton steps hardly notice.",
                  .panels = {panel}});
  context.finish(report);
}

}  // namespace pushforward::runner
