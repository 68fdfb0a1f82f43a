/// An order of points in which neighbours in space are neighbours in memory.
#pragma once

#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// The columns of `points` (d x n) by halves at the median along the widest side, recursively:
/// aligned ranges of the order are cells of a tree. Ties by index. Work O(n d log n).
std::vector<Index> cell_order(PointsIn points);

}  // namespace pushforward::ot::detail
