// Checks a config value against its shape and fills in the defaults.
#include <algorithm>
#include <cmath>

#include "runner/shape.hpp"

namespace pushforward::runner {

namespace {

/// Beyond this many problems, suggestions cost time and help nobody.
constexpr std::size_t suggest_up_to = 50;

std::string last_token(const std::string& pointer) {
  const auto tokens = pointer_tokens(pointer);
  return tokens.empty() ? "value" : tokens.back();
}

std::string noun_of(const std::string& pointer) {
  std::string noun = last_token(pointer);
  std::replace(noun.begin(), noun.end(), '_', ' ');
  const bool vowel = !noun.empty() && std::string("aeiou").find(noun[0]) != std::string::npos;
  return (vowel ? "an " : "a ") + noun;
}

std::vector<std::string> names_of(const Shape& shape) {
  std::vector<std::string> names;
  for (const auto& field : shape.fields) names.push_back(field.name);
  return names;
}

/// What lies around a value: the object that holds it, for keys that stand in the wrong one, and a
/// position to show when the value itself is missing.
struct Surroundings {
  const Shape* outer = nullptr;
  std::string outer_pointer = {};
  Position where = {};
  bool required = false;
};

class Resolver {
 public:
  Resolver(const ShapeContext& context, Findings& findings)
      : context_(context), findings_(findings) {}

  Json value(const Shape& shape, const Json* given, const Json& preset, const std::string& pointer,
             const Surroundings& around) {
    if (given == nullptr) {
      if (!around.required) return absent(shape, preset, pointer, around);
      report("E308", pointer, around.where,
             json_string(last_token(pointer)) + " is required: " + shape.wanted());
      return preset;
    }
    if (given->is_null() && shape.nullable) return Json();
    if (given->is_list() && is_scalar(shape))
      return list_for_scalar(shape, *given, preset, pointer);
    switch (shape.kind) {
      case Shape::Kind::boolean:
        return given->is_bool() ? *given : mismatch(shape, *given, preset, pointer);
      case Shape::Kind::integer:
      case Shape::Kind::number:
        return number(shape, *given, preset, pointer);
      case Shape::Kind::text:
        return given->is_string() ? *given : mismatch(shape, *given, preset, pointer);
      case Shape::Kind::choice:
        return choice(shape, *given, preset, pointer);
      case Shape::Kind::list:
        return list(shape, *given, preset, pointer, around);
      case Shape::Kind::object:
        if (!given->is_object()) return mismatch(shape, *given, preset, pointer);
        return object(shape, given, preset, pointer, around, nullptr);
      case Shape::Kind::one_of:
        return one_of(shape, *given, preset, pointer, around);
      case Shape::Kind::map:
        return map(shape, *given, preset, pointer, around);
      case Shape::Kind::special:
        return shape.accepts(*given) ? *given : mismatch(shape, *given, preset, pointer);
    }
    return preset;
  }

 private:
  void report(std::string code, const std::string& pointer, Position where, std::string text) {
    findings_.add(
        {.code = std::move(code), .pointer = pointer, .text = std::move(text), .where = where});
  }

  static bool is_scalar(const Shape& shape) {
    return shape.kind == Shape::Kind::boolean || shape.kind == Shape::Kind::integer ||
           shape.kind == Shape::Kind::number || shape.kind == Shape::Kind::text ||
           shape.kind == Shape::Kind::choice;
  }

  Json mismatch(const Shape& shape, const Json& given, const Json& preset,
                const std::string& pointer) {
    report("E303", pointer, given.where,
           "expected " + shape.wanted() + ", found " + shown_value(given));
    return preset;
  }

  /// A key that is not given: its default, with required keys inside reported.
  Json absent(const Shape& shape, const Json& preset, const std::string& pointer,
              const Surroundings& around) {
    if (preset.is_null()) return preset;
    if (shape.kind == Shape::Kind::object) {
      return object(shape, nullptr, preset, pointer, around, nullptr);
    }
    if (shape.kind == Shape::Kind::one_of) {
      const std::string& type = preset.find("type")->string();
      for (const auto& alternative : shape.alternatives) {
        if (alternative.name == type) {
          return object(alternative.shape, nullptr, preset, pointer, around, &type);
        }
      }
    }
    return preset;
  }

  /// Whether the value is part of a list, which --set replaces as a whole.
  static bool inside_list(const std::string& pointer) {
    for (const std::string& token : pointer_tokens(pointer)) {
      if (token.find_first_not_of("0123456789") == token.npos) return true;
    }
    return false;
  }

