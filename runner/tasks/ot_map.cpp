#include "runner/tasks/ot_map.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/sliced.hpp"

#include "runner/tasks/map_report.hpp"
#include "runner/tasks/sinkhorn_stage.hpp"
#include "runner/tasks/solve_record.hpp"
#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

namespace {

constexpr Index apply_block = 8192;  // points between two looks at whether the run is to stop

/// A fitted map with what its solve said.
struct Fitted {
  std::function<Matrix(PointsIn)> map;
  Bundle outcome;
  std::string words;  ///< How it was found.
  std::optional<Figure> convergence;
};

/// The entropic map of |x - y|^2 at epsilon is that of half the cost, half the potential and half
/// the epsilon.
ot::EntropicMap entropic(const DiscreteMeasure& target, const Bundle& outcome, int threads) {
  return {target, 0.5 * outcome.arrays.at("g").col(0), 0.5 * outcome.numbers.at("epsilon"),
          threads};
}

/// One solve and the stage that certifies it.
std::pair<const Bundle*, Matrix> solved(RunContext& context, const std::string& name,
                                        const ot::TransportProblem& problem,
                                        const ot::SinkhornOptions& options) {
  ot::SinkhornSolver solver(std::make_shared<ot::PointCost>(problem.cost_view()),
                            problem.source.weights(), problem.target.weights(), options);
  SinkhornRun run = sinkhorn_stage(context, name, solver);
  const Bundle& outcome = context.stage(name + "_certificate", [&](Stage&) {
    Bundle out;
    keep_sinkhorn(out, solver, run.state);
    return out;
  });
  return {&outcome, std::move(run.trace)};
}

Fitted fit(const EntropicMapMethod& method, RunContext& context,
           const ot::TransportProblem& problem) {
  const ot::SinkhornOptions options{
      .epsilon = method.epsilon * epsilon_scale(method.epsilon_unit, problem.cost_view()),
      .tolerance = method.tolerance,
      .max_passes = method.max_passes,
      .threads = context.threads()};
  auto [outcome, trace] = solved(context, "transport", problem, options);
  const ot::EntropicMap cross = entropic(problem.target, *outcome, context.threads());
  Fitted fitted{.map = cross,
                .outcome = *outcome,
                .words = "by entropic potentials, " + std::to_string(outcome->counts.at("passes")) +
                         " passes over all pairs",
                .convergence = convergence_figure(trace, method.tolerance)};
  if (method.bias == ot::MapBias::debiased) {
    const auto own =
        solved(context, "self_transport", {problem.source, problem.source, problem.cost}, options);
    if (own.first->counts.at("converged") == 0) fitted.outcome.counts["converged"] = 0;
    fitted.map =
        ot::DebiasedEntropicMap{cross, entropic(problem.source, *own.first, context.threads())};
    fitted.words += ", less the source's map to itself";
  }
  return fitted;
}

Fitted fit(const NearestNeighbourMethod& method, RunContext& context,
           const ot::TransportProblem& problem) {
  const Bundle& outcome = context.stage("transport", [&](Stage& stage) {
    const ot::NetworkSimplexResult exact = ot::network_simplex(
        problem, {.tolerance = method.tolerance, .threads = context.threads()}, stage.observer());
    Bundle out;
    keep_report(out, exact);
    keep_certificate(out, {.cost = exact.transport_cost,
                           .certificate = exact.certificate,
                           .row_error = exact.row_error,
                           .column_error = exact.col_error});
    out.arrays["sample_images"] =
        exact.coupling.barycentric_map(problem.source.points(), problem.target.points()).points;
    return out;
  });
  return {.map = ot::NearestNeighbourMap(problem.source.points(),
                                         outcome.arrays.at("sample_images"), context.threads()),
          .outcome = outcome,
          .words = "by the exact coupling, extended by the nearest point",
          .convergence = {}};
}

Matrix applied(const Fitted& fitted, PointsIn x, const std::string& phase, Stage& stage) {
  Matrix images(x.rows(), x.cols());
  for (Index first = 0; first < x.cols(); first += apply_block) {
    stage.poll({.phase = phase, .done = first, .total = x.cols()});
    const Index count = std::min(apply_block, x.cols() - first);
    images.middleCols(first, count) = fitted.map(x.middleCols(first, count));
  }
  stage.calls("points mapped", static_cast<double>(x.cols()));
  return images;
}

double mean_square(const Matrix& difference) { return difference.colwise().squaredNorm().mean(); }

void add_fit(RunContext& context, const Fitted& fitted, const Representatives& from,
             const Representatives& to) {
  const Bundle& outcome = fitted.outcome;
  context.scalar("transport_cost",
                 {.value = outcome.numbers.at("cost"),
                  .unit = "length^2",
                  .description = "<P, |x - y|^2>, P a coupling of the points fitted to"});
  add_bounds(context, outcome, "length^2", "the least cost between the points fitted to");
  context.scalar("marginal_error",
                 {.value = outcome.numbers.at("row_error") + outcome.numbers.at("column_error"),
                  .description = "L1 error of both marginals"});
  const double off = from.distance + to.distance;
  if (std::isnan(off)) return;
  const ot::DualityGap bounds = kept_certificate(outcome).certificate;
  context.scalar("fit_distance",
                 {.value = off,
                  .unit = "length",
                  .description = "W_2 from all points to those fitted to, both sides at most"});
  context.scalar("wasserstein_2_low",
                 {.value = std::max(0.0, std::sqrt(std::max(0.0, bounds.dual)) - off),
                  .unit = "length",
                  .description = "W_2 between all points is at least this"});
  context.scalar("wasserstein_2_high", {.value = std::sqrt(std::max(0.0, bounds.primal)) + off,
                                        .unit = "length",
                                        .description = "W_2 between all points is at most this"});
}

/// Errors on points whose images are known.
void add_errors(RunContext& context, const HeldOut& known, const Matrix& images) {
  const Vector errors = (images - known.images).colwise().squaredNorm().transpose();
  const auto n = static_cast<double>(errors.size());
  const double variance = (errors.array() - errors.mean()).square().sum() / std::max(1.0, n - 1.0);
  context.scalar("error", {.value = errors.mean(),
                           .standard_error = std::sqrt(variance / n),
                           .unit = "length^2",
                           .description = "mean |T(x) - T_0(x)|^2 over fresh draws x, T_0 known"});
  context.scalar("error_of_identity",
                 {.value = mean_square(known.points - known.images),
                  .unit = "length^2",
                  .description = "the same for the map that leaves every point where it is"});
}

/// Sliced distances of source and images to the target.
void add_sliced(RunContext& context, const ot::TransportProblem& problem, const Matrix& images,
                Index directions) {
  const Bundle& sliced = context.stage("sliced", [&](Stage& stage) {
    Bundle out;
    const auto measure = [&](const std::string& key, const Matrix& x) {
      stage.poll({.phase = "sliced distances"});
      const auto distance = ot::sliced_wasserstein_2_squared(
          x, problem.target.points(), context.key(Draw::direction),
          {.directions = directions, .threads = context.threads()});
      out.numbers[key] = distance.squared;
      out.numbers[key + "_error"] = distance.standard_error;
    };
    measure("before", problem.source.points());
    measure("after", images);
    return out;
  });
  for (const std::string key : {"before", "after"}) {
    context.scalar("sliced_" + key,
                   {.value = sliced.numbers.at(key),
                    .standard_error = sliced.numbers.at(key + "_error"),
                    .unit = "length^2",
                    .description = "sliced W_2^2 to the target, " + key + " the map"});
  }
}

void add_figures(RunContext& context, const ot::TransportProblem& problem, const Matrix& images,
                 Index width, Index target_width) {
  const Matrix& x = problem.source.points();
  if (width > 0) {
    context.figure(pictures_figure(x, images, width, problem.target.points(), target_width));
  }
  if (auto figure = transport_figure(problem, x, images, "images under the map")) {
    context.figure(std::move(*figure));
  } else {
    context.figure(projections_figure(x, images, problem.target.points(), width > 0));
  }
}

}  // namespace

