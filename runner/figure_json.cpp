#include "runner/figure_json.hpp"

#include <cmath>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/options.hpp"

namespace pushforward::runner {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 3> enum_names(Better) {
  return {"neither", "smaller", "larger"};
}

// One list of fields per type serves both directions: a visitor is called as io(key, member).

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Axis>
void fields(T& a, IO&& io) {
  io("label", a.label), io("unit", a.unit), io("scale", a.scale), io("low", a.low),
      io("high", a.high);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, FittedSlope>
void fields(T& s, IO&& io) { io("value", s.value), io("standard_error", s.standard_error); }

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Series>
void fields(T& s, IO&& io) {
  io("name", s.name), io("x", s.x), io("y", s.y), io("standard_errors", s.standard_errors),
      io("mark", s.mark), io("reference", s.reference), io("emphasis", s.emphasis),
      io("slope", s.slope);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, LinePanel>
void fields(T& p, IO&& io) {
  io("title", p.title), io("x", p.x), io("y", p.y), io("series", p.series);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Frame>
void fields(T& f, IO&& io) {
  io("x_low", f.x_low), io("x_high", f.x_high), io("y_low", f.y_low), io("y_high", f.y_high);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, DensityGrid>
void fields(T& g, IO&& io) {
  io("frame", g.frame), io("columns", g.columns), io("rows", g.rows),
      io("log_density", g.log_density);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, PointCloud>
void fields(T& c, IO&& io) {
  io("name", c.name), io("x", c.x), io("y", c.y), io("frame", c.frame), io("columns", c.columns),
      io("rows", c.rows), io("counts", c.counts), io("total", c.total), io("outside", c.outside),
      io("not_finite", c.not_finite);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Segments>
void fields(T& s, IO&& io) {
  io("name", s.name), io("x0", s.x0), io("y0", s.y0), io("x1", s.x1), io("y1", s.y1),
      io("total", s.total);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, ScatterPanel>
void fields(T& p, IO&& io) {
  io("title", p.title), io("x", p.x), io("y", p.y), io("density", p.density),
      io("clouds", p.clouds), io("segments", p.segments);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Histogram>
void fields(T& h, IO&& io) {
  io("name", h.name), io("edges", h.edges), io("density", h.density), io("total", h.total),
      io("outside", h.outside), io("not_finite", h.not_finite);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, HistogramPanel>
void fields(T& p, IO&& io) {
  io("title", p.title), io("x", p.x), io("y", p.y), io("histograms", p.histograms),
      io("curves", p.curves);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, BarGroup>
void fields(T& g, IO&& io) {
  io("name", g.name), io("values", g.values), io("standard_errors", g.standard_errors);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, BarPanel>
void fields(T& p, IO&& io) {
  io("title", p.title), io("value", p.value), io("categories", p.categories),
      io("groups", p.groups), io("stacked", p.stacked);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, ImageRow>
void fields(T& r, IO&& io) { io("name", r.name), io("images", r.images); }

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, ImagePanel>
void fields(T& p, IO&& io) {
  io("title", p.title), io("width", p.width), io("height", p.height), io("levels", p.levels),
      io("rows", p.rows);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, PicturePanel>
void fields(T& p, IO&& io) {
  io("title", p.title), io("width", p.width), io("height", p.height), io("png", p.png);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Figure>
void fields(T& f, IO&& io) {
  io("id", f.id), io("title", f.title), io("description", f.description), io("caption", f.caption),
      io("panels", f.panels), io("columns", f.columns), io("share_x", f.share_x),
      io("share_y", f.share_y), io("color_order", f.color_order);
}

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Measured>
void fields(T& m, IO&& io) { io("value", m.value), io("se", m.standard_error); }

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, TableColumn>
void fields(T& c, IO&& io) { io("name", c.name), io("unit", c.unit), io("better", c.better); }

template <class T, class IO>
requires std::is_same_v<std::remove_const_t<T>, Table>
void fields(T& t, IO&& io) {
  io("id", t.id), io("title", t.title), io("columns", t.columns), io("rows", t.rows),
      io("note", t.note);
}

struct NoIO {
  template <class V>
  void operator()(const char*, V&) const {}
};

template <class T>
concept HasFields = requires(T& t) {
  fields(t, NoIO{});
};

constexpr std::array<std::string_view, 6> panel_types = {"line", "scatter", "histogram",
                                                         "bar",  "image",   "picture"};

// ---- Writing

Json written(double x) {
  if (std::isnan(x)) return nullptr;
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  return x;
}
Json written(const std::string& text) { return text; }
template <std::integral T>
Json written(T x) {
  return x;
}
template <class E>
requires std::is_enum_v<E> Json written(E value) {
  return std::string(enum_names(value)[static_cast<std::size_t>(value)]);
}
template <HasFields T>
Json written(const T& value);
Json written(const TableCell& cell);
Json written(const Panel& panel);
template <class T>
Json written(const std::optional<T>& value) {
  return value ? written(*value) : Json(nullptr);
}
template <class T>
Json written(const std::vector<T>& values) {
  Json list = Json::array();
  for (const auto& value : values) list.push_back(written(value));
  return list;
}
template <HasFields T>
Json written(const T& value) {
  Json object = Json::object();
  fields(value, [&](const char* key, const auto& member) { object[key] = written(member); });
  return object;
}
Json written(const TableCell& cell) {
  return std::visit([](const auto& content) { return written(content); }, cell);
}
Json written(const Panel& panel) {
  Json object = {{"type", panel_types[panel.index()]}};
  std::visit([&](const auto& p) { object.update(written(p)); }, panel);
  return object;
}

// ---- Reading: `at` is the pointer of the value, for messages.

[[noreturn]] void refuse(const std::string& at, std::string_view expected) {
  throw std::invalid_argument("figure JSON at " + (at.empty() ? "/" : at) + ": expected " +
                              std::string(expected));
}

void read(const Json& json, double& x, const std::string& at) {
  if (json.is_null()) {
    x = std::numeric_limits<double>::quiet_NaN();
  } else if (json == "inf" || json == "-inf") {
    x = json == "inf" ? std::numeric_limits<double>::infinity()
                      : -std::numeric_limits<double>::infinity();
  } else if (json.is_number()) {
    x = json.get<double>();
  } else {
    refuse(at, "a number, null, \"inf\" or \"-inf\"");
  }
}
void read(const Json& json, std::string& text, const std::string& at) {
  if (!json.is_string()) refuse(at, "a string");
  text = json.get<std::string>();
}
void read(const Json& json, bool& flag, const std::string& at) {
  if (!json.is_boolean()) refuse(at, "true or false");
  flag = json.get<bool>();
}
template <std::integral T>
void read(const Json& json, T& x, const std::string& at) {
  if (!json.is_number_integer()) refuse(at, "an integer");
  const auto value = json.get<std::int64_t>();
  if (!std::in_range<T>(value)) refuse(at, "an integer in range");
  x = static_cast<T>(value);
}
template <class E>
requires std::is_enum_v<E>
void read(const Json& json, E& value, const std::string& at) {
  const auto names = enum_names(E{});
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (json == names[i]) {
      value = static_cast<E>(i);
      return;
    }
  }
  refuse(at, "one of the known words");
}
template <HasFields T>
void read(const Json& json, T& value, const std::string& at);
void read(const Json& json, TableCell& cell, const std::string& at);
void read(const Json& json, Panel& panel, const std::string& at);
template <class T>
void read(const Json& json, std::optional<T>& value, const std::string& at) {
  value.reset();
  if (!json.is_null()) read(json, value.emplace(), at);
}
template <class T>
void read(const Json& json, std::vector<T>& values, const std::string& at) {
  if (!json.is_array()) refuse(at, "a list");
  values.clear();
  values.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    read(json[i], values.emplace_back(), at + "/" + std::to_string(i));
  }
}
template <HasFields T>
void read(const Json& json, T& value, const std::string& at) {
  if (!json.is_object()) refuse(at, "an object");
  fields(value, [&](const char* key, auto& member) {
    const auto found = json.find(key);
    if (found == json.end()) refuse(at, "the key \"" + std::string(key) + "\"");
    read(*found, member, at + "/" + key);
  });
}
void read(const Json& json, TableCell& cell, const std::string& at) {
  if (json.is_string()) {
    cell = json.get<std::string>();
  } else {
    read(json, cell.emplace<Measured>(), at);
  }
}
template <std::size_t I = 0>
void read_panel(const Json& json, std::string_view type, Panel& panel, const std::string& at) {
  if constexpr (I < panel_types.size()) {
    if (type == panel_types[I]) return read(json, panel.emplace<I>(), at);
    read_panel<I + 1>(json, type, panel, at);
  } else {
    refuse(at + "/type", "line, scatter, histogram, bar or image");
  }
}
void read(const Json& json, Panel& panel, const std::string& at) {
  if (!json.is_object() || !json.contains("type") || !json["type"].is_string()) {
    refuse(at, "an object with a type");
  }
  read_panel(json, json["type"].get<std::string>(), panel, at);
}

template <class T>
T read_whole(const Json& json) {
  T value{};
  read(json, value, "");
  return value;
}

}  // namespace

Json to_json(const Figure& figure) { return written(figure); }
Json to_json(const Table& table) { return written(table); }
Json to_json(const Measured& measured) { return written(measured); }

Figure figure_from_json(const Json& json) {
  auto figure = read_whole<Figure>(json);
  figure.validate();
  return figure;
}

Table table_from_json(const Json& json) {
  auto table = read_whole<Table>(json);
  table.validate();
  return table;
}

Measured measured_from_json(const Json& json) { return read_whole<Measured>(json); }

}  // namespace pushforward::runner
