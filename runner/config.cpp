#include "runner/config.hpp"

#include <algorithm>
#include <cctype>

#include "runner/config_checks.hpp"
#include "runner/config_file.hpp"
#include "runner/data_entry.hpp"
#include "runner/sha256.hpp"

namespace pushforward::runner {

namespace {

bool is_name(std::string_view text, std::size_t longest) {
  return !text.empty() && text.size() <= longest && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
         });
}

constexpr std::size_t longest_name = 64;

std::string name_from(const std::filesystem::path& file) {
  std::string stem = file.stem().string().substr(0, longest_name);
  for (char& c : stem) {
    if (!is_name(std::string("x") + c, 2)) c = '_';
  }
  return is_name(stem, longest_name) ? stem : "run";
}

ShapeField described(std::string name, Shape shape, Json preset, std::string help) {
  return {.name = std::move(name),
          .shape = std::move(shape),
          .preset = std::move(preset),
          .help = std::move(help)};
}

template <class T>
ShapeField described(std::string name, const T& preset, std::string help) {
  return described(std::move(name), JsonType<T>::shape(), JsonType<T>::write(preset),
                   std::move(help));
}

Shape file_list_shape() {
  Shape shape{.kind = Shape::Kind::special, .nullable = true};
  shape.accepts = [](const Json& json) {
    return json.is_string() ||
           (json.is_list() && std::all_of(json.items().begin(), json.items().end(),
                                          [](const Json& item) { return item.is_string(); }));
  };
  shape.expected = "a path or a list of paths";
  shape.schema = Json::object();
  shape.schema.set("type", Json(Json::List{"string", "array"}));
  return shape;
}

void collect_comments(const Json& value, const std::string& pointer, Json& out) {
  if (value.is_object()) {
    for (const auto& member : value.members()) {
      if (member.key == "$comment") {
        out.members().push_back({pointer_to(pointer, member.key), member.value, {}});
      } else {
        collect_comments(member.value, pointer_to(pointer, member.key), out);
      }
    }
  } else if (value.is_list()) {
    for (std::size_t i = 0; i < value.items().size(); ++i) {
      collect_comments(value.items()[i], pointer_to(pointer, std::to_string(i)), out);
    }
  }
}

/// The task that `given` names; nullptr, with the problem reported, if there is none.
const Task* find_task(const Json& given, const Registry& registry, Findings& findings) {
  const Json* name = given.find("task");
  const auto report = [&](std::string code, Position where, std::string text) {
    findings.add(
        {.code = std::move(code), .pointer = "/task", .text = std::move(text), .where = where});
  };
  if (name == nullptr) {
    report("E308", given.where, "\"task\" is required: a name from pushforward list tasks");
    return nullptr;
  }
  if (!name->is_string()) {
    report("E303", name->where, "expected the name of a task, found " + shown_value(*name));
    return nullptr;
  }
  const Task* task = registry.find(name->string());
  if (task == nullptr) {
    std::string text = json_string(name->string().substr(0, 60)) + " is not a task";
    if (const auto guess = nearest(name->string(), registry.names())) {
      text += "; did you mean " + json_string(*guess) + "?";
    }
    report("E305", name->where, text + "  (all: pushforward list tasks)");
  }
  return task;
}

class Checker {
 public:
  Checker(const Json& given, const Task* task, Findings& findings)
      : given_(given), task_(task), findings_(findings), problems_(given, findings) {}

  void version() {
    const Json* version = given_.find("version");
    if (version == nullptr) {
      problems_.add("/version", "\"version\" is required; this is format 1: \"version\": 1",
                    "E308");
    } else if (version->is_number() && version->number() != config_version) {
      problems_.add("/version",
                    "config format " + json_number(version->number()) +
                        " is not known to this program, which reads format 1",
                    "E304");
    }
  }

  void seed() {
    if (task_ != nullptr && task_->random() && given_.find("seed") == nullptr) {
      problems_.add(
          "/seed",
          "\"seed\" is required: task " + json_string(task_->name()) + " draws random numbers",
          "E308");
    }
  }

