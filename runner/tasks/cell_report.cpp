#include "runner/tasks/cell_report.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "pushforward/ot/semidiscrete_domain.hpp"

#include "runner/tasks/solve_record.hpp"

namespace pushforward::runner {

namespace {

template <class Result>
Bundle common_outcome(const Result& result) {
  Bundle out;
  keep_report(out, result);
  out.numbers["mass_error"] = result.mass_error;
  out.numbers["mass_l1_error"] = result.mass_l1_error;
  out.numbers["lower"] = result.certificate.dual;
  out.numbers["upper"] = result.certificate.primal;
  out.counts["empty_cells"] = result.empty_cells;
  out.arrays["weights"] = result.weights;
  out.arrays["heights"] = result.heights;
  out.arrays["masses"] = result.masses;
  return out;
}

Bundle outcome_of(const ot::SemidiscreteNewtonResult& result) {
  Bundle out = common_outcome(result);
  out.numbers["cost"] = result.primal.value;
  out.numbers["mass_residual"] = result.mass_residual;
  out.numbers["uniform_share"] = result.uniform_share;
  out.counts["merged_sites"] = result.merged_sites;
  out.counts["evaluations"] = result.evaluations;
  out.arrays["centres"] = result.mass_centres;
  Matrix& history = out.arrays["history"];
  history.resize(2, static_cast<Index>(result.history.size()));
  for (Index k = 0; k < history.cols(); ++k) {
    const auto& record = result.history[static_cast<std::size_t>(k)];
    history.col(k) << record.mass_error, record.step;
  }
  return out;
}

Bundle outcome_of(const ot::SemidiscreteLineResult& result) {
  Bundle out = common_outcome(result);
  out.numbers["cost"] = result.transport_cost;
  out.arrays["centres"] = result.barycenters.transpose();
  out.arrays["boundaries"] = result.boundaries;
  // Indices stay far below 2^53, where doubles are exact.
  out.arrays["order"] = result.order.cast<double>();
  return out;
}

/// The part of the window around its middle in which about `most` of `total` sites lie.
Matrix zoomed(PointsIn window, Index total) {
  if (total <= max_drawn_cells) return window;
  const double scale = std::sqrt(static_cast<double>(max_drawn_cells) / static_cast<double>(total));
  const Vector middle = window.rowwise().mean();
  return (scale * (window.colwise() - middle)).colwise() + middle;
}

/// The window's outline, and each border within once: of its two cells, which run along it in
/// opposite ways, the one that runs upwards, or rightwards where it is level, draws it.
Segments borders_of(PointsIn window, const std::vector<Matrix>& cells) {
  std::vector<Vector> from, to;
  for (Index k = 0; k < window.cols(); ++k) {
    from.push_back(window.col(k));
    to.push_back(window.col((k + 1) % window.cols()));
  }
  for (const Matrix& cell : cells) {
    for (Index k = 0; k < cell.cols(); ++k) {
      const Vector a = cell.col(k), b = cell.col((k + 1) % cell.cols());
      if (b[1] < a[1] || (b[1] == a[1] && b[0] < a[0])) continue;
      from.push_back(a);
      to.push_back(b);
    }
  }
  Matrix starts(2, static_cast<Index>(from.size())), ends(2, starts.cols());
  for (Index k = 0; k < starts.cols(); ++k) {
    starts.col(k) = from[static_cast<std::size_t>(k)];
    ends.col(k) = to[static_cast<std::size_t>(k)];
  }
  return transport_lines("borders of cells", starts, ends, std::max<Index>(1, starts.cols()));
}

/// The first of all sites at each place: equal ones share one cell.
std::vector<Index> distinct(PointsIn sites) {
  std::vector<Index> order(static_cast<std::size_t>(sites.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto place = [&](Index j) { return std::pair(sites(0, j), sites(1, j)); };
  std::stable_sort(order.begin(), order.end(),
                   [&](Index i, Index j) { return place(i) < place(j); });
  const auto same = [&](Index i, Index j) { return place(i) == place(j); };
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  return order;
}

/// The box around the points.
Frame tight_frame(PointsIn points) {
  const Vector low = points.rowwise().minCoeff(), high = points.rowwise().maxCoeff();
  return {low[0], high[0], low[1], high[1]};
}

/// The box around the window and the sites, which may lie elsewhere, with a margin.
Frame whole_frame(PointsIn window, PointsIn sites) {
  Matrix all(2, window.cols() + sites.cols());
  all << window, sites;
  return frame_around(all);
}

/// The points in the frame: of those outside a part that is shown nothing is to be said.
Matrix inside(PointsIn points, const Frame& frame) {
  Matrix kept(2, points.cols());
  Index count = 0;
  for (const auto& p : points.colwise()) {
    const bool in =
        p[0] >= frame.x_low && p[0] <= frame.x_high && p[1] >= frame.y_low && p[1] <= frame.y_high;
    if (in) kept.col(count++) = p;
  }
  return kept.leftCols(count);
}

}  // namespace

const Bundle& newton_stage(RunContext& context, const std::string& name,
                           const ot::LaguerreProblem& problem,
                           const ot::SemidiscreteNewtonOptions& options) {
  return context.stage(name, [&](Stage& stage) {
    const Observer shown = stage.observer();
    const auto record = [&](std::int64_t step, double error) {
      stage.record({{"newton step", static_cast<double>(step)}, {"mass error", error}});
    };
    const auto result = ot::semidiscrete_newton(problem, options, [&](const Progress& progress) {
      record(progress.done, progress.residual);
      return !shown || shown(progress);
    });
    record(result.iterations, result.mass_error);
    stage.calls("diagrams of cells", result.evaluations);
    if (result.termination == Termination::max_iterations) stage.budget_spent({});
    return outcome_of(result);
  });
}

const Bundle& line_stage(RunContext& context, const std::string& name, const ot::LineLawPtr& law,
                         const DiscreteMeasure& target, double tolerance) {
  return context.stage(name, [&](Stage& stage) {
    stage.poll({.phase = "quantiles", .done = 0, .total = 1});
    return outcome_of(
        ot::semidiscrete_line(law, target, {.tolerance = tolerance, .threads = context.threads()}));
  });
}

void add_cell_bounds(RunContext& context, const Bundle& outcome) {
  const std::string unit = "length^2", of = "the squared distance";
  const double lower = outcome.numbers.at("lower"), upper = outcome.numbers.at("upper");
  context.scalar("lower_bound",
                 {.value = lower, .unit = unit, .description = "of " + of + ", from the heights"});
  context.scalar("upper_bound",
                 {.value = upper,
                  .unit = unit,
                  .description = "of " + of + ", with mass left over sent as far as can be"});
  context.scalar("gap",
                 {.value = upper - lower, .unit = unit, .description = "between the bounds"});
  if (!outcome.counts.contains("evaluations")) return;
  context.scalar("newton_steps", {.value = static_cast<double>(outcome.counts.at("iterations"))});
  context.scalar("mass_residual", {.value = outcome.numbers.at("mass_residual"),
                                   .description = "of the cells' total mass, by rounding"});
  if (const auto merged = outcome.counts.at("merged_sites"); merged > 0) {
    context.warn("sites that coincide with others share their cells; there are " +
                 std::to_string(merged));
  }
  if (const double share = outcome.numbers.at("uniform_share"); share > 0.0) {
    context.warn(
        "the weights are those of a mixture: the source has no mass where cells are, and "
        "could not be reached from uniform laws");
  }
}

std::vector<Quantity> cell_quantities() {
  return {{"lower_bound", "length^2", "of exact cells: of the squared distance"},
          {"upper_bound", "length^2", "of exact cells: of the squared distance"},
          {"gap", "length^2", "of exact cells: upper bound less lower bound"},
          {"newton_steps", "", "of exact cells in the plane and in space"},
          {"mass_residual", "", "of the total mass of cells in the plane and in space"}};
}

Figure cell_figure(PointsIn window, PointsIn sites, VectorIn weights, PointsIn centres,
                   int threads) {
  const bool part = sites.cols() > max_drawn_cells;
  const Matrix shown = zoomed(window, sites.cols());
  const std::vector<Index> kept = distinct(sites);
  const auto cells = ot::laguerre_polygons(ot::ConvexPolygon(shown), sites(Eigen::all, kept).eval(),
                                           weights(kept).eval(), threads);
  const Frame frame = part ? tight_frame(shown) : whole_frame(shown, sites);
  ScatterPanel panel{
      .x = {.label = "x", .unit = "length", .low = frame.x_low, .high = frame.x_high},
      .y = {.label = "y", .unit = "length", .low = frame.y_low, .high = frame.y_high}};
  panel.segments.push_back(borders_of(shown, cells));
  panel.clouds.push_back(point_cloud("sites", inside(sites, frame), frame));
  panel.clouds.push_back(point_cloud("mass centres", inside(centres, frame), frame));
  return {.id = "cells",
          .title = part ? "Cells in the middle" : "Cells",
          .description =
              "The Laguerre cells of the sites in the plane, with the sites and the mass "
              "centre of each cell.",
          .caption =
              "All mass of a cell goes to its site, which need not lie in it. Of cells of equal "
              "mass the smaller ones are where the density is higher.",
          .panels = {std::move(panel)}};
}

Matrix window_of(const PolygonSource* polygon, const Matrix& box) {
  if (polygon != nullptr) return polygon->vertices;
  Matrix window(2, 4);
  window << box(0, 0), box(0, 1), box(0, 1), box(0, 0), box(1, 0), box(1, 0), box(1, 1), box(1, 1);
  return window;
}

Segments stipples(std::string name, PointsIn points) {
  return transport_lines(std::move(name), points, points, std::max<Index>(1, points.cols()));
}

Figure step_figure(VectorIn sites, VectorIn order, VectorIn boundaries) {
  Series map{.name = "where mass goes", .mark = Mark::line, .emphasis = true};
  const Index n = sites.size();
  const auto site = [&](Index k) { return sites[static_cast<Index>(order[k])]; };
  double low = n > 1 ? boundaries[0] : site(0) - 1.0;
  double high = n > 1 ? boundaries[n - 2] : site(0) + 1.0;
  const double margin = high > low ? 0.1 * (high - low) : 1.0;
  low -= margin;
  high += margin;
  for (Index k = 0; k < n; ++k) {
    map.x.push_back(k == 0 ? low : boundaries[k - 1]);
    map.x.push_back(k == n - 1 ? high : boundaries[k]);
    map.y.insert(map.y.end(), 2, site(k));
  }
  LinePanel panel{.x = {.label = "place", .unit = "length"},
                  .y = {.label = "site", .unit = "length"},
                  .series = {std::move(map)}};
  return {.id = "map",
          .title = "Where the mass goes",
          .description =
              "The site that the mass at each place of the line goes to: a rising "
              "staircase.",
          .caption = "Steps are at quantiles of the source.",
          .panels = {std::move(panel)}};
}

Figure newton_figure(PointsIn history) {
  Series error{.name = "largest relative mass error", .emphasis = true};
  for (Index k = 0; k < history.cols(); ++k) {
    error.x.push_back(static_cast<double>(k));
    error.y.push_back(history(0, k));
  }
  LinePanel panel{.x = {.label = "Newton steps"},
                  .y = {.label = "largest relative mass error", .scale = Scale::log},
                  .series = {std::move(error)}};
  return {.id = "newton",
          .title = "Convergence",
          .description = "Largest relative mass error of a cell after each Newton step.",
          .caption = "Near the end a step about doubles the number of correct digits.",
          .panels = {std::move(panel)}};
}

}  // namespace pushforward::runner
