#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/ot/solid_domain.hpp"

#include "ot/src/domain_checks.hpp"
#include "ot/src/solid_cells.hpp"

namespace pushforward::ot {
namespace {

using detail::ClippedPolyhedron;
using detail::Plane;
using detail::require_geometry;
using pushforward::detail::shown;

constexpr const char* where = "ConvexPolyhedron";
constexpr int box_label = -1, face_label = 0;

Plane plane_of(const Matrix& normals, const Vector& offsets, Index f) {
  return {normals(0, f), normals(1, f), normals(2, f), offsets[f]};
}

// Inside of a box so large that a face of it which is left means that there is no bound.
ClippedPolyhedron clipped(const Matrix& normals, const Vector& offsets) {
  const double size = 1e6 * offsets.cwiseAbs().maxCoeff();
  require_geometry(size > 0.0, where, "offsets", "zero", "planes around a set with interior");
  ClippedPolyhedron solid;
  solid.assign_box({-size, -size, -size}, {size, size, size}, box_label);
  for (Index f = 0; f < offsets.size(); ++f) {
    solid.clip(plane_of(normals, offsets, f), face_label);
    require_geometry(!solid.is_empty(), where, "plane " + std::to_string(f), "outside of the rest",
                     "a set with interior");
  }
  bool is_bounded = true;
  solid.for_each_face([&](const ClippedPolyhedron::Face& face) {
    is_bounded = is_bounded && face.label != box_label;
  });
  require_geometry(is_bounded, where, "the set", "without bound", "planes all around it");
  return solid;
}

}  // namespace

ConvexPolyhedron::ConvexPolyhedron(PointsIn normals, VectorIn offsets)
    : normals_(normals), offsets_(offsets) {
  require_geometry(normals.rows() == 3, where, "normals.rows()", shown(normals.rows()), "3");
  require_geometry(normals.cols() >= 4, where, "normals.cols()", shown(normals.cols()),
                   "at least 4");
  require_geometry(offsets.size() == normals.cols(), where, "offsets.size()", shown(offsets.size()),
                   "one a normal, " + std::to_string(normals.cols()));
  detail::require_finite_corners(where, "normals", normals);
  for (Index f = 0; f < offsets.size(); ++f) {
    require_geometry(std::isfinite(offsets[f]), where, "offsets" + detail::at(f), shown(offsets[f]),
                     "a finite number");
    const double length = normals_.col(f).norm();
    require_geometry(length > 0.0, where, "normals" + detail::at(f), "zero", "a direction");
    normals_.col(f) /= length;
    offsets_[f] /= length;
  }
  const ClippedPolyhedron solid = clipped(normals_, offsets_);
  vertices_.resize(3, static_cast<Index>(solid.size()));
  for (std::size_t v = 0; v < solid.size(); ++v) {
    const ClippedPolyhedron::Point p = solid.position(v);
    vertices_.col(static_cast<Index>(v)) << p[0], p[1], p[2];
  }
  std::vector<double> fan;
  solid.for_each_triangle([&](std::size_t, std::size_t a, std::size_t b, std::size_t c) {
    for (const std::size_t v : {std::size_t{0}, a, b, c}) {
      const ClippedPolyhedron::Point p = solid.position(v);
      fan.insert(fan.end(), p.begin(), p.end());
    }
  });
  fan_ = Eigen::Map<const Matrix>(fan.data(), 12, static_cast<Index>(fan.size() / 12));
  std::vector<double> areas(solid.faces().size());
  volume_ = detail::uniform_moments(solid, areas.data()).mass;
  require_geometry(volume_ > 0.0, where, "volume", shown(volume_), "a set with interior");
}

ConvexPolyhedron ConvexPolyhedron::tetrahedron(PointsIn corners) {
  require_geometry(corners.rows() == 3 && corners.cols() == 4, where, "corners",
                   std::to_string(corners.rows()) + " x " + std::to_string(corners.cols()),
                   "3 x 4");
  detail::require_finite_corners(where, "corners", corners);
  Matrix normals(3, 4);
  Vector offsets(4);
  for (Index i = 0; i < 4; ++i) {
    const Eigen::Vector3d a = corners.col((i + 1) % 4), b = corners.col((i + 2) % 4),
                          c = corners.col((i + 3) % 4), apex = corners.col(i);
    const Eigen::Vector3d u = b - a, v = c - a;
    Eigen::Vector3d normal(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2],
                           u[0] * v[1] - u[1] * v[0]);
    if (normal.dot(apex - a) > 0.0) normal = -normal;
    require_geometry(normal.dot(apex - a) < 0.0, where, "corners", "in one plane",
                     "four points around a volume");
    normals.col(i) = normal;
    offsets[i] = normal.dot(a);
  }
  return {normals, offsets};
}

Matrix ConvexPolyhedron::bounding_box() const {
  Matrix box(3, 2);
  box << vertices_.rowwise().minCoeff(), vertices_.rowwise().maxCoeff();
  return box;
}

Matrix ConvexPolyhedron::inner_box() const {
  // The bounding box shrunk about the mean vertex until its corners are on this side of all planes.
  const Vector centre = vertices_.rowwise().mean();
  const Matrix box = bounding_box();
  const Vector half = 0.5 * (box.col(1) - box.col(0));
  double scale = 1.0;
  for (Index f = 0; f < offsets_.size(); ++f) {
    const double room = offsets_[f] - normals_.col(f).dot(centre);
    scale = std::min(scale, room / normals_.col(f).cwiseAbs().dot(half));
  }
  Matrix inner(3, 2);
  inner << centre - scale * half, centre + scale * half;
  return inner;
}

void ConvexPolyhedron::draw(const RngKey& key, PointsOut x) const {
  // A tetrahedron of the fan, then spacings of ordered uniforms for its coordinates.
  Vector volumes(fan_.cols());
  for (Index t = 0; t < fan_.cols(); ++t) {
    const Eigen::Map<const Eigen::Matrix<double, 3, 4>> corners(fan_.col(t).data());
    volumes[t] = std::abs(detail::spanned_volume(corners.col(1) - corners.col(0),
                                                 corners.col(2) - corners.col(0),
                                                 corners.col(3) - corners.col(0)));
  }
  const IndexVector chosen = categorical(key, volumes, x.cols());
  fill_uniform(key, x);
  for (Index i = 0; i < x.cols(); ++i) {
    std::sort(x.col(i).data(), x.col(i).data() + 3);
    const Eigen::Map<const Eigen::Matrix<double, 3, 4>> corners(fan_.col(chosen[i]).data());
    const Eigen::Vector4d shares(x(0, i), x(1, i) - x(0, i), x(2, i) - x(1, i), 1.0 - x(2, i));
    x.col(i) = corners * shares;
  }
}

std::unique_ptr<LaguerreCells> ConvexPolyhedron::cells(PointsIn sites, int threads) const {
  detail::SolidWindow window = detail::box_window(bounding_box());
  for (Index f = 0; f < offsets_.size(); ++f) {
    window.planes.push_back(plane_of(normals_, offsets_, f));
  }
  return std::make_unique<detail::SolidCells>(sites, std::move(window),
                                              detail::uniform_solid_density(volume_), threads);
}

}  // namespace pushforward::ot
