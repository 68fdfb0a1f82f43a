#include "runner/svg_scale.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "runner/figure_text.hpp"

namespace pushforward::runner::svg {
namespace {

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
double nice_step(double step) {
  const double unit = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * unit >= step * (1.0 - 1e-9)) return factor * unit;
  }
  return 10.0 * unit;
}

std::vector<Tick> linear_ticks(double low, double high, int most) {
  const double step = nice_step((high - low) / most);
  std::vector<Tick> ticks;
  // The last digit of the step is the last digit of every tick; 15 digits suffice for both ends.
  const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
  for (double k = first; k <= last; k += 1.0) {
    const double value = k == 0.0 ? 0.0 : k * step;
    const double scale = std::max(std::abs(value), step);
    const int digits = std::clamp(
        static_cast<int>(std::floor(std::log10(scale)) - std::floor(std::log10(step))) + 1, 1, 15);
    ticks.push_back({value, number_text(value, digits)});
  }
  return ticks;
}

/// Whether two neighbouring labels in a row come closer than `room` pixels.
bool crowded(const AxisPlan& plan, double pixels, double room) {
  double free_from = -1e300;
  for (const auto& tick : plan.ticks) {
    if (tick.label.empty()) continue;
    const double middle = pixels * plan.share(tick.value);
    const double half = text_width(tick.label, 11.5) / 2.0;
    if (middle - half < free_from) return true;
    free_from = middle + half + room;
  }
  return false;
}

/// Decades, every k-th where they are many, with 2 and 5 (or all digits) where they are few.
std::vector<Tick> log_ticks(double low, double high, int most) {
  const double decades = std::log10(high / low);
  if (decades < 0.6) {
    auto ticks = linear_ticks(low, high, most);
    if (ticks.size() >= 2) return ticks;
  }
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / most)));
  const bool labels_2_5 = 3.0 * decades <= most || decades < 1.0;
  std::vector<Tick> ticks;
  const int first = static_cast<int>(std::floor(std::log10(low))),
            last = static_cast<int>(std::ceil(std::log10(high)));
  for (int e = first; e <= last; ++e) {
    for (int digit = 1; digit <= 9; ++digit) {
      const double value = digit * std::pow(10.0, e);
      if (value < low * (1.0 - 1e-9) || value > high * (1.0 + 1e-9)) continue;
      const bool labelled = digit == 1 ? (e % stride + stride) % stride == 0
                                       : labels_2_5 && (digit == 2 || digit == 5);
      if (labelled) {
        ticks.push_back({value, number_text(value, 1)});
      } else if (stride == 1 || digit == 1) {
        ticks.push_back({value, ""});
      }
    }
  }
  const auto labels = std::count_if(ticks.begin(), ticks.end(),
                                    [](const Tick& tick) { return !tick.label.empty(); });
  return labels >= 2 ? ticks : linear_ticks(low, high, most);
}

}  // namespace

bool shows(Scale scale, double value) {
  return std::isfinite(value) && (scale == Scale::linear || value > 0.0);
}

void Range::include(double value) {
  if (!shows(scale_, value)) return;
  low_ = std::min(low_, value);
  high_ = std::max(high_, value);
}

double AxisPlan::share(double value) const {
  if (!shows(scale, value)) return std::numeric_limits<double>::quiet_NaN();
  if (scale == Scale::log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

AxisPlan plan_axis(const Axis& axis, const Range& data, double pixels, double spacing, bool in_row,
                   double margin) {
  AxisPlan plan{.scale = axis.scale};
  const bool is_log = axis.scale == Scale::log;
  double low = data.empty() ? (is_log ? 0.1 : 0.0) : data.low();
  double high = data.empty() ? 1.0 : data.high();
  if (axis.low) low = *axis.low;
  if (axis.high) high = *axis.high;
  // Work on logarithms for a log axis: a range of one value gets a unit of room on either side.
  if (is_log) low = std::log10(low), high = std::log10(high);
  if (!(low < high)) {
    const double room = is_log || low == 0.0 ? 0.5 : 0.5 * std::abs(low);
    if (!axis.low) low -= room;
    if (!axis.high || !(low < high)) high = std::max(low, high) + room;
  } else {
    const double room = margin * (high - low);
    // A linear axis that starts at zero stays there: bars and shares have their foot on it.
    if (!axis.low && (is_log || low != 0.0)) low -= room;
    if (!axis.high) high += room;
  }
  if (is_log) low = std::pow(10.0, low), high = std::pow(10.0, high);
  plan.low = low;
  plan.high = high;
  const auto ticks = [&](int most) {
    return is_log ? log_ticks(low, high, most) : linear_ticks(low, high, most);
  };
  int most = std::max(2, static_cast<int>(pixels / spacing));
  plan.ticks = ticks(most);
  while (in_row && most > 1 && crowded(plan, pixels, spacing)) plan.ticks = ticks(--most);
  return plan;
}

}  // namespace pushforward::runner::svg
