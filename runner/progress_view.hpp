/// Progress on standard error: a live line on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "pushforward/core/report.hpp"

namespace pushforward::runner {

enum class ProgressMode { automatic, bar, plain, json, none };
constexpr std::array<std::string_view, 5> enum_names(ProgressMode) {
  return {"auto", "bar", "plain", "json", "none"};
}

class ProgressView {
 public:
  explicit ProgressView(ProgressMode mode);
  ~ProgressView() { clear(); }

  void stage(std::string_view name, bool restored);
  void update(const Progress& progress);
  void saved() { last_save_ = Clock::now(); }
  /// Prints a line above the live one.
  void say(const std::string& text);
  /// Prints the present state as a line of its own.
  void report_now();
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  std::string line(const Progress& progress) const;
  void show(const Progress& progress);

  ProgressMode mode_;
  bool drawn_ = false;
  std::string stage_;
  Clock::time_point stage_start_ = Clock::now();
  Clock::time_point last_shown_{};
  std::optional<Clock::time_point> last_save_;
  std::int64_t first_done_ = -1;  // where the stage stood when it was first seen
  Progress last_;
  std::string last_phase_;
};

}  // namespace pushforward::runner
