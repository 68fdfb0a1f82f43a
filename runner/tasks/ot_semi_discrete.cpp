#include "runner/tasks/ot_semi_discrete.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/densities/uniform_box.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "runner/non_finite.hpp"
#include "runner/tasks/cell_report.hpp"
#include "runner/tasks/semidiscrete_stage.hpp"
#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

constexpr double cells_tolerance = 1e-9, draws_tolerance = 0.25;

/// A source in the forms that it has: draws always, the others where cells are known.
struct Law {
  std::shared_ptr<const Sampler> draws;
  std::shared_ptr<const ot::LaguerreSource> density;
  ot::LineLawPtr line;
};

/// The source's own dimension, 0 if it has any.
Index own_dim(const LawSource& source) {
  return std::visit(
      [](const auto& law) -> Index {
        using T = std::remove_cvref_t<decltype(law)>;
        if constexpr (std::is_constructible_v<DensitySource, const T&>) return dim_of(law);
        const bool on_line =
            std::is_same_v<T, LineHistogramSource> || std::is_same_v<T, LineMixtureSource>;
        return on_line ? 1 : 0;
      },
      source);
}

bool has_cells(const LawSource& source, Index dim) {
  return dim <= (std::holds_alternative<StandardNormalSource>(source) ? 2 : 3);
}

Law make_law(const BoxSource& box, Index dim, const RunContext& context) {
  if (dim == 2 || dim == 3) {
    const auto density = make_density(box, context);
    return {density, density, nullptr};
  }
  const auto draws = std::make_shared<UniformBox>(box.lower, box.upper);
  return {draws, nullptr, dim == 1 ? ot::uniform_line_law(box.lower[0], box.upper[0]) : nullptr};
}

Law make_law(const LawSource& source, Index dim, const RunContext& context) {
  return std::visit(
      [&](const auto& law) -> Law {
        using T = std::remove_cvref_t<decltype(law)>;
        if constexpr (std::is_same_v<T, StandardNormalSource>) {
          const auto normal = std::make_shared<GaussianMixture>(standard_normal(dim));
          std::shared_ptr<const ot::LaguerreSource> density;
          if (dim == 2) {
            density = std::make_shared<ot::PlanarGaussian>(Vector::Zero(2), Matrix::Identity(2, 2));
          }
          return {normal, density, dim == 1 ? ot::mixture_line_law(*normal) : nullptr};
        } else if constexpr (std::is_same_v<T, UniformBoxSource>) {
          return make_law(
              BoxSource{Vector::Constant(dim, law.lower), Vector::Constant(dim, law.upper)}, dim,
              context);
        } else if constexpr (std::is_same_v<T, BoxSource>) {
          return make_law(law, dim, context);
        } else if constexpr (std::is_constructible_v<DensitySource, const T&>) {
          const auto density = make_density(law, context);
          return {density, density, nullptr};
        } else {
          const auto line = make_line_law(law);
          return {std::make_shared<LineDraws>(line), nullptr, line};
        }
      },
      source);
}

/// The sites' number and dimension, 0 where they could not be read.
struct SitesSize {
  Index n, d;
};

SitesSize size_of(const SemiDiscreteTask::Problem& problem, const DataSet& data) {
  if (const auto* given = std::get_if<GivenSites>(&problem.target)) {
    return {given->points.cols(), given->points.rows()};
  }
  if (const auto* from = std::get_if<DataSites>(&problem.target)) {
    const DiscreteMeasure* sites = data.find(from->points);
    return sites == nullptr ? SitesSize{0, 0} : SitesSize{sites->size(), sites->dim()};
  }
  const auto& drawn = std::get<DrawnSites>(problem.target);
  const Index own = own_dim(problem.source);
  return {drawn.points, own > 0 ? own : drawn.dim};
}

/// The box around a source with a bounded support.
Matrix box_around(const Law& law, const LawSource& source) {
  if (law.density) return law.density->bounding_box();
  if (const auto* histogram = std::get_if<LineHistogramSource>(&source)) {
    return histogram->edges(Eigen::VectorXi{{0, static_cast<int>(histogram->edges.size()) - 1}})
        .transpose();
  }
  const auto& box = dynamic_cast<const UniformBox&>(*law.draws);
  Matrix around(box.dim(), 2);
  around << box.lower(), box.upper();
  return around;
}