  Json list_for_scalar(const Shape& shape, const Json& given, const Json& preset,
                       const std::string& pointer) {
    std::string noun = shape.kind == Shape::Kind::text || shape.kind == Shape::Kind::choice
                           ? "string"
                       : shape.kind == Shape::Kind::boolean ? "truth value"
                                                            : "number";
    std::string text = shown_value(given) + " where one " + noun + " is expected";
    if (!given.items().empty()) {
      // Only what can be given again as it stands here is recommended.
      constexpr std::size_t shown = 3, longest = 40;
      std::string commands;
      const bool in_list = inside_list(pointer);
      for (std::size_t i = 0; !in_list && i < std::min(shown, given.items().size()); ++i) {
        const Json& item = given.items()[i];
        const std::string value = item.is_string() ? item.string() : item.compact();
        if (value.size() > longest || value.find_first_of(" \t\n'\"\\$`") != value.npos) break;
        commands += (i == 0 ? "" : ", ") + ("--set " + pointer + "=" + value);
      }
      text += "; a run takes one value, so run it once for each";
      if (!commands.empty()) {
        text += ": " + commands + (given.items().size() > shown ? ", and so on" : "");
      }
    }
    report("E306", pointer, given.where, std::move(text));
    return preset;
  }

  Json number(const Shape& shape, const Json& given, const Json& preset,
              const std::string& pointer) {
    if (shape.bound.infinite_allowed && given.is_string() &&
        (given.string() == "inf" || given.string() == "-inf")) {
      const double infinity = std::numeric_limits<double>::infinity();
      if (shape.bound.admits(given.string() == "inf" ? infinity : -infinity)) return given;
    }
    if (!given.is_number()) return mismatch(shape, given, preset, pointer);
    const double x = given.number();
    if (shape.kind == Shape::Kind::integer) {
      if (x != std::floor(x)) return mismatch(shape, given, preset, pointer);
      if (x < shape.lowest || x > shape.highest) {
        report("E303", pointer, given.where,
               "expected an integer between " + json_number(shape.lowest) + " and " +
                   json_number(shape.highest) + ", found " + shown_value(given));
        return preset;
      }
    }
    if (!shape.bound.admits(x)) {
      report("E304", pointer, given.where,
             "must be " + shape.bound.text() + ", found " + shown_value(given));
      return preset;
    }
    return given;
  }

  /// For a name that is none of `known`.
  std::string unknown_name(const std::string& name, const std::vector<std::string>& known,
                           const std::string& pointer) {
    std::string text = shown_value(Json(name)).substr(std::string("the string ").size()) +
                       " is not " + noun_of(pointer);
    if (const auto guess = nearest(name, known))
      text += "; did you mean " + json_string(*guess) + "?";
    if (known.size() <= 8) {
      text += " (one of " + either(known) + ")";
    } else {
      text += " (all: " + context_.explain + " " + pointer + ")";
    }
    return text;
  }

  Json choice(const Shape& shape, const Json& given, const Json& preset,
              const std::string& pointer) {
    if (!given.is_string()) return mismatch(shape, given, preset, pointer);
    const auto& known = shape.choices;
    if (std::find(known.begin(), known.end(), given.string()) != known.end()) return given;
    report("E305", pointer, given.where, unknown_name(given.string(), known, pointer));
    return preset;
  }

  Json list(const Shape& shape, const Json& given, const Json& preset, const std::string& pointer,
            const Surroundings& around) {
    if (!given.is_list()) return mismatch(shape, given, preset, pointer);
    Json result = Json::list();
    const Shape& element = shape.element.front();
    const Json element_preset = element.kind == Shape::Kind::number ? Json(0.0) : Json();
    const std::size_t before = findings_.size();
    for (std::size_t i = 0; i < given.items().size(); ++i) {
      const Json& item = given.items()[i];
      result.push(value(element, &item, element_preset, pointer_to(pointer, std::to_string(i)),
                        {.outer = around.outer, .where = item.where}));
    }
    if (findings_.size() > before) return preset;
    if (shape.rectangular) {
      for (std::size_t i = 0; i < result.items().size(); ++i) {
        const std::size_t size = result.items()[i].items().size();
        const std::size_t first = result.items()[0].items().size();
        if (size == first && size > 0) continue;
        report("E303", pointer_to(pointer, std::to_string(i)), given.items()[i].where,
               size == 0 ? "a point without coordinates"
                         : "this point has " + std::to_string(size) +
                               " coordinates, the first one " + std::to_string(first));
        return preset;
      }
    }
    return result;
  }

  Json map(const Shape& shape, const Json& given, const Json& preset, const std::string& pointer,
           const Surroundings& around) {
    if (!given.is_object()) return mismatch(shape, given, preset, pointer);
    Json result = Json::object();
    for (const auto& member : given.members()) {
      if (member.key == "$comment") continue;
      const Shape& element = shape.element.front();
      const Json empty = element.kind == Shape::Kind::object ? Json::object() : Json();
      const std::size_t before = findings_.size();
      Json inner = value(element, &member.value, empty, pointer_to(pointer, member.key),
                         {.outer = around.outer, .where = member.value.where});
      // An entry with a problem is left out: nothing could be read from it.
      if (findings_.size() > before) continue;
      result.members().push_back({member.key, std::move(inner), member.where});
    }
    return result;
  }

