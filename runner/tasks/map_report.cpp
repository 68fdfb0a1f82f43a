#include "runner/tasks/map_report.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace pushforward::runner {

namespace {

template <class Points>
Index width_in(const Points& points, const RunContext& context) {
  const auto* data = std::get_if<DataPoints>(&points);
  // Part of a picture is a set of colours and no picture.
  const bool whole = data != nullptr && !data->labels && data->most == 0;
  return whole ? context.picture_width(data->points) : 0;
}

}  // namespace

Index picture_width(const DiscretePoints& points, const RunContext& context) {
  return width_in(points, context);
}

Index picture_width(const MapTarget& points, const RunContext& context) {
  return width_in(points, context);
}

CutColours cut_to_colours(PointsIn colours) {
  constexpr double rounding = 1e-9;
  const auto beyond = [&](const auto& pixel) {
    return pixel.minCoeff() < -rounding || pixel.maxCoeff() > 255.0 + rounding;
  };
  Index count = 0;
  for (const auto& pixel : colours.colwise()) count += beyond(pixel);
  return {colours.cwiseMax(0.0).cwiseMin(255.0),
          static_cast<double>(count) / static_cast<double>(colours.cols())};
}

Figure pictures_figure(PointsIn source, PointsIn images, Index width, PointsIn target,
                       Index target_width) {
  constexpr int shown = 320;  // pixels: three such pictures are 0.8 MB of a report
  Figure figure{
      .id = "pictures",
      .title = "The picture before and after",
      .description =
          "The source picture with its own colours, the same picture with "
          "each colour taken where the map takes it, and the target whose "
          "colours it was fitted to.",
      .caption = "Every pixel is where it was: the map moves colours only.",
      .panels = {picture_panel("source", source, width, shown),
                 picture_panel("source in the colours of the target", images, width, shown)},
      .columns = 2};
  if (target_width > 0) {
    figure.panels.push_back(picture_panel("target", target, target_width, shown));
  }
  return figure;
}

Figure projections_figure(PointsIn source, PointsIn images, PointsIn target, bool colours) {
  const Index first = 0, second = colours ? 2 : 1;
  Matrix all(source.rows(), source.cols() + images.cols() + target.cols());
  all << source, images, target;
  const Frame frame = frame_around(all, first, second);
  const Axis x{.label = colours ? "red" : "coordinate 1"};
  const Axis y{.label = colours ? "blue" : "coordinate 2"};
  Figure figure{.id = "projections",
                .title = colours ? "The colours before and after" : "The points before and after",
                .description =
                    "Two coordinates of the source, of its image under the map, and of "
                    "the target, in the same frame.",
                .caption = "After a perfect map the second panel looks like the third.",
                .share_x = true,
                .share_y = true};
  const auto add = [&](const std::string& name, PointsIn points) {
    ScatterPanel panel{.title = name, .x = x, .y = y};
    panel.clouds.push_back(point_cloud(name, points, frame, first, second));
    figure.panels.push_back(std::move(panel));
  };
  add("source", source);
  add("image", images);
  add("target", target);
  return figure;
}

}  // namespace pushforward::runner
