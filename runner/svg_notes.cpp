#include <algorithm>
#include <cmath>

#include "runner/figure_text.hpp"
#include "runner/svg.hpp"
#include "runner/svg_scale.hpp"

namespace pushforward::runner {
namespace {

std::string counted(std::int64_t n, std::string_view one, std::string_view many) {
  return number_text(static_cast<double>(n), 15) + " " + std::string(n == 1 ? one : many);
}

/// What was left out or drawn in another way, counted over the panels of a figure.
struct Tally {
  bool error_bars = false;
  std::int64_t gaps = 0, logs_nonpositive = 0;
  std::int64_t binned = 0, bins = 0, outside = 0, not_finite = 0;
  std::int64_t lines_kept = 0, lines = 0;

  void series(const Series& s, Scale x, Scale y) {
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!std::isfinite(s.x[i]) || !std::isfinite(s.y[i])) {
        ++gaps;
      } else if (!svg::shows(x, s.x[i]) || !svg::shows(y, s.y[i])) {
        ++logs_nonpositive;
      }
    }
    errors(s.standard_errors);
  }
  void errors(const std::vector<double>& standard_errors) {
    error_bars |= std::any_of(standard_errors.begin(), standard_errors.end(),
                              [](double se) { return std::isfinite(se) && se > 0.0; });
  }
  void operator()(const LinePanel& p) {
    for (const auto& s : p.series) series(s, p.x.scale, p.y.scale);
  }
  void operator()(const ScatterPanel& p) {
    for (const auto& cloud : p.clouds) {
      outside += cloud.outside;
      not_finite += cloud.not_finite;
      if (!cloud.binned()) continue;
      binned = std::max(binned, cloud.total);
      bins = cloud.columns;
    }
    for (const auto& l : p.segments) {
      if (l.total <= static_cast<std::int64_t>(l.x0.size())) continue;
      lines_kept += static_cast<std::int64_t>(l.x0.size());
      lines += l.total;
    }
  }
  void operator()(const HistogramPanel& p) {
    for (const auto& h : p.histograms) outside += h.outside, not_finite += h.not_finite;
    for (const auto& s : p.curves) series(s, p.x.scale, p.y.scale);
  }
  void operator()(const BarPanel& p) {
    for (const auto& group : p.groups) {
      if (!p.stacked) errors(group.standard_errors);
    }
  }
  void operator()(const ImagePanel&) {}
  void operator()(const PicturePanel&) {}
};

}  // namespace

std::vector<std::string> figure_notes(const Figure& figure) {
  Tally tally;
  for (const auto& panel : figure.panels) std::visit(tally, panel);
  std::vector<std::string> notes;
  if (tally.error_bars) notes.push_back("Error bars reach two standard errors each way.");
  if (tally.binned > 0) {
    const auto side = std::to_string(tally.bins);
    notes.push_back("Up to " + counted(tally.binned, "point", "points") + " a panel, counted in " +
                    side + " × " + side + " bins; darker is more, by square root.");
  }
  if (tally.outside > 0) {
    notes.push_back(counted(tally.outside, "point lies", "points lie") +
                    " outside the range shown.");
  }
  if (tally.not_finite > 0) {
    notes.push_back(counted(tally.not_finite, "point is", "points are") +
                    " not finite and not shown.");
  }
  if (tally.gaps > 0) {
    notes.push_back(counted(tally.gaps, "value is", "values are") +
                    " not finite and left as a gap.");
  }
  if (tally.logs_nonpositive > 0) {
    notes.push_back(counted(tally.logs_nonpositive, "value is", "values are") +
                    " not positive and left as a gap on the logarithmic axis.");
  }
  if (tally.lines > 0) {
    notes.push_back(counted(tally.lines_kept, "line", "lines") + " of " +
                    number_text(static_cast<double>(tally.lines), 15) +
                    " are drawn, evenly spaced by index.");
  }
  return notes;
}

}  // namespace pushforward::runner