void MapTask::validate(const DataSet& data, ConfigProblems& problems) const {
  problem.validate(data, problems);
}

namespace {

Index most_fitted(Index n, const FitPoints& choice) {
  const auto* some = std::get_if<SubsampledPoints>(&choice);
  return some == nullptr ? n : std::min(n, some->points);
}

/// Of the n points, as far as that is known before they are drawn: cells of data are counted.
Index points_fitted(const DiscretePoints& points, Index n, const FitPoints& choice,
                    const DataSet& data) {
  const auto* from = std::get_if<DataPoints>(&points);
  const DiscreteMeasure* all = from == nullptr ? nullptr : data.find(from->points);
  if (all == nullptr || !std::holds_alternative<CellMeans>(choice)) return most_fitted(n, choice);
  return std::min(n, representatives(*all, choice, {}).measure.size());
}

}  // namespace

PlanEstimate MapTask::plan(const DataSet& data) const {
  const auto from = size_of(problem.source, data);
  const auto to = problem.target_size(data);
  const auto all = static_cast<double>(from.n), d = static_cast<double>(from.d);
  const auto n = static_cast<double>(points_fitted(problem.source, from.n, solver.fit_to, data));
  const auto given = as_discrete(problem.target);
  const auto m = static_cast<double>(given ? points_fitted(*given, to.n, solver.fit_to, data)
                                           : most_fitted(to.n, solver.fit_to));
  const bool exact = std::holds_alternative<NearestNeighbourMethod>(solver.method);
  const double stored = exact ? 24.0 * (n + m) : std::min(n * m, 25e6);
  return {.bytes = 16.0 * stored + 8.0 * (all + n + m) * (3.0 * d + 20.0),
          .operations = (exact ? 4.0 : 100.0) * n * m * (2.0 * d + 10.0) + all * m * 3.0 * d,
          .remedy = "fit to fewer points by /solver/fit_to"};
}

