/// Integrals over convex polyhedra.
#pragma once

#include <array>
#include <cstddef>

#include <Eigen/Core>

#include "ot/src/clipped_polyhedron.hpp"

namespace pushforward::ot::detail {

/// A sixth of det(u, v, w).
inline double spanned_volume(const Eigen::Vector3d& u, const Eigen::Vector3d& v,
                             const Eigen::Vector3d& w) {
  return (u[0] * (v[1] * w[2] - v[2] * w[1]) + u[1] * (v[2] * w[0] - v[0] * w[2]) +
          u[2] * (v[0] * w[1] - v[1] * w[0])) /
         6.0;
}

/// Mass, and moments about the origin of the polyhedron's coordinates.
struct SolidMoments {
  double mass = 0.0;
  std::array<double, 3> first{};
  double second = 0.0;  ///< Of |p|^2.

  void add(const SolidMoments& part) {
    mass += part.mass;
    for (std::size_t i = 0; i < 3; ++i) first[i] += part.first[i];
    second += part.second;
  }
  void scale(double by) {
    mass *= by;
    for (double& x : first) x *= by;
    second *= by;
  }
};

/// Volume and moments for density one.
/// @param areas  one number a face, to which the face's area is added.
inline SolidMoments uniform_moments(const ClippedPolyhedron& cell, double* areas) {
  // Tetrahedra from the first vertex o: of one sign up to rounding, wherever the origin is. Over
  // 0, a, b, c of volume V: V (a + b + c) / 4 and V (|a|^2 + |b|^2 + |c|^2 + |a + b + c|^2) / 20.
  if (cell.is_empty()) return {};
  const ClippedPolyhedron::Point o = cell.position(0);
  double volume = 0.0, fx = 0.0, fy = 0.0, fz = 0.0, second = 0.0;
  cell.for_each_triangle([&](std::size_t face, std::size_t q, std::size_t r, std::size_t s) {
    const ClippedPolyhedron::Point a = cell.position(q), b = cell.position(r), c = cell.position(s);
    const double ux = b[0] - a[0], uy = b[1] - a[1], uz = b[2] - a[2];
    const double vx = c[0] - a[0], vy = c[1] - a[1], vz = c[2] - a[2];
    const double nx = uy * vz - uz * vy, ny = uz * vx - ux * vz, nz = ux * vy - uy * vx;
    const Plane& plane = cell.faces()[face].plane;
    areas[face] += 0.5 * (plane.x * nx + plane.y * ny + plane.z * nz);
    const double ax = a[0] - o[0], ay = a[1] - o[1], az = a[2] - o[2];
    const double v = ax * nx + ay * ny + az * nz;  // six times the volume
    const double bx = ax + ux, by = ay + uy, bz = az + uz;
    const double cx = ax + vx, cy = ay + vy, cz = az + vz;
    const double sx = ax + bx + cx, sy = ay + by + cy, sz = az + bz + cz;
    volume += v;
    fx += v * sx;
    fy += v * sy;
    fz += v * sz;
    second += v * (ax * ax + ay * ay + az * az + bx * bx + by * by + bz * bz + cx * cx + cy * cy +
                   cz * cz + sx * sx + sy * sy + sz * sz);
  });
  volume /= 6.0;
  fx /= 24.0;
  fy /= 24.0;
  fz /= 24.0;
  second /= 120.0;
  return {volume,
          {fx + volume * o[0], fy + volume * o[1], fz + volume * o[2]},
          second + 2.0 * (o[0] * fx + o[1] * fy + o[2] * fz) +
              volume * (o[0] * o[0] + o[1] * o[1] + o[2] * o[2])};
}

}  // namespace pushforward::ot::detail
