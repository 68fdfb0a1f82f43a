#include "runner/task.hpp"

namespace pushforward::runner {

Shape JsonType<DataReference>::shape() {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = [](const Json& json) {
    return json.is_string() && json.string().size() > 1 && json.string().front() == '@';
  };
  shape.expected = "the name of an entry of \"data\" with an @ before it, as in \"@x\"";
  shape.schema = Json::object();
  shape.schema.set("type", "string");
  shape.schema.set("pattern", "^@.+");
  return shape;
}

void ConfigProblems::add(std::string pointer, std::string text, std::string code) {
  // The value itself if the file has it, else the innermost object around it that the file has.
  std::string at = pointer;
  const Json* value = given_->at(at);
  while (value == nullptr && !at.empty()) {
    at.resize(at.rfind('/'));
    value = given_->at(at);
  }
  findings_->add({.code = std::move(code),
                  .pointer = std::move(pointer),
                  .text = std::move(text),
                  .where = value ? value->where : Position{}});
}

const Task* Registry::find(std::string_view name) const {
  for (const auto& task : tasks_) {
    if (task->name() == name) return task.get();
  }
  return nullptr;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> result;
  for (const auto& task : tasks_) result.emplace_back(task->name());
  return result;
}

}  // namespace pushforward::runner