bool is_unbounded(const LawSource& source) {
  return std::holds_alternative<StandardNormalSource>(source) ||
         std::holds_alternative<LineMixtureSource>(source);
}

DiscreteMeasure make_sites(const SemiDiscreteTask::Problem& problem, const Law& law,
                           const RunContext& context) {
  if (const auto* from = std::get_if<DataSites>(&problem.target)) return context.data(from->points);
  if (const auto* given = std::get_if<GivenSites>(&problem.target)) {
    if (given->weights.size() == 0) return DiscreteMeasure::uniform(given->points);
    return {given->points, given->weights, Mass::normalise};
  }
  const auto& drawn = std::get<DrawnSites>(problem.target);
  const RngKey key = context.key(Draw::user);
  Matrix points;
  if (drawn.law == SiteLaw::uniform) {
    const Matrix box = box_around(law, problem.source);
    points = UniformBox(box.col(0), box.col(1)).draws(key, drawn.points);
  } else {
    points = law.draws->draws(key, drawn.points);
  }
  if (!drawn.random_weights) return DiscreteMeasure::uniform(std::move(points));
  Matrix weights(1, drawn.points);
  fill_uniform(key.for_purpose(Draw::resample), weights);
  return {std::move(points), Vector(weights.row(0).transpose().array() + 0.2), Mass::normalise};
}

void validate_target(const SemiDiscreteTask::Problem& problem, const DataSet& data,
                     ConfigProblems& problems) {
  if (const auto* given = std::get_if<GivenSites>(&problem.target)) {
    if (given->points.cols() == 0) {
      problems.add("/problem/target/points", "there must be at least one site");
    } else if (too_large(given->points)) {
      problems.add("/problem/target/points", std::string(too_large_text));
    }
    const Vector& weights = given->weights;
    if (weights.size() > 0 && weights.size() != given->points.cols()) {
      problems.add("/problem/target/weights", "there are " + std::to_string(given->points.cols()) +
                                                  " points and " + std::to_string(weights.size()) +
                                                  " weights");
    } else if (weights.size() > 0 && !(weights.sum() > 0.0 && std::isfinite(weights.sum()))) {
      problems.add("/problem/target/weights", "must have a positive finite sum");
    }
  } else if (const auto* from = std::get_if<DataSites>(&problem.target)) {
    const DiscreteMeasure* sites = data.find(from->points);
    if (sites != nullptr && too_large(sites->points())) {
      problems.add("/problem/target/points", std::string(too_large_text));
    }
  } else if (std::get<DrawnSites>(problem.target).law == SiteLaw::uniform &&
             is_unbounded(problem.source)) {
    problems.add("/problem/target/law", "there is no box around a source without bounds");
  }
}

ot::SemidiscreteMethod stochastic_method(SemiDiscreteMethod method) {
  return method == SemiDiscreteMethod::mc_adam ? ot::SemidiscreteMethod::mc_adam
                                               : ot::SemidiscreteMethod::stochastic_newton;
}

void add_common(RunContext& context, double mass_error, const ot::MonteCarloEstimate& primal,
                const ot::MonteCarloEstimate& dual, Index empty_cells, const std::string& how) {
  context.scalar("mass_error",
                 {.value = mass_error, .description = "largest relative mass error, " + how});
  context.scalar("transport_cost", {.value = primal.value,
                                    .standard_error = primal.standard_error,
                                    .unit = "length^2",
                                    .description = "mean of |x - T(x)|^2"});
  context.scalar("dual_value", {.value = dual.value,
                                .standard_error = dual.standard_error,
                                .unit = "length^2",
                                .description = "dual objective at the heights"});
  context.scalar("wasserstein_2", {.value = std::sqrt(std::max(0.0, dual.value)),
                                   .standard_error = 0.5 * dual.standard_error /
                                                     std::sqrt(std::max(dual.value, 1e-300)),
                                   .unit = "length",
                                   .description = "root of the dual value"});
  context.scalar("empty_cells", {.value = static_cast<double>(empty_cells)});
}

