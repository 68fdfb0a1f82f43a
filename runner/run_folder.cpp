#include "runner/run_folder.hpp"

#include <algorithm>
#include <new>
#include <sys/resource.h>

#include "pushforward/core/errors.hpp"

#include "runner/json_parser.hpp"
#include "runner/non_finite.hpp"
#include "runner/provenance.hpp"
#include "runner/sha256.hpp"
#include "runner/time_section.hpp"

namespace pushforward::runner {

namespace {

constexpr int exit_checkpoint = 8;

double rusage_seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

void write_arrays(const std::filesystem::path& folder, const RunResult& result) {
  if (result.arrays.empty()) return;
  std::filesystem::create_directories(folder);
  Json index = Json::object();
  for (const NamedArray& array : result.arrays) {
    const std::string bytes = npy_bytes(array.values);
    write_atomically(folder / (array.name + ".npy"), bytes);
    Json& entry = index.set(array.name, Json::object());
    entry.set("file", array.name + ".npy");
    entry.set("shape", Json(Json::List{Json(array.values.cols()), Json(array.values.rows())}));
    entry.set("type", "float64");
    entry.set("unit", array.unit);
    entry.set("description", array.description);
    entry.set("sha256", sha256(bytes));
  }
  write_atomically(folder / "index.json", index.pretty());
}

/// Rates of what took no time that could be measured are left out.
void set_rate(Json& json, std::string_view key, double count, double seconds) {
  if (seconds > 0.0) json.set(key, count / seconds);
}

Json timing_of(const StageTime& time) {
  const StageWork& work = time.work;
  Json stage = Json::object();
  stage.set("stage", time.name);
  stage.set("wall_seconds", work.wall_seconds);
  stage.set("cpu_seconds", work.cpu_seconds);
  if (work.steps > 0) {
    stage.set("steps", work.steps);
    set_rate(stage, "steps_per_second", static_cast<double>(work.steps), work.wall_seconds);
  }
  if (!work.calls.empty()) {
    Json& calls = stage.set("calls", Json::object());
    for (const auto& [what, count] : work.calls) {
      Json& entry = calls.set(what, Json::object());
      entry.set("count", count);
      set_rate(entry, "per_second", count, work.wall_seconds);
    }
  }
  if (!work.recorded_wall.empty()) {
    // One entry for each of the stage's lines in metrics.jsonl.
    Json& recorded = stage.set("recorded", Json::object());
    recorded.set("wall_seconds", JsonType<std::vector<double>>::write(work.recorded_wall));
    recorded.set("cpu_seconds", JsonType<std::vector<double>>::write(work.recorded_cpu));
  }
  if (time.restored) stage.set("restored", true);
  return stage;
}

void write_timing(const std::filesystem::path& file, const RunResult& result, double wall) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  Json json = Json::object();
  json.set("wall_seconds", wall);
  json.set("cpu_seconds", rusage_seconds(usage.ru_utime) + rusage_seconds(usage.ru_stime));
  json.set("peak_bytes", 1024.0 * static_cast<double>(usage.ru_maxrss));
  Json& stages = json.set("stages", Json::list());
  for (const StageTime& time : result.times) stages.push(timing_of(time));
  write_atomically(file, json.pretty());
}

std::string state_of(const RunResult& result) {
  if (result.stopped == Stop::time_limit) return "stopped_at_limit";
  if (!result.complete) return "interrupted";
  return result.verdict == Verdict::failed ? "failed" : "done";
}

/// Temporary files of a process that was killed.
void remove_leftovers(const std::filesystem::path& folder) {
  std::error_code ignored;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') && name.find(".tmp-") != name.npos) found.push_back(entry.path());
  }
  for (const auto& path : found) std::filesystem::remove(path, ignored);
}

