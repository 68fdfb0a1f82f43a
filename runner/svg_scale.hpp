/// From numbers to places: ranges, ticks at round numbers, and the map of an axis.
#pragma once

#include <string>
#include <vector>

#include "runner/figure.hpp"

namespace pushforward::runner::svg {

/// The values an axis has to show. Those that it cannot show are ignored.
class Range {
 public:
  explicit Range(Scale scale) : scale_(scale) {}
  void include(double value);
  void include(const std::vector<double>& values) {
    for (const double value : values) include(value);
  }
  bool empty() const { return low_ > high_; }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  Scale scale_;
  double low_ = std::numeric_limits<double>::infinity();
  double high_ = -std::numeric_limits<double>::infinity();
};

/// Whether an axis of this scale can show the value.
bool shows(Scale scale, double value);

struct Tick {
  double value = 0.0;
  std::string label;  ///< Empty for a small tick between labelled ones.
};

/// An axis ready to draw: its limits, its ticks, and where on it a value lies.
struct AxisPlan {
  Scale scale = Scale::linear;
  double low = 0.0, high = 1.0;
  std::vector<Tick> ticks;

  /// 0 at `low`, 1 at `high`; NaN for what the scale cannot show.
  double share(double value) const;
};

/// @param pixels   the length of the axis.
/// @param spacing  pixels that a labelled tick needs besides its label, if labels stand in a row.
/// @param in_row   whether labels stand side by side, as under an x axis.
/// @param margin   share of the length left free at either end where the data set the limit.
AxisPlan plan_axis(const Axis& axis, const Range& data, double pixels, double spacing, bool in_row,
                   double margin = 0.04);

}  // namespace pushforward::runner::svg
