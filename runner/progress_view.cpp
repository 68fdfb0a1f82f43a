#include "runner/progress_view.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runner/json.hpp"
#include "runner/units.hpp"

namespace pushforward::runner {

namespace {

using Seconds = std::chrono::duration<double>;
constexpr Seconds redraw{0.1};
constexpr Seconds plain_every{30.0};

std::string short_number(double value) {
  std::array<char, 32> buffer;
  std::snprintf(buffer.data(), buffer.size(), "%.3g", value);
  return buffer.data();
}

/// Of the terminal; a line that fills it would wrap and could not be drawn over.
std::size_t terminal_columns() {
  winsize size{};
  constexpr std::size_t usual = 80;
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return usual;
  return size.ws_col;
}

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

/// What the process holds now; NaN where the system does not tell.
double present_bytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0.0, resident = 0.0;
  if (!(statm >> all >> resident)) return not_known;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// "120 MiB (peak 150 MiB)".
std::string memory_text() {
  const double present = present_bytes();
  const std::string peak = "peak " + size_text(peak_bytes());
  return std::isnan(present) ? peak : size_text(present) + " (" + peak + ")";
}

}  // namespace

ProgressView::ProgressView(ProgressMode mode) : mode_(mode) {
  if (mode_ == ProgressMode::automatic) {
    mode_ = ::isatty(STDERR_FILENO) != 0 ? ProgressMode::bar : ProgressMode::plain;
  }
}

void ProgressView::stage(std::string_view name, bool restored) {
  stage_ = name;
  stage_start_ = Clock::now();
  first_done_ = -1;
  last_ = {};
  last_phase_.clear();
  if (mode_ == ProgressMode::plain) {
    say(stage_ + (restored ? ": taken from the checkpoint" : ""));
    last_shown_ = Clock::now();
  } else {
    last_shown_ = {};
  }
}

void ProgressView::update(const Progress& progress) {
  last_phase_ = progress.phase;
  last_ = progress;
  last_.phase = {};
  if (first_done_ < 0) first_done_ = progress.done;
  if (mode_ == ProgressMode::none) return;
  const auto pause = mode_ == ProgressMode::bar ? redraw : plain_every;
  if (Clock::now() - last_shown_ < pause) return;
  last_shown_ = Clock::now();
  show(progress);
}

std::string ProgressView::line(const Progress& progress) const {
  std::string text = stage_;
  if (!last_phase_.empty() && last_phase_ != stage_) text += " (" + last_phase_ + ")";
  text += ": " + std::to_string(progress.done);
  if (progress.total > 0) {
    const auto share =
        100.0 * static_cast<double>(progress.done) / static_cast<double>(progress.total);
    text += "/" + std::to_string(progress.total) + " (" + short_number(std::floor(share)) + "%)";
  }
  if (!std::isnan(progress.residual)) {
    text += ", error " + short_number(progress.residual);
    if (!std::isnan(progress.tolerance)) text += " of " + short_number(progress.tolerance);
  }
  const double elapsed = Seconds(Clock::now() - stage_start_).count();
  const auto steps = static_cast<double>(progress.done - first_done_);
  if (steps > 0 && elapsed > 0.5) {
    text += ", " + short_number(steps / elapsed) + "/s";
    if (progress.total > progress.done) {
      const double left = elapsed / steps * static_cast<double>(progress.total - progress.done);
      // Rates wander; ten blocks are needed before an estimate means anything.
      if (steps >= 10) {
        text += ", " + duration_text(0.8 * left) + " to " + duration_text(1.25 * left) + " left";
      }
    }
  }
  text += ", " + memory_text();
  if (last_save_) {
    text += ", saved " + duration_text(std::floor(Seconds(Clock::now() - *last_save_).count())) +
            " ago";
  }
  return text;
}

void ProgressView::show(const Progress& progress) {
  if (mode_ == ProgressMode::json) {
    Json json = Json::object();
    json.set("stage", stage_);
    json.set("done", progress.done);
    json.set("total", progress.total);
    if (!std::isnan(progress.residual)) json.set("residual", progress.residual);
    std::fprintf(stderr, "%s\n", json.compact().c_str());
    return;
  }
  const std::string text = line(progress);
  if (mode_ == ProgressMode::bar) {
    std::fprintf(stderr, "\r\x1b[K%s", text.substr(0, terminal_columns() - 1).c_str());
    std::fflush(stderr);
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void ProgressView::say(const std::string& text) {
  clear();
  if (mode_ != ProgressMode::none && mode_ != ProgressMode::json) {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

void ProgressView::report_now() {
  clear();
  std::fprintf(stderr, "%s\n", line(last_).c_str());
}

void ProgressView::clear() {
  if (!drawn_) return;
  std::fprintf(stderr, "\r\x1b[K");
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace pushforward::runner
