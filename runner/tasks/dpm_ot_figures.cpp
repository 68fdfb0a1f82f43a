#include "runner/tasks/dpm_ot_figures.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "runner/figure_text.hpp"

namespace pushforward::runner {

std::vector<const SamplerRecord*> shown_records(const Comparison& c) {
  std::vector<const SamplerRecord*> records;
  for (const auto& expressway : c.expressways) records.push_back(&expressway);
  for (const auto& rival : c.rivals) {
    if (rival.name.rfind("multistep", 0) != 0) records.push_back(&rival);
  }
  if (!c.best_multistep.name.empty()) records.push_back(&c.best_multistep);
  return records;
}

Measured law_distance(const Comparison& c) {
  const BlockMean mean = block_mean(c.law_debiased);
  return {mean.value, mean.standard_error};
}

namespace {

std::vector<std::string> color_order(const Comparison& c) {
  std::vector<std::string> names;
  for (const SamplerRecord* record : shown_records(c)) names.push_back(record->name);
  return names;
}

Series against_cost(const SamplerRecord& record, const std::vector<int>& costs, bool distance) {
  Series series{.name = record.name, .emphasis = record.name.rfind("expressway", 0) == 0};
  for (Index k = 0; k < static_cast<Index>(costs.size()); ++k) {
    const BlockMean mean = distance
                               ? block_mean(record.debiased.col(k))
                               : BlockMean{record.mode_mixture(0, k), record.mode_mixture(1, k)};
    series.x.push_back(costs[static_cast<std::size_t>(k)]);
    series.y.push_back(mean.value);
    series.standard_errors.push_back(mean.standard_error);
  }
  return series;
}

Series level_line(std::string name, double value, const std::vector<int>& costs) {
  return {.name = std::move(name),
          .x = {static_cast<double>(costs.front()), static_cast<double>(costs.back())},
          .y = {value, value},
          .mark = Mark::line,
          .reference = true};
}

Figure cost_figure(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  const auto& costs = task.solver.nfe;
  LinePanel distance{.title = "Distance to held-out draws",
                     .x = {.label = "denoiser calls a sample"},
                     .y = {.label = "debiased W2 squared"}};
  LinePanel mixture{.title = "Samples between modes",
                    .x = {.label = "denoiser calls a sample"},
                    .y = {.label = "share in excess of the law's own"}};
  for (const SamplerRecord* record : shown_records(c)) {
    distance.series.push_back(against_cost(*record, costs, true));
    mixture.series.push_back(against_cost(*record, costs, false));
  }
  if (!c.reference.name.empty()) {
    distance.series.push_back(
        level_line(c.reference.name, block_mean(c.reference.debiased.col(0)).value, costs));
    mixture.series.push_back(level_line(c.reference.name, c.reference.mode_mixture(0, 0), costs));
  }
  return {.id = target.name() + "-cost",
          .title = "What each denoiser call buys: " + target.name(),
          .description =
              "Two panels against the number of denoiser calls a sample: the exact W2 "
              "distance between blocks of samples and held-out draws, and the share of "
              "samples between modes, for the expressway and each rival.",
          .caption = "Bars are two standard errors over " + std::to_string(c.law_debiased.size()) +
                     " pairs of blocks of " + std::to_string(task.solver.block) +
                     " points. The debiased distance is zero on average for draws of the law "
                     "itself, which came to " +
                     measured_text(law_distance(c)) + " here, and may be negative.",
          .panels = {std::move(distance), std::move(mixture)},
          .color_order = color_order(c)};
}

Figure plane_samples(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  Figure figure{.id = target.name() + "-samples",
                .title = "Samples after " + std::to_string(task.output.figure_nfe) +
                         " calls: " + target.name(),
                .description = "Samples of each sampler in the plane, over the exact density.",
                .columns = 3};
  const Frame frame = frame_around(c.law_shown);
  const DensityGrid density = density_grid(*target.mixture(), frame);
  const auto add = [&](const std::string& title, const Matrix& points) {
    figure.panels.push_back(ScatterPanel{
        .title = title, .density = density, .clouds = {point_cloud("samples", points, frame)}});
  };
  add("draws of the law", c.law_shown);
  for (const SamplerRecord* record : shown_records(c)) add(record->name, record->shown);
  return figure;
}

// One panel a sampler on the line, over the exact density where it is known.
Figure line_samples(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  Figure figure{.id = target.name() + "-samples",
                .title = "Samples after " + std::to_string(task.output.figure_nfe) +
                         " calls: " + target.name(),
                .description = "A histogram of the samples of each sampler.",
                .columns = 3,
                .share_x = true,
                .share_y = true};
  const Vector law = c.law_shown.row(0).transpose();
  const double margin = 0.1 * std::max(1e-12, law.maxCoeff() - law.minCoeff());
  const double low = law.minCoeff() - margin, high = law.maxCoeff() + margin;
  const auto add = [&](const std::string& title, const Matrix& points) {
    HistogramPanel panel{.title = title, .x = {.label = "x"}, .y = {.label = "density"}};
    panel.histograms.push_back(histogram("samples", points.row(0).transpose(), low, high));
    if (target.mixture() != nullptr) {
      const auto density = [&](double x) {
        Vector log_p(1);
        target.mixture()->log_density(Matrix::Constant(1, 1, x), log_p);
        return std::exp(log_p[0]);
      };
      panel.curves.push_back(curve("exact density", density, low, high));
      panel.curves.back().reference = true;
    }
    figure.panels.push_back(std::move(panel));
  };
  add("draws of the law", c.law_shown);
  for (const SamplerRecord* record : shown_records(c)) add(record->name, record->shown);
  return figure;
}

// The first coordinates in pairs: the expressway's samples over draws of the law.
Figure pairwise_samples(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  constexpr int shown = 3;
  constexpr Index points = 600;
  Figure figure{.id = target.name() + "-samples",
                .title = "Samples after " + std::to_string(task.output.figure_nfe) +
                         " calls: " + target.name(),
                .description =
                    "Pairs of the first coordinates: draws of the law and samples of "
                    "the expressway.",
                .caption = "Of " + std::to_string(target.dim()) + " coordinates the first " +
                           std::to_string(std::min<Index>(shown, target.dim())) + " are shown."};
  const Matrix& samples = c.expressways.front().shown;
  const Matrix law = c.law_shown.leftCols(std::min(points, c.law_shown.cols()));
  const Matrix found = samples.leftCols(std::min(points, samples.cols()));
  auto panels = pairwise_panels("draws of the law", law, shown);
  auto others = pairwise_panels(c.expressways.front().name, found, shown);
  for (std::size_t i = 0; i < panels.size(); ++i) {
    auto& panel = std::get<ScatterPanel>(panels[i]);
    auto& other = std::get<ScatterPanel>(others[i]);
    panel.clouds.push_back(std::move(other.clouds.front()));
    figure.panels.push_back(std::move(panel));
  }
  return figure;
}

Figure plane_transport(const Comparison& c, const SamplingTarget& target) {
  Matrix both(c.noise_shown.rows(), c.noise_shown.cols() + c.mapped_shown.cols());
  both << c.noise_shown, c.mapped_shown;
  const Frame frame = frame_around(both);
  return {.id = target.name() + "-transport",
          .title = "The expressway's map: " + target.name(),
          .description =
              "Lines from points of standard normal noise to the atoms that the optimal "
              "transport map sends them to.",
          .caption =
              "The map is the gradient of a convex function: lines do not cross on average, "
              "and mass splits only across cell borders.",
          .panels = {ScatterPanel{
              .title = "noise to atoms",
              .clouds = {point_cloud("noise", c.noise_shown.leftCols(300), frame),
                         point_cloud("atoms", c.mapped_shown.leftCols(300), frame)},
              .segments = {transport_lines("transport", c.noise_shown, c.mapped_shown)}}}};
}

Figure image_samples(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  constexpr Index images = 14;
  const int width = target.image_width();
  ImagePanel panel{.width = width, .height = static_cast<int>(target.dim()) / width};
  const Matrix law = target.to_data_units(c.law_shown);
  const double white = law.minCoeff();
  const double black = law.maxCoeff();
  const auto add = [&](const std::string& name, const Matrix& points) {
    panel.rows.push_back(
        image_row(name, target.to_data_units(points.leftCols(std::min(points.cols(), images))),
                  white, black));
  };
  add("real, held out", c.law_shown);
  for (const SamplerRecord* record : shown_records(c)) add(record->name, record->shown);
  if (!c.reference.name.empty()) add(c.reference.name, c.reference.shown);
  return {.id = target.name() + "-images",
          .title =
              "Images after " + std::to_string(task.output.figure_nfe) + " calls: " + target.name(),
          .description =
              "A row of real images above a row of generated ones for each sampler; every "
              "sampler starts from the same noise, column by column.",
          .panels = {std::move(panel)}};
}

}  // namespace

std::vector<Figure> comparison_figures(const Comparison& c, const DpmOtTask& task,
                                       const SamplingTarget& target) {
  std::vector<Figure> figures{cost_figure(c, task, target)};
  if (target.mixture() != nullptr && target.dim() == 2) {
    figures.push_back(plane_samples(c, task, target));
    figures.push_back(plane_transport(c, target));
  } else if (target.image_width() > 0) {
    figures.push_back(image_samples(c, task, target));
  } else if (target.dim() == 1) {
    figures.push_back(line_samples(c, task, target));
  } else {
    figures.push_back(pairwise_samples(c, task, target));
  }
  return figures;
}

}  // namespace pushforward::runner
