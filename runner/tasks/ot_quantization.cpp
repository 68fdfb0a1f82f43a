#include "runner/tasks/ot_quantization.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pushforward/core/measure.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "runner/bundle_of.hpp"
#include "runner/figure_text.hpp"
#include "runner/tasks/cell_report.hpp"
#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

constexpr Index most_pixels = 256;  // a side in the report

const Bundle& lloyd_stage(RunContext& context, const ot::LloydSolver& solver) {
  return context.stage("lloyd", [&](Stage& stage) {
    ot::LloydState state;
    const bool restored = stage.restored() != nullptr;
    if (restored) {
      state = from_bundle<ot::LloydState>(*stage.restored());
      solver.check(state);
    } else {
      state = solver.init([&](const Progress& progress) {
        stage.poll(progress);
        return true;
      });
    }
    const auto saved = [&] { return bundle_of(state); };
    const auto record = [&] {
      const Index last = state.iteration();
      stage.record({{"move", static_cast<double>(last)},
                    {"squared distance", state.costs[last]},
                    {"residual", solver.residual(state)}});
      stage.calls("Newton steps", static_cast<double>(state.steps[last]));
    };
    if (!restored) record();
    while (!solver.finished(state)) {
      stage.poll(solver.progress(state), saved);
      solver.step(state, [&](const Progress&) {
        stage.poll(solver.progress(state), saved);
        return true;
      });
      record();
    }
    if (solver.report(state).termination == Termination::max_iterations) {
      stage.budget_spent(bundle_of(state));
    }
    return bundle_of(state);
  });
}

/// The greys of a picture, means over blocks where it has more than `most_pixels` a side.
Figure photograph(const ImageSource& image, const DiscreteMeasure& greys) {
  const Matrix& pixels = greys.points();
  const Index side = std::max(pixels.rows(), pixels.cols());
  const Index block = (side + most_pixels - 1) / most_pixels;
  const Index width = pixels.rows() / block, height = pixels.cols() / block;
  Matrix shown(width * height, 1);
  for (Index k = 0; k < shown.rows(); ++k) {
    shown(k, 0) = pixels.block(k % width * block, k / width * block, block, block).mean();
  }
  const bool dark = image.ink == Ink::dark;
  const double least = pixels.minCoeff(), most = pixels.maxCoeff();
  ImagePanel panel{
      .width = static_cast<int>(width), .height = static_cast<int>(height), .levels = 32};
  panel.rows = {image_row("", shown, dark ? most : least, dark ? least : most, panel.levels)};
  return {.id = "picture",
          .title = "The picture",
          .description = "The picture whose greys are the density.",
          .caption = "Ink is mass.",
          .panels = {std::move(panel)}};
}

Figure stipple_figure(PointsIn before, PointsIn after, const Matrix& box) {
  const auto panel = [&](std::string title, PointsIn points) {
    ScatterPanel drawn{.title = std::move(title),
                       .x = {.label = "x", .unit = "length", .low = box(0, 0), .high = box(0, 1)},
                       .y = {.label = "y", .unit = "length", .low = box(1, 0), .high = box(1, 1)}};
    drawn.segments.push_back(stipples("points", points));
    return drawn;
  };
  return {.id = "stipples",
          .title = "Points of equal mass",
          .description =
              "The points as they were drawn from the density, and after they were moved "
              "to the mass centres of their cells again and again.",
          .caption =
              "Independent draws clump; the moved points keep their distance and their number "
              "in every region is right.",
          .panels = {panel("drawn", before), panel("moved", after)},
          .columns = 1};
}

Figure descent_figure(const ot::LloydState& state) {
  Series cost{.name = "squared distance", .emphasis = true};
  Series residual{.name = "distance to mass centres", .emphasis = true};
  for (Index k = 0; k < state.costs.size(); ++k) {
    cost.x.push_back(static_cast<double>(k));
    cost.y.push_back(state.costs[k]);
    residual.x.push_back(static_cast<double>(k));
    residual.y.push_back(std::sqrt(state.moves[k] / state.costs[k]));
  }
  LinePanel left{.title = "W_2^2",
                 .x = {.label = "moves"},
                 .y = {.label = "squared distance", .unit = "length^2"},
                 .series = {std::move(cost)}};
  LinePanel right{.title = "residual",
                  .x = {.label = "moves"},
                  .y = {.label = "distance to mass centres over W_2", .scale = Scale::log},
                  .series = {std::move(residual)}};
  return {.id = "descent",
          .title = "What each move gains",
          .description =
              "Squared distance of the points to the density, and how far points are from "
              "the mass centres of their cells, after each move.",
          .caption = "Every move lowers the squared distance by at least the mean squared move.",
          .panels = {std::move(left), std::move(right)}};
}

/// By how much a move fell short of the descent that theory promises, over the cost at the start.
double largest_shortfall(const ot::LloydState& state) {
  double worst = 0.0;
  for (Index k = 0; k + 1 < state.costs.size(); ++k) {
    worst = std::max(worst, state.costs[k + 1] - (state.costs[k] - state.moves[k]));
  }
  return worst / state.costs[0];
}

}  // namespace