/// An exception of a task as a problem that the user can act on.
[[noreturn]] void translate_failure(const RunPlan& plan, const FolderHost& host) {
  const std::string task(plan.task->name());
  try {
    throw;
  } catch (const Refused&) {
    throw;
  } catch (const std::filesystem::filesystem_error& error) {
    throw Refused("E703", error.path1().string(), error.code().message(), 7);
  } catch (const std::bad_alloc&) {
    throw Refused("E702", task, "memory ran out; the last checkpoint stands", 7);
  } catch (const BackendUnavailable& error) {
    throw Refused("E510", task, error.what(), 5);
  } catch (const std::invalid_argument& error) {
    throw Refused("E307", task, std::string("a value was refused while running: ") + error.what(),
                  3);
  } catch (const std::domain_error& error) {
    const std::string step = std::to_string(host.step());
    const auto* bad = dynamic_cast<const NonFinite*>(&error);
    throw Refused("E501",
                  "phase " + json_string(host.stage_name()) + ", step " + step +
                      (bad ? ", " + bad->where() : ""),
                  (bad ? "" : "seed " + std::to_string(plan.seed) + ": ") +
                      std::string(error.what()) + "; replay: pushforward run " +
                      plan.file.string() + " --replay " + host.stage_name() + ":" + step,
                  5);
  }
}

void write_results(const RunPlan& plan, const FinishedRun& run, FolderHost& host, Json origin) {
  const RunResult& result = run.result;
  const std::filesystem::path& folder = run.folder;
  if (result.complete) write_arrays(folder / "arrays", result);
  write_atomically(folder / "result.json", result.json().pretty());
  write_timing(folder / "timing.json", result, host.seconds());
  origin.set("finished", utc_now());
  write_atomically(folder / "provenance.json", origin.pretty());
  if (result.complete) {
    const Json* report = plan.resolved.at("/output/report");
    if (report == nullptr || *report == Json(true)) {
      ReportModel model = report_model(plan, result, origin, folder.filename().string());
      model.sections.push_back(time_section(result, read_file(folder / "metrics.jsonl")));
      write_report(folder, model);
    }
    if (plan.task->budgets().empty()) {
      std::filesystem::remove_all(folder / "checkpoint");
    } else {
      host.keep_end();
    }
  }
  host.write_status(state_of(result));
}

FinishedRun run_here(const RunPlan& plan, const std::filesystem::path& folder,
                     const RunOptions& options, FoundCheckpoint* resumed, Json origin) {
  ProgressView view(options.progress);
  FolderHost host(folder, plan, view, resumed);
  FinishedRun run{.folder = folder, .result = {}};
  if (resumed != nullptr) {
    for (const auto& file : resumed->damaged) {
      host.warning("the checkpoint " + file + " was damaged and is kept as " + file + ".bad");
    }
  } else {
    // So that a run killed before its first checkpoint can be resumed like any other.
    Checkpoint nothing{.resume_hash = plan.resume_hash()};
    host.save(nothing);
  }
  try {
    run.result = execute(plan, host, resumed ? &resumed->checkpoint : nullptr);
    host.settle();
    write_results(plan, run, host, std::move(origin));
  } catch (...) {
    view.clear();
    try {
      host.write_status("failed");
    } catch (const Refused&) {
      // A full disk is what ended the run, perhaps; the first failure is the one to report.
    }
    translate_failure(plan, host);
  }
  view.clear();
  run.exit_status = exit_status(run.result, plan);
  run.problems = numerical_findings(run, plan);
  if (!options.quiet) std::fputs(summary_text(run, plan, host.seconds()).c_str(), stderr);
  return run;
}

}  // namespace

void write_report(const std::filesystem::path& folder, const ReportModel& model) {
  for (const ReportFile& file : report_files(model)) {
    std::filesystem::create_directories((folder / file.path).parent_path());
    write_atomically(folder / file.path, file.content);
  }
}

