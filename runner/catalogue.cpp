#include "runner/catalogue.hpp"

#include <algorithm>

#include "pushforward/core/errors.hpp"

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
  explicit Collector(std::vector<std::string> keys) : keys_(std::move(keys)) {}

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
    const auto known =
        std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.first == name; });
    if (known == rows.end()) {
      rows.emplace_back(name, task + " " + pointer);
    } else {
      const bool named = known->second.find(task + " ") != std::string::npos;
      known->second += (named ? " " : ", " + task + " ") + pointer;
    }
  }

  std::vector<std::string> keys_;
};

Catalogue taken_by(std::vector<std::string> keys, const Registry& registry) {
  Collector collector(std::move(keys));
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
  if (kind == "targets") return taken_by({"target", "targets", "source"}, registry);
  if (kind == "solvers") return taken_by({"method", "methods"}, registry);
  if (kind == "paths") return taken_by({"path", "paths"}, registry);
  if (kind == "costs") return taken_by({"cost"}, registry);
  Catalogue rows;
  if (kind == "metrics") {
    for (const auto& task : registry.tasks()) {
      for (const Quantity& quantity : task->quantities()) {
        rows.emplace_back(quantity.name, quantity.meaning + " (" + std::string(task->name()) + ")");
      }
    }
    return rows;
  }
  require(kind == "tasks", "catalogue", "kind", kind, "a kind of catalogue_kinds()");
  for (const auto& task : registry.tasks()) rows.emplace_back(task->name(), task->summary());
  return rows;
}

}  // namespace pushforward::runner
