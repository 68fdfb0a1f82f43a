#include "runner/config_checks.hpp"

#include <algorithm>

#include "runner/data_entry.hpp"
#include "runner/files.hpp"
#include "runner/json_parser.hpp"
#include "runner/sha256.hpp"

namespace pushforward::runner {

namespace {

/// Whether `pattern`, in which * stands for any text, covers `quantity`.
bool stands_for(std::string_view pattern, std::string_view quantity) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == quantity;
  if (!quantity.starts_with(pattern.substr(0, star))) return false;
  for (std::size_t skip = star; skip <= quantity.size(); ++skip) {
    if (stands_for(pattern.substr(star + 1), quantity.substr(skip))) return true;
  }
  return false;
}

class CheckRules {
 public:
  CheckRules(const Json& given, const Task* task, const Json& resolved, Findings& findings)
      : task_(task), resolved_(resolved), problems_(given, findings) {}

  void check(const std::string& at, CheckSpec& spec) {
    if (spec.quantity.empty()) {
      problems_.add(at + "/quantity", "\"quantity\" is required: what the check is about", "E308");
      return;
    }
    if (spec.id.empty()) spec.id = spec.quantity;
    const int ways = int{spec.max.has_value()} + int{spec.min.has_value()} +
                     int{spec.equals.has_value()} + int{spec.closed_form} +
                     int{spec.below.has_value()} + int{spec.above.has_value()} +
                     int{spec.slope.has_value()};
    if (ways != 1) {
      problems_.add(at, std::string(ways == 0 ? "a check needs" : "a check has only") +
                            " one of \"max\", \"min\", \"equals\", \"closed_form\", \"below\", "
                            "\"above\" and \"slope\"");
    }
    if (spec.slope && !spec.tol) problems_.add(at, "\"slope\" needs \"tol\"");
    if (!spec.slope && spec.tol) problems_.add(at + "/tol", "\"tol\" belongs to \"slope\"");
    const bool equality = spec.equals || spec.closed_form;
    if (spec.z_max && spec.alpha) {
      problems_.add(at + "/alpha", "\"z_max\" and \"alpha\" say the same: give one of them");
    }
    if (equality && !spec.z() && !spec.rel_tol && !spec.abs_tol) {
      problems_.add(
          at, "a comparison for equality needs \"z_max\", \"alpha\", \"rel_tol\" or \"abs_tol\"");
    }
    if (!equality && (spec.rel_tol || spec.abs_tol)) {
      problems_.add(at, "\"rel_tol\" and \"abs_tol\" belong to \"equals\" and \"closed_form\"");
    }
    known(at + "/quantity", spec.quantity);
    if (spec.below) known(at + "/below", spec.below->quantity);
    if (spec.above) known(at + "/above", spec.above->quantity);
    if (spec.when) spec.applies = holds(at + "/when", *spec.when);
  }

  void same_id(std::size_t index, const std::string& id) {
    problems_.add("/checks/" + std::to_string(index) + "/id",
                  "two checks have the id " + json_string(id));
  }

 private:
  /// An empty name stands for one that was judged elsewhere.
  void known(const std::string& at, const std::string& quantity) {
    if (task_ == nullptr || quantity.empty()) return;
    std::vector<std::string> names;
    for (const Quantity& known : task_->quantities()) {
      if (stands_for(known.name, quantity)) return;
      names.push_back(known.name);
    }
    if (names.empty()) return;  // a task that does not list its quantities
    std::string text = json_string(quantity.substr(0, 60)) + " is not a quantity of task " +
                       json_string(task_->name());
    if (const auto guess = nearest(quantity, names)) {
      text += "; did you mean " + json_string(*guess) + "?";
    }
    problems_.add(at, text + "  (all: pushforward describe " + std::string(task_->name()) + ")",
                  "E305");
  }

  bool holds(const std::string& at, const Condition& condition) {
    bool all = true;
    for (const auto& member : condition.values.members()) {
      const Json* found = resolved_.at(member.key);
      if (found == nullptr) {
        problems_.add(pointer_to(at, member.key),
                      "the config has no " + member.key.substr(0, 60) + " to compare with");
        continue;
      }
      // A union's short form is its type alone.
      const Json* type = member.value.is_string() ? found->find("type") : nullptr;
      all = all && (type != nullptr ? *type : *found) == member.value;
    }
    return all;
  }

  const Task* task_;
  const Json& resolved_;
  ConfigProblems problems_;
};

class OtherRuns {
 public:
  OtherRuns(const Json& given, const Shape& shape, bool allow_outside, RunPlan& plan,
            Findings& findings)
      : shape_(shape),
        allow_outside_(allow_outside),
        plan_(plan),
        given_(given),
        problems_(given, findings) {}

  void load(const std::string& at, const OtherQuantity& other) {
    if (other.run.empty()) return;
    if (other.run == OtherQuantity::same_without) {
      derive(at + "/remove", other);
    } else {
      read(at + "/run", other);
    }
  }