FinishedRun run_in_new_folder(const RunPlan& plan, const RunOptions& options) {
  std::filesystem::path folder = options.out;
  if (folder.empty()) {
    folder = create_fresh_folder(
        "runs", plan.name + "-" + utc_stamp() + "-" + plan.config_hash().substr(0, 8));
  } else {
    claim_folder(folder);
  }
  const FolderLock lock(folder);
  Json origin = provenance(plan, options.command_line);
  write_atomically(folder / "config.json", plan.given);
  write_atomically(folder / "resolved.json", plan.resolved.pretty());
  write_atomically(folder / "provenance.json", origin.pretty());
  std::error_code error;
  std::filesystem::create_directory(folder / "checkpoint", error);
  return run_here(plan, folder, options, nullptr, std::move(origin));
}

RunPlan plan_of_run(const std::filesystem::path& folder, const Registry& registry,
                    const std::vector<std::string>& overrides) {
  std::error_code error;
  for (const char* file : {"resolved.json", "provenance.json"}) {
    if (std::filesystem::exists(folder / file, error)) continue;
    throw Refused("E802", folder.string(),
                  "is not the folder of a run: there is no " + std::string(file), exit_checkpoint);
  }
  LoadOptions options{.overrides = overrides, .allow_outside = true};
  Findings findings;
  const std::string origin_text = read_file(folder / "provenance.json");
  const auto origin = parse_json(origin_text, 0, Comments::refused, findings);
  const Json* config_folder = origin ? origin->find("config_folder") : nullptr;
  if (config_folder == nullptr || !config_folder->is_string()) {
    throw Refused("E802", (folder / "provenance.json").string(), "is damaged", exit_checkpoint);
  }
  options.folder = config_folder->string();
  return load_config_text(read_file(folder / "resolved.json"), folder / "resolved.json", registry,
                          options);
}

namespace {

Refused not_resumed(const std::string& code, const std::filesystem::path& folder,
                    const std::string& text) {
  return Refused(code, folder.string(), text, exit_checkpoint);
}

/// "/solver/steps", or "/solver/a and /solver/b".
std::string budget_names(const Task& task) {
  std::string text;
  for (const std::string& budget : task.budgets()) text += (text.empty() ? "" : " and ") + budget;
  return text;
}

/// The first difference as "/solver/steps was 60, now 70"; nothing where there is none.
std::optional<std::string> first_change(const Json& then, const Json& now,
                                        const std::string& pointer) {
  if (then == now) return std::nullopt;
  if (then.is_object() && now.is_object()) {
    for (const auto& member : then.members()) {
      const Json* other = now.find(member.key);
      const std::string at = pointer_to(pointer, member.key);
      if (other == nullptr) return at + " was " + shown_value(member.value) + ", now absent";
      if (const auto change = first_change(member.value, *other, at)) return change;
    }
    for (const auto& member : now.members()) {
      if (then.find(member.key) != nullptr) continue;
      return pointer_to(pointer, member.key) + " was absent, now " + shown_value(member.value);
    }
  }
  return pointer + " was " + shown_value(then) + ", now " + shown_value(now);
}

/// Whether a budget grew from `before` to `plan`.
/// @throws Refused E803 if anything changed that may not, E805 if a budget shrank
bool budgets_grew(const RunPlan& before, const RunPlan& plan, const std::filesystem::path& folder) {
  const std::string budgets = budget_names(*plan.task);
  Json then = before.without_budgets();
  Json now = plan.without_budgets();
  // What changes no number may change, but for what finished stages have looked at.
  std::string kept;
  for (const std::string& pointer : plan.task->outputs_of_stages()) {
    kept += (kept.empty() ? " but for " : ", ") + pointer;
  }
  for (Json* config : {&then, &now}) {
    config->erase("runtime");
    Json output = Json::object();
    for (const std::string& pointer : plan.task->outputs_of_stages()) {
      const std::string key = pointer_tokens(pointer).back();
      if (const Json* value = config->find("output")->find(key)) output.set(key, *value);
    }
    config->set("output", std::move(output));
  }
  if (const auto change = first_change(then, now, "")) {
    throw not_resumed(
        "E803", folder,
        "the checkpoint was written for another config: " + *change +
            ". Allowed to change on resume: " + (budgets.empty() ? "" : budgets + " (upwards), ") +
            "/runtime, /output" + kept);
  }
  bool grew = false;
  for (const std::string& budget : plan.task->budgets()) {
    const double was = before.resolved.at(budget)->number();
    const double is = plan.resolved.at(budget)->number();
    if (is < was) {
      throw not_resumed("E805", folder,
                        budget + " may only grow on resume: it was " + json_number(was) + ", now " +
                            json_number(is));
    }
    grew = grew || is > was;
  }
  return grew;
}

Refused finished_already(const RunPlan& plan, const std::filesystem::path& folder) {
  const std::string budgets = budget_names(*plan.task);
  return not_resumed(
      "E805", folder,
      "the run is finished" +
          (budgets.empty() ? ", and task " + json_string(plan.task->name()) +
                                 " has no budget that could grow: run another config instead"
                           : "; to extend it, let " + budgets + " grow with --set"));
}

/// Who worked on the run in `folder` so far, the newest last, from its provenance.
Json earlier_parts(const std::filesystem::path& folder) {
  Json parts = Json::list();
  Findings findings;
  const std::string text = read_file(folder / "provenance.json");
  const auto before = parse_json(text, 0, Comments::refused, findings);
  if (!before) return parts;
  if (const Json* earlier = before->find("earlier")) parts = *earlier;
  Json part = Json::object();
  for (const char* key : {"build_id", "host", "command_line", "started", "finished"}) {
    if (const Json* value = before->find(key)) part.set(key, *value);
  }
  parts.push(std::move(part));
  return parts;
}

constexpr std::string_view mixed_build_warning =
    "parts of this run were computed by different builds of the program (mixed_build): its numbers "
    "need not be those of any one build";

}  // namespace

