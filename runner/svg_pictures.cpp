#include "runner/svg_panels.hpp"

namespace pushforward::runner::svg {
namespace {

/// A picture as wide as its plot, in its own proportions.
class PictureDrawing final : public PanelDrawing {
 public:
  explicit PictureDrawing(const PicturePanel& panel) : panel_(panel) {}
  double left() const override { return 0.0; }
  double bottom() const override { return 0.0; }
  double height(double plot_width) const override {
    return plot_width * panel_.height / panel_.width;
  }

  void draw(Writer& writer, const Rect& plot) const override {
    writer.raw("<image x=\"" + coordinate(plot.x) + "\" y=\"" + coordinate(plot.y) + "\" width=\"" +
               coordinate(plot.width) + "\" height=\"" + coordinate(height(plot.width)) +
               "\" href=\"data:image/png;base64," + panel_.png + "\"/>\n");
  }

 private:
  const PicturePanel& panel_;
};

}  // namespace

std::vector<LegendEntry> legend(const PicturePanel&, const Colors&) { return {}; }

std::unique_ptr<PanelDrawing> drawing(const PicturePanel& panel, const PanelContext&) {
  return std::make_unique<PictureDrawing>(panel);
}

}  // namespace pushforward::runner::svg
