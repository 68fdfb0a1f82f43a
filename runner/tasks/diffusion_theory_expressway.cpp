#include "runner/tasks/diffusion_theory_expressway.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/diffusion/expressway_bound.hpp"
#include "pushforward/diffusion/start_points.hpp"
#include "pushforward/diffusion/time_grid.hpp"
#include "pushforward/ot/univariate.hpp"

#include "runner/non_finite.hpp"

namespace pushforward::runner {

using namespace diffusion;
using pushforward::detail::shortest;

namespace {

/// Means in [-4, 4], weights within a factor of 6, standard deviations from 0.3 to 1.
GaussianMixture random_mixture(const RngKey& key, Index components) {
  Matrix u(3, components);
  fill_uniform(key, u);
  const Matrix means = (8.0 * u.row(0).array() - 4.0).matrix();
  Vector weights = u.row(1).transpose().array() + 0.2;
  weights /= weights.sum();
  const Vector deviations = 0.3 + 0.7 * u.row(2).transpose().array();
  return GaussianMixture::isotropic(weights, means, deviations);
}

double line_w2(const Matrix& x, const Matrix& y) {
  return std::sqrt(ot::univariate_wasserstein_power(Vector(x.row(0)), Vector(y.row(0)), 2.0));
}

struct Measurement {
  double measured;        ///< W_2 of the samples to the data.
  double bound;           ///< The whole bound.
  double transport_part;  ///< The bound with steps that make no error.
};

class Trial {
 public:
  Trial(const ExpresswayBoundTask& task, const RunContext& context, Index index)
      : task_(task),
        threads_(context.threads()),
        key_(context.key(Draw::user).at_step(static_cast<std::uint32_t>(index))),
        path_(task.problem.path),
        levels_(Eigen::Map<const Vector>(task.problem.levels.data(),
                                         static_cast<Index>(task.problem.levels.size()))),
        law_(random_mixture(key_, task.problem.components)) {}

  Measurement measure() const {
    const Expressway expressway = fit();
    const ExpresswayResult result = expressway.sample(task_.solver.samples, key_);
    require_finite(result.samples, "the expressway", key_);
    const double end = levels_[levels_.size() - 1];
    const Matrix out = result.samples / path_.scales(end).a;
    const double measured = line_w2(out, exact(end, task_.solver.reference));
    const double start = path_.scales(levels_[0]).a;
    const Matrix atoms = expressway.problem().atoms.points() / start;
    const double image = std::sqrt(
        ot::univariate_wasserstein_power(DiscreteMeasure(atoms, expressway.transport().masses),
                                         DiscreteMeasure::uniform(atoms), 2.0));
    const double cloud = line_w2(atoms, exact(levels_[0], task_.solver.reference));
    return bounded(measured, image, cloud, atoms);
  }

 private:
  /// Draws at a level in y = x / a, independent of all else.
  Matrix exact(double level, Index n) const {
    const RngKey key = key_.for_purpose(Draw::reference);
    return noised_draws(law_, path_, level, key, n) / path_.scales(level).a;
  }

  Expressway fit() const {
    Matrix u(1, 1);
    fill_uniform(key_.for_purpose(Draw::resample), u);
    const ExpresswayProblem problem{
        .noise = std::make_shared<GaussianMixture>(standard_normal(1)),
        .atoms = DiscreteMeasure::uniform(noised_draws(
            law_, path_, levels_[0], key_.for_purpose(Draw::source), task_.problem.atoms)),
        .denoiser = std::make_shared<MixtureDenoiser>(law_),
        .path = path_,
        .levels = levels_};
    return Expressway::fit(
        problem, {.map = ExpresswayMap::hard,
                  .transport = {.tolerance = task_.solver.tolerance,
                                .max_iterations = task_.solver.max_iterations,
                                .seed = static_cast<std::uint64_t>(std::ldexp(u(0, 0), 53)),
                                .threads = threads_},
                  .tail = {.method = SamplerMethod::ddim, .threads = threads_}});
  }

