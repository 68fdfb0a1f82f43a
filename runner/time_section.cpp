#include "runner/time_section.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "runner/figure_text.hpp"
#include "runner/json_parser.hpp"

namespace pushforward::runner {

namespace {

constexpr std::size_t most_bars = 12;
constexpr std::size_t most_panels = 4;

/// What one stage recorded under one key.
struct Recorded {
  std::string stage, key;
  std::vector<double> seconds, values;
};

std::string calls_text(const StageWork& work) {
  std::string text;
  for (const auto& [what, count] : work.calls) {
    text += (text.empty() ? "" : "; ") + number_text(count, 3) + " " + what;
    if (work.wall_seconds > 0.0) text += ", " + number_text(count / work.wall_seconds, 3) + "/s";
  }
  return text;
}

Table times_table(const RunResult& result) {
  Table table{
      .id = "times",
      .title = "Where the time went",
      .columns = {{.name = "stage"}, {.name = "wall", .unit = "s"}, {.name = "CPU", .unit = "s"}}};
  const bool stepped = std::any_of(result.times.begin(), result.times.end(),
                                   [](const auto& time) { return time.work.steps > 0; });
  if (stepped) table.columns.push_back({.name = "steps"});
  const bool called = std::any_of(result.times.begin(), result.times.end(),
                                  [](const auto& time) { return !time.work.calls.empty(); });
  if (called) table.columns.push_back({.name = "calls"});
  for (const StageTime& time : result.times) {
    const StageWork& work = time.work;
    table.rows.push_back({time.name + (time.restored ? " (before the interruption)" : ""),
                          Measured{work.wall_seconds}, Measured{work.cpu_seconds}});
    if (stepped) {
      table.rows.back().push_back(work.steps > 0
                                      ? TableCell(Measured{static_cast<double>(work.steps)})
                                      : TableCell(std::string()));
    }
    if (called) table.rows.back().emplace_back(calls_text(work));
  }
  return table;
}

/// The stages that took longest, and the rest as one.
Figure phases_figure(const RunResult& result) {
  std::vector<const StageTime*> order;
  for (const StageTime& time : result.times) order.push_back(&time);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return a->work.wall_seconds > b->work.wall_seconds;
  });
  BarPanel panel{.value = {.label = "time", .unit = "s"}};
  BarGroup wall{.name = "wall"}, cpu{.name = "CPU"};
  double rest_wall = 0.0, rest_cpu = 0.0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i < most_bars) {
      panel.categories.push_back(order[i]->name);
      wall.values.push_back(order[i]->work.wall_seconds);
      cpu.values.push_back(order[i]->work.cpu_seconds);
    } else {
      rest_wall += order[i]->work.wall_seconds;
      rest_cpu += order[i]->work.cpu_seconds;
    }
  }
  if (order.size() > most_bars) {
    panel.categories.push_back(std::to_string(order.size() - most_bars) + " others");
    wall.values.push_back(rest_wall);
    cpu.values.push_back(rest_cpu);
  }
  panel.groups = {std::move(wall), std::move(cpu)};
  return {.id = "time-of-stages",
          .title = "What each stage cost",
          .description = "Wall and CPU time of the stages, the longest first.",
          .caption = "CPU time counts all threads.",
          .panels = {std::move(panel)}};
}

/// The numbers of each stage against the time at which they were recorded. The first number of a
/// line says where the stage stood and is left out.
std::vector<Recorded> recorded_numbers(const RunResult& result, const std::string& metrics) {
  std::map<std::string, const StageTime*> stages;
  for (const StageTime& time : result.times) stages[time.name] = &time;
  std::map<std::string, std::size_t> lines;
  std::vector<Recorded> all;
  for (std::size_t begin = 0; begin < metrics.size();) {
    const std::size_t end = std::min(metrics.find('\n', begin), metrics.size());
    Findings ignored;
    const auto line = parse_json(std::string_view(metrics).substr(begin, end - begin), 0,
                                 Comments::refused, ignored);
    begin = end + 1;
    const Json* name = line ? line->find("stage") : nullptr;
    if (name == nullptr || !stages.contains(name->string())) continue;
    const std::string& stage = name->string();
    const auto& times = stages[stage]->work.recorded_wall;
    const std::size_t index = lines[stage]++;
    if (index >= times.size()) continue;
    bool first = true;
    for (const auto& member : line->members()) {
      if (member.key == "stage" || !member.value.is_number()) continue;
      if (std::exchange(first, false)) continue;
      auto known = std::find_if(all.begin(), all.end(), [&](const Recorded& r) {
        return r.stage == stage && r.key == member.key;
      });
      if (known == all.end()) known = all.insert(all.end(), {stage, member.key, {}, {}});
      known->seconds.push_back(times[index]);
      known->values.push_back(member.value.number());
    }
  }
  std::erase_if(all, [](const Recorded& r) { return r.values.size() < 3; });
  return all;
}

LinePanel panel_of(const Recorded& recorded) {
  const auto& y = recorded.values;
  const auto [least, most] = std::minmax_element(y.begin(), y.end());
  const bool wide = *least > 0.0 && *most > 30.0 * *least;
  LinePanel panel{.title = recorded.stage,
                  .x = {.label = "time in the stage", .unit = "s"},
                  .y = {.label = recorded.key, .scale = wide ? Scale::log : Scale::linear}};
  panel.series.push_back({.name = recorded.key,
                          .x = recorded.seconds,
                          .y = recorded.values,
                          .mark = Mark::line,
                          .emphasis = true});
  return panel;
}

}  // namespace

ReportSection time_section(const RunResult& result, const std::string& metrics) {
  ReportSection section{.title = "Time"};
  if (result.times.empty()) return section;
  section.tables.push_back(times_table(result));
  section.figures.push_back(phases_figure(result));
  const auto recorded = recorded_numbers(result, metrics);
  if (recorded.empty()) return section;
  Figure figure{.id = "recorded-over-time",
                .title = "What was recorded, against time",
                .description = "Numbers that stages recorded, one panel each, against wall time."};
  for (std::size_t i = 0; i < std::min(most_panels, recorded.size()); ++i) {
    figure.panels.emplace_back(panel_of(recorded[i]));
  }
  if (recorded.size() > most_panels) {
    figure.caption = std::to_string(recorded.size() - most_panels) +
                     " more are in metrics.jsonl, their times in timing.json.";
  }
  section.figures.push_back(std::move(figure));
  return section;
}

}  // namespace pushforward::runner
