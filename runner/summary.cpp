// The words at the end of a run: the summary on the terminal and the model of the report.
#include <cmath>

#include "runner/figure_text.hpp"
#include "runner/run_folder.hpp"

namespace pushforward::runner {

namespace {

constexpr std::size_t most_scalars = 8;
constexpr std::size_t most_checks = 8;
constexpr std::size_t most_warnings = 3;

std::string more(std::size_t total, std::size_t shown, const std::string& what) {
  return total > shown ? "  and " + std::to_string(total - shown) + " more " + what + "\n" : "";
}

std::string verdict_note(const RunResult& result) {
  if (result.verdict == Verdict::not_converged) {
    return "the solver ended with " + result.status + " after " +
           std::to_string(result.iterations) + " iterations";
  }
  if (!result.complete) return "the numbers of this run are not there yet";
  std::size_t failed = 0;
  for (const auto& check : result.checks) {
    failed += check.verdict == CheckVerdict::pass || check.verdict == CheckVerdict::skipped ? 0 : 1;
  }
  if (failed > 0) {
    return std::to_string(failed) + " of " + std::to_string(result.checks.size()) +
           " checks did not pass";
  }
  return {};
}

}  // namespace

std::string summary_text(const FinishedRun& run, const RunPlan& plan, double seconds) {
  const RunResult& result = run.result;
  std::string text = plan.name + ": " + std::string(name(result.verdict));
  const std::string note = verdict_note(result);
  if (!note.empty()) text += " (" + note + ")";
  text += "\n";
  std::size_t shown = 0;
  for (const auto& [name, scalar] : result.scalars) {
    if (scalar.detail) continue;
    if (shown++ == most_scalars) break;
    text += "  " + name + " = " + measured_text({scalar.value, scalar.standard_error});
    if (!scalar.unit.empty()) text += " " + scalar.unit;
    text += "\n";
  }
  text += more(result.scalars.size(), most_scalars, "numbers in result.json");
  shown = 0;
  for (const CheckOutcome& check : result.checks) {
    if (shown++ == most_checks) break;
    text += "  check " + check.id + ": " + std::string(name(check.verdict));
    if (!check.bound.empty()) {
      text += " (" + measured_text({check.value, check.standard_error}) + ", " + check.bound + ")";
    }
    text += (check.note.empty() ? "" : ": " + check.note) + "\n";
  }
  text += more(result.checks.size(), most_checks, "checks");
  shown = 0;
  for (std::size_t i = 0; i < result.warnings.size(); ++i) {
    if (shown++ == most_warnings) break;
    text += "  warning: " + result.warnings[i];
    const int count = result.warning_counts[i];
    text += (count > 1 ? " (" + std::to_string(count) + " times)" : "") + "\n";
  }
  text += more(result.warnings.size(), most_warnings, "warnings");
  text += "  " + duration_text(seconds) + ", folder " + run.folder.string() + "\n";
  if (!result.complete) {
    text += "  go on with: pushforward resume " + run.folder.string() + "\n";
  } else if (std::filesystem::exists(run.folder / "report.html")) {
    text += "  report: " + (run.folder / "report.html").string() + "\n";
  }
  return text;
}

Findings numerical_findings(const FinishedRun& run, const RunPlan& plan) {
  constexpr int numerical = 5;
  Findings findings;
  const RunResult& result = run.result;
  if (!result.complete || run.exit_status != numerical) return findings;
  const std::string spent = std::to_string(result.iterations) + " iterations";
  if (result.verdict == Verdict::failed) {
    findings.add({.code = "E501",
                  .pointer = {},
                  .text = "numbers that are not finite after " + spent +
                          "; results are kept and marked \"failed\"",
                  .place = std::string(plan.task->name())});
    return findings;
  }
  std::string text = "stopped with " + result.status + " after " + spent;
  if (!std::isnan(result.residual)) text += " with error " + json_number(result.residual);
  const Json* tolerance = plan.resolved.at("/solver/tolerance");
  if (tolerance != nullptr && tolerance->is_number()) {
    text += ", tolerance " + json_number(tolerance->number());
  }
  text += "\nresults are kept and marked \"" + std::string(name(result.verdict)) + "\"; ";
  for (const std::string& budget : plan.task->budgets()) {
    text += "go on with pushforward resume " + run.folder.string() + " --set " + budget + "=" +
            json_number(2.0 * plan.resolved.at(budget)->number()) + ", or ";
  }
  text += "accept that with \"on_not_converged\": \"warn\"";
  findings.add(
      {.code = "E502", .pointer = {}, .text = text, .place = std::string(plan.task->name())});
  return findings;
}

ReportModel report_model(const RunPlan& plan, const RunResult& result, const Json& provenance,
                         const std::string& run_folder_name) {
  ReportModel model;
  model.title = plan.name;
  model.task = plan.task->name();
  model.verdict = name(result.verdict);
  model.verdict_note = verdict_note(result);
  for (const CheckOutcome& check : result.checks) {
    model.checks.push_back({.id = check.id,
                            .statement = check.quantity,
                            .measured = {check.value, check.standard_error},
                            .bound = check.bound,
                            .outcome = std::string(name(check.verdict)),
                            .note = check.note});
  }
  model.summary = "Task " + model.task + ": " + std::string(plan.task->summary()) + ", with seed " +
                  JsonType<Seed>::write({plan.seed}).compact() + ".";
  for (const auto& [scalar_name, scalar] : result.scalars) {
    if (scalar.detail) continue;
    model.numbers.push_back({.name = scalar_name,
                             .measured = {scalar.value, scalar.standard_error},
                             .unit = scalar.unit,
                             .method = scalar.description});
  }
  model.sections = result.sections;
  model.warnings = result.warnings;
  model.resolved_config = plan.resolved.pretty();
  for (const auto& member : provenance.members()) {
    model.provenance.emplace_back(
        member.key, member.value.is_string() ? member.value.string() : member.value.compact());
  }
  model.reproduce = {"pushforward reproduce " + run_folder_name};
  return model;
}

}  // namespace pushforward::runner
