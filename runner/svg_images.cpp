#include <algorithm>
#include <cmath>

#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {
namespace {

constexpr double row_gap = 12.0;

/// Rows of images, wrapped where they do not fit, names on the left. Images stand one pixel apart
/// on a lattice of pixels, so that every coordinate is a small whole number.
class ImageDrawing final : public PanelDrawing {
 public:
  ImageDrawing(const ImagePanel& panel, const PanelContext& context)
      : panel_(panel), pitch_x_(panel.width + 1), pitch_y_(panel.height + 1) {
    for (const auto& row : panel.rows) left_ = std::max(left_, text_width(row.name, 12.0) + 14.0);
    left_ = std::min(left_, 0.35 * context.width);
    const double room = context.width - left_;
    // A pixel is a whole number of screen pixels, from 2 to 5, as large as lets the longest row fit
    // in one line, or in two where one would leave less than 3.
    std::size_t longest = 1;
    for (const auto& row : panel.rows) longest = std::max(longest, row.images.size());
    const auto fitting = [&](double images) { return std::floor(room / (images * pitch_x_)); };
    const double in_one = fitting(static_cast<double>(longest));
    const double in_two = fitting(std::ceil(static_cast<double>(longest) / 2.0));
    scale_ = std::clamp(in_one >= 3.0 ? in_one : in_two, 2.0, 5.0);
    columns_ = std::max(1, static_cast<int>((room + scale_) / (pitch_x_ * scale_)));
  }
  double left() const override { return left_; }
  double bottom() const override { return 0.0; }
  double height(double) const override {
    int lines = 0;
    for (const auto& row : panel_.rows) lines += lines_of(row);
    const auto rows = static_cast<double>(panel_.rows.size());
    return std::max(20.0, lines * pitch_y_ * scale_ + (rows - 1.0) * row_gap);
  }

  void draw(Writer& writer, const Rect& plot) const override {
    double y = std::round(plot.y);
    for (const auto& row : panel_.rows) {
      writer.text(plot.x - 12.0, y + panel_.height * scale_ / 2.0 + 4.0, Anchor::end, "", row.name);
      draw_row(writer, std::round(plot.x), y, row);
      y += lines_of(row) * pitch_y_ * scale_ + row_gap;
    }
  }

 private:
  int lines_of(const ImageRow& row) const {
    const int n = std::max(1, static_cast<int>(row.images.size()));
    return (n + columns_ - 1) / columns_;
  }

  /// All pixels of one grey level in a row are one path, runs of equal pixels one rectangle.
  void draw_row(Writer& writer, double x, double y, const ImageRow& row) const {
    std::vector<Path> levels(static_cast<std::size_t>(panel_.levels) + 1);
    Path frames;
    for (std::size_t k = 0; k < row.images.size(); ++k) {
      const int line = static_cast<int>(k) / columns_, column = static_cast<int>(k) % columns_;
      const int left = column * pitch_x_, top = line * pitch_y_;
      add_image(row.images[k], left, top, levels);
      frames.rectangle(x + left * scale_ - 0.5, y + top * scale_ - 0.5, panel_.width * scale_ + 1.0,
                       panel_.height * scale_ + 1.0);
    }
    writer.open("g", "transform=\"translate(" + coordinate(x) + ' ' + coordinate(y) + ") scale(" +
                         coordinate(scale_) +
                         ")\" shape-rendering=\"crispEdges\" fill=\"var(--ink)\"");
    for (std::size_t level = 1; level < levels.size(); ++level) {
      const double ink = static_cast<double>(level) / panel_.levels;
      writer.path(levels[level], "fill-opacity=\"" + coordinate(ink, 3) + "\"");
    }
    writer.close("g");
    writer.path(frames, "class=\"frame\"");
  }

  void add_image(const std::vector<std::uint8_t>& image, int left, int top,
                 std::vector<Path>& levels) const {
    for (int row = 0; row < panel_.height; ++row) {
      const auto at = [&](int c) {
        return image[static_cast<std::size_t>(row * panel_.width + c)];
      };
      for (int column = 0; column < panel_.width;) {
        int end = column + 1;
        while (end < panel_.width && at(end) == at(column)) ++end;
        levels[at(column)].rectangle(left + column, top + row, end - column, 1.0);
        column = end;
      }
    }
  }

  const ImagePanel& panel_;
  int pitch_x_, pitch_y_;
  double left_ = 0.0, scale_ = 4.0;
  int columns_ = 1;
};

}  // namespace

std::vector<LegendEntry> legend(const ImagePanel&, const Colors&) { return {}; }

std::unique_ptr<PanelDrawing> drawing(const ImagePanel& panel, const PanelContext& context) {
  return std::make_unique<ImageDrawing>(panel, context);
}

}  // namespace pushforward::runner::svg