 private:
  template <class List>
  static bool has(const List& list, const std::string& label) {
    return std::any_of(list.begin(), list.end(), [&](const auto& x) { return x.label == label; });
  }

  void derive(const std::string& at, const OtherQuantity& other) {
    if (has(plan_.baselines, other.run_label())) return;
    const auto tokens = pointer_tokens(other.remove);
    const bool may = tokens.size() > 1 && (tokens[0] == "problem" || tokens[0] == "solver");
    Json config = plan_.resolved;
    if (!may || config.at(other.remove) == nullptr) {
      problems_.add(at,
                    "must point to a key below /problem or /solver, found " +
                        json_string(other.remove.substr(0, 60)),
                    "E307");
      return;
    }
    Json* holder = &config;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) holder = holder->find(tokens[i]);
    if (holder == nullptr || !holder->is_object()) {
      problems_.add(at, "an element of a list cannot be removed");
      return;
    }
    holder->erase(tokens.back());
    Findings trouble;
    Json resolved = resolve(shape_, &config, Json::object(), "", {.explain = {}}, trouble);
    if (trouble.empty()) {
      ConfigProblems rules(given_, trouble);
      try {
        plan_.task->validate(resolved, plan_.data, rules);
      } catch (const std::invalid_argument& error) {
        rules.add(other.remove, error.what());
      }
    }
    if (!trouble.empty()) {
      problems_.add(at, "without " + other.remove +
                            " the config is not valid: " + trouble.sorted().front().text);
    } else if (resolved == plan_.resolved) {
      problems_.add(at, other.remove +
                            " has its default value, so that the run without it is the "
                            "same run");
    } else {
      plan_.baselines.push_back({other.run_label(), std::move(resolved)});
    }
  }

  void read(const std::string& at, const OtherQuantity& other) {
    if (has(plan_.stored_runs, other.run_label())) return;
    std::filesystem::path file;
    std::string bytes;
    try {
      file = resolve_path(other.run, plan_.folder, allow_outside_) / "result.json";
      bytes = read_file(file);
    } catch (const std::invalid_argument& error) {
      problems_.add(at, error.what(), "E401");
      return;
    } catch (const Refused&) {
      problems_.add(at,
                    json_string(other.run.substr(0, 60)) +
                        " is not the folder of a run: its result.json cannot be read",
                    "E401");
      return;
    }
    Findings trouble;
    const auto json = parse_json(bytes, 0, Comments::refused, trouble);
    OtherRun run{.label = other.run_label(), .converged = false, .scalars = {}};
    const Json* scalars = json ? json->find("scalars") : nullptr;
    if (scalars == nullptr || !scalars->is_object()) {
      problems_.add(at, file.string() + " is no result of a run", "E404");
      return;
    }
    if (const Json* converged = json->find("converged")) run.converged = *converged == Json(true);
    const auto number = [](const Json& scalar, std::string_view key) {
      const Json* value = scalar.find(key);
      return value != nullptr && value->is_number() ? value->number() : not_known;
    };
    for (const auto& member : scalars->members()) {
      run.scalars.push_back(
          {member.key,
           {.value = number(member.value, "value"), .standard_error = number(member.value, "se")}});
    }
    plan_.stored_runs.push_back(std::move(run));
    plan_.files.push_back({at, file, bytes.size(), sha256(bytes)});
  }

  const Shape& shape_;
  bool allow_outside_;
  RunPlan& plan_;
  const Json& given_;
  ConfigProblems problems_;
};

}  // namespace

void check_rules(const Json& given, const Task* task, const Json& resolved,
                 std::vector<CheckSpec>& checks, Findings& findings) {
  CheckRules rules(given, task, resolved, findings);
  for (std::size_t i = 0; i < checks.size(); ++i) {
    rules.check("/checks/" + std::to_string(i), checks[i]);
  }
  for (std::size_t i = 0; i < checks.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (checks[i].id != checks[j].id || checks[i].id.empty()) continue;
      rules.same_id(i, checks[i].id);
      break;
    }
  }
}

void load_other_runs(const Json& given, const Shape& shape, bool allow_outside, RunPlan& plan,
                     Findings& findings) {
  OtherRuns runs(given, shape, allow_outside, plan, findings);
  for (std::size_t i = 0; i < plan.checks.size(); ++i) {
    const CheckSpec& check = plan.checks[i];
    if (!check.applies) continue;
    const std::string at = "/checks/" + std::to_string(i);
    if (check.below) runs.load(at + "/below", *check.below);
    if (check.above) runs.load(at + "/above", *check.above);
    if (!check.equals) continue;
    const auto* other = std::get_if<OtherQuantity>(&check.equals->value);
    if (other != nullptr) runs.load(at + "/equals", *other);
  }
}

}  // namespace pushforward::runner
