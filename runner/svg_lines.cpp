#include <algorithm>
#include <cmath>

#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {
namespace {

struct Place {
  double x, y;
};

std::vector<std::optional<Place>> places(const Cartesian& axes, const Rect& plot, const Series& s) {
  std::vector<std::optional<Place>> out;
  for (std::size_t i = 0; i < s.x.size(); ++i) {
    const double x = axes.x_at(plot, s.x[i]), y = axes.y_at(plot, s.y[i]);
    if (std::isfinite(x) && std::isfinite(y)) {
      out.emplace_back(Place{x, y});
    } else {
      out.emplace_back(std::nullopt);
    }
  }
  return out;
}

Path polyline(const std::vector<std::optional<Place>>& at, bool steps) {
  Path path;
  bool pen_down = false;
  double last_y = 0.0;
  for (const auto& place : at) {
    if (!place) {
      pen_down = false;
      continue;
    }
    if (!pen_down) {
      path.move(place->x, place->y);
    } else {
      if (steps) path.line(place->x, last_y);
      path.line(place->x, place->y);
    }
    pen_down = true;
    last_y = place->y;
  }
  return path;
}

/// Two standard errors each way; on a log axis a bar whose foot is not positive ends at the bottom.
Path error_bars(const Cartesian& axes, const Rect& plot, const Series& s) {
  Path path;
  for (std::size_t i = 0; i < s.standard_errors.size(); ++i) {
    const double x = axes.x_at(plot, s.x[i]), y = axes.y_at(plot, s.y[i]);
    const double reach = 2.0 * s.standard_errors[i];
    if (!std::isfinite(x) || !std::isfinite(y) || !std::isfinite(reach) || reach <= 0.0) continue;
    const double top = axes.y_at(plot, s.y[i] + reach);
    double foot = axes.y_at(plot, s.y[i] - reach);
    if (!std::isfinite(foot)) foot = plot.bottom();
    path.move(x, top).line(x, foot);
  }
  return path;
}

std::string end_label(const Series& s) {
  if (!s.slope) return s.name;
  return s.name + ", slope " + measured_text({s.slope->value, s.slope->standard_error});
}

struct EndLabel {
  const Series* series;
  Place end;
  double y;  ///< Where the words go, after they have made room for each other.
};

/// Moves labels apart to at least `gap`, as little as possible, inside [low, high].
void spread(std::vector<EndLabel>& labels, double gap, double low, double high) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const EndLabel& a, const EndLabel& b) { return a.y < b.y; });
  // Pool neighbours that collide into blocks that move together (isotonic regression of y - k gap).
  struct Block {
    double sum;
    std::size_t size;
    double mean() const { return sum / static_cast<double>(size); }
  };
  std::vector<Block> blocks;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    blocks.push_back({labels[k].y - gap * static_cast<double>(k), 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() > blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().size += last.size;
    }
  }
  const double highest = high - gap * static_cast<double>(labels.size() - 1);
  std::size_t k = 0;
  for (const auto& block : blocks) {
    for (std::size_t i = 0; i < block.size; ++i, ++k) {
      labels[k].y = std::max(low, std::min(block.mean(), highest)) + gap * static_cast<double>(k);
    }
  }
}

class LineDrawing final : public PanelDrawing {
 public:
  LineDrawing(const LinePanel& panel, const PanelContext& context)
      : panel_(panel),
        height_(context.width > 600.0   ? 330.0
                : context.width > 330.0 ? 240.0
                                        : 180.0),
        axes_(panel.x, panel.y, ranges(panel), context, height_, 0.03, 0.06) {
    if (!context.direct_labels) return;
    for (const auto& s : panel.series) {
      right_ = std::max(right_, 24.0 + text_width(end_label(s), 12.0));
    }
    right_ = std::min(right_, 0.4 * context.width);
  }
  double left() const override { return axes_.left(); }
  double right() const override { return right_; }
  double bottom() const override { return axes_.bottom(); }
  double height(double) const override { return height_; }
  std::string y_label() const override { return axes_.y_label(); }