std::vector<Quantity> MapTask::quantities() {
  std::vector<Quantity> all{
      {"transport_cost", "length^2", "<P, |x - y|^2> of the coupling behind the map"},
      {"marginal_error", "", "L1 error of both marginals"},
      {"fit_distance", "length", "W_2 from all points to those fitted to, both sides at most"},
      {"wasserstein_2_low", "length", "lower bound of W_2 between all points"},
      {"wasserstein_2_high", "length", "upper bound of W_2 between all points"},
      {"displacement", "length^2", "mean |T(x) - x|^2 over the source"},
      {"error", "length^2", "mean squared error on fresh draws, where the map is known"},
      {"error_of_identity", "length^2", "the same for the map that moves nothing"},
      {"sliced_before", "length^2", "sliced W_2^2 from source to target, for equal weights"},
      {"sliced_after", "length^2", "sliced W_2^2 from the source's image to the target"},
      {"clipped", "", "share of a picture's pixels that were cut to the range of colours"},
      {"fitted_source", "", "points that stand for the source in the fit"},
      {"fitted_target", "", "points that stand for the target in the fit"}};
  for (auto& quantity : bound_quantities("the least cost between the points fitted to")) {
    all.push_back(std::move(quantity));
  }
  return all;
}

std::string_view MapTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.map",
  "name": "map",
  "seed": 1,
  "problem": {
    "source": {"type": "random_mixture", "dim": 2, "points": 400},
    "target": {"type": "image_of_source", "map": {"type": "affine", "scale": 1.5, "shift": 1},
               "points": 400}
  },
  "solver": {"method": {"type": "entropic", "epsilon": 0.02}},
  "checks": [
    {"id": "far better than nothing", "quantity": "error", "max": 1},
    {"id": "nearer to the target", "quantity": "sliced_after", "below": "sliced_before"},
    {"id": "bounds in order", "quantity": "lower_bound", "below": "upper_bound"}
  ]
}
)";
}

void MapTask::run(RunContext& context) const {
  const MapInstance instance = problem.make(context, solver.held_out);
  const auto& [source, target, cost] = instance.problem;
  const RngKey key = context.key(Draw::component);
  const Representatives from = representatives(source, solver.fit_to, key);
  const Representatives to = representatives(target, solver.fit_to, key.at_step(1));
  const ot::TransportProblem fitted_to{from.measure, to.measure, cost};
  const Fitted fitted = std::visit(
      [&](const auto& method) { return fit(method, context, fitted_to); }, solver.method);
  const Index width = picture_width(problem.source, context);
  const Index target_width = picture_width(problem.target, context);

  const Bundle& mapped = context.stage("map", [&](Stage& stage) {
    Bundle out;
    out.arrays["source"] = applied(fitted, source.points(), "mapping the source", stage);
    if (instance.held_out) {
      out.arrays["held_out"] =
          applied(fitted, instance.held_out->points, "mapping fresh draws", stage);
    }
    if (problem.apply_to) {
      out.arrays["others"] =
          applied(fitted, context.data(*problem.apply_to).points(), "mapping others", stage);
    }
    return out;
  });
  const CutColours cut = width > 0 ? cut_to_colours(mapped.arrays.at("source")) : CutColours{};
  const Matrix& images = width > 0 ? cut.colours : mapped.arrays.at("source");

  add_fit(context, fitted, from, to);
  context.scalar("displacement",
                 {.value = (images - source.points()).colwise().squaredNorm() * source.weights(),
                  .unit = "length^2",
                  .description = "mean |T(x) - x|^2 over the source"});
  if (instance.held_out) add_errors(context, *instance.held_out, mapped.arrays.at("held_out"));
  const bool equal = source.has_uniform_weights() && target.has_uniform_weights();
  if (solver.directions > 0 && equal) {
    add_sliced(context, instance.problem, images, solver.directions);
  }
  if (width > 0) {
    context.scalar("clipped", {.value = cut.share,
                               .description = "share of the pixels that the map took out of the "
                                              "range of colours"});
  }
  context.scalar("fitted_source", {.value = static_cast<double>(from.measure.size())});
  context.scalar("fitted_target", {.value = static_cast<double>(to.measure.size())});
  context.section(
      "The map",
      {"A map from " + std::to_string(source.size()) + " points to " +
       std::to_string(target.size()) + " in dimension " + std::to_string(source.dim()) +
       ", fitted to " + std::to_string(from.measure.size()) + " and " +
       std::to_string(to.measure.size()) + " that stand for them, " + fitted.words + "."});
  add_figures(context, instance.problem, images, width, target_width);
  if (fitted.convergence) context.figure(*fitted.convergence);
  context.table(certificate_table(kept_certificate(fitted.outcome), "length^2"));
  if (output.mapped) {
    context.array("mapped", images, "length", "where the map takes each point of the source");
    if (problem.apply_to) {
      context.array("others", mapped.arrays.at("others"), "length",
                    "where the map takes the points of `apply_to`");
    }
  }
  context.finish(kept_report(fitted.outcome));
}

}  // namespace pushforward::runner
