#include "runner/check_spec.hpp"

#include "pushforward/core/special.hpp"

namespace pushforward::runner {

std::optional<double> CheckSpec::z() const {
  if (alpha) return -normal_quantile(0.5 * *alpha);
  return z_max;
}

std::string OtherQuantity::run_label() const {
  if (run.empty()) return {};
  return run == same_without ? "without " + remove : "run " + run;
}

namespace {

/// A quantity's name, or an object with "run" and perhaps "quantity"; "remove" goes with the word
/// "same_without" and with no other run.
bool names_quantity(const Json& json) {
  if (json.is_string()) return !json.string().empty();
  if (!json.is_object()) return false;
  for (const auto& member : json.members()) {
    if (member.key != "run" && member.key != "remove" && member.key != "quantity") return false;
    if (!member.value.is_string() || member.value.string().empty()) return false;
  }
  const Json* run = json.find("run");
  if (run == nullptr) return false;
  const bool derived = run->string() == OtherQuantity::same_without;
  return derived == (json.find("remove") != nullptr);
}

Json text_schema() {
  Json schema = Json::object();
  schema.set("type", "string");
  schema.set("minLength", 1);
  return schema;
}

/// {"run": RUN, and perhaps "quantity" and what else `more` holds}, all required but "quantity".
Json run_schema(Json run, const std::vector<std::string>& more) {
  Json schema = Json::object();
  schema.set("type", "object");
  Json& properties = schema.set("properties", Json::object());
  properties.set("run", std::move(run));
  properties.set("quantity", text_schema());
  Json required = Json::list();
  required.push("run");
  for (const auto& key : more) {
    properties.set(key, text_schema());
    required.push(key);
  }
  schema.set("required", std::move(required));
  schema.set("additionalProperties", false);
  return schema;
}

Json quantity_schema(bool number) {
  Json derived = Json::object();
  derived.set("const", OtherQuantity::same_without);
  Json stored = text_schema();
  stored.set("not", derived);
  Json choices = Json::list();
  if (number) {
    Json type = Json::object();
    type.set("type", "number");
    choices.push(std::move(type));
  }
  choices.push(text_schema());
  choices.push(run_schema(derived, {"remove"}));
  choices.push(run_schema(stored, {}));
  Json schema = Json::object();
  schema.set("anyOf", std::move(choices));
  return schema;
}

constexpr const char* other_run_forms =
    "{\"run\": \"same_without\", \"remove\": POINTER} or {\"run\": FOLDER}";

}  // namespace

Shape JsonType<OtherQuantity>::shape() {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = names_quantity;
  shape.expected = std::string("the name of a quantity, ") + other_run_forms;
  shape.schema = quantity_schema(false);
  return shape;
}

OtherQuantity JsonType<OtherQuantity>::read(const Json& json) {
  if (json.is_string()) return {.quantity = json.string()};
  const auto text = [&](std::string_view key) {
    const Json* value = json.find(key);
    return value ? value->string() : std::string();
  };
  return {.quantity = text("quantity"), .run = text("run"), .remove = text("remove")};
}

Json JsonType<OtherQuantity>::write(const OtherQuantity& other) {
  if (other.run.empty()) return Json(other.quantity);
  Json json = Json::object();
  json.set("run", other.run);
  if (!other.remove.empty()) json.set("remove", other.remove);
  if (!other.quantity.empty()) json.set("quantity", other.quantity);
  return json;
}

Shape JsonType<Comparand>::shape() {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = [](const Json& json) { return json.is_number() || names_quantity(json); };
  shape.expected =
      std::string("a number, the name of a quantity, \"closed_form\", ") + other_run_forms;
  shape.schema = quantity_schema(true);
  return shape;
}

Comparand JsonType<Comparand>::read(const Json& json) {
  if (json.is_number()) return {json.number()};
  return {JsonType<OtherQuantity>::read(json)};
}

Json JsonType<Comparand>::write(const Comparand& comparand) {
  if (const auto* number = std::get_if<double>(&comparand.value)) return Json(*number);
  return JsonType<OtherQuantity>::write(std::get<OtherQuantity>(comparand.value));
}

Shape JsonType<Condition>::shape() {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = [](const Json& json) {
    if (!json.is_object() || json.members().empty()) return false;
    for (const auto& member : json.members()) {
      if (!member.key.starts_with('/')) return false;
    }
    return true;
  };
  shape.expected = "an object of JSON pointers and the values that they must have";
  shape.schema = Json::object();
  shape.schema.set("type", "object");
  shape.schema.set("minProperties", 1);
  Json names = Json::object();
  names.set("pattern", "^/");
  shape.schema.set("propertyNames", std::move(names));
  return shape;
}

}  // namespace pushforward::runner