FinishedRun resume_in_folder(const std::filesystem::path& folder, const Registry& registry,
                             const std::vector<std::string>& overrides, const RunOptions& options) {
  const RunPlan before = plan_of_run(folder, registry);
  RunPlan plan = overrides.empty() ? before : plan_of_run(folder, registry, overrides);
  const bool grew = budgets_grew(before, plan, folder);
  const FolderLock lock(folder);
  remove_leftovers(folder);
  const std::filesystem::path checkpoints = folder / "checkpoint";
  std::error_code error;
  if (!std::filesystem::exists(checkpoints, error) ||
      std::filesystem::is_empty(checkpoints, error)) {
    if (std::filesystem::exists(folder / "result.json", error)) {
      throw finished_already(plan, folder);
    }
    throw not_resumed("E801", folder,
                      "the run was stopped before its first checkpoint: run the config again");
  }
  FoundCheckpoint found = newest_checkpoint(checkpoints);
  Checkpoint& checkpoint = found.checkpoint;
  if (checkpoint.complete && !grew) throw finished_already(plan, folder);
  if (checkpoint.resume_hash != plan.resume_hash()) {
    throw not_resumed("E803", folder,
                      "the checkpoint was written for other data or another config: a data file "
                      "has changed since");
  }
  if (checkpoint.build_id != build_id()) {
    if (!options.allow_build_change) {
      throw not_resumed("E804", folder,
                        "the checkpoint was written by another build of the program; the numbers "
                        "need not agree. Run the config again, or accept that with "
                        "--allow-build-change");
    }
    checkpoint.mixed_build = true;
  }
  if (checkpoint.mixed_build) plan.warnings.emplace_back(mixed_build_warning);
  Json origin = provenance(plan, options.command_line);
  origin.set("earlier", earlier_parts(folder));
  if (checkpoint.mixed_build) origin.set("mixed_build", true);
  if (grew) {
    // In this order, a kill in between leaves a run that goes on with the old budget.
    reopen(checkpoint);
    write_checkpoint(checkpoints, ++found.number, plan.runtime.keep_checkpoints, checkpoint);
  }
  if (grew || *plan.resolved.find("output") != *before.resolved.find("output")) {
    write_atomically(folder / "resolved.json", plan.resolved.pretty());
  }
  return run_here(plan, folder, options, &found, std::move(origin));
}

}  // namespace pushforward::runner