  Measurement bounded(double measured, double image, double cloud, const Matrix& atoms) const {
    const Index steps = levels_.size() - 1;
    const MixtureDenoiser denoiser(law_);
    Vector lipschitz(steps), errors(steps);
    for (Index k = 0; k < steps; ++k) {
      const Matrix draws = exact(levels_[k], 500);
      // Steps only draw points together, so atoms and exact draws lie in this interval at each
      // level, and with them, on the line, every segment between them.
      const Matrix cover = Eigen::RowVectorXd::LinSpaced(
          task_.solver.cover, std::min(draws.minCoeff(), atoms.minCoeff()),
          std::max(draws.maxCoeff(), atoms.maxCoeff()));
      lipschitz[k] = ddim_step_lipschitz(law_, levels_[k], levels_[k + 1], cover);
      errors[k] = ddim_step_error(denoiser, levels_[k], levels_[k + 1], draws,
                                  task_.solver.reference_steps);
    }
    return {measured, expressway_bound(image, cloud, lipschitz, errors),
            expressway_bound(image, cloud, lipschitz, Vector::Zero(steps))};
  }

  const ExpresswayBoundTask& task_;
  int threads_;
  RngKey key_;
  NoisePath path_;
  Vector levels_;
  GaussianMixture law_;
};

}  // namespace

void ExpresswayBoundTask::validate(const DataSet&, ConfigProblems& problems) const {
  try {
    const NoisePath path(problem.path);
    try {
      validate_levels("levels",
                      Eigen::Map<const Vector>(problem.levels.data(),
                                               static_cast<Index>(problem.levels.size())),
                      path);
    } catch (const std::invalid_argument& error) {
      problems.add("/problem/levels", error.what());
    }
  } catch (const std::invalid_argument& error) {
    problems.add("/problem/path", error.what());
  }
}

std::vector<Quantity> ExpresswayBoundTask::quantities() {
  return {{"ratio_max", "", "largest ratio, over mixtures, of measured distance to bound"},
          {"ratio_without_steps_max", "",
           "the same with a bound that leaves out the errors of the tail's steps"},
          {"measured_mean", "length", "W_2 between samples and data, mean over mixtures"},
          {"bound_mean", "length", "the bound, mean over mixtures"}};
}

std::string_view ExpresswayBoundTask::starter() {
  return R"({
  "version": 1,
  "task": "diffusion.expressway_bound",
  "name": "expressway-bound",
  "seed": 1,
  "problem": {"mixtures": 5, "components": 3, "levels": [1.0, 0.5, 0.2, 0.0], "atoms": 64},
  "solver": {"samples": 500, "reference": 8000},
  "checks": [{"id": "bound holds", "quantity": "ratio_max", "max": 1}]
}
)";
}

void ExpresswayBoundTask::run(RunContext& context) const {
  const Bundle& trials = context.stage("mixtures", [&](Stage& stage) {
    Bundle out;
    Matrix& rows = out.arrays["measured_bound_transport"];
    rows.resize(3, problem.mixtures);
    for (Index i = 0; i < problem.mixtures; ++i) {
      stage.poll({.phase = "mixtures", .done = i, .total = problem.mixtures});
      const Measurement m = Trial(*this, context, i).measure();
      rows.col(i) << m.measured, m.bound, m.transport_part;
    }
    return out;
  });
  const Matrix& rows = trials.arrays.at("measured_bound_transport");
  context.scalar("ratio_max", {.value = rows.row(0).cwiseQuotient(rows.row(1)).maxCoeff(),
                               .description = "largest ratio of measured to bound"});
  context.scalar("ratio_without_steps_max",
                 {.value = rows.row(0).cwiseQuotient(rows.row(2)).maxCoeff(),
                  .description = "the same without the errors of the steps"});
  context.scalar("measured_mean", {.value = rows.row(0).mean(), .unit = "length"});
  context.scalar("bound_mean", {.value = rows.row(1).mean(), .unit = "length"});

  Series points{.name = "mixtures", .mark = Mark::points, .emphasis = true};
  for (Index i = 0; i < rows.cols(); ++i) {
    points.x.push_back(rows(1, i));
    points.y.push_back(rows(0, i));
  }
  const double low = rows.row(0).minCoeff();
  LinePanel panel{.x = {.label = "bound", .unit = "length", .scale = Scale::log},
                  .y = {.label = "measured W_2", .unit = "length", .scale = Scale::log},
                  .series = {points, power_law("measured = bound", 1.0, 1.0, 1.0, low,
                                               rows.row(1).maxCoeff())}};
  context.figure({.id = "bound",
                  .title = "Measured distance against its bound",
                  .description = std::string("One point for each of ") +
                                 std::to_string(problem.mixtures) +
                                 " random mixtures: W_2 between the expressway's samples and the "
                                 "data against the bound. Points below the dashed line obey it.",
                  .caption = "A point above the dashed line would refute the bound.",
                  .panels = {panel}});
}

}  // namespace pushforward::runner
