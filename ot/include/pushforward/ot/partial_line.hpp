/// Partial transport of points of mass one on the line.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward::ot {

struct LinePartial {
  double objective;  ///< The minimum.
  Index pairs;       ///< Matched, the most among optimal matchings that the recursion meets.
};

/// min over matchings of sum |x_i - y_j|^p + lambda per point left on either side, by a dynamic
/// programme over sorted points: convex costs never cross.
/// @param x, y    positions in any order, finite; one side may be empty.
/// @param lambda  finite, at least 0. @param p  finite, at least 1.
/// @throws std::invalid_argument naming the first bad argument.
/// Work O(n m), memory O(m).
LinePartial partial_line(VectorIn x, VectorIn y, double lambda, double p = 2.0);

/// The least cost of k pairs, for k = 0 to min(n, m). Work O(n m min(n, m)), memory O(m min(n, m)).
Vector partial_line_costs(VectorIn x, VectorIn y, double p = 2.0);

}  // namespace pushforward::ot
