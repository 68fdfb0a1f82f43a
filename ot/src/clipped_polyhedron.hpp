/// A convex polyhedron that half-spaces cut down, without ever getting into a muddle.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "ot/src/plane_side.hpp"

namespace pushforward::ot::detail {

/// Vertices are kept as the three faces that meet there, with their neighbours along the edges.
///
/// Which vertices a plane cuts off is decided exactly for the planes as doubles: by the rounded
/// position where that is certain, and by `plane_side` where it is not. A vertex on the plane
/// stays. That is the polyhedron of planes moved outwards by amounts that grow beyond all bounds
/// from one to the next, each of them vanishing: three faces meet in every vertex, whatever the
/// input, and points on one sphere, lattices and slivers are no special cases.
class ClippedPolyhedron {
 public:
  using Point = std::array<double, 3>;
  struct Corner {
    std::array<int, 3> faces;  ///< Counterclockwise from outside: det(n_0, n_1, n_2) > 0.
    std::array<int, 3> next;   ///< [i]: the other end of the edge between faces i and i + 1.
  };
  struct Face {
    Plane plane;
    int label;
  };

  /// The box low <= p <= high, not flat; its faces get `label`.
  void assign_box(const Point& low, const Point& high, int label);
  /// Keeps the half-space. Returns whether anything went. Nothing is left of a polyhedron whose
  /// part within has no interior.
  bool clip(const Plane& plane, int label);

  bool is_empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }  ///< Vertices.
  Point position(std::size_t v) const { return {x_[v], y_[v], z_[v]}; }
  const Corner& corner(std::size_t v) const { return corners_[v]; }
  const std::vector<Face>& faces() const { return faces_; }  ///< Also those cut off since.
  /// Whether a plane of this label has cut something off.
  bool has_face(int label) const {
    for (const Face& face : faces_) {
      if (face.label == label) return true;
    }
    return false;
  }
  /// The least and the largest coordinate of a polyhedron that is not empty.
  std::pair<double, double> extent(std::size_t axis) const {
    const std::vector<double>& coordinate = axis == 0 ? x_ : axis == 1 ? y_ : z_;
    const auto [low, high] =
        std::minmax_element(coordinate.begin(), coordinate.begin() + static_cast<long>(size_));
    return {*low, *high};
  }
  double radius() const { return radius_; }  ///< A bound on |p| over the polyhedron.

  /// Planes that could not be used: their products underflowed. The polyhedron is then too large.
  std::int64_t skipped_planes() const { return skipped_planes_; }
  std::int64_t exact_signs() const { return exact_signs_; }  ///< Decided by `plane_side`.

  /// Calls body(face) for the faces that are left.
  template <class Body>
  void for_each_face(Body&& body) const {
    fan_.assign(faces_.size(), -1);
    for (std::size_t v = 0; v < size_; ++v) {
      for (const int face : corners_[v].faces) fan_[static_cast<std::size_t>(face)] = 0;
    }
    for (std::size_t f = 0; f < faces_.size(); ++f) {
      if (fan_[f] == 0) body(faces_[f]);
    }
  }

  /// Calls body(face, q, r, s) for triangles that make up the faces, counterclockwise from outside,
  /// the corners given by their index.
  template <class Body>
  void for_each_triangle(Body&& body) const {
    fan_.assign(faces_.size(), -1);
    for (std::size_t v = 0; v < size_; ++v) {
      for (std::size_t i = 0; i < 3; ++i) {
        const int face = corners_[v].faces[i];
        int& apex = fan_[static_cast<std::size_t>(face)];
        if (apex < 0) apex = static_cast<int>(v);
      }
    }
    for (std::size_t v = 0; v < size_; ++v) {
      for (std::size_t i = 0; i < 3; ++i) {
        const int face = corners_[v].faces[i];
        const int apex = fan_[static_cast<std::size_t>(face)];
        const int w = corners_[v].next[i == 0 ? 2 : i - 1];  // counterclockwise about the face
        if (apex != static_cast<int>(v) && apex != w) {
          body(static_cast<std::size_t>(face), static_cast<std::size_t>(apex), v,
               static_cast<std::size_t>(w));
        }
      }
    }
  }

 private:
  struct Cut {
    int beyond, within;          // ends of an edge
    int left, right;             // its faces: it enters on `left` and leaves on `right`
    int successor, predecessor;  // around the new face
    double x, y, z, error;
  };

  bool find_cuts();
  bool order_cuts();
  void place_cuts(const Plane& plane);
  void commit_cuts(int face);
  void measure();
  void reserve(std::size_t n);

  std::size_t size_ = 0;
  std::vector<double> x_, y_, z_, error_;  // bounds of the error of a position
  std::vector<Corner> corners_;
  std::vector<Face> faces_;
  double radius_ = 0.0, largest_error_ = 0.0;
  std::int64_t skipped_planes_ = 0, exact_signs_ = 0;

  std::vector<double> heights_;
  std::vector<char> is_beyond_;
  std::vector<int> beyond_, places_;
  std::vector<Cut> cuts_;
  std::vector<int> enters_;  // by face: the cut that enters on it, of the cuts in hand
  std::vector<std::int64_t> stamps_;
  std::int64_t stamp_ = 0;
  mutable std::vector<int> fan_;
};

}  // namespace pushforward::ot::detail
