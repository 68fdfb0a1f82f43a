/// Checks that the sources of Laguerre cells share.
#pragma once

#include <string>
#include <string_view>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// @throws InvalidGeometry "where: argument is value, expected expected" unless `ok`.
void require_geometry(bool ok, std::string_view where, const std::string& argument,
                      const std::string& value, std::string_view expected);

/// @throws InvalidGeometry unless lower < upper, finite, in 1 dimension or more.
void require_box(std::string_view where, VectorIn lower, VectorIn upper);

/// @throws InvalidGeometry naming the first entry of `points` that is not finite.
void require_finite_corners(std::string_view where, std::string_view argument, PointsIn points);

/// "[i]" and "[i, j]".
std::string at(Index i);
std::string at(Index i, Index j);
/// "(x, y)".
std::string shown_point(VectorIn x);

}  // namespace pushforward::ot::detail
