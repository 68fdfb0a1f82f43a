/// Config values with units: durations, sizes, thread counts and seeds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "runner/shape_of.hpp"

namespace pushforward::runner {

/// "250ms", "90s", "20m", "2h" or "1d" in seconds.
std::optional<double> parse_duration(std::string_view text);
/// "512B", "64KiB", "100MiB", "4GiB" or "1TiB" in bytes; also kB, MB, GB, TB by powers of ten.
std::optional<double> parse_size(std::string_view text);
/// A decimal or 0x... number of 64 bits.
std::optional<std::uint64_t> parse_seed(std::string_view text);

std::string duration_text(double seconds);  ///< "3.2 s", "4 m 10 s", "2 h 5 m"
std::string size_text(double bytes);        ///< "24.9 GiB"

struct Duration {
  std::string text;
  double seconds() const { return *parse_duration(text); }
};

/// "none" or a duration.
struct TimeLimit {
  std::string text = "none";
  std::optional<double> seconds() const { return parse_duration(text); }
};

/// A size, or a share of the machine's memory such as "80%".
struct MemoryLimit {
  std::string text = "80%";
  double bytes() const;
};

/// "auto" (0 here) or a number.
struct Threads {
  int count = 0;
};

/// An integer below 2^53, or a string for all 64 bits.
struct Seed {
  std::uint64_t value = 0;
};

template <>
struct JsonType<Duration> {
  static Shape shape();
  static Duration read(const Json& json) { return {json.string()}; }
  static Json write(const Duration& value) { return Json(value.text); }
};

template <>
struct JsonType<TimeLimit> {
  static Shape shape();
  static TimeLimit read(const Json& json) { return {json.string()}; }
  static Json write(const TimeLimit& value) { return Json(value.text); }
};

template <>
struct JsonType<MemoryLimit> {
  static Shape shape();
  static MemoryLimit read(const Json& json) { return {json.string()}; }
  static Json write(const MemoryLimit& value) { return Json(value.text); }
};

template <>
struct JsonType<Threads> {
  static Shape shape();
  static Threads read(const Json& json) {
    return {json.is_number() ? static_cast<int>(json.number()) : 0};
  }
  static Json write(const Threads& value) {
    return value.count == 0 ? Json("auto") : Json(value.count);
  }
};

template <>
struct JsonType<Seed> {
  static Shape shape();
  static Seed read(const Json& json) {
    return {json.is_number() ? static_cast<std::uint64_t>(json.number())
                             : *parse_seed(json.string())};
  }
  static Json write(const Seed& value);
};

/// `runtime` of a config: what never changes numbers.
struct RuntimeOptions {
  Threads threads;
  MemoryLimit memory_limit;
  TimeLimit time_limit;
  Duration checkpoint_every{"60s"};
  int keep_checkpoints = 2;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("threads", self.threads, any_value, "threads of one run; \"auto\" takes all cores");
    field("memory_limit", self.memory_limit, any_value, "a run that plans more is refused");
    field("time_limit", self.time_limit, any_value, "stop with a checkpoint after this long");
    field("checkpoint_every", self.checkpoint_every, any_value, "time between checkpoints");
    field("keep_checkpoints", self.keep_checkpoints, between(1, 100), "checkpoints kept");
  }
};

}  // namespace pushforward::runner
