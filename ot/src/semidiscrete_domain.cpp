#include "pushforward/ot/semidiscrete_domain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pushforward/core/errors.hpp"

#include "ot/src/domain_checks.hpp"
#include "ot/src/planar_cells.hpp"
#include "ot/src/solid_cells.hpp"

namespace pushforward::ot {
namespace {

using detail::at;
using detail::require_geometry;
using pushforward::detail::shown;

Matrix corners(VectorIn lower, VectorIn upper) {
  Matrix box(2, 4);
  box << lower[0], upper[0], upper[0], lower[0], lower[1], lower[1], upper[1], upper[1];
  return box;
}

Matrix box_columns(VectorIn lower, VectorIn upper) {
  Matrix box(lower.size(), 2);
  box << lower, upper;
  return box;
}

UniformBox checked_box(VectorIn lower, VectorIn upper) {
  detail::require_box("Box", lower, upper);
  return {lower, upper};
}

struct Turn {
  double value;     ///< Twice the area of the triangle p, q, r.
  double rounding;  ///< A bound on the error of that.
};

Turn turn(VectorIn p, VectorIn q, VectorIn r) {
  const double left = (q[0] - p[0]) * (r[1] - p[1]), right = (q[1] - p[1]) * (r[0] - p[0]);
  return {left - right,
          4.0 * std::numeric_limits<double>::epsilon() * (std::abs(left) + std::abs(right))};
}

// Counterclockwise, or an exception.
Matrix checked_polygon(PointsIn vertices) {
  const char* where = "ConvexPolygon";
  require_geometry(vertices.rows() == 2, where, "vertices.rows()", shown(vertices.rows()), "2");
  const Index n = vertices.cols();
  require_geometry(n >= 3, where, "vertices.cols()", shown(n), "at least 3");
  detail::require_finite_corners(where, "vertices", vertices);
  const auto vertex = [&](Index k) { return Vector(vertices.col(k % n)); };
  double twice_area = 0.0, rounding = 0.0;
  for (Index k = 1; k + 1 < n; ++k) {
    const Turn part = turn(vertex(0), vertex(k), vertex(k + 1));
    twice_area += part.value;
    rounding += part.rounding;
  }
  require_geometry(std::abs(twice_area) > rounding, where, "area", shown(0.5 * twice_area),
                   "vertices around a positive area");
  const double sign = twice_area > 0.0 ? 1.0 : -1.0;
  // A boundary that never turns back and changes from rightwards to leftwards once goes round once.
  int reversals = 0;
  double last_dx = 0.0, first_dx = 0.0;
  for (Index k = 0; k < n; ++k) {
    const Vector p = vertex(k), q = vertex(k + 1);
    require_geometry(p != q, where, "vertices" + at((k + 1) % n), detail::shown_point(q),
                     "to differ from the one before");
    const Turn bend = turn(p, q, vertex(k + 2));
    require_geometry(sign * bend.value >= -bend.rounding, where, "vertices" + at((k + 1) % n),
                     detail::shown_point(q), "a convex corner");
    const double dx = q[0] - p[0];
    if (dx == 0.0) continue;
    if (last_dx * dx < 0.0) ++reversals;
    if (first_dx == 0.0) first_dx = dx;
    last_dx = dx;
  }
  if (last_dx * first_dx < 0.0) ++reversals;
  require_geometry(reversals == 2, where, "boundary", "wound more than once",
                   "one turn around the polygon");
  return sign > 0.0 ? Matrix(vertices) : Matrix(vertices.rowwise().reverse());
}

}  // namespace

Box::Box(VectorIn lower, VectorIn upper) : law_(checked_box(lower, upper)) {}

Box Box::unit(Index dim) {
  require(dim >= 1, "Box", "dim", dim, "at least 1");
  return {Vector::Zero(dim), Vector::Ones(dim)};
}

double Box::total_mass() const { return (upper() - lower()).prod(); }
Matrix Box::bounding_box() const { return box_columns(lower(), upper()); }
Matrix Box::inner_box() const { return bounding_box(); }

std::unique_ptr<LaguerreCells> Box::cells(PointsIn sites, int threads) const {
  require(dim() == 2 || dim() == 3, "Box", "dim()", dim(), "2 or 3, where cells are known");
  if (dim() == 3) {
    return std::make_unique<detail::SolidCells>(sites, detail::box_window(bounding_box()),
                                                detail::uniform_solid_density(total_mass()),
                                                threads);
  }
  return std::make_unique<detail::PlanarCells>(
      sites, corners(lower(), upper()), detail::uniform_planar_density(total_mass()), threads);
}

ConvexPolygon::ConvexPolygon(PointsIn vertices) : vertices_(checked_polygon(vertices)) {
  for (Index k = 1; k + 1 < vertices_.cols(); ++k) {
    area_ += 0.5 * turn(vertices_.col(0), vertices_.col(k), vertices_.col(k + 1)).value;
  }
}

Matrix ConvexPolygon::bounding_box() const {
  return box_columns(vertices_.rowwise().minCoeff(), vertices_.rowwise().maxCoeff());
}

Matrix ConvexPolygon::inner_box() const {
  // The bounding box shrunk about the mean corner until its corners are on this side of every side.
  const Vector centre = vertices_.rowwise().mean();
  const Matrix box = bounding_box();
  const Vector half = 0.5 * (box.col(1) - box.col(0));
  double scale = 1.0;
  for (Index k = 0; k < vertices_.cols(); ++k) {
    const Vector p = vertices_.col(k);
    const Vector along = vertices_.col((k + 1) % vertices_.cols()) - p;
    const Vector away = p - centre;
    const double room = along[1] * away[0] - along[0] * away[1];
    scale = std::min(scale, room / (std::abs(along[1]) * half[0] + std::abs(along[0]) * half[1]));
  }
  return box_columns(centre - scale * half, centre + scale * half);
}

void ConvexPolygon::draw(const RngKey& key, PointsOut x) const {
  // A triangle of the fan around corner 0, then a point in it.
  const Index triangles = vertices_.cols() - 2;
  Vector areas(triangles);
  for (Index k = 0; k < triangles; ++k) {
    areas[k] =
        std::max(0.0, turn(vertices_.col(0), vertices_.col(k + 1), vertices_.col(k + 2)).value);
  }
  const IndexVector fan = categorical(key, areas, x.cols());
  fill_uniform(key, x);
  for (Index i = 0; i < x.cols(); ++i) {
    const double u = std::min(x(0, i), x(1, i)), v = std::max(x(0, i), x(1, i));
    const Index k = fan[i];
    x.col(i) =
        u * vertices_.col(0) + (v - u) * vertices_.col(k + 1) + (1.0 - v) * vertices_.col(k + 2);
  }
}

std::unique_ptr<LaguerreCells> ConvexPolygon::cells(PointsIn sites, int threads) const {
  return std::make_unique<detail::PlanarCells>(sites, vertices_,
                                               detail::uniform_planar_density(area_), threads);
}

}  // namespace pushforward::ot
