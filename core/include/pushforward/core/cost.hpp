/// Costs between points, filled tile by tile.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward {

/// cost(i, j) = |x_i - y_j|^2 from direct differences: nothing cancels, so equal points cost 0
/// exactly and every entry has relative error below (d + 2) units of rounding.
///
/// @param x, y   d x n and d x m.
/// @param cost   n x m, overwritten.
/// @param threads  0 takes the OpenMP default; the bits do not depend on it.
/// Work O(n m d). For a tile pass column blocks of x and y.
/// @throws std::invalid_argument unless the shapes agree.
void squared_euclidean(PointsIn x, PointsIn y, PointsOut cost, int threads = 0);

}  // namespace pushforward
