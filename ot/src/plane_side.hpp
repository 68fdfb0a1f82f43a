/// On which side of a plane three others meet, decided exactly.
#pragma once

namespace pushforward::ot::detail {

/// The half-space {n.p <= c}, |n| = 1 to rounding.
struct Plane {
  double x, y, z;  ///< n.
  double c;
};

inline double height(const Plane& plane, double x, double y, double z) {
  return plane.x * x + plane.y * y + plane.z * z - plane.c;
}

/// The sign of n.p - c for plane d at the point p common to planes a, b and c, for which
/// det(n_a, n_b, n_c) > 0: 1 beyond, 0 on the plane, -1 within. Exact for the doubles given, as
/// long as no product of four of them underflows.
int plane_side(const Plane& a, const Plane& b, const Plane& c, const Plane& d);

}  // namespace pushforward::ot::detail
