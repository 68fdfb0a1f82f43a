#include "runner/figure_vega.hpp"

#include <cmath>

namespace pushforward::runner {
namespace {

using Spec = nlohmann::ordered_json;

Spec number(double x) { return std::isfinite(x) ? Spec(x) : Spec(nullptr); }

Spec values(Spec rows) { return {{"values", std::move(rows)}}; }

Spec channel(std::string_view field, const Axis& axis) {
  auto title = axis.label;
  if (!axis.unit.empty()) title += " (" + axis.unit + ")";
  Spec scale = {{"type", enum_names(axis.scale)[static_cast<std::size_t>(axis.scale)]},
                {"zero", false}};
  if (axis.low) scale["domainMin"] = *axis.low;
  if (axis.high) scale["domainMax"] = *axis.high;
  return {{"field", field}, {"type", "quantitative"}, {"title", title}, {"scale", scale}};
}

Spec by_name() { return {{"field", "name"}, {"type", "nominal"}, {"title", nullptr}}; }

/// Lines, points and error bars of series over the same pair of axes.
Spec series_layers(const std::vector<Series>& series, const Axis& x, const Axis& y) {
  Spec layers = Spec::array();
  for (const auto& s : series) {
    Spec rows = Spec::array();
    bool errors = false;
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      Spec row = {{"name", s.name}, {"x", number(s.x[i])}, {"y", number(s.y[i])}};
      if (!s.standard_errors.empty() && std::isfinite(s.standard_errors[i])) {
        errors = true;
        row["se"] = s.standard_errors[i];
        row["low"] = number(s.y[i] - 2.0 * s.standard_errors[i]);
        row["high"] = number(s.y[i] + 2.0 * s.standard_errors[i]);
      }
      rows.push_back(std::move(row));
    }
    Spec mark = {{"type", s.mark == Mark::points ? "point" : "line"}};
    if (s.mark == Mark::line_and_points) mark["point"] = true;
    if (s.mark == Mark::steps) mark["interpolate"] = "step-after";
    if (s.reference) mark["strokeDash"] = {5, 4};
    if (s.emphasis) mark["strokeWidth"] = 3;
    Spec layer = {
        {"data", values(std::move(rows))},
        {"mark", mark},
        {"encoding", {{"x", channel("x", x)}, {"y", channel("y", y)}, {"color", by_name()}}}};
    if (errors) {
      Spec bars = layer;
      bars["mark"] = "rule";
      bars["encoding"]["y"] = channel("low", y);
      bars["encoding"]["y2"] = {{"field", "high"}};
      layers.push_back(std::move(bars));
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

/// A place on a grid, to five digits: finer cannot be seen and would double the file.
double place(double low, double high, double share) {
  const double x = low + (high - low) * share;
  // Dividing by a power of ten, unlike multiplying by its inverse, prints no stray digits.
  const double scale = std::pow(10.0, 4.0 - std::floor(std::log10(high - low)));
  return std::round(x * scale) / scale;
}

Spec spec_of(const LinePanel& panel) {
  return {{"layer", series_layers(panel.series, panel.x, panel.y)}};
}

/// A cell of a grid of counts or densities, centred where it belongs.
Spec cell_layer(Spec rows, std::string_view value, const ScatterPanel& panel) {
  return {{"data", values(std::move(rows))},
          {"mark", {{"type", "rect"}}},
          {"encoding",
           {{"x", channel("x0", panel.x)},
            {"x2", {{"field", "x1"}}},
            {"y", channel("y0", panel.y)},
            {"y2", {{"field", "y1"}}},
            {"opacity", {{"field", value}, {"type", "quantitative"}}}}}};
}

Spec spec_of(const ScatterPanel& panel) {
  Spec layers = Spec::array();
  if (panel.density) {
    const auto& g = *panel.density;
    double top = -INFINITY;
    for (const double v : g.log_density) top = std::max(top, v);
    Spec rows = Spec::array();
    for (int j = 0; j < g.rows; ++j) {
      for (int i = 0; i < g.columns; ++i) {
        const double log_p = g.log_density[static_cast<std::size_t>(j * g.columns + i)];
        if (!(log_p > top - 12.0)) continue;  // below 6e-6 of the peak nothing can be seen
        const auto& f = g.frame;
        const double columns = g.columns - 1, lines = g.rows - 1;
        rows.push_back({{"x0", place(f.x_low, f.x_high, (i - 0.5) / columns)},
                        {"x1", place(f.x_low, f.x_high, (i + 0.5) / columns)},
                        {"y0", place(f.y_low, f.y_high, (j - 0.5) / lines)},
                        {"y1", place(f.y_low, f.y_high, (j + 0.5) / lines)},
                        {"log_density", log_p}});
      }
    }
    layers.push_back(cell_layer(std::move(rows), "log_density", panel));
  }
  for (const auto& lines : panel.segments) {
    const bool dots = lines.x0 == lines.x1 && lines.y0 == lines.y1;
    Spec rows = Spec::array();
    for (std::size_t i = 0; i < lines.x0.size(); ++i) {
      rows.push_back({{"name", lines.name},
                      {"x", number(lines.x0[i])},
                      {"y", number(lines.y0[i])},
                      {"to_x", number(lines.x1[i])},
                      {"to_y", number(lines.y1[i])}});
    }
    Spec mark = {{"type", "rule"}, {"opacity", 0.4}};
    if (dots) mark = {{"type", "circle"}, {"size", 4}, {"color", "black"}};
    layers.push_back({{"data", values(std::move(rows))},
                      {"mark", std::move(mark)},
                      {"encoding",
                       {{"x", channel("x", panel.x)},
                        {"y", channel("y", panel.y)},
                        {"x2", {{"field", "to_x"}}},
                        {"y2", {{"field", "to_y"}}}}}});
  }
  for (const auto& cloud : panel.clouds) {
    Spec rows = Spec::array();
    if (cloud.binned()) {
      const auto& f = cloud.frame;
      for (int j = 0; j < cloud.rows; ++j) {
        for (int i = 0; i < cloud.columns; ++i) {
          const auto count = cloud.counts[static_cast<std::size_t>(j * cloud.columns + i)];
          if (count == 0) continue;
          rows.push_back({{"name", cloud.name},
                          {"x0", place(f.x_low, f.x_high, (i + 0.0) / cloud.columns)},
                          {"x1", place(f.x_low, f.x_high, (i + 1.0) / cloud.columns)},
                          {"y0", place(f.y_low, f.y_high, (j + 0.0) / cloud.rows)},
                          {"y1", place(f.y_low, f.y_high, (j + 1.0) / cloud.rows)},
                          {"count", count}});
        }
      }
      auto layer = cell_layer(std::move(rows), "count", panel);
      layer["encoding"]["color"] = by_name();
      layers.push_back(std::move(layer));
      continue;
    }
    for (std::size_t i = 0; i < cloud.x.size(); ++i) {
      rows.push_back({{"name", cloud.name}, {"x", number(cloud.x[i])}, {"y", number(cloud.y[i])}});
    }
    layers.push_back(
        {{"data", values(std::move(rows))},
         {"mark", {{"type", "circle"}, {"size", 8}}},
         {"encoding",
          {{"x", channel("x", panel.x)}, {"y", channel("y", panel.y)}, {"color", by_name()}}}});
  }
  return {{"layer", layers}};
}

Spec spec_of(const HistogramPanel& panel) {
  Spec layers = Spec::array();
  for (const auto& h : panel.histograms) {
    Spec rows = Spec::array();
    for (std::size_t i = 0; i < h.density.size(); ++i) {
      rows.push_back({{"name", h.name},
                      {"x0", h.edges[i]},
                      {"x1", h.edges[i + 1]},
                      {"density", number(h.density[i])}});
    }
    layers.push_back({{"data", values(std::move(rows))},
                      {"mark", {{"type", "bar"}, {"opacity", 0.4}}},
                      {"encoding",
                       {{"x", channel("x0", panel.x)},
                        {"x2", {{"field", "x1"}}},
                        {"y", channel("density", panel.y)},
                        {"color", by_name()}}}});
  }
  for (auto& layer : series_layers(panel.curves, panel.x, panel.y)) {
    layers.push_back(std::move(layer));
  }
  return {{"layer", layers}};
}

Spec spec_of(const BarPanel& panel) {
  Spec rows = Spec::array();
  for (const auto& group : panel.groups) {
    for (std::size_t c = 0; c < panel.categories.size(); ++c) {
      Spec row = {{"name", group.name},
                  {"category", panel.categories[c]},
                  {"value", number(group.values[c])}};
      if (!group.standard_errors.empty()) row["se"] = number(group.standard_errors[c]);
      rows.push_back(std::move(row));
    }
  }
  Spec encoding = {{"y", {{"field", "category"}, {"type", "nominal"}, {"sort", nullptr}}},
                   {"x", channel("value", panel.value)},
                   {"color", by_name()}};
  encoding["x"]["scale"].erase("zero");
  if (!panel.stacked) encoding["yOffset"] = {{"field", "name"}};
  return {{"data", values(std::move(rows))}, {"mark", "bar"}, {"encoding", encoding}};
}

Spec spec_of(const ImagePanel& panel) {
  Spec rows = Spec::array();
  for (const auto& row : panel.rows) {
    for (std::size_t k = 0; k < row.images.size(); ++k) {
      for (std::size_t p = 0; p < row.images[k].size(); ++p) {
        if (row.images[k][p] == 0) continue;
        const auto width = static_cast<std::size_t>(panel.width);
        rows.push_back({{"name", row.name},
                        {"x", k * (width + 1) + p % width},
                        {"y", p / width},
                        {"ink", row.images[k][p]}});
      }
    }
  }
  const Spec lattice = {{"type", "ordinal"}, {"axis", nullptr}};
  Spec x = lattice, y = lattice;
  x["field"] = "x";
  y["field"] = "y";
  return {{"data", values(std::move(rows))},
          {"mark", "rect"},
          {"encoding",
           {{"x", x},
            {"y", y},
            {"row", {{"field", "name"}, {"type", "nominal"}, {"sort", nullptr}}},
            {"opacity", {{"field", "ink"}, {"type", "quantitative"}, {"legend", nullptr}}}}}};
}

Spec spec_of(const PicturePanel& panel) {
  Spec rows = Spec::array();
  rows.push_back({{"url", "data:image/png;base64," + panel.png}});
  return {{"data", values(std::move(rows))},
          {"mark", {{"type", "image"}, {"width", panel.width}, {"height", panel.height}}},
          {"encoding", {{"url", {{"field", "url"}, {"type", "nominal"}}}}}};
}

}  // namespace

nlohmann::ordered_json vega_lite(const Figure& figure) {
  figure.validate();
  Spec spec = {{"$schema", "https://vega.github.io/schema/vega-lite/v5.json"},
               {"title", figure.title},
               {"description", figure.description}};
  Spec panels = Spec::array();
  for (const auto& panel : figure.panels) {
    Spec one = std::visit([](const auto& p) { return spec_of(p); }, panel);
    const auto title = std::visit([](const auto& p) { return p.title; }, panel);
    if (!title.empty()) one["title"] = title;
    panels.push_back(std::move(one));
  }
  if (figure.panels.size() == 1) {
    for (auto& [key, value] : panels[0].items()) {
      if (key != "title" || figure.title.empty()) spec[key] = value;
    }
    return spec;
  }
  spec["columns"] = figure.columns > 0 ? figure.columns : 3;
  spec["concat"] = std::move(panels);
  return spec;
}

}  // namespace pushforward::runner