void QuantizationTask::validate(const DataSet& data, ConfigProblems& problems) const {
  std::visit(
      [&](const auto& source) { validate_source(source, "/problem/source", data, problems); },
      problem.source);
  const Index dim = dim_of(problem.source);
  if (dim != 2 && dim != 3) {
    problems.add("/problem/source", "cells are known in the plane and in space, not in dimension " +
                                        std::to_string(dim));
  }
}

PlanEstimate QuantizationTask::plan(const DataSet& data) const {
  const auto n = static_cast<double>(problem.points);
  const auto d = static_cast<double>(dim_of(problem.source));
  const double pixels = pixels_of(problem.source, data);
  // Some seven diagrams a move, each cell with 6 neighbours in the plane and 15 in space.
  return {.bytes = 2000.0 * n * d + 40.0 * pixels,
          .operations = 7.0 * (solver.max_iterations + 1.0) * (4000.0 * n * d * d + 100.0 * pixels),
          .remedy = "take fewer points"};
}

std::vector<Quantity> QuantizationTask::quantities() {
  std::vector<Quantity> all{
      {"transport_cost", "length^2", "mean squared distance from the density to its points"},
      {"start_cost", "length^2", "the same for the points that were drawn"},
      {"cost_ratio", "", "of the two"},
      {"residual", "", "distance of points from mass centres over W_2"},
      {"moves", "", "of all points at once"},
      {"descent_shortfall", "", "largest rise of the cost above what theory promises of a move"},
      {"mass_error", "", "largest relative mass error of a cell"},
      {"empty_cells", "", "points whose cell has no mass"}};
  for (auto& quantity : cell_quantities()) all.push_back(std::move(quantity));
  return all;
}

std::string_view QuantizationTask::starter() {
  return R"({
  "version": 1,
  "task": "ot.quantization",
  "name": "quantization",
  "seed": 1,
  "problem": {"source": {"type": "convex_polygon"}, "points": 300},
  "solver": {"tolerance": 0.03},
  "checks": [
    {"id": "every move gains", "quantity": "descent_shortfall", "max": 1e-6},
    {"id": "far better than draws", "quantity": "cost_ratio", "max": 0.7}
  ]
}
)";
}

void QuantizationTask::run(RunContext& context) const {
  const auto density = make_density(problem.source, context);
  const Matrix start = density->draws(context.key(Draw::user), problem.points);
  const ot::LloydSolver lloyd({density, DiscreteMeasure::uniform(start)},
                              {.tolerance = solver.tolerance,
                               .max_iterations = solver.max_iterations,
                               .mass_tolerance = solver.mass_tolerance,
                               .threads = context.threads()});
  const auto state = from_bundle<ot::LloydState>(lloyd_stage(context, lloyd));
  const Bundle& cells =
      newton_stage(context, "cells", {density, DiscreteMeasure::uniform(state.sites)},
                   {.tolerance = solver.mass_tolerance, .threads = context.threads()});
  const Index last = state.iteration();
  const auto& number = cells.numbers;
  context.scalar("transport_cost", {.value = number.at("cost"),
                                    .unit = "length^2",
                                    .description = "mean squared distance to the points"});
  context.scalar("start_cost", {.value = state.costs[0],
                                .unit = "length^2",
                                .description = "to the points that were drawn"});
  context.scalar("cost_ratio", {.value = number.at("cost") / state.costs[0]});
  context.scalar("residual", {.value = lloyd.residual(state),
                              .description = "distance to mass centres over W_2"});
  context.scalar("moves", {.value = static_cast<double>(last)});
  context.scalar("descent_shortfall", {.value = largest_shortfall(state),
                                       .description = "of a move, over the cost at the start"});
  context.scalar("mass_error", {.value = number.at("mass_error"), .description = "integrated"});
  context.scalar("empty_cells", {.value = static_cast<double>(cells.counts.at("empty_cells"))});
  add_cell_bounds(context, cells);

  context.section("Points", {number_text(static_cast<double>(problem.points)) +
                             " points of equal mass, moved " + std::to_string(last) +
                             " times to the mass centres of their Laguerre cells; " +
                             std::to_string(state.steps.sum()) + " Newton steps in all."});
  if (const auto* image = std::get_if<ImageSource>(&problem.source)) {
    context.figure(photograph(*image, context.data(image->pixels)));
  }
  const Matrix box = density->bounding_box();
  if (density->dim() == 2) {
    context.figure(stipple_figure(start, state.sites, box));
    context.figure(cell_figure(window_of(std::get_if<PolygonSource>(&problem.source), box),
                               state.sites, cells.arrays.at("weights").col(0),
                               cells.arrays.at("centres"), context.threads()));
  }
  context.figure(descent_figure(state));
  if (output.points) {
    context.array("points", state.sites, "length");
    context.array("weights", cells.arrays.at("weights").transpose(), "length^2",
                  "power weights, one a point");
  }
  context.finish(lloyd.report(state));
}

}  // namespace pushforward::runner
