#include "runner/explain.hpp"

#include <algorithm>

#include "runner/config.hpp"
#include "runner/json_parser.hpp"

namespace pushforward::runner {

namespace {

constexpr int usage = 2;

std::string preset_text(const ShapeField& field) {
  if (field.required) return "required";
  if (field.preset.is_null()) return "absent by default";
  std::string text = field.preset.compact();
  if (field.preset.is_object()) {
    const Json* type = field.preset.find("type");
    if (type == nullptr) return {};
    text = type->compact();
  }
  return "default " + text;
}

void describe_fields(const Shape& shape, const std::string& indent, std::string& out);

void describe_field(const ShapeField& field, const std::string& indent, std::string& out) {
  out += indent + field.name + ": " + field.shape.wanted();
  const std::string preset = preset_text(field);
  if (!preset.empty()) out += " (" + preset + ")";
  out += "\n" + indent + "    " + field.help + "\n";
}

void describe_inside(const Shape& shape, const std::string& indent, std::string& out) {
  if (shape.kind == Shape::Kind::object) describe_fields(shape, indent, out);
  if (shape.kind == Shape::Kind::one_of) {
    for (const auto& alternative : shape.alternatives) {
      out += indent + "\"type\": " + json_string(alternative.name) + "\n";
      describe_fields(alternative.shape, indent + "  ", out);
    }
  }
  if (shape.kind == Shape::Kind::list || shape.kind == Shape::Kind::map) {
    describe_inside(shape.element.front(), indent, out);
  }
}

void describe_fields(const Shape& shape, const std::string& indent, std::string& out) {
  for (const ShapeField& field : shape.fields) {
    describe_field(field, indent, out);
    describe_inside(field.shape, indent + "  ", out);
  }
}

std::vector<const ShapeField*> fields_within(const Shape& shape) {
  std::vector<const ShapeField*> fields;
  for (const auto& field : shape.fields) fields.push_back(&field);
  for (const auto& alternative : shape.alternatives) {
    for (const auto& field : alternative.shape.fields) fields.push_back(&field);
  }
  for (const Shape& element : shape.element) {
    for (const auto* field : fields_within(element)) fields.push_back(field);
  }
  return fields;
}

void write_commented(const Shape& shape, const Json& value, const std::string& indent,
                     std::string& out) {
  out += "{\n";
  bool first = true;
  const std::string inner = indent + "  ";
  for (const auto& member : value.members()) {
    const ShapeField* field = shape.find(member.key);
    if (!first) out += ",\n";
    first = false;
    if (field != nullptr && !field->help.empty()) {
      out += inner + "// " + field->help + "; " + field->shape.wanted() + "\n";
    }
    out += inner + json_string(member.key) + ": ";
    if (field != nullptr && field->shape.kind == Shape::Kind::object && member.value.is_object()) {
      write_commented(field->shape, member.value, inner, out);
    } else {
      out += member.value.compact();
    }
  }
  out += "\n" + indent + "}";
}

/// What the task gives as a start, or the least that a config must have.
Json starter_of(const Task& task) {
  if (!task.starter().empty()) {
    Findings findings;
    auto json = parse_json(task.starter(), 0, Comments::refused, findings);
    if (!json)
      throw std::logic_error("the starter config of a task is not JSON: " + findings.text());
    return *std::move(json);
  }
  Json json = Json::object();
  json.set("version", config_version);
  json.set("task", task.name());
  if (task.random()) json.set("seed", 1);
  return json;
}

}  // namespace

std::string describe_text(const Task& task, const std::string& pointer) {
  const Shape whole = config_shape(&task);
  if (pointer.empty() || pointer == "/") {
    std::string out = std::string(task.name()) + ": " + std::string(task.summary()) + "\n\n";
    describe_fields(task.shape(), "", out);
    const auto quantities = task.quantities();
    if (!quantities.empty()) out += "\nQuantities for checks:\n";
    for (const Quantity& quantity : quantities) {
      out += "  " + quantity.name + ": " + quantity.meaning;
      out += (quantity.unit.empty() ? "" : " [" + quantity.unit + "]") + "\n";
    }
    const auto budgets = task.budgets();
    if (!budgets.empty()) {
      out += "\nBudgets, which may grow when a run is resumed:\n";
      for (const std::string& budget : budgets) out += "  " + budget + "\n";
    }
    const auto looked_at = task.outputs_of_stages();
    if (!looked_at.empty())
      out += "\nOutput that stages look at, which may not change on resume:\n";
    for (const std::string& key : looked_at) out += "  " + key + "\n";
    return out + "\nThe keys around: pushforward describe " + std::string(task.name()) +
           " /runtime (also /data, /checks)\n";
  }
  const Shape* shape = &whole;
  const ShapeField* found = nullptr;
  for (const std::string& token : pointer_tokens(pointer)) {
    const bool counts = shape->kind == Shape::Kind::list || shape->kind == Shape::Kind::map;
    if (counts && found != nullptr) {
      shape = &shape->element.front();
      continue;
    }
    const auto fields = fields_within(*shape);
    const auto it = std::find_if(fields.begin(), fields.end(),
                                 [&](const ShapeField* field) { return field->name == token; });
    if (it == fields.end()) {
      std::vector<std::string> names;
      for (const auto* field : fields) names.push_back(field->name);
      std::string text = "there is no key " + json_string(token) + " at " + pointer;
      if (const auto guess = nearest(token, names)) {
        text += "; did you mean " + json_string(*guess) + "?";
      } else if (!names.empty()) {
        text += "; known there: " + either(names);
      }
      throw Refused("E102", std::string(task.name()), text, usage);
    }
    found = *it;
    shape = &found->shape;
  }
  std::string out;
  if (found != nullptr) {
    describe_field(*found, "", out);
    const Json& preset = found->preset;
    if (preset.is_number() || preset.is_string() || preset.is_bool()) {
      out += "    as in --set " + pointer + "=" + preset.compact() + "\n";
    }
  }
  describe_inside(*shape, "  ", out);
  return out;
}

std::string init_text(const Task& task, bool minimal) {
  const Json starter = starter_of(task);
  if (minimal) return starter.pretty();
  const Shape shape = config_shape(&task);
  Findings findings;
  Json resolved = resolve(shape, &starter, Json::object(), "", {.explain = {}}, findings);
  if (!findings.empty()) {
    throw std::logic_error("the starter config of a task has problems: " + findings.text());
  }
  for (const char* key : {"$schema", "name", "extends"}) {
    if (starter.find(key) == nullptr) resolved.erase(key);
  }
  if (!task.random()) resolved.erase("seed");
  // Checks keep what the starter says: most of their keys exclude each other.
  const Json* checks = starter.find("checks");
  resolved.set("checks", checks ? *checks : Json::list());
  std::string out = "// " + std::string(task.name()) + ": " + std::string(task.summary()) +
                    "\n// Every key is shown; what you leave out takes the value shown here.\n";
  write_commented(shape, resolved, "", out);
  return out + "\n";
}

std::string schema_text(const Task* task, const Registry& registry) {
  Json schema = json_schema(config_shape(task));
  Json full = Json::object();
  full.set("$schema", "http://json-schema.org/draft-07/schema#");
  full.set("title", task ? "pushforward " + std::string(task->name()) : "pushforward config");
  for (const auto& member : schema.members()) full.set(member.key, member.value);
  Json required = Json::list();
  required.push("version");
  required.push("task");
  if (task != nullptr && task->random()) required.push("seed");
  full.set("required", std::move(required));
  Json& properties = *full.find("properties");
  Json& version = properties.set("version", Json::object());
  version.set("const", config_version);
  Json run_name = Json::object();
  run_name.set("type", Json(Json::List{"string", "null"}));
  run_name.set("pattern", "^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$");
  run_name.set("description", "of the run; default: the file's");
  properties.set("name", std::move(run_name));
  Json& names = *properties.find("task");
  names = Json::object();
  Json known = Json::list();
  for (const auto& name : registry.names()) {
    if (task == nullptr || task->name() == name) known.push(name);
  }
  names.set("enum", std::move(known));
  return full.pretty();
}

}  // namespace pushforward::runner
