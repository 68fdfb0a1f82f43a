/// JSON values that remember where they came from, and their canonical text.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace pushforward::runner {

/// Line and column (in characters, both from 1) within source `source`; line 0 means nowhere.
struct Position {
  int source = 0;
  int line = 0;
  int column = 0;
  auto operator<=>(const Position&) const = default;
};

/// One JSON value. Objects keep the order of their keys; numbers are doubles.
class Json {
 public:
  enum class Kind { null, boolean, number, string, list, object };
  struct Member;
  using List = std::vector<Json>;
  using Members = std::vector<Member>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(std::same_as<bool> auto value) : value_(value) {}
  template <class T>
  requires(std::is_arithmetic_v<T> && !std::same_as<T, bool>) Json(T value)
      : value_(static_cast<double>(value)) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(List values) : value_(std::move(values)) {}
  static Json object() { return Json(Members{}); }
  static Json list() { return Json(List{}); }

  Kind kind() const { return static_cast<Kind>(value_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_bool() const { return kind() == Kind::boolean; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_object() const { return kind() == Kind::object; }

  bool boolean() const { return std::get<bool>(value_); }
  double number() const { return std::get<double>(value_); }
  const std::string& string() const { return std::get<std::string>(value_); }
  const List& items() const { return std::get<List>(value_); }
  List& items() { return std::get<List>(value_); }
  const Members& members() const { return std::get<Members>(value_); }
  Members& members() { return std::get<Members>(value_); }

  /// The member `key` of an object; nullptr if there is none or this is no object.
  const Json* find(std::string_view key) const;
  Json* find(std::string_view key);
  /// Adds or replaces member `key` of an object and returns its value.
  Json& set(std::string_view key, Json value);
  void erase(std::string_view key);
  void push(Json value) { items().push_back(std::move(value)); }

  /// The value at a JSON pointer ("" is this one); nullptr if there is none.
  const Json* at(std::string_view pointer) const;

  /// Text with two-space indentation; a list or object that fits on a line is put on one.
  /// Numbers are the shortest that read back to the same double; NaN and infinities, which JSON
  /// lacks, are the strings "nan", "inf" and "-inf".
  std::string pretty() const;
  /// One line, keys as they stand.
  std::string compact() const;
  /// One line with sorted keys: equal values give equal bytes.
  std::string canonical() const;

  friend bool operator==(const Json& a, const Json& b) { return a.value_ == b.value_; }

  Position where;  ///< Of the first character of the value.

 private:
  explicit Json(Members members) : value_(std::move(members)) {}
  std::variant<std::nullptr_t, bool, double, std::string, List, Members> value_;
};

struct Json::Member {
  std::string key;
  Json value;
  Position where;  ///< Of the key.
  friend bool operator==(const Member& a, const Member& b) {
    return a.key == b.key && a.value == b.value;
  }
};

/// `text` as a JSON string with its quotes; control characters are escaped.
std::string json_string(std::string_view text);
/// A double as JSON text.
std::string json_number(double value);
/// `pointer` followed by one more token, escaped as RFC 6901 says.
std::string pointer_to(std::string_view pointer, std::string_view key);
/// The tokens of a JSON pointer, unescaped.
std::vector<std::string> pointer_tokens(std::string_view pointer);

}  // namespace pushforward::runner
