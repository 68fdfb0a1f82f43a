#include "runner/svg.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runner/svg_panels.hpp"

namespace pushforward::runner {
namespace svg {
namespace {

constexpr double cell_gap = 26.0, row_gap = 22.0;

int columns_of(const Figure& figure) {
  const int n = static_cast<int>(figure.panels.size());
  if (figure.columns > 0) return std::min(figure.columns, std::max(n, 1));
  if (n <= 3) return std::max(n, 1);
  return n == 4 ? 2 : n <= 9 ? 3 : 4;
}

std::string title_of(const Panel& panel) {
  return std::visit([](const auto& p) { return p.title; }, panel);
}

std::vector<LegendEntry> legend_of(const Figure& figure, const Colors& colors) {
  std::vector<LegendEntry> entries;
  for (const auto& panel : figure.panels) {
    for (auto& entry : std::visit([&](const auto& p) { return legend(p, colors); }, panel)) {
      const bool known = std::any_of(entries.begin(), entries.end(),
                                     [&](const LegendEntry& e) { return e.name == entry.name; });
      if (!known && !entry.name.empty()) entries.push_back(std::move(entry));
    }
  }
  return entries;
}

void draw_symbol(Writer& writer, const LegendEntry& entry, double x, double y) {
  const auto fill = "class=\"" + fill_class(entry.slot) + "\"";
  switch (entry.symbol) {
    case Symbol::line:
      writer.line(x, y, x + 22.0, y, "class=\"line " + stroke_class(entry.slot) + "\"");
      if (entry.with_marker) {
        writer.path(marker(entry.slot, x + 11.0, y, 3.7),
                    "class=\"dot " + fill_class(entry.slot) + "\"");
      }
      break;
    case Symbol::dashed:
      writer.line(x, y, x + 22.0, y, "class=\"theory\"");
      break;
    case Symbol::segments:
      writer.line(x, y, x + 22.0, y, "class=\"axis\"");
      break;
    case Symbol::dots:
      writer.path(marker(0, x + 11.0, y, 3.2), fill);
      break;
    case Symbol::area:
      writer.rectangle({x + 5.0, y - 6.0, 12.0, 12.0}, fill);
      break;
    case Symbol::contours:
      writer.rectangle({x, y - 7.0, 22.0, 14.0}, "class=\"cell\"");
      writer.rectangle({x + 4.0, y - 4.5, 14.0, 9.0}, "class=\"cell\"");
      writer.rectangle({x, y - 7.0, 22.0, 14.0}, "class=\"contour\"");
      writer.rectangle({x + 4.0, y - 4.5, 14.0, 9.0}, "class=\"contour\"");
  }
}

/// Entries in rows from the left; returns the height taken.
double draw_legend(Writer& writer, const std::vector<LegendEntry>& entries, double top) {
  if (entries.empty()) return 0.0;
  double x = 0.0, y = top + 10.0;
  for (const auto& entry : entries) {
    const double width = 28.0 + text_width(entry.name, 12.0) + 22.0;
    if (x > 0.0 && x + width > figure_width + 22.0) x = 0.0, y += 21.0;
    draw_symbol(writer, entry, x, y);
    writer.text(x + 28.0, y + 4.0, Anchor::start, "", entry.name);
    x += width;
  }
  return y - top + 18.0;
}

/// The union of the ranges of all panels with axes, for figures that share them.
std::pair<std::optional<Range>, std::optional<Range>> shared_ranges(const Figure& figure) {
  std::optional<Range> x, y;
  const auto join = [](std::optional<Range>& all, const Range& one, Scale scale) {
    if (!all) all = Range(scale);
    all->include({one.low(), one.high()});
  };
  for (const auto& panel : figure.panels) {
    std::visit(
        [&](const auto& p) {
          if constexpr (requires { ranges(p); }) {
            const auto own = ranges(p);
            if (figure.share_x) join(x, own.x, p.x.scale);
            if (figure.share_y) join(y, own.y, p.y.scale);
          }
        },
        panel);
  }
  return {x, y};
}

/// Lines of at most `width` pixels.
std::vector<std::string> wrapped(std::string_view text, double width, double font_size) {
  std::vector<std::string> lines;
  std::string line;
  for (std::size_t i = 0; i < text.size();) {
    const auto end = std::min(text.find(' ', i), text.size());
    const std::string word(text.substr(i, end - i));
    if (!line.empty() && text_width(line + ' ' + word, font_size) > width) {
      lines.push_back(std::exchange(line, {}));
    }
    if (!line.empty()) line += ' ';
    line += word;
    i = end + 1;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

class Layout {
 public:
  explicit Layout(const Figure& figure) : figure_(figure), colors_(figure) {}

  std::string markup(bool standalone) {
    Writer body;
    double y = 0.0;
    if (standalone) {
      y += 18.0;
      body.text(0.0, y, Anchor::start, "title", figure_.title);
      y += 14.0;
    }
    // Names at the ends of the lines where there is room for them, else a legend above.
    direct_labels_ =
        figure_.panels.size() == 1 && std::holds_alternative<LinePanel>(figure_.panels.front());
    if (!direct_labels_) y += draw_legend(body, legend_of(figure_, colors_), y);
    y = draw_panels(body, y);
    if (standalone) {
      std::vector<std::string> texts;
      if (!figure_.caption.empty()) texts.push_back(figure_.caption);
      for (const auto& note : figure_notes(figure_)) texts.push_back(note);
      for (const auto& text : texts) {
        y += 8.0;
        for (const auto& line : wrapped(text, figure_width, 12.0)) {
          y += 17.0;
          body.text(0.0, y, Anchor::start, "note", line);
        }
      }
      y += 6.0;
    }
    const double pad = standalone ? 20.0 : 2.0;
    return opening(y, pad, standalone) + body.take() + "</svg>\n";
  }

 private:
  std::string opening(double height, double pad, bool standalone) const {
    const auto title_id = "t-" + figure_.id, desc_id = "d-" + figure_.id;
    const auto width_text = coordinate(figure_width + 2.0 * pad, 0),
               height_text = coordinate(std::ceil(height + 2.0 * pad), 0);
    std::string out = "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"pf\" role=\"img\"";
    out += " aria-labelledby=\"" + title_id + ' ' + desc_id + "\" width=\"" + width_text +
           "\" height=\"" + height_text + "\" viewBox=\"" + coordinate(-pad) + ' ' +
           coordinate(-pad) + ' ' + width_text + ' ' + height_text + "\">\n";
    out += "<title id=\"" + title_id + "\">" + escaped(figure_.title) + "</title>\n";
    out += "<desc id=\"" + desc_id + "\">" + escaped(figure_.description) + "</desc>\n";
    if (standalone) {
      out += "<style>" + std::string(svg_style()) + "</style>\n";
      out += "<rect x=\"" + coordinate(-pad) + "\" y=\"" + coordinate(-pad) +
             "\" width=\"100%\" height=\"100%\" fill=\"var(--paper)\"/>\n";
    }
    return out;
  }

  double draw_panels(Writer& body, double y) {
    const int columns = columns_of(figure_);
    const int n = static_cast<int>(figure_.panels.size());
    const auto [shared_x, shared_y] = shared_ranges(figure_);
    // A single square panel would be too large across the whole figure.
    const bool lone_plane = n == 1 && std::holds_alternative<ScatterPanel>(figure_.panels.front());
    const double room = lone_plane ? 560.0 : figure_width;
    const double cell = (room - cell_gap * (columns - 1)) / columns;
    for (int first = 0; first < n; first += columns) {
      const int count = std::min(columns, n - first);
      std::vector<std::unique_ptr<PanelDrawing>> row;
      bool any_title = false, any_y_label = false;
      double lefts = 0.0, rights = 0.0, bottom = 0.0;
      for (int k = 0; k < count; ++k) {
        const auto& panel = figure_.panels[static_cast<std::size_t>(first + k)];
        const PanelContext context{.colors = &colors_,
                                   .id = "c-" + figure_.id + "-" + std::to_string(first + k),
                                   .width = cell,
                                   .direct_labels = direct_labels_,
                                   .x_labels = !figure_.share_x || first + k + columns >= n,
                                   .y_labels = !figure_.share_y || k == 0,
                                   .shared_x = shared_x,
                                   .shared_y = shared_y};
        row.push_back(std::visit([&](const auto& p) { return drawing(p, context); }, panel));
        any_title |= !title_of(panel).empty();
        any_y_label |= !row.back()->y_label().empty();
        lefts += row.back()->left();
        rights += row.back()->right();
        bottom = std::max(bottom, row.back()->bottom());
      }
      // All plots of a row are equally wide, also in a last row that is not full.
      const double per_panel = (lefts + rights) / count;
      const double plot_width =
          figure_.share_y
              ? (room - cell_gap * (columns - 1) - lefts - rights -
                 (columns - count) * (count > 1 ? row[1]->left() + row[1]->right() : 14.0)) /
                    columns
              : cell - per_panel;
      double height = 0.0;
      for (const auto& panel : row) height = std::max(height, panel->height(plot_width));
      const double top = y + (any_title ? 20.0 : 0.0) + (any_y_label ? 20.0 : 0.0) + 4.0;
      double x = 0.0;
      for (int k = 0; k < count; ++k) {
        const auto& panel = *row[static_cast<std::size_t>(k)];
        const auto title = title_of(figure_.panels[static_cast<std::size_t>(first + k)]);
        const Rect plot{x + panel.left(), top, plot_width, panel.height(plot_width)};
        if (!title.empty()) body.text(x, y + 14.0, Anchor::start, "panel", title);
        if (const auto label = panel.y_label(); !label.empty()) {
          body.text(x, top - 10.0, Anchor::start, "label", label);
        }
        panel.draw(body, plot);
        x = plot.right() + panel.right() + cell_gap;
      }
      y = top + height + bottom + (first + columns < n ? row_gap : 4.0);
    }
    return y;
  }

  const Figure& figure_;
  Colors colors_;
  bool direct_labels_ = false;
};

std::string checked_markup(const Figure& figure, bool standalone) {
  figure.validate();
  return Layout(figure).markup(standalone);
}

}  // namespace
}  // namespace svg

std::string svg_file(const Figure& figure) { return svg::checked_markup(figure, true); }

std::string svg_inline(const Figure& figure) { return svg::checked_markup(figure, false); }

}  // namespace pushforward::runner
