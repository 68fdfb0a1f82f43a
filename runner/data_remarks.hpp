/// What is worth knowing about a point set before numbers are drawn from it.
#pragma once

#include <string>
#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::runner {

/// Warnings about points (d x n, finite) that are likely to spoil a result, each with a count and a
/// remedy: coordinates that are the same in all points; coordinates whose size exceeds 1e8 times
/// their spread, so that squared distances lose all their digits; a covariance with condition
/// number above 1e12; points that repeat an earlier one, other than whole numbers in one
/// coordinate, which are classes or counts. The condition number is left out above `most_axes`
/// coordinates and where there are no more points than coordinates.
std::vector<std::string> data_remarks(PointsIn points);

inline constexpr Index most_axes = 512;

}  // namespace pushforward::runner
