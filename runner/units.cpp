#include "runner/units.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace pushforward::runner {

namespace {

using Unit = std::pair<std::string_view, double>;

template <std::size_t N>
std::optional<double> parse_with_unit(std::string_view text, const std::array<Unit, N>& units) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || !std::isfinite(value) || value < 0) return std::nullopt;
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  for (const auto& [name, factor] : units) {
    if (rest == name) return value * factor;
  }
  return std::nullopt;
}

constexpr std::array<Unit, 5> durations{
    {{"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}, {"d", 86400.0}}};
constexpr std::array<Unit, 9> sizes{{{"B", 1.0},
                                     {"KiB", 1024.0},
                                     {"MiB", 1048576.0},
                                     {"GiB", 1073741824.0},
                                     {"TiB", 1099511627776.0},
                                     {"kB", 1e3},
                                     {"MB", 1e6},
                                     {"GB", 1e9},
                                     {"TB", 1e12}}};
constexpr std::array<Unit, 1> shares{{{"%", 0.01}}};

Shape special(std::string expected, bool (*accepts)(const Json&), Json schema) {
  Shape shape{.kind = Shape::Kind::special};
  shape.accepts = accepts;
  shape.expected = std::move(expected);
  shape.schema = std::move(schema);
  return shape;
}

Json pattern(std::string_view expression) {
  Json schema = Json::object();
  schema.set("type", "string");
  schema.set("pattern", expression);
  return schema;
}

Json integer_schema(double low, double high) {
  Json schema = Json::object();
  schema.set("type", "integer");
  schema.set("minimum", low);
  schema.set("maximum", high);
  return schema;
}

Json any_of(Json a, Json b) {
  Json schema = Json::object();
  schema.set("anyOf", Json(Json::List{std::move(a), std::move(b)}));
  return schema;
}

bool is_integer_between(const Json& json, double low, double high) {
  return json.is_number() && json.number() == std::floor(json.number()) && json.number() >= low &&
         json.number() <= high;
}

constexpr double largest_exact = 9007199254740991.0;  // 2^53 - 1
constexpr double most_threads = 1024;

std::string formatted(const char* format, double value, const char* unit) {
  std::array<char, 64> buffer;
  std::snprintf(buffer.data(), buffer.size(), format, value, unit);
  return buffer.data();
}

}  // namespace

std::optional<double> parse_duration(std::string_view text) {
  return parse_with_unit(text, durations);
}

std::optional<double> parse_size(std::string_view text) { return parse_with_unit(text, sizes); }

std::optional<std::uint64_t> parse_seed(std::string_view text) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::string duration_text(double seconds) {
  if (seconds < 60) return formatted("%.3g %s", seconds, "s");
  const auto whole = static_cast<long long>(seconds);
  if (whole < 3600) {
    return std::to_string(whole / 60) + " m " + std::to_string(whole % 60) + " s";
  }
  return std::to_string(whole / 3600) + " h " + std::to_string(whole / 60 % 60) + " m";
}

std::string size_text(double bytes) {
  constexpr std::array<const char*, 5> names{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < names.size()) {
    bytes /= 1024;
    ++unit;
  }
  return formatted(unit == 0 ? "%.0f %s" : "%.1f %s", bytes, names[unit]);
}

double MemoryLimit::bytes() const {
  if (const auto size = parse_size(text)) return *size;
  const double machine =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  return *parse_with_unit(text, shares) * machine;
}

Shape JsonType<Duration>::shape() {
  return special(
      "a duration with its unit, as in \"90s\", \"20m\" or \"2h\"",
      [](const Json& json) {
        const auto seconds = json.is_string() ? parse_duration(json.string()) : std::nullopt;
        return seconds && *seconds > 0;
      },
      pattern(R"(^(?![0.]+(e[0-9]+)? ?[a-z]+$)[0-9.]+(e[0-9]+)? ?(ms|s|m|h|d)$)"));
}

Shape JsonType<TimeLimit>::shape() {
  return special(
      "\"none\" or a duration with its unit, as in \"90s\", \"20m\" or \"2h\"",
      [](const Json& json) {
        return json.is_string() && (json.string() == "none" || parse_duration(json.string()));
      },
      pattern(R"(^(none|[0-9.]+(e[0-9]+)? ?(ms|s|m|h|d))$)"));
}

Shape JsonType<MemoryLimit>::shape() {
  return special(
      "a size with its unit, as in \"4GiB\" or \"80%\"",
      [](const Json& json) {
        return json.is_string() &&
               (parse_size(json.string()) || parse_with_unit(json.string(), shares));
      },
      pattern(R"(^[0-9.]+(e[0-9]+)? ?(%|B|KiB|MiB|GiB|TiB|kB|MB|GB|TB)$)"));
}

Shape JsonType<Threads>::shape() {
  Json word = Json::object();
  word.set("const", "auto");
  return special(
      "\"auto\" or an integer between 1 and 1024",
      [](const Json& json) {
        return (json.is_string() && json.string() == "auto") ||
               is_integer_between(json, 1, most_threads);
      },
      any_of(std::move(word), integer_schema(1, most_threads)));
}

Shape JsonType<Seed>::shape() {
  return special(
      "an integer from 0 to 2^53 - 1, or a string such as \"0x9E3779B97F4A7C15\" for 64 bits",
      [](const Json& json) {
        return is_integer_between(json, 0, largest_exact) ||
               (json.is_string() && parse_seed(json.string()));
      },
      any_of(integer_schema(0, largest_exact), pattern("^(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,20})$")));
}

Json JsonType<Seed>::write(const Seed& seed) {
  if (static_cast<double>(seed.value) <= largest_exact) return Json(seed.value);
  std::array<char, 24> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), seed.value, 16).ptr;
  return Json("0x" + std::string(buffer.data(), end));
}

}  // namespace pushforward::runner
