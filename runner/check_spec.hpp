/// One entry of `checks` in a config.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "runner/shape_of.hpp"

namespace pushforward::runner {

/// A quantity of this run, by its name, or of another one: {"run": "same_without", "remove":
/// "/solver/anneal"} runs the config once more with that key at its default, {"run": "FOLDER"}
/// takes the numbers of a run that is stored. Without "quantity" it is the one that the check is
/// about.
struct OtherQuantity {
  static constexpr std::string_view same_without = "same_without";
  std::string quantity;
  std::string run = {};
  std::string remove = {};

  /// "without /solver/anneal", "run FOLDER"; empty for this run.
  std::string run_label() const;
};

template <>
struct JsonType<OtherQuantity> {
  static Shape shape();
  static OtherQuantity read(const Json& json);
  static Json write(const OtherQuantity& other);
};

/// What a quantity is compared with: a number, or another quantity; "closed_form" and "target"
/// stand for the value that the task knows to be right.
struct Comparand {
  std::variant<double, OtherQuantity> value;
};

/// For which configs a check is made: by JSON pointer, the value that the resolved config must
/// have.
struct Condition {
  Json values = Json::object();
};

template <>
struct JsonType<Condition> {
  static Shape shape();
  static Condition read(const Json& json) { return {json}; }
  static Json write(const Condition& condition) { return condition.values; }
};

template <>
struct JsonType<Comparand> {
  static Shape shape();
  static Comparand read(const Json& json);
  static Json write(const Comparand& comparand);
};

/// Asserts something about one quantity of the result. Exactly one of max, min, equals,
/// closed_form, below, above and slope is given.
struct CheckSpec {
  std::string id;
  std::string quantity;
  std::optional<double> max, min;
  std::optional<Comparand> equals;
  bool closed_form = false;
  std::optional<OtherQuantity> below, above;
  std::optional<double> slope, tol;
  std::optional<double> z_max, alpha;
  std::optional<double> rel_tol, abs_tol;
  std::optional<Condition> when;
  bool applies = true;  ///< Whether `when` holds; not a key, found when the config is read.

  /// The standard errors allowed, if the config says.
  std::optional<double> z() const;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("id", self.id, any_value, "name of the check in tables; the quantity if left out");
    field("quantity", self.quantity, any_value, "what is checked: a scalar of the result");
    field("max", self.max, finite, "passes at or below this");
    field("min", self.min, finite, "passes at or above this");
    field("equals", self.equals, any_value,
          "a number, another quantity, \"closed_form\", or a quantity of another run");
    field("closed_form", self.closed_form, any_value, "short for equals \"closed_form\"");
    field("below", self.below, any_value,
          "passes below this other quantity, perhaps of another run");
    field("above", self.above, any_value,
          "passes above this other quantity, perhaps of another run");
    field("slope", self.slope, finite, "a fitted exponent passes within tol of this");
    field("tol", self.tol, positive, "how far a slope may be off");
    field("z_max", self.z_max, positive, "standard errors allowed; 4.9 is a chance of 1e-6");
    field("alpha", self.alpha, strictly_between(0.0, 1.0),
          "in place of z_max: the chance of a false alarm");
    field("rel_tol", self.rel_tol, non_negative, "relative difference allowed by equals");
    field("abs_tol", self.abs_tol, non_negative, "absolute difference allowed by equals");
    field("when", self.when, any_value,
          "skips the check unless the config has these values, by JSON pointer");
  }
};

}  // namespace pushforward::runner
