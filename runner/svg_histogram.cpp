#include <cmath>

#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {
namespace {

/// Adjacent bins of a histogram as one outline from its foot, with the baseline at `foot`.
Path silhouette(const Cartesian& axes, const Rect& plot, const Histogram& h, bool closed) {
  Path path;
  if (h.density.empty()) return path;
  const double foot = plot.bottom();
  path.move(axes.x_at(plot, h.edges.front()), foot);
  for (std::size_t i = 0; i < h.density.size(); ++i) {
    double y = axes.y_at(plot, h.density[i]);
    if (!std::isfinite(y)) y = foot;  // an empty bin on a log axis
    path.line(axes.x_at(plot, h.edges[i]), y).line(axes.x_at(plot, h.edges[i + 1]), y);
  }
  path.line(axes.x_at(plot, h.edges.back()), foot);
  if (closed) path.close();
  return path;
}

class HistogramDrawing final : public PanelDrawing {
 public:
  HistogramDrawing(const HistogramPanel& panel, const PanelContext& context)
      : panel_(panel),
        height_(context.width > 600.0   ? 300.0
                : context.width > 330.0 ? 220.0
                                        : 165.0),
        axes_(panel.x, panel.y, ranges(panel), context, height_, 0.0, 0.05) {}
  double left() const override { return axes_.left(); }
  double right() const override { return 6.0; }
  double bottom() const override { return axes_.bottom(); }
  double height(double) const override { return height_; }
  std::string y_label() const override { return axes_.y_label(); }

  void draw(Writer& writer, const Rect& plot) const override {
    const auto& colors = *axes_.context().colors;
    axes_.draw_grid(writer, plot);
    axes_.open_clip(writer, plot);
    for (const auto& h : panel_.histograms) {
      const int slot = colors.slot(h.name);
      writer.path(silhouette(axes_, plot, h, true),
                  "class=\"" + fill_class(slot) + "\" fill-opacity=\".3\"");
      writer.path(silhouette(axes_, plot, h, false),
                  "class=\"line " + stroke_class(slot) + "\" stroke-width=\"1\"");
    }
    for (const auto& s : panel_.curves) draw_series(writer, axes_, plot, s, colors.slot(s.name));
    axes_.close_clip(writer);
    axes_.draw_axes(writer, plot);
  }

 private:
  const HistogramPanel& panel_;
  double height_;
  Cartesian axes_;
};

}  // namespace

Ranges ranges(const HistogramPanel& panel) {
  Ranges out{Range(panel.x.scale), Range(panel.y.scale)};
  if (!panel.histograms.empty()) out.y.include(0.0);
  for (const auto& h : panel.histograms) {
    out.x.include(h.edges);
    out.y.include(h.density);
  }
  const auto curves = ranges(LinePanel{.x = panel.x, .y = panel.y, .series = panel.curves});
  out.x.include({curves.x.low(), curves.x.high()});
  out.y.include({curves.y.low(), curves.y.high()});
  return out;
}

std::vector<LegendEntry> legend(const HistogramPanel& panel, const Colors& colors) {
  std::vector<LegendEntry> entries;
  for (const auto& h : panel.histograms) {
    entries.push_back({h.name, colors.slot(h.name), Symbol::area});
  }
  for (auto& entry : legend(LinePanel{.series = panel.curves}, colors)) {
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::unique_ptr<PanelDrawing> drawing(const HistogramPanel& panel, const PanelContext& context) {
  return std::make_unique<HistogramDrawing>(panel, context);
}

}  // namespace pushforward::runner::svg
