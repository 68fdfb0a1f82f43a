/// Integrals of a density over convex polygons of the plane.
#pragma once

#include "ot/src/clipped_polygon.hpp"

namespace pushforward::ot::detail {

/// Mass and moments about the origin of the polygon's coordinates.
struct PlanarMoments {
  double mass = 0.0;
  double first_x = 0.0, first_y = 0.0;
  double second = 0.0;  ///< Of x^2 + y^2.
};

/// A normalised density. Safe to call from many threads.
class PlanarDensity {
 public:
  virtual ~PlanarDensity() = default;
  /// @param cell   corners relative to (x, y).
  /// @param sides  one number a side: the integral of the density over it.
  virtual PlanarMoments integrate(Polygon cell, double x, double y, double* sides) const = 0;
  /// The density jumps across lines, so that the two sides of a facet may differ.
  virtual bool has_jumps() const = 0;
};

/// Area, and moments about the origin, for density one.
inline PlanarMoments uniform_moments(Polygon p) {
  // Triangles from the first corner, moments about that corner: no cancellation, wherever the
  // origin is. Over a triangle 0, a, b of area A: A (a + b) / 3 and A (|a|^2 + |b|^2 + a.b) / 6.
  double area = 0.0, fx = 0.0, fy = 0.0, second = 0.0;
  for (std::size_t e = 1; e + 1 < p.size(); ++e) {
    const double ax = p[e].x - p[0].x, ay = p[e].y - p[0].y;
    const double bx = p[e + 1].x - p[0].x, by = p[e + 1].y - p[0].y;
    const double a = 0.5 * (ax * by - bx * ay);
    area += a;
    fx += a * (ax + bx);
    fy += a * (ay + by);
    second += a * (ax * ax + ay * ay + bx * bx + by * by + ax * bx + ay * by);
  }
  if (p.empty()) return {};
  const double x = p[0].x, y = p[0].y;
  fx /= 3.0;
  fy /= 3.0;
  second /= 6.0;
  return {area, fx + area * x, fy + area * y,
          second + 2.0 * (x * fx + y * fy) + area * (x * x + y * y)};
}

}  // namespace pushforward::ot::detail
