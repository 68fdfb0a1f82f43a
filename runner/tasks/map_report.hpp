/// What a report of a fitted map shows: pictures, displaced points, projections.
#pragma once

#include <optional>

#include "runner/tasks/map_problem.hpp"

namespace pushforward::runner {

/// A colour picture among the points of a task: its width in pixels, 0 for other points.
Index picture_width(const DiscretePoints& points, const RunContext& context);
Index picture_width(const MapTarget& points, const RunContext& context);

/// Colours cut to what a picture can hold, and the share of pixels that were beyond it by more
/// than rounding.
struct CutColours {
  Matrix colours;
  double share = 0.0;
};
CutColours cut_to_colours(PointsIn colours);

/// The source before and after, and the target where it is a picture too.
Figure pictures_figure(PointsIn source, PointsIn images, Index width, PointsIn target,
                       Index target_width);

/// Source, images and target beside each other in one frame of two coordinates, for points of more
/// than two; colours are seen by their red and blue.
Figure projections_figure(PointsIn source, PointsIn images, PointsIn target, bool colours);

}  // namespace pushforward::runner
