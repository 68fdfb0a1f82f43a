/// The SVG text under construction: elements, escaping and coordinates.
#pragma once

#include <string>
#include <string_view>

#include "runner/figure_text.hpp"

namespace pushforward::runner::svg {

struct Rect {
  double x = 0.0, y = 0.0, width = 0.0, height = 0.0;
  double right() const { return x + width; }
  double bottom() const { return y + height; }
};

enum class Anchor { start, middle, end };

/// Path data with as few bytes as two decimals allow.
class Path {
 public:
  explicit Path(int decimals = 2) : decimals_(decimals) {}
  Path& move(double x, double y) { return add('M', {x, y}); }
  Path& line(double x, double y) { return add('L', {x, y}); }
  Path& horizontal_by(double dx) { return add('h', {dx}); }
  Path& vertical_by(double dy) { return add('v', {dy}); }
  Path& close() {
    data_ += 'Z';
    return *this;
  }
  /// A rectangle with a corner at (x, y).
  Path& rectangle(double x, double y, double width, double height) {
    return move(x, y).horizontal_by(width).vertical_by(height).horizontal_by(-width).close();
  }
  bool empty() const { return data_.empty(); }
  const std::string& data() const { return data_; }

 private:
  Path& add(char command, std::initializer_list<double> numbers) {
    data_ += command;
    bool first = true;
    for (const double number : numbers) {
      const auto text = coordinate(number, decimals_);
      if (!first && text.front() != '-') data_ += ' ';
      data_ += text;
      first = false;
    }
    return *this;
  }

  int decimals_;
  std::string data_;
};

class Writer {
 public:
  /// Attributes are given as text; values from outside must have gone through `escaped`.
  void open(std::string_view element, std::string_view attributes = {}) {
    out_.append("<").append(element);
    if (!attributes.empty()) out_.append(" ").append(attributes);
    out_ += ">\n";
  }
  void close(std::string_view element) { out_.append("</").append(element).append(">\n"); }
  void path(const Path& path, std::string_view attributes) {
    if (path.empty()) return;
    out_.append("<path ").append(attributes).append(" d=\"").append(path.data()).append("\"/>\n");
  }
  void line(double x1, double y1, double x2, double y2, std::string_view attributes) {
    path(Path().move(x1, y1).line(x2, y2), attributes);
  }
  void rectangle(const Rect& r, std::string_view attributes) {
    path(Path().rectangle(r.x, r.y, r.width, r.height), attributes);
  }
  void text(double x, double y, Anchor anchor, std::string_view css_class, std::string_view words) {
    out_ += "<text x=\"" + coordinate(x, 1) + "\" y=\"" + coordinate(y, 1) + '"';
    if (anchor != Anchor::start) {
      out_ += anchor == Anchor::end ? " text-anchor=\"end\"" : " text-anchor=\"middle\"";
    }
    out_.append(" class=\"").append(css_class).append("\">");
    out_ += escaped(words) + "</text>\n";
  }
  void element(std::string_view name, std::string_view attributes, std::string_view words) {
    out_.append("<").append(name);
    if (!attributes.empty()) out_.append(" ").append(attributes);
    out_ += ">" + escaped(words);
    out_.append("</").append(name).append(">\n");
  }
  void raw(std::string_view markup) { out_ += markup; }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace pushforward::runner::svg
