#include "runner/tasks/ot_noise_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/metrics.hpp"
#include "pushforward/core/stats.hpp"

namespace pushforward::runner {

namespace {

using ot::NoiseAssignmentMethod;

/// The points, each as likely as the others, moved and scaled if asked for.
Matrix training_data(const NoiseAssignmentTask& task, const RunContext& context) {
  Matrix x = make_points(task.problem.data, context, context.key(Draw::source)).points();
  if (!task.problem.standardise) return x;
  const Vector mean = x.rowwise().mean();
  x.colwise() -= mean;
  const double spread = std::sqrt(x.squaredNorm() / static_cast<double>(x.size()));
  if (spread > 0.0) x /= spread;
  return x;
}

/// All batches of one size.
struct Batches {
  RunningMoments ratio;  ///< Mean squared path length after over before.
  double ratio_max = 0.0;
  bool permutations = true;
  bool converged = true;
  Matrix noise;  ///< d x all: what was used, in the order of the data.
};

Batches run_batches(const NoiseAssignmentTask& task, const RunContext& context, const Matrix& data,
                    Index size, Index batch) {
  const Index per_datum =
      task.solver.method == NoiseAssignmentMethod::nearest ? task.solver.candidates : 1;
  Batches out;
  out.noise.resize(data.rows(), batch * task.solver.repeats);
  const Vector uniform = Vector::Ones(data.cols());
  for (Index r = 0; r < task.solver.repeats; ++r) {
    const RngKey key =
        context.key(Draw::noise).at_step(static_cast<std::uint32_t>(size * 10'000 + r)).at_chain(0);
    const IndexVector chosen = categorical(key.for_purpose(Draw::component), uniform, batch);
    Matrix x(data.rows(), batch), z(data.rows(), batch * per_datum);
    for (Index i = 0; i < batch; ++i) x.col(i) = data.col(chosen[i]);
    fill_normal(key, z, context.threads());
    const auto result = ot::noise_assignment(x, z,
                                             {.method = task.solver.method,
                                              .candidates = task.solver.candidates,
                                              .threads = context.threads()});
    const double ratio = result.mean_cost / result.before;
    out.ratio.add(ratio);
    out.ratio_max = std::max(out.ratio_max, ratio);
    out.permutations = out.permutations && result.is_permutation;
    out.converged = out.converged && result.converged;
    for (Index i = 0; i < batch; ++i) {
      out.noise.col(r * batch + i) = z.col(result.noise_of[i]);
    }
  }
  return out;
}

/// The least p-value, corrected for their number, of two-sample tests of |z|^2 and of every
/// coordinate against fresh normals.
double law_chance(const Matrix& noise, const RunContext& context) {
  Matrix fresh(noise.rows(), std::max<Index>(noise.cols(), 4000));
  fill_normal(context.key(Draw::reference), fresh, context.threads());
  const Vector used = noise.colwise().squaredNorm().transpose();
  const Vector wanted = fresh.colwise().squaredNorm().transpose();
  double least = kolmogorov_smirnov_two_sample(used, wanted).p_value;
  for (Index k = 0; k < noise.rows(); ++k) {
    least = std::min(
        least,
        kolmogorov_smirnov_two_sample(noise.row(k).transpose(), fresh.row(k).transpose()).p_value);
  }
  return std::min(1.0, least * static_cast<double>(noise.rows() + 1));
}

}  // namespace

void NoiseAssignmentTask::validate(const DataSet&, ConfigProblems& problems) const {
  if (problem.batches.empty()) problems.add("/problem/batches", "at least one size is needed");
  for (std::size_t i = 1; i < problem.batches.size(); ++i) {
    if (problem.batches[i] > problem.batches[i - 1]) continue;
    problems.add("/problem/batches/" + std::to_string(i), "sizes must increase");
  }
}

PlanEstimate NoiseAssignmentTask::plan(const DataSet& data) const {
  const auto [n, d] = size_of(problem.data, data);
  double operations = 0.0, largest = 0.0;
  for (const Index batch : problem.batches) {
    const auto size = static_cast<double>(batch);
    largest = std::max(largest, size);
    operations += static_cast<double>(solver.repeats) *
                  (2.0 * size * size * static_cast<double>(d) + 10.0 * std::pow(size, 2.5));
  }
  return {.bytes = 12.0 * largest * largest + 16.0 * static_cast<double>(n * d),
          .operations = operations,
          .remedy = "lower the last of /problem/batches"};
}

std::vector<Quantity> NoiseAssignmentTask::quantities() {
  return {{"distance_ratio.*", "",
           "mean squared distance from noise to datum after over before, by batch size"},
          {"ratio_max", "", "the largest of any batch"},
          {"law_chance", "",
           "chance of normals to differ from the noise that was used as much as it does from fresh "
           "normals, in length or a coordinate"},
          {"permutation", "", "1 if every batch used each of its noises once"}};
}

std::string_view NoiseAssignmentTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.noise_assignment",
  "name": "noise-assignment",
  "seed": 1,
  "problem": {"data": {"type": "random_mixture", "dim": 4, "points": 500}, "batches": [16, 64]},
  "checks": [
    {"id": "paths are shorter", "quantity": "ratio_max", "max": 1},
    {"id": "the law of the noise", "quantity": "law_chance", "min": 5.7e-7}
  ]
}
)";
}

