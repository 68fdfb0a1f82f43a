#include "runner/tasks/dpm_ot_report.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "runner/figure.hpp"
#include "runner/figure_text.hpp"
#include "runner/tasks/dpm_ot_figures.hpp"

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
  return cost_table(
      c, task, target.name() + "-mixture",
      "Samples between modes in excess of the law's own, in percent", Better::smaller,
      [](const SamplerRecord& record, Index k) -> TableCell {
        return Measured{100.0 * record.mode_mixture(0, k), 100.0 * record.mode_mixture(1, k)};
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
  for (Figure& figure : comparison_figures(comparison, task, target)) {
    context.figure(std::move(figure));
  }
  context.table(distance_table(comparison, task, target));
  context.table(mixture_table(comparison, task, target));
  if (target.mixture() != nullptr && target.mixture()->components() > 1) {
    context.table(component_table(comparison, task, target));
  }
  context.section("Where the expressway wins and where it loses: " + target.name(),
                  wins_and_losses(comparison, task));
}

}  // namespace pushforward::runner