void run_from_draws(const SemiDiscreteTask& task, const Law& law, const DiscreteMeasure& target,
                    RunContext& context) {
  const ot::SemidiscreteResult result =
      semidiscrete_stage(context, "transport", {law.draws, target},
                         {.method = stochastic_method(task.solver.method),
                          .tolerance = task.solver.tolerance.value_or(draws_tolerance),
                          .failure_probability = task.solver.failure_probability,
                          .max_iterations = task.solver.max_iterations,
                          .seed = context.seed(),
                          .threads = context.threads()});
  context.scalar("mass_error_bound", {.value = result.mass_error_bound,
                                      .description = "exact binomial intervals, fresh draws"});
  add_common(context, result.mass_error, result.primal, result.dual, result.empty_cells,
             "certifying draws");
  if (task.output.heights) {
    context.array("sites", target.points(), "length");
    context.array("heights", result.heights.transpose(), "length^2", "one a site");
    context.array("masses", result.masses.transpose(), "", "estimated mass of each cell");
  }
  context.finish(result);
}

/// What a figure of the cells shows: of a law on the whole plane, the sites and most of the mass.
Matrix shown_box(const Law& law, const SemiDiscreteTask& task, const DiscreteMeasure& target) {
  if (!is_unbounded(task.problem.source)) return law.density->bounding_box();
  constexpr double deviations = 3.5;
  Matrix box(2, 2);
  box << target.points().rowwise().minCoeff().cwiseMin(-deviations),
      target.points().rowwise().maxCoeff().cwiseMax(deviations);
  return box;
}

void run_by_cells(const SemiDiscreteTask& task, const Law& law, const DiscreteMeasure& target,
                  RunContext& context) {
  const double tolerance = task.solver.tolerance.value_or(cells_tolerance);
  const Bundle& outcome = law.line ? line_stage(context, "transport", law.line, target, tolerance)
                                   : newton_stage(context, "transport", {law.density, target},
                                                  {.tolerance = tolerance,
                                                   .max_iterations = task.solver.max_iterations,
                                                   .threads = context.threads()});
  const auto& number = outcome.numbers;
  const auto& array = outcome.arrays;
  add_common(context, number.at("mass_error"), {number.at("cost"), 0.0}, {number.at("lower"), 0.0},
             outcome.counts.at("empty_cells"), "integrated");
  context.scalar("mass_l1_error",
                 {.value = number.at("mass_l1_error"), .description = "L1 error of the masses"});
  add_cell_bounds(context, outcome);
  const Index n = target.size(), d = target.dim();
  std::string story = std::to_string(n) + " sites in dimension " + std::to_string(d) + ", ";
  if (law.line) {
    story += "cut off the line at quantiles.";
    context.section("Transport", {std::move(story)});
    context.figure(step_figure(target.points().row(0).transpose(), array.at("order").col(0),
                               array.at("boundaries").col(0)));
  } else {
    story += std::to_string(outcome.counts.at("iterations")) + " Newton steps, " +
             std::to_string(outcome.counts.at("evaluations")) + " diagrams of cells.";
    context.section("Transport", {std::move(story)});
    if (d == 2) {
      context.figure(cell_figure(
          window_of(std::get_if<PolygonSource>(&task.problem.source), shown_box(law, task, target)),
          target.points(), array.at("weights").col(0), array.at("centres"), context.threads()));
    }
    context.figure(newton_figure(array.at("history")));
  }
  if (task.output.heights) {
    context.array("sites", target.points(), "length");
    context.array("heights", array.at("heights").transpose(), "length^2", "one a site");
    context.array("weights", array.at("weights").transpose(), "length^2",
                  "power weights, one a site");
    context.array("masses", array.at("masses").transpose(), "", "mass of each cell");
    context.array("mass_centres", array.at("centres"), "length", "of each cell");
  }
  context.finish(kept_report(outcome));
}

}  // namespace

