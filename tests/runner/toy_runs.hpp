/// Runs of the test task in folders, and what they leave behind.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include "runner/run_folder.hpp"
#include "tests/runner/temporary_folder.hpp"
#include "tests/runner/toy_task.hpp"

namespace pushforward::runner::test {

inline Registry toy_registry() {
  Registry registry;
  registry.add<ToyTask>();
  return registry;
}

inline RunPlan toy_plan(const std::string& more = {}) {
  static const Registry registry = toy_registry();
  return load_config_text(
      "{\"version\": 1, \"task\": \"test.walk\", \"name\": \"walk\", \"seed\": 5,"
      "\"solver\": {\"steps\": 60, \"work\": 500}" +
          more + "}",
      "walk.json", registry);
}

inline std::map<std::string, std::string> result_files(const std::filesystem::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = std::filesystem::relative(entry.path(), folder).string();
    if (name == "result.json" || name == "metrics.jsonl" || name.starts_with("arrays/")) {
      if (entry.is_regular_file()) files[name] = read_file(entry.path());
    }
  }
  return files;
}

template <class F>
Refused refusal(F&& f) {
  try {
    f();
  } catch (const Refused& refused) {
    return refused;
  }
  FAIL("nothing was refused");
  return Refused("", "", "", 0);
}

inline std::string code_of(const Refused& refused) {
  return refused.findings().sorted().front().code;
}

inline const RunOptions silent{.progress = ProgressMode::none, .quiet = true};

inline RunOptions into(const std::filesystem::path& folder) {
  RunOptions options = silent;
  options.out = folder;
  return options;
}

}  // namespace pushforward::runner::test
