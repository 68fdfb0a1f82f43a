// The commands that run and check configs.
#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "runner/cli.hpp"
#include "runner/provenance.hpp"
#include "runner/replay.hpp"

namespace pushforward::runner {

namespace {

LoadOptions load_options(const Arguments& arguments) {
  return {.overrides = arguments.overrides, .allow_outside = arguments.allow_outside};
}

RunOptions run_options(const Arguments& arguments) {
  return {.out = arguments.out,
          .progress = arguments.progress,
          .command_line = arguments.line,
          .quiet = false,
          .allow_build_change = arguments.allow_build_change};
}

std::string plan_line(const RunPlan& plan) {
  std::string text = "task " + std::string(plan.task->name());
  if (plan.estimate.bytes > 0) text += ", about " + size_text(plan.estimate.bytes);
  if (plan.estimate.operations > 0) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, ", %.1e operations", plan.estimate.operations);
    text += buffer;
  }
  return text + ", config " + plan.config_hash().substr(0, 8);
}

void print(const Findings& findings, const Arguments& arguments) {
  const std::string text = arguments.errors_json ? findings.json_lines() : findings.text();
  std::fputs(text.c_str(), stderr);
}

int concluded(const FinishedRun& run, const Arguments& arguments) {
  print(run.problems, arguments);
  if (arguments.json) {
    Json json = Json::object();
    json.set("folder", run.folder.string());
    json.set("verdict", name(run.result.verdict));
    json.set("exit_status", run.exit_status);
    std::printf("%s\n", json.compact().c_str());
  } else {
    std::printf("%s\n", run.folder.c_str());
  }
  return run.exit_status;
}

/// One object with one member, for `--json`.
void print_member(const char* name, Json value) {
  Json json = Json::object();
  json.set(name, std::move(value));
  std::printf("%s\n", json.compact().c_str());
}

/// What `validate --json` says about a config; `plan` nullptr if it was refused.
Json plan_json(const std::string& file, const RunPlan* plan) {
  Json json = Json::object();
  json.set("file", file);
  json.set("ok", plan != nullptr);
  if (plan == nullptr) return json;
  json.set("task", plan->task->name());
  json.set("bytes", plan->estimate.bytes);
  json.set("operations", plan->estimate.operations);
  json.set("config_hash", plan->config_hash());
  json.set("warnings", JsonType<std::vector<std::string>>::write(plan->warnings));
  return json;
}

/// Only the page of a report, to a file that is not there yet.
void write_page(const std::filesystem::path& file, const ReportModel& model) {
  constexpr int exit_busy = 9;
  std::error_code error;
  if (std::filesystem::exists(file, error)) {
    throw Refused("E704", file.string(), "exists; nothing is overwritten", exit_busy);
  }
  write_atomically(file, report_html(model));
}

/// The files whose bytes must agree between two runs of one config, relative to the run folder.
std::vector<std::filesystem::path> compared_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files{"result.json", "metrics.jsonl"};
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "arrays", ignored)) {
    files.push_back(std::filesystem::path("arrays") / entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int run_command(const Registry& registry, const Arguments& arguments) {
  RunPlan plan = load_config(arguments.positional.front(), registry, load_options(arguments));
  if (arguments.threads) plan.runtime.threads.count = *arguments.threads;
  if (arguments.dry_run) {
    std::printf("ok: %s\n", plan_line(plan).c_str());
    return 0;
  }
  if (!arguments.replay.empty()) {
    std::fputs(replay(plan, ReplayPoint::parse(arguments.replay)).c_str(), stdout);
    return 0;
  }
  return concluded(run_in_new_folder(plan, run_options(arguments)), arguments);
}

int validate_command(const Registry& registry, const Arguments& arguments) {
  int status = 0;
  Json configs = Json::list();
  for (const std::string& file : arguments.positional) {
    try {
      const RunPlan plan = load_config(file, registry, load_options(arguments));
      if (arguments.json) {
        configs.push(plan_json(file, &plan));
        continue;
      }
      std::printf("ok %s: %s\n", file.c_str(), plan_line(plan).c_str());
      for (const auto& warning : plan.warnings) std::printf("  warning: %s\n", warning.c_str());
    } catch (const Refused& error) {
      print(error.findings(), arguments);
      configs.push(plan_json(file, nullptr));
      if (status == 0) status = error.exit_status();
    }
  }
  if (arguments.json) print_member("configs", std::move(configs));
  return status;
}

int resume_command(const Registry& registry, const Arguments& arguments) {
  return concluded(resume_in_folder(arguments.positional.front(), registry, arguments.overrides,
                                    run_options(arguments)),
                   arguments);
}

int report_command(const Registry&, const Arguments& arguments) {
  constexpr int usage_status = 2;
  const std::filesystem::path page = arguments.out;
  if (!page.empty() && arguments.positional.size() > 1) {
    throw Refused("E101", "command line", "--out takes the report of one run", usage_status);
  }
  Json written = Json::list();
  for (const std::filesystem::path folder : arguments.positional) {
    ReportModel model;
    try {
      model = read_report(folder);
    } catch (const std::runtime_error& error) {
      constexpr int data_status = 4;
      throw Refused("E705", folder.string(), error.what(), data_status);
    }
    if (page.empty()) {
      write_report(folder, model);
    } else {
      write_page(page, model);
    }
    const auto file = page.empty() ? folder / "report.html" : page;
    if (!arguments.json) std::printf("%s\n", file.c_str());
    written.push(file.string());
  }
  if (arguments.json) print_member("reports", std::move(written));
  return 0;
}

int reproduce_command(const Registry& registry, const Arguments& arguments) {
  const std::filesystem::path original = arguments.positional.front();
  RunPlan plan = plan_of_run(original, registry);
  if (arguments.threads) plan.runtime.threads.count = *arguments.threads;
  plan.runtime.time_limit = {};
  RunOptions options = run_options(arguments);
  options.quiet = true;
  options.out = create_fresh_folder(std::filesystem::temp_directory_path(),
                                    "pushforward-reproduce-" + std::to_string(::getpid()));
  const FinishedRun again = run_in_new_folder(plan, options);
  if (!again.result.complete) return again.exit_status;
  std::vector<std::string> different;
  const auto files = compared_files(original);
  for (const auto& file : files) {
    const bool there = std::filesystem::exists(again.folder / file);
    if (!there || read_file(original / file) != read_file(again.folder / file)) {
      different.push_back(file.string());
    }
  }
  if (compared_files(again.folder) != files && different.empty()) different.push_back("arrays/");
  if (different.empty()) {
    std::filesystem::remove_all(again.folder);
    if (arguments.json) {
      print_member("reproduced", Json(files.size()));
    } else {
      std::printf("reproduced: %zu files agree byte for byte\n", files.size());
    }
    return 0;
  }
  std::string text = "not reproduced; these files differ:";
  for (const auto& file : different) text += "\n" + file;
  const std::string origin = read_file(original / "provenance.json");
  if (origin.find("\"mixed_build\"") != std::string::npos) {
    text += "\nthe run was made by more than one build of the program (mixed_build)";
  } else if (origin.find(build_id()) == std::string::npos) {
    text += "\nthe run was made by another build of the program";
  }
  constexpr int check_failed = 6;
  throw Refused("E806", original.string(), text + "\nthe new run is in " + again.folder.string(),
                check_failed);
}

}  // namespace pushforward::runner