  void name() {
    const Json* name = given_.find("name");
    if (name == nullptr || !name->is_string() || is_name(name->string(), longest_name)) return;
    problems_.add("/name",
                  "a name is 1 to 64 letters, digits, \".\", \"_\" and \"-\", starting with a "
                  "letter, digit or \"_\"; found " +
                      shown_value(*name),
                  "E304");
  }

  void references(const Json& value, const std::string& pointer) {
    if (value.is_string() && value.string().size() > 1 && value.string().front() == '@') {
      const std::string entry = value.string().substr(1);
      const Json* data = given_.find("data");
      if (data != nullptr && data->find(entry) != nullptr) return;
      std::vector<std::string> known;
      if (data != nullptr && data->is_object()) {
        for (const auto& member : data->members()) known.push_back(member.key);
      }
      std::string text = shown_value(value).substr(std::string("the string ").size()) +
                         " refers to no entry of \"data\"";
      if (const auto guess = nearest(entry, known)) {
        text += "; did you mean " + json_string("@" + *guess) + "?";
      }
      problems_.add(pointer, text, "E305");
    } else if (value.is_object()) {
      for (const auto& member : value.members()) {
        references(member.value, pointer_to(pointer, member.key));
      }
    }
  }

 private:
  const Json& given_;
  const Task* task_;
  Findings& findings_;
  ConfigProblems problems_;
};

/// Rules of the task, then its plan against the memory limit; only on configs without an error.
void check_task(const Json& given, RunPlan& plan, Findings& findings) {
  ConfigProblems problems(given, findings);
  try {
    plan.task->validate(plan.resolved, plan.data, problems);
    if (!findings.empty()) return;
    plan.estimate = plan.task->plan(plan.resolved, plan.data);
  } catch (const std::invalid_argument& error) {
    problems.add("/problem", error.what());
    return;
  }
  const double limit = plan.runtime.memory_limit.bytes();
  if (plan.estimate.bytes > limit) {
    std::string text =
        "the run needs " + size_text(plan.estimate.bytes) + ", the limit is " + size_text(limit);
    if (!plan.estimate.remedy.empty()) text += "; " + plan.estimate.remedy;
    problems.add("/problem", text + " or raise runtime.memory_limit", "E701");
  }
}

}  // namespace

Shape config_shape(const Task* task) {
  Shape shape{.kind = Shape::Kind::object};
  auto& fields = shape.fields;
  Shape text{.kind = Shape::Kind::text};
  Shape optional_text{.kind = Shape::Kind::text, .nullable = true};
  Shape version = JsonType<int>::shape();
  Shape data{.kind = Shape::Kind::map, .element = {JsonType<DataEntry>::shape()}};
  fields.push_back(described("$schema", optional_text, Json(), "for editors; ignored"));
  fields.push_back(described("version", version, Json(config_version), "config format"));
  fields.push_back(described("task", text, Json(task ? task->name() : ""), "what to run"));
  fields.push_back(described("name", optional_text, Json(), "of the run; default: the file's"));
  fields.push_back(described("seed", Seed{}, "of all random numbers"));
  fields.push_back(
      described("extends", file_list_shape(), Json(), "configs that this one builds on"));
  fields.push_back(described("data", data, Json::object(), "named inputs"));
  if (task != nullptr) {
    for (const ShapeField& field : task->shape().fields) fields.push_back(field);
  } else {
    // Not judged: which keys are right depends on the task.
    Shape open{.kind = Shape::Kind::special};
    open.accepts = [](const Json& json) { return json.is_object(); };
    open.expected = "an object";
    open.schema = Json::object();
    open.schema.set("type", "object");
    for (const char* part : {"problem", "solver", "output"}) {
      fields.push_back(described(part, open, Json::object(), "depends on the task"));
    }
  }
  fields.push_back(described("checks", std::vector<CheckSpec>{}, "assertions on the result"));
  fields.push_back(described("runtime", RuntimeOptions{}, "limits; never changes numbers"));
  // The documented order has output behind checks.
  const auto output = std::find_if(fields.begin(), fields.end(),
                                   [](const ShapeField& field) { return field.name == "output"; });
  std::rotate(output, output + 1, fields.end() - 1);
  return shape;
}

