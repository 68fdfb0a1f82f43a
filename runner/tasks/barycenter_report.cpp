#include "runner/tasks/barycenter_report.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "runner/tasks/embedding_measures.hpp"
#include "runner/tasks/transport_report.hpp"

namespace pushforward::runner {

namespace {

constexpr std::size_t shown_groups = 10;
constexpr std::size_t shown_measures = 2;
constexpr std::size_t shown_panels = 4;

/// Its ink on pixels, the darkest of them black.
Vector ink(const DiscreteMeasure& measure, const BarycenterGroups& all) {
  const Vector pixels = rasterised({measure.points(), measure.weights()}, all.width, all.height);
  return pixels / std::max(pixels.maxCoeff(), 1e-300);
}

Series distribution(std::string name, const DiscreteMeasure& measure) {
  std::vector<Index> order(static_cast<std::size_t>(measure.size()));
  std::iota(order.begin(), order.end(), Index{0});
  const auto x = measure.points().row(0);
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return x[i] < x[j]; });
  Series series{.name = std::move(name), .mark = Mark::steps};
  double mass = 0.0;
  for (const Index i : order) {
    mass += measure.weights()[i];
    series.x.push_back(x[i]);
    series.y.push_back(mass);
  }
  return series;
}

/// Points that carry mass one can see: a grid has many that do not.
Matrix massive(const DiscreteMeasure& measure) {
  const double least = 0.1 * measure.weights().maxCoeff();
  std::vector<Index> kept;
  for (Index i = 0; i < measure.size(); ++i) {
    if (measure.weights()[i] >= least) kept.push_back(i);
  }
  return measure.points()(Eigen::all, kept);
}

}  // namespace

Figure barycenter_images(const BarycenterGroups& all, const std::vector<FoundBarycenter>& found) {
  const std::size_t groups = std::min(shown_groups, all.groups.size());
  const auto columns = static_cast<Index>(groups);
  const Index pixels = Index{all.width} * all.height;
  Matrix barycenters(pixels, columns), means(pixels, columns);
  std::vector<Matrix> members(shown_measures, Matrix::Zero(pixels, columns));
  for (std::size_t k = 0; k < groups; ++k) {
    const auto column = static_cast<Index>(k);
    barycenters.col(column) = ink(found[k].measure, all);
    means.col(column) = ink(mixture(all.groups[k]), all);
    for (std::size_t i = 0; i < std::min(shown_measures, all.groups[k].measures.size()); ++i) {
      members[i].col(column) = ink(all.groups[k].measures[i], all);
    }
  }
  ImagePanel panel{.width = all.width, .height = all.height};
  panel.rows = {image_row("barycenter", barycenters, 0.0, 1.0),
                image_row("mean image", means, 0.0, 1.0)};
  for (std::size_t i = 0; i < shown_measures; ++i) {
    panel.rows.push_back(image_row("image " + std::to_string(i + 1), members[i], 0.0, 1.0));
  }
  return {.id = "barycenters",
          .title = "Barycenters and mean images",
          .description =
              "Column by column a class: the Wasserstein barycenter of its images, their "
              "mean pixel by pixel, and the first of them. The darkest pixel of each "
              "is black.",
          .caption = "A barycenter moves ink where a mean lays it over itself.",
          .panels = {std::move(panel)}};
}

std::optional<Figure> barycenter_points(const BarycenterGroups& all,
                                        const std::vector<FoundBarycenter>& found) {
  const Index d = all.groups.front().measures.front().dim();
  if (d > 2) return std::nullopt;
  Figure figure{.id = "barycenters",
                .title = "Measures and their barycenters",
                .description = d == 2 ? "For each group, all points of its measures under those of "
                                        "the barycenter with at least a tenth of its largest mass."
                                      : "For each group, the distribution functions of its "
                                        "measures and of the barycenter."};
  for (std::size_t k = 0; k < std::min(shown_panels, all.groups.size()); ++k) {
    const BarycenterGroup& group = all.groups[k];
    if (d == 2) {
      const Matrix points = mixture(group).points();
      const Frame frame = frame_around(points);
      ScatterPanel panel{.title = group.name,
                         .x = {.label = "x", .unit = "length"},
                         .y = {.label = "y", .unit = "length"}};
      panel.clouds = {point_cloud("measures", points, frame),
                      point_cloud("barycenter", massive(found[k].measure), frame)};
      figure.panels.push_back(std::move(panel));
      continue;
    }
    LinePanel panel{.title = group.name,
                    .x = {.label = "x", .unit = "length"},
                    .y = {.label = "distribution function"}};
    for (std::size_t i = 0; i < std::min<std::size_t>(5, group.measures.size()); ++i) {
      panel.series.push_back(distribution("measure " + std::to_string(i + 1), group.measures[i]));
    }
    panel.series.push_back(distribution("barycenter", found[k].measure));
    panel.series.back().emphasis = true;
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Figure residuals_figure(const BarycenterGroups& all, const std::vector<FoundBarycenter>& found,
                        const std::string& label, double tolerance) {
  LinePanel panel{.x = {.label = "iterations", .scale = Scale::log},
                  .y = {.label = label, .scale = Scale::log}};
  double last = 1.0;
  for (std::size_t k = 0; k < std::min(shown_groups, found.size()); ++k) {
    Series series{.name = all.groups[k].name, .mark = Mark::line};
    for (const Index i : evenly_spaced(found[k].residuals.size(), 400)) {
      series.x.push_back(static_cast<double>(i + 1));
      series.y.push_back(found[k].residuals[i]);
    }
    last = std::max(last, static_cast<double>(found[k].residuals.size()));
    panel.series.push_back(std::move(series));
  }
  panel.series.push_back({.name = "tolerance",
                          .x = {1.0, last},
                          .y = {tolerance, tolerance},
                          .mark = Mark::line,
                          .reference = true});
  return {.id = "convergence",
          .title = "How the barycenters converged",
          .description = "The " + label +
                         " after each iteration, on logarithmic axes, with the "
                         "tolerance: one line for each group.",
          .panels = {std::move(panel)}};
}

Table barycenter_table(const BarycenterGroups& all, const std::vector<FoundBarycenter>& found) {
  Table table{.id = "barycenters",
              .title = "What each barycenter reaches",
              .columns = {{"group"},
                          {"objective", "length^2"},
                          {"lower bound", "length^2"},
                          {"objective of the mixture", "length^2"},
                          {"iterations"}},
              .note =
                  "The objective is the weighted mean of the exact W_2^2 to the measures. No "
                  "measure on the same support has one below the bound."};
  for (std::size_t k = 0; k < found.size(); ++k) {
    table.rows.push_back({all.groups[k].name, Measured{found[k].objective},
                          Measured{found[k].bound}, Measured{found[k].objective_of_mixture},
                          Measured{static_cast<double>(found[k].iterations)}});
  }
  return table;
}

}  // namespace pushforward::runner