  void draw(Writer& writer, const Rect& plot) const override {
    const auto& colors = *axes_.context().colors;
    axes_.draw_grid(writer, plot);
    axes_.open_clip(writer, plot);
    // What matters most goes on top: theory, rivals, the method itself.
    for (const int layer : {0, 1, 2}) {
      for (const auto& s : panel_.series) {
        if (layer == (s.reference ? 0 : s.emphasis ? 2 : 1)) {
          draw_series(writer, axes_, plot, s, colors.slot(s.name));
        }
      }
    }
    axes_.close_clip(writer);
    axes_.draw_axes(writer, plot);
    if (axes_.context().direct_labels) draw_end_labels(writer, plot);
  }

 private:
  void draw_end_labels(Writer& writer, const Rect& plot) const {
    std::vector<EndLabel> labels;
    for (const auto& s : panel_.series) {
      const auto at = places(axes_, plot, s);
      const auto last = std::find_if(at.rbegin(), at.rend(), [](auto& p) { return p.has_value(); });
      if (last == at.rend() || s.name.empty()) continue;
      const Place end = {std::min((*last)->x, plot.right()),
                         std::clamp((*last)->y, plot.y, plot.bottom())};
      labels.push_back({&s, end, end.y});
    }
    if (labels.empty()) return;
    spread(labels, 16.0, plot.y + 4.0, plot.bottom());
    const auto& colors = *axes_.context().colors;
    for (const auto& label : labels) {
      const double x = plot.right() + 18.0;
      Path leader;
      leader.move(label.end.x + 6.0, label.end.y).line(x - 4.0, label.y);
      writer.path(leader, "class=\"leader\"");
      writer.text(
          x, label.y + 4.0, Anchor::start,
          label.series->reference ? "reference" : fill_class(colors.slot(label.series->name)),
          end_label(*label.series));
    }
  }

  const LinePanel& panel_;
  double height_;
  Cartesian axes_;
  double right_ = 6.0;
};

}  // namespace

void draw_series(Writer& writer, const Cartesian& axes, const Rect& plot, const Series& s,
                 int slot) {
  const auto at = places(axes, plot, s);
  const std::string heavy = s.emphasis ? " heavy" : "";
  const std::string line_class =
      s.reference ? "class=\"theory\"" : "class=\"line " + stroke_class(slot) + heavy + "\"";
  if (s.mark != Mark::points) writer.path(polyline(at, s.mark == Mark::steps), line_class);
  writer.path(error_bars(axes, plot, s), "class=\"error " + stroke_class(slot) + "\"");
  // A lone value between gaps has no line to be seen by, so every series marks it.
  for (std::size_t i = 0; i < at.size(); ++i) {
    const bool alone = (i == 0 || !at[i - 1]) && (i + 1 == at.size() || !at[i + 1]);
    const bool marked = s.mark == Mark::points || s.mark == Mark::line_and_points || alone;
    if (at[i] && marked) {
      writer.path(marker(slot, at[i]->x, at[i]->y, s.emphasis ? 4.4 : 3.7),
                  "class=\"dot " + (s.reference ? "reference" : fill_class(slot)) + "\"");
    }
  }
}

Ranges ranges(const LinePanel& panel) {
  Ranges out{Range(panel.x.scale), Range(panel.y.scale)};
  for (const auto& s : panel.series) {
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!shows(panel.x.scale, s.x[i]) || !shows(panel.y.scale, s.y[i])) continue;
      out.x.include(s.x[i]);
      out.y.include(s.y[i]);
      if (s.standard_errors.empty()) continue;
      out.y.include(s.y[i] + 2.0 * s.standard_errors[i]);
      // On a log axis a foot near zero would stretch the axis without end: it may be cut.
      const double foot = s.y[i] - 2.0 * s.standard_errors[i];
      if (panel.y.scale == Scale::linear || foot > 0.3 * s.y[i]) out.y.include(foot);
    }
  }
  return out;
}

std::vector<LegendEntry> legend(const LinePanel& panel, const Colors& colors) {
  std::vector<LegendEntry> entries;
  for (const auto& s : panel.series) {
    if (s.name.empty()) continue;
    const bool marked = s.mark == Mark::points || s.mark == Mark::line_and_points;
    entries.push_back({s.name, colors.slot(s.name), s.reference ? Symbol::dashed : Symbol::line,
                       marked && !s.reference});
  }
  return entries;
}

std::unique_ptr<PanelDrawing> drawing(const LinePanel& panel, const PanelContext& context) {
  return std::make_unique<LineDrawing>(panel, context);
}

}  // namespace pushforward::runner::svg
