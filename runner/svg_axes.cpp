#include <algorithm>
#include <cmath>

#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {

Colors::Colors(const Figure& figure) {
  for (const auto& name : figure.color_order) add(name);
  struct Names {
    Colors& colors;
    void operator()(const LinePanel& p) const {
      for (const auto& s : p.series) {
        if (!s.reference) colors.add(s.name);
      }
    }
    void operator()(const ScatterPanel& p) const {
      for (const auto& c : p.clouds) colors.add(c.name);
    }
    void operator()(const HistogramPanel& p) const {
      for (const auto& h : p.histograms) colors.add(h.name);
      for (const auto& s : p.curves) {
        if (!s.reference) colors.add(s.name);
      }
    }
    void operator()(const BarPanel& p) const {
      for (const auto& g : p.groups) colors.add(g.name);
    }
    void operator()(const ImagePanel&) const {}
    void operator()(const PicturePanel&) const {}
  };
  for (const auto& panel : figure.panels) std::visit(Names{*this}, panel);
}

void Colors::add(const std::string& name) {
  if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
}

int Colors::slot(std::string_view name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? 0 : static_cast<int>((found - names_.begin()) % 8);
}

std::string fill_class(int slot) { return "b" + std::to_string(slot); }
std::string stroke_class(int slot) { return "l" + std::to_string(slot); }

Path marker(int slot, double x, double y, double r) {
  Path path;
  switch (slot % 6) {
    case 0: {  // an octagon stands for a circle at a quarter of its bytes
      const double a = 0.42 * r * 1.04, b = r * 1.04;
      path.move(x - a, y - b).line(x + a, y - b).line(x + b, y - a).line(x + b, y + a);
      path.line(x + a, y + b).line(x - a, y + b).line(x - b, y + a).line(x - b, y - a);
      break;
    }
    case 1:
      return path.rectangle(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
    case 2:
      path.move(x, y - 1.25 * r).line(x + 1.15 * r, y + 0.8 * r).line(x - 1.15 * r, y + 0.8 * r);
      break;
    case 3:
      path.move(x, y - 1.3 * r).line(x + 1.3 * r, y).line(x, y + 1.3 * r).line(x - 1.3 * r, y);
      break;
    case 4:
      path.move(x, y + 1.25 * r).line(x + 1.15 * r, y - 0.8 * r).line(x - 1.15 * r, y - 0.8 * r);
      break;
    default: {
      const double a = 0.45 * r, b = 1.2 * r;
      path.move(x - a, y - b).line(x + a, y - b).line(x + a, y - a).line(x + b, y - a);
      path.line(x + b, y + a).line(x + a, y + a).line(x + a, y + b).line(x - a, y + b);
      path.line(x - a, y + a).line(x - b, y + a).line(x - b, y - a).line(x - a, y - a);
    }
  }
  return path.close();
}

std::string axis_title(const Axis& axis) {
  if (axis.unit.empty()) return axis.label;
  return axis.label + (axis.label.empty() ? "" : " ") + "(" + axis.unit + ")";
}

Cartesian::Cartesian(const Axis& x, const Axis& y, const Ranges& data, const PanelContext& context,
                     double plot_height, double x_margin, double y_margin)
    : context_(context),
      x_label_(axis_title(x)),
      y_label_(axis_title(y)),
      empty_(data.x.empty() || data.y.empty()) {
  y_ = plan_axis(y, context.shared_y.value_or(data.y), plot_height, 34.0, false, y_margin);
  double widest = 0.0;
  for (const auto& tick : y_.ticks) widest = std::max(widest, text_width(tick.label, 11.5));
  left_ = context.y_labels ? widest + 12.0 : 8.0;
  x_ = plan_axis(x, context.shared_x.value_or(data.x), context.width - left_, 14.0, true, x_margin);
  bottom_ = context.x_labels ? 22.0 + (x_label_.empty() ? 0.0 : 18.0) : 10.0;
}

void Cartesian::draw_grid(Writer& writer, const Rect& plot) const {
  Path grid;
  for (const auto& tick : y_.ticks) {
    if (tick.label.empty()) continue;
    grid.move(plot.x, y_at(plot, tick.value)).horizontal_by(plot.width);
  }
  for (const auto& tick : x_.ticks) {
    if (tick.label.empty()) continue;
    grid.move(x_at(plot, tick.value), plot.y).vertical_by(plot.height);
  }
  writer.path(grid, "class=\"grid\"");
}

void Cartesian::draw_axes(Writer& writer, const Rect& plot) const {
  Path axis;
  axis.move(plot.x, plot.bottom()).horizontal_by(plot.width);
  for (const auto& tick : x_.ticks) {
    axis.move(x_at(plot, tick.value), plot.bottom()).vertical_by(tick.label.empty() ? 3.0 : 5.0);
  }
  writer.path(axis, "class=\"axis\"");
  if (empty_) {
    writer.text(plot.x + plot.width / 2.0, plot.y + plot.height / 2.0, Anchor::middle, "note",
                "no data to show");
  }
  if (context_.x_labels) {
    for (const auto& tick : x_.ticks) {
      if (tick.label.empty()) continue;
      writer.text(x_at(plot, tick.value), plot.bottom() + 18.0, Anchor::middle, "tick", tick.label);
    }
    if (!x_label_.empty()) {
      writer.text(plot.x + plot.width / 2.0, plot.bottom() + 36.0, Anchor::middle, "label",
                  x_label_);
    }
  }
  if (!context_.y_labels) return;
  for (const auto& tick : y_.ticks) {
    if (tick.label.empty()) continue;
    writer.text(plot.x - 8.0, y_at(plot, tick.value) + 4.0, Anchor::end, "tick", tick.label);
  }
}

void Cartesian::open_clip(Writer& writer, const Rect& plot) const {
  writer.raw("<clipPath id=\"" + context_.id + "\">");
  writer.rectangle(plot, "");
  writer.raw("</clipPath>\n");
  writer.open("g", "clip-path=\"url(#" + context_.id + ")\"");
}

}  // namespace pushforward::runner::svg
