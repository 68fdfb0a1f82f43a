#include "runner/catalogue.hpp"

#include <algorithm>

#include "pushforward/core/errors.hpp"

#include "runner/meanings.hpp"

namespace pushforward::runner {

namespace {

/// The names that a value of this shape may have: of its type or of itself.
std::vector<std::string> names_in(const Shape& shape) {
  std::vector<std::string> names = shape.choices;
  for (const auto& alternative : shape.alternatives) names.push_back(alternative.name);
  for (const Shape& element : shape.element) {
    for (auto& name : names_in(element)) names.push_back(std::move(name));
  }
  return names;
}

class Collector {
 public:
  Collector(std::string_view kind, std::vector<std::string> keys)
      : kind_(kind), keys_(std::move(keys)) {}

  void visit(const Shape& shape, const std::string& task, const std::string& pointer) {
    for (const ShapeField& field : shape.fields) {
      const std::string at = pointer_to(pointer, field.name);
      if (std::find(keys_.begin(), keys_.end(), field.name) != keys_.end()) {
        for (const auto& name : names_in(field.shape)) add(name, task, at);
      }
      visit(field.shape, task, at);
    }
    for (const auto& alternative : shape.alternatives) visit(alternative.shape, task, pointer);
    for (const Shape& element : shape.element) visit(element, task, pointer);
  }

  Catalogue rows;

 private:
  /// Tasks come one after another, so a task that is named already is the last one.
  void add(const std::string& name, const std::string& task, const std::string& pointer) {
    auto known =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    if (known == rows.end()) {
      known = rows.insert(rows.end(), {name, std::string(meaning_of(kind_, name)), {}, {}});
    }
    if (known->tasks.empty() || known->tasks.back() != task) known->tasks.push_back(task);
    known->keys.push_back(task + " " + pointer);
  }

  std::string_view kind_;
  std::vector<std::string> keys_;
};

Catalogue taken_by(std::string_view kind, std::vector<std::string> keys, const Registry& registry) {
  Collector collector(kind, std::move(keys));
  for (const auto& task : registry.tasks()) {
    collector.visit(task->shape(), std::string(task->name()), "");
  }
  return std::move(collector.rows);
}

}  // namespace

const std::vector<std::string>& catalogue_kinds() {
  static const std::vector<std::string> kinds{"tasks",   "targets", "solvers",
                                              "metrics", "paths",   "costs"};
  return kinds;
}

Catalogue catalogue(std::string_view kind, const Registry& registry) {
  if (kind == "targets") return taken_by(kind, {"target", "targets", "source"}, registry);
  if (kind == "solvers") return taken_by(kind, {"method", "methods"}, registry);
  if (kind == "paths") return taken_by(kind, {"path", "paths"}, registry);
  if (kind == "costs") return taken_by(kind, {"cost"}, registry);
  Catalogue rows;
  if (kind == "metrics") {
    for (const auto& task : registry.tasks()) {
      for (const Quantity& quantity : task->quantities()) {
        rows.push_back({quantity.name, quantity.meaning, {std::string(task->name())}, {}});
      }
    }
    return rows;
  }
  require(kind == "tasks", "catalogue", "kind", kind, "a kind of catalogue_kinds()");
  for (const auto& task : registry.tasks()) {
    rows.push_back({std::string(task->name()), std::string(task->summary()), {}, {}});
  }
  return rows;
}

}  // namespace pushforward::runner
