#include "runner/replay.hpp"

#include <charconv>
#include <cmath>
#include <stdexcept>

#include "runner/execute.hpp"
#include "runner/signals.hpp"

namespace pushforward::runner {

namespace {

constexpr int exit_usage = 2;
constexpr int exit_numerical = 5;

std::string line_for(const std::string& name, const Matrix& values) {
  std::string text =
      "  " + name + ": " + std::to_string(values.rows()) + " x " + std::to_string(values.cols());
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  Index bad = 0, first_bad = -1;
  for (Index i = 0; i < values.size(); ++i) {
    const double x = values.data()[i];
    if (std::isfinite(x)) {
      low = std::min(low, x);
      high = std::max(high, x);
    } else {
      if (bad++ == 0) first_bad = i;
    }
  }
  if (low <= high) text += ", from " + json_number(low) + " to " + json_number(high);
  if (bad > 0) {
    text += ", " + std::to_string(bad) + " not finite, the first in row " +
            std::to_string(first_bad % values.rows()) + ", column " +
            std::to_string(first_bad / values.rows()) + " (from 0)";
  }
  return text + "\n";
}

std::string text_of(const Bundle& bundle) {
  std::string text;
  for (const auto& [name, values] : bundle.arrays) text += line_for(name, values);
  for (const auto& [name, value] : bundle.numbers)
    text += "  " + name + ": " + json_number(value) + "\n";
  for (const auto& [name, value] : bundle.counts)
    text += "  " + name + ": " + std::to_string(value) + "\n";
  for (const auto& [name, value] : bundle.texts)
    text += "  " + name + ": " + json_string(value) + "\n";
  return text;
}

/// Asks for the state at the wanted step, and stops the run one step later.
class ReplayHost final : public RunHost {
 public:
  explicit ReplayHost(const ReplayPoint& point) : point_(point) {}

  void stage(std::string_view name, bool) override {
    stage_ = name;
    stages += (stages.empty() ? "" : ", ") + stage_;
    step = 0;
  }
  void progress(const Progress& progress) override {
    step = progress.done;
    here_ = stage_ == point_.stage && step >= point_.step;
  }
  Stop stop() override {
    const Stop asked = signals_.stop();
    return asked == Stop::no && !text.empty() ? Stop::interrupt : asked;
  }
  bool checkpoint_due() override { return here_ && text.empty(); }
  void save(Checkpoint& checkpoint) override {
    if (signals_.stop() != Stop::no) return;
    text += stage_ + ", step " + std::to_string(step) + (text.empty() ? ":\n" : ", behind it:\n");
    if (checkpoint.state) {
      text += text_of(*checkpoint.state);
    } else if (!checkpoint.finished.empty()) {
      text += "  the stage has ended\n" + text_of(*checkpoint.finished.back().outcome);
    }
  }

  std::string text, stages;
  std::int64_t step = 0;

 private:
  const ReplayPoint& point_;
  SignalFlags signals_;
  std::string stage_;
  bool here_ = false;
};

}  // namespace

ReplayPoint ReplayPoint::parse(const std::string& text) {
  const auto colon = text.rfind(':');
  ReplayPoint point{.stage = text.substr(0, colon)};
  const char* const end = text.data() + text.size();
  const char* const digits = colon == text.npos ? end : text.data() + colon + 1;
  const auto [stopped, error] = std::from_chars(digits, end, point.step);
  if (error != std::errc{} || stopped != end || point.step < 0 || point.stage.empty()) {
    throw Refused(
        "E101", "command line",
        "--replay takes STAGE:STEP, for instance transport:812, found " + json_string(text),
        exit_usage);
  }
  return point;
}

std::string replay(const RunPlan& plan, const ReplayPoint& point) {
  ReplayHost host(point);
  RunResult result;
  try {
    result = execute(plan, host);
  } catch (const std::domain_error& error) {
    throw Refused(
        "E501", "phase " + json_string(point.stage) + ", step " + std::to_string(host.step),
        std::string(error.what()) + "\nthe state before that step:\n" + host.text, exit_numerical);
  }
  if (!host.text.empty()) return host.text;
  throw Refused("E102", "--replay " + point.stage + ":" + std::to_string(point.step),
                result.complete
                    ? "the run ended without coming there; its stages are " + host.stages +
                          ", the last at step " + std::to_string(host.step)
                    : "stopped before coming there",
                exit_usage);
}

}  // namespace pushforward::runner
