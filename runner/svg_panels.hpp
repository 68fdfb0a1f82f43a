/// Panels as things that know their margins and draw themselves into a rectangle.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/figure.hpp"
#include "runner/svg_scale.hpp"
#include "runner/svg_writer.hpp"

namespace pushforward::runner::svg {

/// Which of the eight colours a name has. Beyond eight they come again: legends and direct labels
/// still tell the names apart.
class Colors {
 public:
  explicit Colors(const Figure& figure);
  int slot(std::string_view name) const;

 private:
  void add(const std::string& name);
  std::vector<std::string> names_;
};

std::string fill_class(int slot);    ///< "b3"
std::string stroke_class(int slot);  ///< "l3"

enum class Symbol { line, dashed, dots, area, contours, segments };

struct LegendEntry {
  std::string name;
  int slot = 0;
  Symbol symbol = Symbol::line;
  bool with_marker = false;
};

/// A marker of the shape that belongs to the colour: told apart in print without colour too.
Path marker(int slot, double x, double y, double radius);

/// What a panel is told about the figure around it.
struct PanelContext {
  const Colors* colors = nullptr;
  std::string id;      ///< Unique in the page: for clip paths.
  double width = 0.0;  ///< Of the cell.
  bool direct_labels = false;
  bool x_labels = true, y_labels = true;  ///< False inside rows or columns that share an axis.
  std::optional<Range> shared_x, shared_y;
};

class PanelDrawing {
 public:
  virtual ~PanelDrawing() = default;
  virtual double left() const = 0;
  virtual double right() const { return 0.0; }
  virtual double bottom() const = 0;
  virtual double height(double plot_width) const = 0;
  virtual std::string y_label() const { return {}; }
  virtual void draw(Writer& writer, const Rect& plot) const = 0;
};

/// The ranges of the values a panel shows, for figures that share them.
struct Ranges {
  Range x{Scale::linear}, y{Scale::linear};
};
Ranges ranges(const LinePanel& panel);
Ranges ranges(const ScatterPanel& panel);
Ranges ranges(const HistogramPanel& panel);

std::unique_ptr<PanelDrawing> drawing(const LinePanel& panel, const PanelContext& context);
std::unique_ptr<PanelDrawing> drawing(const ScatterPanel& panel, const PanelContext& context);
std::unique_ptr<PanelDrawing> drawing(const HistogramPanel& panel, const PanelContext& context);
std::unique_ptr<PanelDrawing> drawing(const BarPanel& panel, const PanelContext& context);
std::unique_ptr<PanelDrawing> drawing(const ImagePanel& panel, const PanelContext& context);
std::unique_ptr<PanelDrawing> drawing(const PicturePanel& panel, const PanelContext& context);

std::vector<LegendEntry> legend(const LinePanel& panel, const Colors& colors);
std::vector<LegendEntry> legend(const ScatterPanel& panel, const Colors& colors);
std::vector<LegendEntry> legend(const HistogramPanel& panel, const Colors& colors);
std::vector<LegendEntry> legend(const BarPanel& panel, const Colors& colors);
std::vector<LegendEntry> legend(const ImagePanel& panel, const Colors& colors);
std::vector<LegendEntry> legend(const PicturePanel& panel, const Colors& colors);

/// Two axes with ticks and labels: what line, scatter and histogram panels stand in.
class Cartesian {
 public:
  Cartesian(const Axis& x, const Axis& y, const Ranges& data, const PanelContext& context,
            double plot_height, double x_margin, double y_margin);
  double left() const { return left_; }
  double bottom() const { return bottom_; }
  std::string y_label() const { return context_.y_labels ? y_label_ : std::string(); }
  double x_at(const Rect& plot, double value) const {
    return plot.x + plot.width * x_.share(value);
  }
  double y_at(const Rect& plot, double value) const {
    return plot.bottom() - plot.height * y_.share(value);
  }
  const AxisPlan& x() const { return x_; }
  const AxisPlan& y() const { return y_; }
  const PanelContext& context() const { return context_; }
  bool x_label_shown() const { return context_.x_labels && !x_label_.empty(); }

  void draw_grid(Writer& writer, const Rect& plot) const;  ///< Under the data.
  void draw_axes(Writer& writer, const Rect& plot) const;  ///< Over the data.
  /// Everything until `close_clip` is cut at the edge of the plot.
  void open_clip(Writer& writer, const Rect& plot) const;
  void close_clip(Writer& writer) const { writer.close("g"); }

 private:
  PanelContext context_;
  AxisPlan x_, y_;
  std::string x_label_, y_label_;
  bool empty_ = false;  ///< Nothing that these axes can show.
  double left_ = 0.0, bottom_ = 0.0;
};

std::string axis_title(const Axis& axis);  ///< "time (s)"

/// Lines, steps, markers and error bars of one series.
void draw_series(Writer& writer, const Cartesian& axes, const Rect& plot, const Series& series,
                 int slot);

}  // namespace pushforward::runner::svg