void NoiseAssignmentTask::run(RunContext& context) const {
  const Matrix data = training_data(*this, context);
  Series ratios{.name = std::string(pushforward::name(solver.method))};
  double ratio_max = 0.0, chance = 1.0;
  bool permutations = true;
  SolveReport report{.converged = true, .termination = Termination::converged};
  for (std::size_t k = 0; k < problem.batches.size(); ++k) {
    const Index batch = problem.batches[k];
    const std::string label = std::to_string(batch);
    const Bundle& measured = context.stage("batch_" + label, [&](Stage& stage) {
      stage.poll({.phase = "batch_" + label, .done = 0, .total = 1});
      const Batches all = run_batches(*this, context, data, static_cast<Index>(k), batch);
      Bundle out;
      out.numbers = {{"ratio", all.ratio.mean()},
                     {"standard_error", all.ratio.standard_error()},
                     {"ratio_max", all.ratio_max},
                     {"chance", law_chance(all.noise, context)}};
      out.counts = {{"permutations", all.permutations}, {"converged", all.converged}};
      return out;
    });
    const double ratio = measured.numbers.at("ratio");
    const double error = measured.numbers.at("standard_error");
    context.scalar("distance_ratio." + label,
                   {.value = ratio,
                    .standard_error = error,
                    .description = "mean squared distance after over before"});
    ratios.x.push_back(static_cast<double>(batch));
    ratios.y.push_back(ratio);
    ratios.standard_errors.push_back(error);
    ratio_max = std::max(ratio_max, measured.numbers.at("ratio_max"));
    chance = std::min(chance, measured.numbers.at("chance"));
    permutations = permutations && measured.counts.at("permutations") == 1;
    if (measured.counts.at("converged") == 0) {
      report.converged = false;
      report.termination = Termination::stalled;
    }
  }
  context.scalar("ratio_max", {.value = ratio_max, .description = "largest ratio of any batch"});
  context.scalar("law_chance",
                 {.value = std::min(1.0, chance * static_cast<double>(problem.batches.size())),
                  .description = "chance of as large a difference between normals"});
  context.scalar("permutation", {.value = permutations ? 1.0 : 0.0,
                                 .description = "1 if each noise was used once"});
  context.figure({.id = "paths",
                  .title = "Squared distance from noise to data, after over before",
                  .description = "Mean over batches of the squared distance between paired noise "
                                 "and data, relative to random pairs, against the batch size.",
                  .caption = "Larger batches leave shorter paths.",
                  .panels = {LinePanel{.x = {.label = "batch size", .scale = Scale::log},
                                       .y = {.label = "after over before"},
                                       .series = {ratios}}}});
  context.finish(report);
}

}  // namespace pushforward::runner
