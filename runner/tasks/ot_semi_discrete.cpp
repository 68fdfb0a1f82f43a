#include "runner/tasks/ot_semi_discrete.hpp"

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/densities/uniform_box.hpp"

#include "runner/non_finite.hpp"
#include "runner/tasks/semidiscrete_stage.hpp"

namespace pushforward::runner {

namespace {

std::shared_ptr<const Sampler> sampler(const SemiDiscreteTask::Problem& problem, Index dim) {
  if (const auto* box = std::get_if<UniformBoxSource>(&problem.source)) {
    return std::make_shared<UniformBox>(Vector::Constant(dim, box->lower),
                                        Vector::Constant(dim, box->upper));
  }
  return std::make_shared<GaussianMixture>(standard_normal(dim));
}

}  // namespace

void SemiDiscreteTask::validate(const DataSet& data, ConfigProblems& problems) const {
  const DiscreteMeasure* target = problem.target ? data.find(*problem.target) : nullptr;
  if (target != nullptr && too_large(target->points())) {
    problems.add("/problem/target", std::string(too_large_text));
  }
  if (!problem.target && too_large(problem.atoms)) {
    problems.add("/problem/atoms", std::string(too_large_text));
  }
  if (!problem.target && problem.atoms.cols() == 0) {
    problems.add("/problem/atoms", "there must be at least one atom");
  }
  if (const auto* box = std::get_if<UniformBoxSource>(&problem.source)) {
    if (!(box->lower < box->upper)) {
      problems.add("/problem/source/upper", "must be above \"lower\"");
    }
  }
}

PlanEstimate SemiDiscreteTask::plan(const DataSet& data) const {
  const DiscreteMeasure* target = problem.target ? data.find(*problem.target) : nullptr;
  const auto n = static_cast<double>(target ? target->size() : problem.atoms.cols());
  const auto d = static_cast<double>(target ? target->dim() : problem.atoms.rows());
  // About 75 / e^2 certifying draws an atom, each against all atoms.
  const double draws = 75.0 * n / (solver.tolerance * solver.tolerance);
  return {.bytes = 8.0 * n * (4.0 * d + 10.0),
          .operations = 2.0 * draws * n * d,
          .remedy = "take fewer atoms"};
}

std::vector<Quantity> SemiDiscreteTask::quantities() {
  return {{"mass_error_bound", "", "certified bound on the largest relative mass error"},
          {"mass_error", "", "largest relative mass error, estimated"},
          {"transport_cost", "", "mean squared distance travelled"},
          {"dual_value", "", "lower bound on the squared 2-Wasserstein distance"},
          {"empty_cells", "", "atoms that no certifying draw reached"}};
}

void SemiDiscreteTask::run(RunContext& context) const {
  const DiscreteMeasure target =
      problem.target ? context.data(*problem.target) : DiscreteMeasure::uniform(problem.atoms);
  const ot::SemidiscreteResult result =
      semidiscrete_stage(context, "transport", {sampler(problem, target.dim()), target},
                         {.method = solver.method,
                          .tolerance = solver.tolerance,
                          .failure_probability = solver.failure_probability,
                          .max_iterations = solver.max_iterations,
                          .seed = context.seed(),
                          .threads = context.threads()});
  context.scalar("mass_error_bound", {.value = result.mass_error_bound,
                                      .description = "exact binomial intervals, fresh draws"});
  context.scalar("mass_error", {.value = result.mass_error, .description = "certifying draws"});
  context.scalar("transport_cost", {.value = result.primal.value,
                                    .standard_error = result.primal.standard_error,
                                    .unit = "length^2",
                                    .description = "mean of |x - T(x)|^2"});
  context.scalar("dual_value", {.value = result.dual.value,
                                .standard_error = result.dual.standard_error,
                                .unit = "length^2",
                                .description = "dual objective at the heights"});
  context.scalar("empty_cells", {.value = static_cast<double>(result.empty_cells)});
  if (output.heights) {
    context.array("heights", result.heights.transpose(), "length^2", "one an atom");
    context.array("masses", result.masses.transpose(), "", "estimated mass of each cell");
  }
  context.finish(result);
}

}  // namespace pushforward::runner
