/// Field lists: one list per options struct gives validation, JSON reading, schema and help text.
///
/// An options struct names its fields once,
///
///   template <class Self, class Field>
///   static void describe(Self& self, Field&& field) {
///     field("epsilon", self.epsilon, positive, "entropic regularisation, in units of the cost");
///     field("map", self.map, nested, "how the map is extended off the atoms");
///   }
///
/// and a visitor is called as field(name, value, constraint, help).
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pushforward/core/errors.hpp"

namespace pushforward {

/// The numbers a field admits. NaN is never admitted; infinity only through `or_infinite`.
struct Bound {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;
  bool infinite_allowed = false;

  constexpr bool admits(double x) const {
    if (x != x) return false;
    const bool is_infinite = x == std::numeric_limits<double>::infinity() ||
                             x == -std::numeric_limits<double>::infinity();
    if (is_infinite && !infinite_allowed) return false;
    return (low_open ? x > low : x >= low) && (high_open ? x < high : x <= high);
  }
  constexpr Bound or_infinite() const {
    Bound wider = *this;
    wider.infinite_allowed = true;
    return wider;
  }
  std::string text() const;  ///< "greater than 0", "between 0 and 1", "finite".
};

/// The constraint of a field that is not a number: its type says all.
struct AnyValue {};
/// The constraint of a field that is itself an options struct.
struct NestedFields {};

inline constexpr Bound finite{};
inline constexpr Bound positive{.low = 0.0, .low_open = true};
inline constexpr Bound non_negative{.low = 0.0};
inline constexpr AnyValue any_value{};
inline constexpr NestedFields nested{};
constexpr Bound at_least(double low) { return {.low = low}; }
constexpr Bound between(double low, double high) { return {.low = low, .high = high}; }
constexpr Bound strictly_between(double low, double high) {
  return {.low = low, .high = high, .low_open = true, .high_open = true};
}

/// An enumeration whose `enum_names(E)` lists the JSON names of the values 0, 1, 2, ...
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  enum_names(e).size();
};

template <NamedEnum E>
constexpr std::string_view name(E value) {
  return enum_names(value)[static_cast<std::size_t>(value)];
}

template <NamedEnum E>
constexpr std::optional<E> from_name(std::string_view text) {
  constexpr auto names = enum_names(E{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

namespace detail {
struct IgnoreField {
  template <class V, class C>
  void operator()(std::string_view, V&&, const C&, std::string_view) const {}
};
}  // namespace detail

/// A struct with a field list.
template <class T>
concept Described = requires(T& t) {
  T::describe(t, detail::IgnoreField{});
};

/// Checks every bounded number, in nested structs, optionals and lists too.
/// @throws std::invalid_argument naming the first bad field, its value and what was expected.
template <Described T>
void validate_fields(std::string_view where, const T& options, const std::string& prefix = {}) {
  T::describe(options, [&](std::string_view field, const auto& value, const auto& constraint,
                           std::string_view) {
    using V = std::remove_cvref_t<decltype(value)>;
    const std::string path = prefix + std::string(field);
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(constraint)>, Bound>) {
      const auto check = [&](const auto& x, const std::string& at) {
        if (!constraint.admits(static_cast<double>(x))) {
          detail::throw_invalid(where, at, detail::shown(x), constraint.text());
        }
      };
      if constexpr (requires { value.has_value(); }) {
        if (value) check(*value, path);
      } else if constexpr (requires { value.begin(); }) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(value.size()); ++i) {
          check(value[i], path + "[" + std::to_string(i) + "]");
        }
      } else {
        check(value, path);
      }
    } else if constexpr (Described<V>) {
      validate_fields(where, value, path + ".");
    }
  });
}

}  // namespace pushforward