RunPlan load_config_text(const std::string& text, const std::filesystem::path& name,
                         const Registry& registry, const LoadOptions& options) {
  Findings findings;
  RunPlan plan;
  plan.file = name;
  plan.given = text;
  plan.folder = options.folder.empty() ? name.parent_path() : options.folder;
  ConfigReader reader(findings, options.allow_outside);
  Json given = reader.read(text, name, plan.folder);
  if (!findings.empty()) throw Refused(findings);
  for (const std::string& override_text : options.overrides) reader.set(given, override_text);

  plan.task = find_task(given, registry, findings);
  const Shape shape = config_shape(plan.task);
  const std::string explain =
      "pushforward describe" + (plan.task ? " " + std::string(plan.task->name()) : std::string());
  plan.resolved = resolve(shape, &given, Json::object(), "", {.explain = explain}, findings);

  Checker checker(given, plan.task, findings);
  checker.version();
  checker.seed();
  checker.name();
  for (const char* part : {"problem", "solver", "output"}) {
    if (const Json* value = given.find(part)) checker.references(*value, std::string("/") + part);
  }
  plan.checks = JsonType<std::vector<CheckSpec>>::read(*plan.resolved.find("checks"));
  check_rules(given, plan.task, plan.resolved, plan.checks, findings);
  plan.runtime = JsonType<RuntimeOptions>::read(*plan.resolved.find("runtime"));
  plan.seed = JsonType<Seed>::read(*plan.resolved.find("seed")).value;
  const Json* given_name = plan.resolved.find("name");
  plan.name = given_name->is_string() ? given_name->string() : name_from(name);
  load_data(given, options.allow_outside, plan, findings);
  if (findings.empty()) check_task(given, plan, findings);
  if (findings.empty()) {
    load_other_runs(given, shape, options.allow_outside, plan, findings);
  }
  if (!findings.empty()) throw Refused(findings);

  plan.resolved.set("name", plan.name);
  plan.resolved.set("checks", JsonType<std::vector<CheckSpec>>::write(plan.checks));
  for (Json& check : plan.resolved.find("checks")->items()) {
    std::erase_if(check.members(), [](const auto& member) {
      return member.value.is_null() || member.value == Json(false);
    });
  }
  plan.resolved.erase("$schema");
  plan.resolved.erase("extends");
  plan.comments = Json::object();
  collect_comments(given, "", plan.comments);
  const Json* on_not_converged = plan.resolved.at("/solver/on_not_converged");
  if (on_not_converged != nullptr && *on_not_converged == Json("warn")) {
    plan.on_not_converged = OnNotConverged::warn;
  }
  return plan;
}

RunPlan load_config(const std::filesystem::path& file, const Registry& registry,
                    const LoadOptions& options) {
  return load_config_text(read_config_text(file), file, registry, options);
}

namespace {

std::string hash_of(Json config) {
  for (const char* key : {"name", "output", "runtime"}) config.erase(key);
  return sha256(config.canonical());
}

std::string with_files(std::string text, const std::vector<DataFile>& files) {
  for (const DataFile& file : files) text += "\n" + file.entry + " " + file.sha256;
  return sha256(text);
}

}  // namespace

std::string RunPlan::config_hash() const { return hash_of(resolved); }
std::string RunPlan::inputs_hash() const { return with_files(config_hash(), files); }
std::string RunPlan::resume_hash() const { return with_files(hash_of(without_budgets()), files); }

Json RunPlan::without_budgets() const {
  Json config = resolved;
  for (const std::string& budget : task->budgets()) {
    Json* holder = &config;
    const auto tokens = pointer_tokens(budget);
    for (std::size_t i = 0; i + 1 < tokens.size() && holder != nullptr; ++i) {
      holder = holder->find(tokens[i]);
    }
    if (holder != nullptr) holder->erase(tokens.back());
  }
  return config;
}

}  // namespace pushforward::runner
