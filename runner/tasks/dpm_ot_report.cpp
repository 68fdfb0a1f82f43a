#include "runner/tasks/dpm_ot_report.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "runner/figure.hpp"
#include "runner/figure_text.hpp"

namespace pushforward::runner {
namespace {

// A difference of paired block means at one cost.
struct Gain {
  int cost = 0;
  double value = not_known;
  double standard_error = not_known;
  bool clear() const { return std::abs(value) > 3.0 * standard_error; }
};

Gain distance_gain(const SamplerRecord& expressway, const SamplerRecord& rival,
                   const std::vector<int>& costs, Index k) {
  const BlockMean mean = block_mean(rival.debiased.col(k) - expressway.debiased.col(k));
  return {costs[static_cast<std::size_t>(k)], mean.value, mean.standard_error};
}

Gain mixture_gain(const SamplerRecord& expressway, const SamplerRecord& rival,
                  const std::vector<int>& costs, Index k) {
  return {costs[static_cast<std::size_t>(k)],
          rival.mode_mixture(0, k) - expressway.mode_mixture(0, k),
          std::hypot(rival.mode_mixture(1, k), expressway.mode_mixture(1, k))};
}

template <class GainAt>
Gain smallest(const std::vector<int>& costs, GainAt&& gain_at) {
  Gain least;
  for (Index k = 0; k < static_cast<Index>(costs.size()); ++k) {
    const Gain gain = gain_at(k);
    if (!std::isfinite(gain.value)) continue;
    if (!std::isfinite(least.value) || gain.value < least.value) least = gain;
  }
  return least;
}

// The samplers in the order and under the names that every figure and table uses.
std::vector<const SamplerRecord*> shown_records(const Comparison& c) {
  std::vector<const SamplerRecord*> records;
  for (const auto& expressway : c.expressways) records.push_back(&expressway);
  for (const auto& rival : c.rivals) {
    if (rival.name.rfind("multistep", 0) != 0) records.push_back(&rival);
  }
  if (!c.best_multistep.name.empty()) records.push_back(&c.best_multistep);
  return records;
}

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

Measured law_distance(const Comparison& c) {
  const BlockMean mean = block_mean(c.law_debiased);
  return {mean.value, mean.standard_error};
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

// One row a sampler, one column a cost; `cell(record, k)` fills it.
template <class Cell>
Table cost_table(const Comparison& c, const DpmOtTask& task, const std::string& id,
                 std::string title, Better better, Cell&& cell) {
  Table table{.id = id, .title = std::move(title), .columns = {{.name = "sampler"}}};
  for (const int cost : task.solver.nfe) {
    table.columns.push_back(
        {.name = std::to_string(cost) + (cost == 1 ? " call" : " calls"), .better = better});
  }
  for (const SamplerRecord* record : shown_records(c)) {
    std::vector<TableCell> row{record->name};
    for (Index k = 0; k < record->debiased.cols(); ++k) row.push_back(cell(*record, k));
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table distance_table(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  Table table =
      cost_table(c, task, target.name() + "-distance", "Debiased W2 squared to held-out draws",
                 Better::smaller, [](const SamplerRecord& record, Index k) -> TableCell {
                   const BlockMean mean = block_mean(record.debiased.col(k));
                   return Measured{mean.value, mean.standard_error};
                 });
  table.note = "Each rival has, at each cost, the best of the grids it was offered.";
  return table;
}

Table mixture_table(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  return cost_table(c, task, target.name() + "-mixture",
                    "Share of samples between modes, in excess", Better::smaller,
                    [](const SamplerRecord& record, Index k) -> TableCell {
                      return Measured{record.mode_mixture(0, k), record.mode_mixture(1, k)};
                    });
}

Table component_table(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target) {
  Table table = cost_table(c, task, target.name() + "-components",
                           "Component frequencies: chi-squared per degree of freedom",
                           Better::neither, [](const SamplerRecord& record, Index k) -> TableCell {
                             return Measured{record.component_chi_squared(0, k), not_known};
                           });
  table.note =
      "About 1 for independent draws of the law, less for an even cover of the modes. A sampler "
      "that collapses onto some modes leaves no samples between them and is found here.";
  return table;
}

std::string listed(const std::vector<int>& costs) {
  std::string text;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == costs.size() ? " and " : ", ") + std::to_string(costs[i]);
  }
  return text;
}

// Wins, ties and losses by the rule that a difference counts from three standard errors on.
std::string verdict_against(const SamplerRecord& expressway, const SamplerRecord& rival,
                            const std::vector<int>& costs) {
  std::vector<int> wins, ties, losses;
  for (Index k = 0; k < static_cast<Index>(costs.size()); ++k) {
    const Gain gain = distance_gain(expressway, rival, costs, k);
    (!gain.clear() ? ties : gain.value > 0.0 ? wins : losses).push_back(gain.cost);
  }
  std::string text = "Against **" + rival.name + "**: ";
  if (!wins.empty()) text += "closer to the law at " + listed(wins) + " calls";
  if (!ties.empty()) {
    text += (wins.empty() ? "not to be told apart at " : "; not to be told apart at ") +
            listed(ties) + " calls";
  }
  if (!losses.empty()) {
    text +=
        (wins.empty() && ties.empty() ? "farther from the law at " : "; farther from the law at ") +
        listed(losses) + " calls";
  }
  const Gain least =
      smallest(costs, [&](Index k) { return distance_gain(expressway, rival, costs, k); });
  return text + ". Its smallest lead is " + measured_text({least.value, least.standard_error}) +
         ", at " + std::to_string(least.cost) + (least.cost == 1 ? " call." : " calls.");
}

std::vector<std::string> wins_and_losses(const Comparison& c, const DpmOtTask& task) {
  std::vector<std::string> paragraphs;
  const auto& costs = task.solver.nfe;
  for (const SamplerRecord* rival : shown_records(c)) {
    if (rival->name.rfind("expressway", 0) == 0) continue;
    paragraphs.push_back(verdict_against(c.expressways.front(), *rival, costs));
  }
  paragraphs.push_back(
      "**What it costs.** Before the first sample the expressway drew " +
      std::to_string(task.problem.atoms) +
      " atoms from the noised law itself and solved a transport problem; no rival needs either. "
      "The stages \"transport\", \"map\" and \"tail\" are timed apart below.");
  paragraphs.push_back(
      "**What it cannot do.** With the nearest-atom map and a deterministic tail there are at most "
      "as many different samples as atoms; the law between them is not explored. " +
      (c.unreached_share > 0.0 ? number_text(100.0 * c.unreached_share, 3) +
                                     "% of the atoms were reached by no certifying draw."
                               : std::string("Every atom was reached by a certifying draw.")) +
      " The extended map fills in between neighbouring atoms where no edge is singular; " +
      number_text(100.0 * c.singular_share, 3) + "% of the noise met a singular edge.");
  const double copied = c.expressways.front().copied(0, c.expressways.front().copied.cols() - 1);
  if (std::isfinite(copied)) {
    std::string text =
        "**Copies.** " + number_text(100.0 * copied, 3) +
        "% of the expressway's samples at the largest cost are copies of data that the "
        "denoiser knows";
    if (!c.reference.name.empty()) {
      text += ", and " + number_text(100.0 * c.reference.copied(0, 0), 3) + "% of those of the " +
              c.reference.name + " run";
    }
    paragraphs.push_back(text + ": an exact score of a finite data set remembers it.");
  }
  return paragraphs;
}

// A record's name as part of a quantity's.
std::string label(std::string name) {
  std::erase(name, ',');
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

void scalars(const Comparison& c, const DpmOtTask& task, const SamplingTarget& target,
             RunContext& context) {
  const auto& costs = task.solver.nfe;
  const std::string prefix = target.name() + ".";
  context.scalar(prefix + "transport.mass_error_bound",
                 {.value = c.mass_error_bound,
                  .description = "certified bound on the largest relative mass error"});
  context.scalar(prefix + "transport.mass_error",
                 {.value = c.mass_error, .description = "its estimate", .detail = true});
  context.scalar(prefix + "transport.unreached_atoms",
                 {.value = c.unreached_share,
                  .description = "share of atoms that no certifying draw reached"});
  context.scalar(prefix + "transport.w2_squared",
                 {.value = c.transport_w2_squared,
                  .standard_error = c.transport_w2_squared_error,
                  .description = "squared W2 from the noise to the atoms",
                  .detail = true});
  context.scalar(prefix + "map.singular_share",
                 {.value = c.singular_share,
                  .description = "share of noise with a neighbour across a singular edge"});
  const Measured law = law_distance(c);
  context.scalar(prefix + "debiased.law", {.value = law.value,
                                           .standard_error = law.standard_error,
                                           .description = "debiased W2 squared, draws of the law"});
  const auto add = [&](const SamplerRecord& record, const std::vector<int>& at) {
    for (Index k = 0; k < record.debiased.cols(); ++k) {
      const std::string end =
          label(record.name) + "." + std::to_string(at[static_cast<std::size_t>(k)]);
      for (const auto& [quantity, blocks] : {std::pair{"w2_squared.", &record.w2_squared},
                                             std::pair{"debiased.", &record.debiased}}) {
        const BlockMean mean = block_mean(blocks->col(k));
        context.scalar(
            prefix + quantity + end,
            {.value = mean.value, .standard_error = mean.standard_error, .detail = true});
      }
      context.scalar(prefix + "mode_mixture." + end, {.value = record.mode_mixture(0, k),
                                                      .standard_error = record.mode_mixture(1, k),
                                                      .detail = true});
      if (std::isfinite(record.component_chi_squared(0, k))) {
        context.scalar(prefix + "component_chi_squared." + end,
                       {.value = record.component_chi_squared(0, k), .detail = true});
      }
      if (std::isfinite(record.copied(0, k))) {
        context.scalar(prefix + "copied." + end, {.value = record.copied(0, k), .detail = true});
      }
    }
  };
  for (const auto& record : c.expressways) add(record, costs);
  for (const auto& record : c.rivals) add(record, costs);
  if (!c.reference.name.empty()) add(c.reference, {task.solver.reference_steps});
  for (const SamplerRecord* rival : shown_records(c)) {
    if (rival->name.rfind("expressway", 0) == 0) continue;
    const SamplerRecord& expressway = c.expressways.front();
    const Gain distance =
        smallest(costs, [&](Index k) { return distance_gain(expressway, *rival, costs, k); });
    context.scalar(prefix + "gain_over_" + label(rival->name),
                   {.value = distance.value,
                    .standard_error = distance.standard_error,
                    .description = "smallest lead over it in debiased W2 squared, over the costs"});
    for (Index k = 0; k < static_cast<Index>(costs.size()); ++k) {
      const Gain gain = distance_gain(expressway, *rival, costs, k);
      context.scalar(prefix + "gain_over_" + label(rival->name) + "." + std::to_string(gain.cost),
                     {.value = gain.value, .standard_error = gain.standard_error, .detail = true});
    }
    const Gain mixture =
        smallest(costs, [&](Index k) { return mixture_gain(expressway, *rival, costs, k); });
    context.scalar(prefix + "mode_mixture_gain_over_" + label(rival->name),
                   {.value = mixture.value,
                    .standard_error = mixture.standard_error,
                    .description = "smallest lead in the share between modes, over the costs"});
  }
}

}  // namespace

void report_comparison(const Comparison& comparison, const DpmOtTask& task,
                       const SamplingTarget& target, RunContext& context) {
  scalars(comparison, task, target, context);
  context.section("At equal cost: " + target.name());
  context.figure(cost_figure(comparison, task, target));
  if (target.mixture() != nullptr && target.dim() == 2) {
    context.figure(plane_samples(comparison, task, target));
    context.figure(plane_transport(comparison, target));
  }
  if (target.image_width() > 0) context.figure(image_samples(comparison, task, target));
  context.table(distance_table(comparison, task, target));
  context.table(mixture_table(comparison, task, target));
  if (target.mixture() != nullptr && target.mixture()->components() > 1) {
    context.table(component_table(comparison, task, target));
  }
  context.section("Where the expressway wins and where it loses: " + target.name(),
                  wins_and_losses(comparison, task));
}

}  // namespace pushforward::runner
