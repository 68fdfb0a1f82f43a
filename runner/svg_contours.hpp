/// Regions of highest density as closed outlines.
#pragma once

#include <array>
#include <vector>

#include "runner/figure.hpp"

namespace pushforward::runner::svg {

/// Shares of the mass inside the frame that the drawn regions hold, outermost first.
inline constexpr std::array<double, 5> region_shares = {0.99, 0.95, 0.8, 0.5, 0.2};

struct GridPoint {
  double column = 0.0, row = 0.0;  ///< In units of the grid's spacing, from its lower left node.
};
using Outline = std::vector<GridPoint>;

/// The log-density above which the smallest region with this share of the mass lies.
/// -infinity if the grid holds no mass.
double region_threshold(const DensityGrid& grid, double share);

/// The boundary of {log-density >= threshold} as closed outlines, the region on their left; holes
/// are outlines of their own, to be filled by the even-odd rule. Linear interpolation between
/// nodes; outside the grid counts as below.
std::vector<Outline> outlines(const DensityGrid& grid, double threshold);

/// The outline with those points left out that lie within `tolerance` (in the units of the scales)
/// of the line through the ones kept (Douglas and Peucker). x_scale, y_scale: units per spacing.
Outline thinned(const Outline& outline, double x_scale, double y_scale, double tolerance);

}  // namespace pushforward::runner::svg
