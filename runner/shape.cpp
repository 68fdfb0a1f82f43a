#include "runner/shape.hpp"

#include <cmath>
#include <limits>

namespace pushforward::runner {

namespace {

/// Behind a noun: " of at least 1", " between 0 and 1"; empty when any will do.
std::string bound_phrase(const Shape& shape) {
  const std::string text = shape.bound.text();
  if (text.starts_with("at ")) return " of " + text;
  if (text == "a finite number" || text == "a number") return {};
  return " " + text;
}

Json with_type(std::string_view type) {
  Json schema = Json::object();
  schema.set("type", type);
  return schema;
}

void add_bound(const Shape& shape, Json& schema) {
  const Bound& bound = shape.bound;
  double low = bound.low, high = bound.high;
  if (shape.kind == Shape::Kind::integer) {
    low = std::max(low, shape.lowest);
    high = std::min(high, shape.highest);
  }
  if (std::isfinite(low)) {
    schema.set(bound.low_open && low == bound.low ? "exclusiveMinimum" : "minimum", low);
  }
  if (std::isfinite(high)) {
    schema.set(bound.high_open && high == bound.high ? "exclusiveMaximum" : "maximum", high);
  }
}

Json object_schema(const Shape& shape, const std::string* type) {
  Json schema = with_type("object");
  Json& properties = schema.set("properties", Json::object());
  Json required = Json::list();
  if (type != nullptr) {
    properties.set("type", Json::object()).set("const", *type);
    required.push("type");
  }
  properties.set("$comment", Json(true));
  for (const ShapeField& field : shape.fields) {
    Json inner = json_schema(field.shape, field.help);
    if (field.required) {
      required.push(field.name);
    } else {
      inner.set("default", field.preset);
    }
    properties.set(field.name, std::move(inner));
  }
  if (!required.items().empty()) schema.set("required", std::move(required));
  schema.set("additionalProperties", Json(false));
  return schema;
}

Json bare_schema(const Shape& shape) {
  switch (shape.kind) {
    case Shape::Kind::boolean:
      return with_type("boolean");
    case Shape::Kind::integer: {
      Json schema = with_type("integer");
      add_bound(shape, schema);
      return schema;
    }
    case Shape::Kind::number: {
      Json schema = with_type("number");
      add_bound(shape, schema);
      if (!shape.bound.infinite_allowed) return schema;
      Json infinite = Json::object();
      constexpr double infinity = std::numeric_limits<double>::infinity();
      Json words = Json::list();
      if (shape.bound.admits(infinity)) words.push("inf");
      if (shape.bound.admits(-infinity)) words.push("-inf");
      infinite.set("enum", std::move(words));
      Json either_one = Json::object();
      either_one.set("anyOf", Json(Json::List{std::move(schema), std::move(infinite)}));
      return either_one;
    }
    case Shape::Kind::text:
      return with_type("string");
    case Shape::Kind::choice: {
      Json schema = Json::object();
      schema.set("enum", Json(Json::List(shape.choices.begin(), shape.choices.end())));
      return schema;
    }
    case Shape::Kind::list: {
      Json schema = with_type("array");
      Json& items = schema.set("items", json_schema(shape.element.front()));
      if (shape.rectangular) items.set("minItems", 1);
      return schema;
    }
    case Shape::Kind::object:
      return object_schema(shape, nullptr);
    case Shape::Kind::one_of: {
      Json names = Json::list();
      Json options = Json::list();
      for (const auto& alternative : shape.alternatives) names.push(alternative.name);
      Json short_form = Json::object();
      short_form.set("enum", std::move(names));
      options.push(std::move(short_form));
      for (const auto& alternative : shape.alternatives) {
        options.push(object_schema(alternative.shape, &alternative.name));
      }
      Json schema = Json::object();
      schema.set("anyOf", std::move(options));
      return schema;
    }
    case Shape::Kind::map: {
      Json schema = with_type("object");
      schema.set("additionalProperties", json_schema(shape.element.front()));
      return schema;
    }
    case Shape::Kind::special:
      return shape.schema;
  }
  return {};
}

}  // namespace

const ShapeField* Shape::find(std::string_view name) const {
  for (const ShapeField& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::string Shape::wanted() const {
  switch (kind) {
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return "an integer" + bound_phrase(*this);
    case Kind::number:
      return "a number" + bound_phrase(*this) + (bound.infinite_allowed ? " or \"inf\"" : "");
    case Kind::text:
      return "a string";
    case Kind::choice:
      return "one of " + either(choices);
    case Kind::list:
      return rectangular ? "a list of points, each a list of numbers" : "a list";
    case Kind::object:
    case Kind::map:
      return "an object";
    case Kind::one_of: {
      std::vector<std::string> names;
      for (const auto& alternative : alternatives) names.push_back(alternative.name);
      return "an object whose \"type\" is " + either(names);
    }
    case Kind::special:
      return expected;
  }
  return {};
}

Json json_schema(const Shape& shape, const std::string& help) {
  Json schema = bare_schema(shape);
  if (shape.nullable) {
    Json either_one = Json::object();
    either_one.set("anyOf", Json(Json::List{std::move(schema), with_type("null")}));
    schema = std::move(either_one);
  }
  if (!help.empty()) schema.set("description", help);
  return schema;
}

}  // namespace pushforward::runner
