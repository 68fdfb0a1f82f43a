/// The shape of a config value, made from field lists (core/options.hpp). One shape serves
/// validation, defaults, the JSON Schema, `describe` and `init`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pushforward/core/options.hpp"

#include "runner/json.hpp"
#include "runner/messages.hpp"

namespace pushforward::runner {

struct ShapeField;
struct ShapeAlternative;

struct Shape {
  enum class Kind {
    boolean,
    integer,
    number,
    text,
    choice,   ///< one of `choices`
    list,     ///< of `element`
    object,   ///< with `fields`
    one_of,   ///< an object whose "type" names one of `alternatives`
    map,      ///< any names, each with the shape `element`
    special,  ///< what `accepts` accepts
  };

  Kind kind = Kind::object;
  bool nullable = false;             ///< std::optional: null means absent
  bool rectangular = false;          ///< list of lists: all of one length, which is positive
  Bound bound = finite;              ///< integer, number
  double lowest = 0.0, highest = 0;  ///< integer: what its C++ type holds
  std::vector<std::string> choices;
  std::vector<Shape> element;  ///< one, for list and map
  std::vector<ShapeField> fields;
  std::vector<ShapeAlternative> alternatives;
  bool (*accepts)(const Json&) = nullptr;
  std::string expected;  ///< special: what would be right, as a noun phrase
  Json schema;           ///< special: its JSON Schema

  const ShapeField* find(std::string_view name) const;
  /// A noun phrase: "an integer of at least 1", "one of "a" or "b"".
  std::string wanted() const;
};

struct ShapeField {
  std::string name;
  Shape shape;
  Json preset;  ///< the default; meaningless if required
  bool required = false;
  std::string help;
};

struct ShapeAlternative {
  std::string name;
  Shape shape;  ///< of kind object
};

/// What a check needs to know besides the shape.
struct ShapeContext {
  std::string
      explain;  ///< the command that explains a key, for instance "pushforward describe ot.sliced"
};

/// `given` with every default filled in and short forms written out, in the order of the fields.
/// All problems go to `findings`; a bad value is replaced by its default, so that checks go on.
/// `given` may be nullptr: then all defaults.
Json resolve(const Shape& shape, const Json* given, const Json& preset, const std::string& pointer,
             const ShapeContext& context, Findings& findings);

/// JSON Schema (draft 7) of a shape.
Json json_schema(const Shape& shape, const std::string& help = {});

}  // namespace pushforward::runner
