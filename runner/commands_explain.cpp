// The commands that explain: tasks, keys, starters, schema, the build.
#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "pushforward/core/isa.hpp"

#include "runner/catalogue.hpp"
#include "runner/cli.hpp"
#include "runner/explain.hpp"
#include "runner/provenance.hpp"

#ifdef _OPENMP
#include <omp.h>
#endif

namespace pushforward::runner {

namespace {

constexpr int usage_status = 2;

const Task& task_named(const Registry& registry, const std::string& name) {
  const Task* task = registry.find(name);
  if (task != nullptr) return *task;
  std::string text = json_string(name) + " is not a task";
  if (const auto guess = nearest(name, registry.names())) {
    text += "; did you mean " + json_string(*guess) + "?";
  }
  throw Refused("E102", "command line", text + " (all: pushforward list tasks)", usage_status);
}

/// "ok", or why a run could not be written to the working directory.
std::string write_test() {
  try {
    const std::filesystem::path file = ".pushforward-write-test";
    write_atomically(file, "test");
    std::filesystem::remove(file);
    return "ok";
  } catch (const Refused& error) {
    return error.findings().sorted().front().text;
  }
}

int openmp_threads() {
#ifdef _OPENMP
  return omp_get_max_threads();
#else
  return 1;
#endif
}

}  // namespace

int list_command(const Registry& registry, const Arguments& arguments) {
  const std::string what = arguments.positional.empty() ? "tasks" : arguments.positional.front();
  const auto& kinds = catalogue_kinds();
  Catalogue rows;
  if (std::find(kinds.begin(), kinds.end(), what) != kinds.end()) {
    rows = catalogue(what, registry);
  } else {
    for (const Quantity& quantity : task_named(registry, what).quantities()) {
      rows.push_back({quantity.name, quantity.meaning, {}, {}});
    }
  }
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.name.size());
  Json json = Json::list();
  for (const auto& row : rows) {
    if (!arguments.json) {
      std::string text = row.meaning;
      for (std::size_t i = 0; i < row.tasks.size(); ++i)
        text += (i == 0 ? " (" : ", ") + row.tasks[i];
      if (!row.tasks.empty()) text += ")";
      std::printf("%-*s  %s\n", static_cast<int>(width), row.name.c_str(), text.c_str());
      continue;
    }
    Json entry = Json::object();
    entry.set("name", row.name);
    entry.set("meaning", row.meaning);
    entry.set("tasks", JsonType<std::vector<std::string>>::write(row.tasks));
    entry.set("keys", JsonType<std::vector<std::string>>::write(row.keys));
    json.push(std::move(entry));
  }
  if (arguments.json) std::printf("%s\n", json.compact().c_str());
  return 0;
}

int describe_command(const Registry& registry, const Arguments& arguments) {
  const Task& task = task_named(registry, arguments.positional[0]);
  const std::string pointer = arguments.positional.size() > 1 ? arguments.positional[1] : "";
  std::fputs(describe_text(task, pointer).c_str(), stdout);
  return 0;
}

int init_command(const Registry& registry, const Arguments& arguments) {
  const Task& task = task_named(registry, arguments.positional[0]);
  std::fputs(init_text(task, arguments.minimal).c_str(), stdout);
  return 0;
}

int schema_command(const Registry& registry, const Arguments& arguments) {
  const Task* task =
      arguments.positional.empty() ? nullptr : &task_named(registry, arguments.positional[0]);
  std::fputs(schema_text(task, registry).c_str(), stdout);
  return 0;
}

int doctor_command(const Registry&, const Arguments& arguments) {
  const BuildInfo build = build_info();
  Json json = Json::object();
  json.set("version", build.version);
  json.set("revision", build.revision);
  json.set("build_type", build.build_type);
  json.set("compiler", build.compiler);
  json.set("flags", build.flags);
  json.set("eigen", build.eigen);
  json.set("openmp", build.openmp);
  json.set("mpi", "none");
  json.set("device", "none");
  json.set("threads", openmp_threads());
  json.set("cores", std::thread::hardware_concurrency());
  json.set("instruction_set", name(active_isa()));
  json.set("best_instruction_set", name(detected_isa()));
  json.set("float_environment", float_environment());
  json.set("memory", size_text(MemoryLimit{"100%"}.bytes()));
  json.set("write_test", write_test());
  if (arguments.json) {
    std::printf("%s\n", json.compact().c_str());
  } else {
    for (const auto& member : json.members()) {
      std::printf("%-22s %s\n", member.key.c_str(),
                  member.value.is_string() ? member.value.string().c_str()
                                           : member.value.compact().c_str());
    }
  }
  constexpr int resources = 7;
  return json.find("write_test")->string() == "ok" ? 0 : resources;
}

}  // namespace pushforward::runner