void SemiDiscreteTask::validate(const DataSet& data, ConfigProblems& problems) const {
  validate_target(problem, data, problems);
  std::visit(
      [&](const auto& source) {
        using T = std::remove_cvref_t<decltype(source)>;
        if constexpr (std::is_same_v<T, UniformBoxSource>) {
          if (!(source.lower < source.upper)) {
            problems.add("/problem/source/upper", "must be above \"lower\"");
          }
        } else if constexpr (!std::is_same_v<T, StandardNormalSource>) {
          validate_source(source, "/problem/source", data, problems);
        }
      },
      problem.source);
  const Index own = own_dim(problem.source), d = size_of(problem, data).d;
  if (d > 0 && own > 0 && own != d) {
    problems.add("/problem/target", "sites have dimension " + std::to_string(d) + ", the source " +
                                        std::to_string(own));
  } else if (d > 0 && solver.method == SemiDiscreteMethod::cells && !has_cells(problem.source, d)) {
    problems.add("/solver/method", "there are no exact cells of this source in dimension " +
                                       std::to_string(d) + "; take \"automatic\"");
  }
}

PlanEstimate SemiDiscreteTask::plan(const DataSet& data) const {
  const auto [sites, dim] = size_of(problem, data);
  const auto n = static_cast<double>(sites), d = static_cast<double>(dim);
  const bool drawn = solver.method == SemiDiscreteMethod::stochastic_newton ||
                     solver.method == SemiDiscreteMethod::mc_adam;
  if (!drawn && has_cells(problem.source, dim)) {
    const double pixels = std::visit(
        [&](const auto& source) {
          using T = std::remove_cvref_t<decltype(source)>;
          if constexpr (std::is_constructible_v<DensitySource, const T&>) {
            return pixels_of(source, data);
          }
          return 0.0;
        },
        problem.source);
    // Some ten diagrams, each cell with 6 neighbours in the plane and 15 in space.
    return {.bytes = 2000.0 * n * d + 40.0 * pixels,
            .operations = 10.0 * (4000.0 * n * d * d + 100.0 * pixels),
            .remedy = "take fewer sites"};
  }
  // About 75 / e^2 certifying draws a site, each against all sites.
  const double tolerance = solver.tolerance.value_or(draws_tolerance);
  const double draws = 75.0 * n / (tolerance * tolerance);
  return {.bytes = 8.0 * n * (4.0 * d + 10.0),
          .operations = 2.0 * draws * n * d,
          .remedy = "take fewer sites"};
}

std::vector<Quantity> SemiDiscreteTask::quantities() {
  std::vector<Quantity> all{
      {"mass_error_bound", "", "of draws: certified bound on the largest relative mass error"},
      {"mass_error", "", "largest relative mass error, of draws estimated"},
      {"transport_cost", "length^2", "mean squared distance travelled"},
      {"dual_value", "length^2", "lower bound on the squared 2-Wasserstein distance"},
      {"wasserstein_2", "length", "root of the dual value"},
      {"empty_cells", "", "sites with mass whose cell has none, or was never drawn"},
      {"mass_l1_error", "", "of exact cells: L1 error of the masses"}};
  for (auto& quantity : cell_quantities()) all.push_back(std::move(quantity));
  return all;
}

std::string_view SemiDiscreteTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.semi_discrete",
  "name": "semi-discrete",
  "seed": 1,
  "problem": {
    "source": {"type": "convex_polygon"},
    "target": {"type": "drawn", "points": 150, "random_weights": true}
  },
  "checks": [
    {"id": "masses", "quantity": "mass_error", "max": 1e-9},
    {"id": "certified", "quantity": "gap", "max": 1e-8}
  ]
}
)";
}

void SemiDiscreteTask::run(RunContext& context) const {
  const auto* drawn = std::get_if<DrawnSites>(&problem.target);
  const auto* from = std::get_if<DataSites>(&problem.target);
  const auto* given = std::get_if<GivenSites>(&problem.target);
  Index dim = own_dim(problem.source);
  if (dim == 0) {
    dim = from ? context.data(from->points).dim() : given ? given->points.rows() : drawn->dim;
  }
  const Law law = make_law(problem.source, dim, context);
  const DiscreteMeasure target = make_sites(problem, law, context);
  const bool by_cells = (solver.method == SemiDiscreteMethod::automatic ||
                         solver.method == SemiDiscreteMethod::cells) &&
                        has_cells(problem.source, dim);
  if (by_cells) {
    run_by_cells(*this, law, target, context);
  } else {
    run_from_draws(*this, law, target, context);
  }
}

}  // namespace pushforward::runner
