#include <algorithm>
#include <cmath>

#include "runner/svg_contours.hpp"
#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {
namespace {

constexpr int count_levels = 5;

/// 0 for an empty bin, then 1 to `count_levels` by the square root of the share of the fullest bin:
/// the sparse tails that matter stay visible.
int level_of(std::int64_t count, std::int64_t most) {
  if (count <= 0) return 0;
  const double share = std::sqrt(static_cast<double>(count) / static_cast<double>(most));
  return std::clamp(static_cast<int>(std::ceil(share * count_levels)), 1, count_levels);
}

/// Whether no line has a length: they are dots.
bool are_dots(const Segments& lines) {
  return !lines.x0.empty() && lines.x0 == lines.x1 && lines.y0 == lines.y1;
}

class PlaneDrawing final : public PanelDrawing {
 public:
  PlaneDrawing(const ScatterPanel& panel, const PanelContext& context)
      : panel_(panel),
        axes_(panel.x, panel.y, ranges(panel), context, 0.8 * context.width, 0.0, 0.0) {}
  double left() const override { return axes_.left(); }
  double right() const override { return 6.0; }
  double bottom() const override { return axes_.bottom(); }
  std::string y_label() const override { return axes_.y_label(); }
  double height(double plot_width) const override {
    // Equal units on both axes, within reason.
    const auto &x = axes_.x(), &y = axes_.y();
    if (x.scale == Scale::log || y.scale == Scale::log) return 0.75 * plot_width;
    return plot_width * std::clamp((y.high - y.low) / (x.high - x.low), 0.45, 1.3);
  }

  void draw(Writer& writer, const Rect& plot) const override {
    const auto& colors = *axes_.context().colors;
    writer.rectangle(plot, "class=\"frame\"");
    axes_.open_clip(writer, plot);
    const bool any_binned = std::any_of(panel_.clouds.begin(), panel_.clouds.end(),
                                        [](const PointCloud& cloud) { return cloud.binned(); });
    const auto regions = density_regions(plot);
    for (const auto& region : regions) {
      writer.path(region, "class=\"cell\" fill-rule=\"evenodd\"");
    }
    if (!any_binned) draw_contours(writer, regions);
    for (const auto& lines : panel_.segments) draw_segments(writer, plot, lines);
    for (const auto& cloud : panel_.clouds) {
      if (cloud.binned()) {
        draw_counts(writer, plot, cloud, colors.slot(cloud.name));
      } else {
        draw_points(writer, plot, cloud, colors.slot(cloud.name));
      }
    }
    // Bins would hide the density: its outlines go on top of them.
    if (any_binned) draw_contours(writer, regions);
    axes_.close_clip(writer);
    axes_.draw_axes(writer, plot);
  }

 private:
  static void draw_contours(Writer& writer, const std::vector<Path>& regions) {
    for (const auto& region : regions) writer.path(region, "class=\"contour\"");
  }

  std::vector<Path> density_regions(const Rect& plot) const {
    if (!panel_.density) return {};
    const auto& grid = *panel_.density;
    const auto& f = grid.frame;
    const double x0 = axes_.x_at(plot, f.x_low), y0 = axes_.y_at(plot, f.y_low);
    const double dx = (axes_.x_at(plot, f.x_high) - x0) / (grid.columns - 1);
    const double dy = (axes_.y_at(plot, f.y_high) - y0) / (grid.rows - 1);
    std::vector<Path> regions;
    if (!std::isfinite(dx) || !std::isfinite(dy)) return regions;
    for (const double share : region_shares) {
      const double threshold = region_threshold(grid, share);
      if (!std::isfinite(threshold)) continue;
      Path path(1);
      for (const auto& outline : outlines(grid, threshold)) {
        const auto thin = thinned(outline, dx, dy, 0.12);
        if (thin.size() < 3) continue;
        for (std::size_t i = 0; i < thin.size(); ++i) {
          const double x = x0 + thin[i].column * dx, y = y0 + thin[i].row * dy;
          i == 0 ? path.move(x, y) : path.line(x, y);
        }
        path.close();
      }
      regions.push_back(std::move(path));
    }
    return regions;
  }