  Json one_of(const Shape& shape, const Json& given, const Json& preset, const std::string& pointer,
              const Surroundings& around) {
    std::vector<std::string> known;
    for (const auto& alternative : shape.alternatives) known.push_back(alternative.name);
    const Json* type = given.is_string() ? &given : given.find("type");
    if (type == nullptr && given.is_object()) {
      report("E308", pointer_to(pointer, "type"), given.where,
             "\"type\" is required: one of " + either(known));
      return preset;
    }
    if (type == nullptr) return mismatch(shape, given, preset, pointer);
    if (!type->is_string()) {
      report("E303", pointer_to(pointer, "type"), type->where,
             "expected one of " + either(known) + ", found " + shown_value(*type));
      return preset;
    }
    for (const auto& alternative : shape.alternatives) {
      if (alternative.name != type->string()) continue;
      // The field's own default counts when it has this type, else the defaults of the type.
      const Json* own = preset.find("type");
      const bool same = own != nullptr && own->string() == alternative.name;
      return object(
          alternative.shape, given.is_string() ? nullptr : &given, same ? preset : Json::object(),
          pointer,
          {.outer = around.outer, .outer_pointer = around.outer_pointer, .where = given.where},
          &alternative.name);
    }
    report("E305", given.is_string() ? pointer : pointer_to(pointer, "type"), type->where,
           unknown_name(type->string(), known, pointer));
    return preset;
  }

  Json object(const Shape& shape, const Json* given, const Json& preset, const std::string& pointer,
              const Surroundings& around, const std::string* type) {
    if (given != nullptr) {
      for (const auto& member : given->members()) {
        if (member.key == "$comment" || (type != nullptr && member.key == "type")) continue;
        if (shape.find(member.key) == nullptr) unknown_key(shape, member, pointer, around);
      }
    }
    Json result = Json::object();
    if (type != nullptr) result.set("type", *type);
    for (const ShapeField& field : shape.fields) {
      const Json* own = preset.find(field.name);
      const Json& fallback = own != nullptr ? *own : field.preset;
      result.members().push_back({field.name,
                                  value(field.shape, given ? given->find(field.name) : nullptr,
                                        fallback, pointer_to(pointer, field.name),
                                        {.outer = &shape,
                                         .outer_pointer = pointer,
                                         .where = given ? given->where : around.where,
                                         .required = field.required && fallback.is_null()}),
                                  {}});
    }
    return result;
  }

  void unknown_key(const Shape& shape, const Json::Member& member, const std::string& pointer,
                   const Surroundings& around) {
    const std::string at = pointer_to(pointer, member.key);
    const std::string key = shown_value(Json(member.key)).substr(std::string("the string ").size());
    if (findings_.size() > suggest_up_to) {
      report("E301", at, member.where, "unknown key " + key);
      return;
    }
    if (const auto home = elsewhere(shape, member.key, pointer, around)) {
      const std::string place = pointer.empty() ? "at the top level" : "in " + pointer;
      report("E302", at, member.where, key + " does not belong " + place + "; move it to " + *home);
      return;
    }
    std::optional<std::string> guess = nearest(member.key, names_of(shape));
    for (const std::string& ours : synonyms(member.key)) {
      if (shape.find(ours) != nullptr) guess = ours;
    }
    std::string text = "unknown key " + key;
    if (guess) {
      text += "; did you mean " + json_string(*guess) + "?";
    } else if (shape.fields.size() <= 12 && !shape.fields.empty()) {
      text += "; known here: " + either(names_of(shape));
    } else if (shape.fields.empty()) {
      text += "; nothing can be set here";
    }
    text += " (explain: " + context_.explain + (pointer.empty() ? "" : " " + pointer) + ")";
    report("E301", at, member.where, text);
  }

  /// The pointer at which `key` is known, one level down, up or beside.
  static std::optional<std::string> elsewhere(const Shape& shape, const std::string& key,
                                              const std::string& pointer,
                                              const Surroundings& around) {
    const auto in_children = [&](const Shape& parent,
                                 const std::string& base) -> std::optional<std::string> {
      for (const auto& field : parent.fields) {
        if (field.shape.kind == Shape::Kind::object && field.shape.find(key) != nullptr) {
          return pointer_to(pointer_to(base, field.name), key);
        }
      }
      return std::nullopt;
    };
    if (const auto below = in_children(shape, pointer)) return below;
    if (around.outer == nullptr) return std::nullopt;
    if (around.outer->find(key) != nullptr) return pointer_to(around.outer_pointer, key);
    return in_children(*around.outer, around.outer_pointer);
  }

  const ShapeContext& context_;
  Findings& findings_;
};

}  // namespace

Json resolve(const Shape& shape, const Json* given, const Json& preset, const std::string& pointer,
             const ShapeContext& context, Findings& findings) {
  return Resolver(context, findings)
      .value(shape, given, preset, pointer, {.where = given ? given->where : Position{}});
}

}  // namespace pushforward::runner
