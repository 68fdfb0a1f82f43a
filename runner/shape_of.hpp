/// From C++ types to shapes, and between values and JSON.
///
/// Understood: bool, integers, double, std::string, enums with `enum_names`, structs with a
/// `describe` field list, std::variant of such structs (each with `type_name`), std::optional,
/// std::vector, Vector (a list of numbers), Matrix (a list of points: each becomes a column), and
/// whatever specialises JsonType.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"

#include "runner/shape.hpp"

namespace pushforward::runner {

/// shape(): Shape; read(const Json&): T, for JSON that has passed `resolve`; write(const T&): Json.
template <class T>
struct JsonType;

namespace detail {

template <class Constraint>
Shape with_bound(Shape shape, const Constraint& constraint) {
  if constexpr (std::is_same_v<Constraint, Bound>) {
    (shape.kind == Shape::Kind::list ? shape.element.front() : shape).bound = constraint;
  }
  return shape;
}

inline bool absent_by_default(const Shape& shape, const Json& preset) {
  return shape.kind == Shape::Kind::special && !shape.nullable && preset.is_null();
}

}  // namespace detail

template <>
struct JsonType<bool> {
  static Shape shape() { return {.kind = Shape::Kind::boolean}; }
  static bool read(const Json& json) { return json.boolean(); }
  static Json write(bool value) { return Json(value); }
};

template <std::integral T>
requires(!std::same_as<T, bool>) struct JsonType<T> {
  static Shape shape() {
    // A double holds integers up to 2^53 exactly; wider fields are held to that.
    constexpr double exact = 9007199254740992.0;
    return {.kind = Shape::Kind::integer,
            .lowest = std::max(-exact, static_cast<double>(std::numeric_limits<T>::min())),
            .highest = std::min(exact, static_cast<double>(std::numeric_limits<T>::max()))};
  }
  static T read(const Json& json) { return static_cast<T>(json.number()); }
  static Json write(T value) { return Json(value); }
};

template <>
struct JsonType<double> {
  static Shape shape() { return {.kind = Shape::Kind::number}; }
  static double read(const Json& json) {
    if (json.is_number()) return json.number();
    const double infinity = std::numeric_limits<double>::infinity();
    return json.string() == "-inf" ? -infinity : infinity;
  }
  static Json write(double value) { return Json(value); }
};

template <>
struct JsonType<std::string> {
  static Shape shape() { return {.kind = Shape::Kind::text}; }
  static std::string read(const Json& json) { return json.string(); }
  static Json write(const std::string& value) { return Json(value); }
};

template <NamedEnum E>
struct JsonType<E> {
  static Shape shape() {
    Shape shape{.kind = Shape::Kind::choice};
    for (const auto word : enum_names(E{})) shape.choices.emplace_back(word);
    return shape;
  }
  static E read(const Json& json) { return *from_name<E>(json.string()); }
  static Json write(E value) { return Json(name(value)); }
};

template <class T>
struct JsonType<std::optional<T>> {
  static Shape shape() {
    Shape shape = JsonType<T>::shape();
    shape.nullable = true;
    return shape;
  }
  static std::optional<T> read(const Json& json) {
    if (json.is_null()) return std::nullopt;
    return JsonType<T>::read(json);
  }
  static Json write(const std::optional<T>& value) {
    return value ? JsonType<T>::write(*value) : Json();
  }
};

template <class T>
struct JsonType<std::vector<T>> {
  static Shape shape() { return {.kind = Shape::Kind::list, .element = {JsonType<T>::shape()}}; }
  static std::vector<T> read(const Json& json) {
    std::vector<T> values;
    for (const Json& item : json.items()) values.push_back(JsonType<T>::read(item));
    return values;
  }
  static Json write(const std::vector<T>& values) {
    Json list = Json::list();
    for (const T& value : values) list.push(JsonType<T>::write(value));
    return list;
  }
};

template <>
struct JsonType<Vector> {
  static Shape shape() { return JsonType<std::vector<double>>::shape(); }
  static Vector read(const Json& json) {
    Vector x(static_cast<Index>(json.items().size()));
    for (Index i = 0; i < x.size(); ++i) {
      x(i) = json.items()[static_cast<std::size_t>(i)].number();
    }
    return x;
  }
  static Json write(const Vector& x) {
    return JsonType<std::vector<double>>::write({x.data(), x.data() + x.size()});
  }
};

template <Described T>
struct JsonType<T> {
  static Shape shape() {
    Shape shape{.kind = Shape::Kind::object};
    T preset{};
    T::describe(preset, [&](std::string_view field, const auto& value, const auto& constraint,
                            std::string_view help) {
      using V = std::remove_cvref_t<decltype(value)>;
      ShapeField entry{.name = std::string(field),
                       .shape = detail::with_bound(JsonType<V>::shape(), constraint),
                       .preset = JsonType<V>::write(value),
                       .help = std::string(help)};
      entry.required = detail::absent_by_default(entry.shape, entry.preset);
      shape.fields.push_back(std::move(entry));
    });
    return shape;
  }
  static T read(const Json& json) {
    T result{};
    T::describe(result, [&](std::string_view field, auto& value, const auto&, std::string_view) {
      value = JsonType<std::remove_cvref_t<decltype(value)>>::read(*json.find(field));
    });
    return result;
  }
  static Json write(const T& value) {
    Json object = Json::object();
    T::describe(value,
                [&](std::string_view field, const auto& member, const auto&, std::string_view) {
                  object.set(field, JsonType<std::remove_cvref_t<decltype(member)>>::write(member));
                });
    return object;
  }
};

template <Described... Ts>
struct JsonType<std::variant<Ts...>> {
  using Union = std::variant<Ts...>;
  static Shape shape() {
    Shape shape{.kind = Shape::Kind::one_of};
    (shape.alternatives.push_back({std::string(Ts::type_name), JsonType<Ts>::shape()}), ...);
    return shape;
  }
  static Union read(const Json& json) {
    const std::string& type = json.find("type")->string();
    Union result;
    (void)((Ts::type_name == type && (result = JsonType<Ts>::read(json), true)) || ...);
    return result;
  }
  static Json write(const Union& value) {
    return std::visit(
        [](const auto& alternative) {
          using T = std::remove_cvref_t<decltype(alternative)>;
          Json object = Json::object();
          object.set("type", T::type_name);
          const Json fields = JsonType<T>::write(alternative);
          for (const auto& member : fields.members()) object.set(member.key, member.value);
          return object;
        },
        value);
  }
};

/// A list of points in JSON; d x n here.
template <>
struct JsonType<Matrix> {
  static Shape shape() {
    return {.kind = Shape::Kind::list,
            .rectangular = true,
            .element = {JsonType<std::vector<double>>::shape()}};
  }
  static Matrix read(const Json& json) {
    const auto n = static_cast<Index>(json.items().size());
    const auto d = n == 0 ? 0 : static_cast<Index>(json.items().front().items().size());
    Matrix x(d, n);
    for (Index j = 0; j < n; ++j) {
      x.col(j) = JsonType<Vector>::read(json.items()[static_cast<std::size_t>(j)]);
    }
    return x;
  }
  static Json write(const Matrix& x) {
    Json list = Json::list();
    for (Index j = 0; j < x.cols(); ++j) list.push(JsonType<Vector>::write(x.col(j)));
    return list;
  }
};

}  // namespace pushforward::runner
