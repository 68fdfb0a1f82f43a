#include "runner/figure.hpp"

#include <algorithm>
#include <cmath>

#include "pushforward/core/errors.hpp"

namespace pushforward::runner {
namespace {

/// The place of a panel in messages: `Figure "orders": panels[2].series[0].y`.
class Place {
 public:
  Place(const std::string& figure, std::size_t panel)
      : where_("Figure " + detail::quoted(figure)),
        prefix_("panels[" + std::to_string(panel) + "].") {}

  template <class T>
  void check(bool ok, const std::string& field, const T& value, std::string_view expected) const {
    require(ok, where_, prefix_ + field, value, expected);
  }
  template <class Values>
  void same_size(const Values& values, std::size_t size, const std::string& field,
                 std::string_view expected) const {
    check(values.size() == size, field + ".size()", values.size(), expected);
  }
  template <class Values>
  void empty_or_size(const Values& values, std::size_t size, const std::string& field,
                     std::string_view expected) const {
    if (!values.empty()) same_size(values, size, field, expected);
  }

 private:
  std::string where_, prefix_;
};

std::string item(std::string_view list, std::size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

void validate_axis(const Axis& axis, const std::string& field, const Place& place) {
  for (const auto& limit : {axis.low, axis.high}) {
    if (!limit) continue;
    place.check(std::isfinite(*limit), field + " limit", *limit, "a finite number");
    place.check(axis.scale == Scale::linear || *limit > 0.0, field + " limit", *limit,
                "greater than 0 on a log axis");
  }
  if (axis.low && axis.high) {
    place.check(*axis.low < *axis.high, field + ".low", *axis.low, "below the high limit");
  }
}

void validate_frame(const Frame& f, const std::string& field, const Place& place) {
  const bool ok = std::isfinite(f.x_low) && std::isfinite(f.x_high) && std::isfinite(f.y_low) &&
                  std::isfinite(f.y_high) && f.x_low < f.x_high && f.y_low < f.y_high;
  place.check(ok, field, f.x_low, "the lower left corner of a finite rectangle");
}

void validate_series(const std::vector<Series>& series, std::string_view list, const Place& place) {
  for (std::size_t i = 0; i < series.size(); ++i) {
    const auto& s = series[i];
    place.same_size(s.y, s.x.size(), item(list, i) + ".y", "one per x");
    place.empty_or_size(s.standard_errors, s.x.size(), item(list, i) + ".standard_errors",
                        "one per x, or none");
  }
}

void validate_panel(const LinePanel& panel, const Place& place) {
  validate_axis(panel.x, "x", place);
  validate_axis(panel.y, "y", place);
  validate_series(panel.series, "series", place);
}

void validate_panel(const ScatterPanel& panel, const Place& place) {
  validate_axis(panel.x, "x", place);
  validate_axis(panel.y, "y", place);
  if (panel.density) {
    const auto& grid = *panel.density;
    validate_frame(grid.frame, "density.frame", place);
    place.check(grid.columns >= 2 && grid.rows >= 2, "density.columns", grid.columns,
                "at least 2, as rows");
    place.same_size(grid.log_density,
                    static_cast<std::size_t>(grid.columns) * static_cast<std::size_t>(grid.rows),
                    "density.log_density", "columns * rows");
  }
  for (std::size_t i = 0; i < panel.clouds.size(); ++i) {
    const auto& cloud = panel.clouds[i];
    const auto at = item("clouds", i);
    place.same_size(cloud.y, cloud.x.size(), at + ".y", "one per x");
    place.check(cloud.x.size() <= static_cast<std::size_t>(max_drawn_points), at + ".x.size()",
                cloud.x.size(), "at most 2000: larger clouds are binned");
    if (!cloud.binned()) continue;
    validate_frame(cloud.frame, at + ".frame", place);
    place.check(cloud.columns >= 1 && cloud.rows >= 1, at + ".columns", cloud.columns,
                "at least 1, as rows");
    place.same_size(cloud.counts,
                    static_cast<std::size_t>(cloud.columns) * static_cast<std::size_t>(cloud.rows),
                    at + ".counts", "columns * rows");
  }
  for (std::size_t i = 0; i < panel.segments.size(); ++i) {
    const auto& lines = panel.segments[i];
    const auto at = item("segments", i);
    for (const auto* values : {&lines.y0, &lines.x1, &lines.y1}) {
      place.same_size(*values, lines.x0.size(), at + " end", "one per x0");
    }
  }
}

void validate_panel(const HistogramPanel& panel, const Place& place) {
  validate_axis(panel.x, "x", place);
  validate_axis(panel.y, "y", place);
  for (std::size_t i = 0; i < panel.histograms.size(); ++i) {
    const auto& h = panel.histograms[i];
    const auto at = item("histograms", i);
    place.same_size(h.edges, h.density.size() + 1, at + ".edges", "one more than bins");
    place.check(std::is_sorted(h.edges.begin(), h.edges.end()), at + ".edges", h.edges.front(),
                "the first of an ascending list");
  }
  validate_series(panel.curves, "curves", place);
}

void validate_panel(const BarPanel& panel, const Place& place) {
  validate_axis(panel.value, "value", place);
  for (std::size_t i = 0; i < panel.groups.size(); ++i) {
    const auto& group = panel.groups[i];
    const auto at = item("groups", i);
    place.same_size(group.values, panel.categories.size(), at + ".values", "one per category");
    place.empty_or_size(group.standard_errors, panel.categories.size(), at + ".standard_errors",
                        "one per category, or none");
  }
}

void validate_panel(const ImagePanel& panel, const Place& place) {
  place.check(panel.width >= 1 && panel.width <= 256, "width", panel.width, "between 1 and 256");
  place.check(panel.height >= 1 && panel.height <= 256, "height", panel.height,
              "between 1 and 256");
  place.check(panel.levels >= 1 && panel.levels <= 255, "levels", panel.levels,
              "between 1 and 255");
  for (std::size_t i = 0; i < panel.rows.size(); ++i) {
    for (std::size_t k = 0; k < panel.rows[i].images.size(); ++k) {
      const auto at = item("rows", i) + "." + item("images", k);
      const auto& image = panel.rows[i].images[k];
      place.same_size(image, static_cast<std::size_t>(panel.width * panel.height), at,
                      "width * height");
      const int darkest = image.empty() ? 0 : *std::max_element(image.begin(), image.end());
      place.check(darkest <= panel.levels, at + " pixel", darkest, "at most levels");
    }
  }
}

void validate_panel(const PicturePanel& panel, const Place& place) {
  place.check(panel.width >= 1 && panel.width <= 4096, "width", panel.width, "between 1 and 4096");
  place.check(panel.height >= 1 && panel.height <= 4096, "height", panel.height,
              "between 1 and 4096");
  // The text stands in an attribute of the page: nothing but the digits of base64 may be in it.
  const auto is_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
  };
  const bool text = std::all_of(panel.png.begin(), panel.png.end(), is_digit);
  place.check(text && panel.png.starts_with("iVBORw0KGgo"), "png", panel.png.substr(0, 11),
              "a PNG file in base64");
}

bool is_file_stem(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= 64 && id.front() != '.' &&
         std::all_of(id.begin(), id.end(), allowed);
}

}  // namespace

void Figure::validate() const {
  require(is_file_stem(id), "Figure", "id", id,
          "at most 64 letters, digits, '.', '_' or '-', not starting with '.'");
  require(columns >= 0, "Figure " + detail::quoted(id), "columns", columns, "at least 0");
  for (std::size_t i = 0; i < panels.size(); ++i) {
    std::visit([&](const auto& panel) { validate_panel(panel, Place(id, i)); }, panels[i]);
  }
}

void Table::validate() const {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    require(rows[i].size() == columns.size(), "Table " + detail::quoted(id),
            item("rows", i) + ".size()", rows[i].size(), "one cell per column");
  }
}

}  // namespace pushforward::runner
