#include <algorithm>
#include <cmath>

#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {
namespace {

constexpr double bar_height = 15.0, bar_gap = 3.0, category_gap = 11.0;

class BarDrawing final : public PanelDrawing {
 public:
  BarDrawing(const BarPanel& panel, const PanelContext& context)
      : panel_(panel), context_(context) {
    for (const auto& name : panel.categories) left_ = std::max(left_, text_width(name, 12.0));
    left_ = std::min(left_ + 12.0, 0.4 * context.width);
    Range data(panel.value.scale);
    if (panel.value.scale == Scale::linear) data.include(0.0);
    for (std::size_t c = 0; c < panel.categories.size(); ++c) {
      if (panel.stacked) data.include(total(c));
      for (const auto& group : panel.groups) {
        if (!panel.stacked) data.include(group.values[c] + 2.0 * error(group, c));
        right_ = std::max(right_, text_width(value_text(group, c), 11.5) + 14.0);
      }
    }
    value_ = plan_axis(panel.value, data, context.width - left_ - right_, 30.0, true, 0.0);
  }
  double left() const override { return left_; }
  double right() const override { return right_; }
  double bottom() const override { return axis_title(panel_.value).empty() ? 22.0 : 40.0; }
  double height(double) const override {
    return std::max(
        40.0, category_height() * static_cast<double>(panel_.categories.size()) + category_gap);
  }

  void draw(Writer& writer, const Rect& plot) const override {
    Path grid;
    for (const auto& tick : value_.ticks) {
      if (tick.label.empty()) continue;
      const double x = plot.x + plot.width * value_.share(tick.value);
      grid.move(x, plot.y).vertical_by(plot.height);
      writer.text(x, plot.bottom() + 18.0, Anchor::middle, "tick", tick.label);
    }
    writer.path(grid, "class=\"grid\"");
    if (const auto title = axis_title(panel_.value); !title.empty()) {
      writer.text(plot.x + plot.width / 2.0, plot.bottom() + 36.0, Anchor::middle, "label", title);
    }
    double y = plot.y + category_gap;
    for (std::size_t c = 0; c < panel_.categories.size(); ++c, y += category_height()) {
      const double middle = y + (category_height() - category_gap) / 2.0;
      writer.text(plot.x - 10.0, middle + 4.0, Anchor::end, "", panel_.categories[c]);
      panel_.stacked ? draw_stack(writer, plot, c, y) : draw_group(writer, plot, c, y);
    }
    const double foot =
        plot.x + plot.width * (value_.scale == Scale::log ? 0.0 : value_.share(0.0));
    writer.line(foot, plot.y, foot, plot.bottom(), "class=\"axis\"");
  }

 private:
  double category_height() const {
    const auto bars =
        panel_.stacked ? std::size_t{1} : std::max<std::size_t>(1, panel_.groups.size());
    return static_cast<double>(bars) * (bar_height + bar_gap) - bar_gap + category_gap;
  }
  double total(std::size_t c) const {
    double sum = 0.0;
    for (const auto& group : panel_.groups) {
      if (std::isfinite(group.values[c])) sum += group.values[c];
    }
    return sum;
  }
  static double error(const BarGroup& group, std::size_t c) {
    return group.standard_errors.empty() || !std::isfinite(group.standard_errors[c])
               ? 0.0
               : group.standard_errors[c];
  }
  std::string value_text(const BarGroup& group, std::size_t c) const {
    if (panel_.stacked) return number_text(total(c), 3);
    if (!std::isfinite(group.values[c])) return "not finite";
    const double se = error(group, c);
    return se > 0.0 ? measured_text({group.values[c], se}) : number_text(group.values[c], 3);
  }
  double x_at(const Rect& plot, double value) const {
    const double share = value_.share(value);
    return plot.x + plot.width * (std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0.0);
  }

  void draw_group(Writer& writer, const Rect& plot, std::size_t c, double y) const {
    const double foot = x_at(plot, 0.0);
    for (const auto& group : panel_.groups) {
      const int slot = context_.colors->slot(group.name);
      const double value = group.values[c], reach = 2.0 * error(group, c);
      double end = foot;
      if (shows(value_.scale, value)) {
        const double x = x_at(plot, value);
        writer.rectangle({std::min(foot, x), y, std::abs(x - foot), bar_height},
                         "class=\"" + fill_class(slot) + "\"");
        end = std::max(foot, x);
        if (reach > 0.0) {
          const double middle = y + bar_height / 2.0;
          writer.line(x_at(plot, value - reach), middle, x_at(plot, value + reach), middle,
                      "class=\"error\" stroke=\"var(--ink)\"");
          end = std::max(end, x_at(plot, value + reach));
        }
      }
      writer.text(end + 6.0, y + bar_height - 3.5, Anchor::start, "value", value_text(group, c));
      y += bar_height + bar_gap;
    }
  }

  void draw_stack(Writer& writer, const Rect& plot, std::size_t c, double y) const {
    double sum = 0.0;
    for (const auto& group : panel_.groups) {
      if (!std::isfinite(group.values[c]) || group.values[c] <= 0.0) continue;
      const double from = x_at(plot, sum), to = x_at(plot, sum + group.values[c]);
      sum += group.values[c];
      writer.rectangle({from, y, std::max(0.0, to - from - 0.8), bar_height},
                       "class=\"" + fill_class(context_.colors->slot(group.name)) + "\"");
    }
    writer.text(x_at(plot, sum) + 6.0, y + bar_height - 3.5, Anchor::start, "value",
                number_text(sum, 3));
  }

  const BarPanel& panel_;
  PanelContext context_;
  double left_ = 0.0, right_ = 30.0;
  AxisPlan value_;
};

}  // namespace

std::vector<LegendEntry> legend(const BarPanel& panel, const Colors& colors) {
  std::vector<LegendEntry> entries;
  if (panel.groups.size() < 2) return entries;
  for (const auto& group : panel.groups) {
    entries.push_back({group.name, colors.slot(group.name), Symbol::area});
  }
  return entries;
}

std::unique_ptr<PanelDrawing> drawing(const BarPanel& panel, const PanelContext& context) {
  return std::make_unique<BarDrawing>(panel, context);
}

}  // namespace pushforward::runner::svg