  void draw_counts(Writer& writer, const Rect& plot, const PointCloud& cloud, int slot) const {
    const auto most = *std::max_element(cloud.counts.begin(), cloud.counts.end());
    const auto& f = cloud.frame;
    const double x0 = axes_.x_at(plot, f.x_low), y0 = axes_.y_at(plot, f.y_low);
    const double dx = (axes_.x_at(plot, f.x_high) - x0) / cloud.columns;
    const double dy = (axes_.y_at(plot, f.y_high) - y0) / cloud.rows;
    if (!std::isfinite(dx) || !std::isfinite(dy)) return;
    // Whole numbers of bins, scaled at once: runs of equal level are one rectangle each.
    writer.open("g", "transform=\"translate(" + coordinate(x0) + ' ' + coordinate(y0) + ") scale(" +
                         coordinate(dx, 5) + ' ' + coordinate(dy, 5) +
                         ")\" shape-rendering=\"crispEdges\" class=\"" + fill_class(slot) + "\"");
    for (int level = 1; level <= count_levels; ++level) {
      Path path;
      for (int row = 0; row < cloud.rows; ++row) {
        for (int column = 0; column < cloud.columns;) {
          const auto level_at = [&](int c) {
            return level_of(cloud.counts[static_cast<std::size_t>(row * cloud.columns + c)], most);
          };
          int end = column;
          while (end < cloud.columns && level_at(end) == level) ++end;
          if (end > column) path.rectangle(column, row, end - column, 1.0);
          column = std::max(end, column + 1);
        }
      }
      writer.path(path, "fill-opacity=\"" +
                            coordinate(0.2 + 0.8 * (level - 1) / (count_levels - 1)) + "\"");
    }
    writer.close("g");
  }

  void draw_points(Writer& writer, const Rect& plot, const PointCloud& cloud, int slot) const {
    Path path(1);
    for (std::size_t i = 0; i < cloud.x.size(); ++i) {
      const double x = axes_.x_at(plot, cloud.x[i]), y = axes_.y_at(plot, cloud.y[i]);
      if (std::isfinite(x) && std::isfinite(y)) path.move(x, y).horizontal_by(0.0);
    }
    // A line of no length with round caps is a dot at a third of the bytes of a circle.
    const double size = cloud.x.size() <= 150 ? 5.0 : cloud.x.size() <= 600 ? 3.6 : 2.6;
    writer.path(path, "class=\"" + stroke_class(slot) + "\" stroke-width=\"" + coordinate(size) +
                          "\" stroke-linecap=\"round\" stroke-opacity=\".65\"");
  }

  void draw_segments(Writer& writer, const Rect& plot, const Segments& lines) const {
    Path path(1), heads(1);
    for (std::size_t i = 0; i < lines.x0.size(); ++i) {
      const double x0 = axes_.x_at(plot, lines.x0[i]), y0 = axes_.y_at(plot, lines.y0[i]);
      const double x1 = axes_.x_at(plot, lines.x1[i]), y1 = axes_.y_at(plot, lines.y1[i]);
      if (!std::isfinite(x0 + y0 + x1 + y1)) continue;
      path.move(x0, y0).line(x1, y1);
      heads.move(x1, y1).horizontal_by(0.0);
    }
    if (!are_dots(lines)) writer.path(path, "class=\"axis\" stroke-opacity=\".7\"");
    if (are_dots(lines)) {
      // Half of the mean distance between them, so that dots of even spacing keep apart.
      const double each = plot.width * plot.height / static_cast<double>(lines.x0.size());
      const double size = std::clamp(0.5 * std::sqrt(each), 0.7, 5.0);
      writer.path(heads, "class=\"stipple\" stroke-width=\"" + coordinate(size) + "\"");
      return;
    }
    // More lines than transport has in a figure are borders, whose ends are nothing by themselves.
    if (lines.x0.size() > 300) return;
    writer.path(heads, "class=\"axis\" stroke-width=\"3\" stroke-linecap=\"round\"");
  }

  const ScatterPanel& panel_;
  Cartesian axes_;
};

}  // namespace

Ranges ranges(const ScatterPanel& panel) {
  Ranges out{Range(panel.x.scale), Range(panel.y.scale)};
  const auto include = [&](const Frame& f) {
    out.x.include({f.x_low, f.x_high});
    out.y.include({f.y_low, f.y_high});
  };
  if (panel.density) include(panel.density->frame);
  for (const auto& cloud : panel.clouds) {
    if (cloud.binned() || cloud.total > 0) include(cloud.frame);
    out.x.include(cloud.x);
    out.y.include(cloud.y);
  }
  for (const auto& lines : panel.segments) {
    out.x.include(lines.x0);
    out.x.include(lines.x1);
    out.y.include(lines.y0);
    out.y.include(lines.y1);
  }
  return out;
}

std::vector<LegendEntry> legend(const ScatterPanel& panel, const Colors& colors) {
  std::vector<LegendEntry> entries;
  for (const auto& cloud : panel.clouds) {
    const auto symbol = cloud.binned() ? Symbol::area : Symbol::dots;
    entries.push_back({cloud.name, colors.slot(cloud.name), symbol});
  }
  for (const auto& lines : panel.segments) {
    if (!are_dots(lines)) entries.push_back({lines.name, 0, Symbol::segments});
  }
  if (panel.density) {
    entries.push_back(
        {"exact density: regions of 20, 50, 80, 95 and 99% of its mass", 0, Symbol::contours});
  }
  return entries;
}

std::unique_ptr<PanelDrawing> drawing(const ScatterPanel& panel, const PanelContext& context) {
  return std::make_unique<PlaneDrawing>(panel, context);
}

}  // namespace pushforward::runner::svg
