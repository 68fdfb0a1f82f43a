#include "ot/src/clipped_polyhedron.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pushforward::ot::detail {
namespace {

constexpr double unit = std::numeric_limits<double>::epsilon();

struct Vector3 {
  double x, y, z;
};

Vector3 cross(const Plane& a, const Plane& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}

}  // namespace

void ClippedPolyhedron::reserve(std::size_t n) {
  if (n <= corners_.size()) return;
  n += 32;
  x_.resize(n);
  y_.resize(n);
  z_.resize(n);
  error_.resize(n);
  corners_.resize(n);
  heights_.resize(n);
  is_beyond_.resize(n);
}

void ClippedPolyhedron::assign_box(const Point& low, const Point& high, int label) {
  faces_.clear();
  faces_.push_back({{-1, 0, 0, -low[0]}, label});
  faces_.push_back({{1, 0, 0, high[0]}, label});
  faces_.push_back({{0, -1, 0, -low[1]}, label});
  faces_.push_back({{0, 1, 0, high[1]}, label});
  faces_.push_back({{0, 0, -1, -low[2]}, label});
  faces_.push_back({{0, 0, 1, high[2]}, label});
  reserve(8);
  size_ = 8;
  for (int v = 0; v < 8; ++v) {
    const auto at = static_cast<std::size_t>(v);
    const int up[3] = {v & 1, (v >> 1) & 1, (v >> 2) & 1};
    x_[at] = up[0] != 0 ? high[0] : low[0];
    y_[at] = up[1] != 0 ? high[1] : low[1];
    z_[at] = up[2] != 0 ? high[2] : low[2];
    error_[at] = 0.0;
    // Faces x, y, z turn counterclockwise where the number of lower sides is even.
    const bool even = (up[0] + up[1] + up[2]) % 2 == 1;
    const int axes[3] = {0, even ? 1 : 2, even ? 2 : 1};
    for (std::size_t i = 0; i < 3; ++i) {
      corners_[at].faces[i] = 2 * axes[i] + up[axes[i]];
      // The edge between faces i and i + 1 runs along the third axis.
      corners_[at].next[i] = v ^ (1 << axes[(i + 2) % 3]);
    }
  }
  stamps_.assign(faces_.size(), 0);
  enters_.resize(faces_.size());
  stamp_ = 0;
  measure();
}

void ClippedPolyhedron::measure() {
  double squared[2] = {}, errors[2] = {};
  for (std::size_t v = 0; v < size_; ++v) {
    const double here = x_[v] * x_[v] + y_[v] * y_[v] + z_[v] * z_[v];
    double& largest = squared[v % 2];
    largest = here > largest ? here : largest;
    double& error = errors[v % 2];
    error = error_[v] > error ? error_[v] : error;
  }
  const double error = std::max(errors[0], errors[1]);
  largest_error_ = error;
  radius_ = std::sqrt(std::max(squared[0], squared[1])) * (1.0 + 4.0 * unit) + error;
}

bool ClippedPolyhedron::clip(const Plane& plane, int label) {
  if (plane.c >= radius_ || size_ == 0) return false;
  const double slack = 4.0 * unit * (radius_ + std::abs(plane.c));
  const double doubt = largest_error_ + slack;
  // Two loops that a compiler turns into vectors.
  const double *x = x_.data(), *y = y_.data(), *z = z_.data();
  double* heights = heights_.data();
  for (std::size_t v = 0; v < size_; ++v) heights[v] = height(plane, x[v], y[v], z[v]);
  int near = 0;
  for (std::size_t v = 0; v < size_; ++v) near |= heights[v] >= -doubt ? 1 : 0;
  if (near == 0) return false;

  beyond_.clear();
  bool any_within = false;
  for (std::size_t v = 0; v < size_; ++v) {
    const double certain = error_[v] + slack;
    int side = heights_[v] > 0.0 ? 1 : -1;
    if (std::abs(heights_[v]) <= certain) {
      const Corner& corner = corners_[v];
      const auto face = [&](std::size_t i) -> const Plane& {
        return faces_[static_cast<std::size_t>(corner.faces[i])].plane;
      };
      side = plane_side(face(0), face(1), face(2), plane);
      ++exact_signs_;
      if ((side > 0) != (heights_[v] > 0.0)) heights_[v] = 0.0;
    }
    is_beyond_[v] = side > 0;
    any_within = any_within || side < 0;
    if (side > 0) beyond_.push_back(static_cast<int>(v));
  }
  if (beyond_.empty()) return false;
  if (!any_within) {
    size_ = 0;
    return true;
  }
  if (!find_cuts() || !order_cuts()) {
    ++skipped_planes_;
    return false;
  }
  place_cuts(plane);
  faces_.push_back({plane, label});
  stamps_.push_back(0);
  enters_.push_back(0);
  commit_cuts(static_cast<int>(faces_.size()) - 1);
  measure();
  return true;
}

bool ClippedPolyhedron::find_cuts() {
  cuts_.clear();
  for (const int q : beyond_) {
    const Corner& corner = corners_[static_cast<std::size_t>(q)];
    for (std::size_t i = 0; i < 3; ++i) {
      const int p = corner.next[i];
      if (is_beyond_[static_cast<std::size_t>(p)] == 0) {
        Cut cut{};
        cut.beyond = q;
        cut.within = p;
        cut.left = corner.faces[i];
        cut.right = corner.faces[i == 2 ? 0 : i + 1];
        cuts_.push_back(cut);
      }
    }
  }
  return cuts_.size() >= 3;
}

// Every face that the plane crosses has one edge where it enters and one where it leaves.
bool ClippedPolyhedron::order_cuts() {
  ++stamp_;
  for (std::size_t k = 0; k < cuts_.size(); ++k) {
    const auto face = static_cast<std::size_t>(cuts_[k].left);
    if (stamps_[face] == stamp_) return false;
    stamps_[face] = stamp_;
    enters_[face] = static_cast<int>(k);
  }
  for (std::size_t k = 0; k < cuts_.size(); ++k) {
    const auto face = static_cast<std::size_t>(cuts_[k].right);
    if (stamps_[face] != stamp_) return false;
    cuts_[k].successor = enters_[face];
    cuts_[static_cast<std::size_t>(enters_[face])].predecessor = static_cast<int>(k);
  }
  std::size_t length = 1;
  for (int k = cuts_[0].successor; k != 0; k = cuts_[static_cast<std::size_t>(k)].successor) {
    if (++length > cuts_.size()) return false;
  }
  return length == cuts_.size();
}

void ClippedPolyhedron::place_cuts(const Plane& d) {
  for (Cut& cut : cuts_) {
    const auto p = static_cast<std::size_t>(cut.within), q = static_cast<std::size_t>(cut.beyond);
    const Plane& a = faces_[static_cast<std::size_t>(cut.left)].plane;
    const Plane& b = faces_[static_cast<std::size_t>(cut.right)].plane;
    // The point common to three planes, to some units of rounding of their distances over det.
    const Vector3 bd = cross(b, d), da = cross(d, a), ab = cross(a, b);
    const double det = ab.x * d.x + ab.y * d.y + ab.z * d.z;
    const double size = std::abs(a.c) + std::abs(b.c) + std::abs(d.c);
    cut.error = 16.0 * unit * size / det;
    if (det > 1e-5) {
      cut.x = (a.c * bd.x + b.c * da.x + d.c * ab.x) / det;
      cut.y = (a.c * bd.y + b.c * da.y + d.c * ab.y) / det;
      cut.z = (a.c * bd.z + b.c * da.z + d.c * ab.z) / det;
      continue;
    }
    // Planes that hardly differ in direction: a point of the edge, which both ends bound.
    const double fall = heights_[q] - heights_[p];
    const double t = fall > 0.0 ? std::clamp(-heights_[p] / fall, 0.0, 1.0) : 0.5;
    const double ex = x_[q] - x_[p], ey = y_[q] - y_[p], ez = z_[q] - z_[p];
    cut.x = x_[p] + t * ex;
    cut.y = y_[p] + t * ey;
    cut.z = z_[p] + t * ez;
    const double length = std::sqrt(ex * ex + ey * ey + ez * ez);
    const double ends = std::max(error_[p], error_[q]);
    const double blur = 2.0 * ends + 8.0 * unit * (radius_ + std::abs(d.c));
    cut.error = ends + (fall > blur ? std::min(length, 2.0 * blur * length / fall) : length);
  }
}

void ClippedPolyhedron::commit_cuts(int face) {
  const std::size_t reused = std::min(cuts_.size(), beyond_.size());
  reserve(size_ + cuts_.size());
  places_.resize(cuts_.size());
  for (std::size_t k = 0; k < cuts_.size(); ++k) {
    places_[k] = k < reused ? beyond_[k] : static_cast<int>(size_++);
  }
  // The ends within learn of their new neighbours while the old ones can still be told apart.
  for (std::size_t k = 0; k < cuts_.size(); ++k) {
    const Cut& cut = cuts_[k];
    Corner& end = corners_[static_cast<std::size_t>(cut.within)];
    for (std::size_t i = 0; i < 3; ++i) {
      if (end.faces[i] == cut.right && end.faces[i == 2 ? 0 : i + 1] == cut.left) {
        end.next[i] = places_[k];
      }
    }
  }
  for (std::size_t k = 0; k < cuts_.size(); ++k) {
    const Cut& cut = cuts_[k];
    const auto v = static_cast<std::size_t>(places_[k]);
    x_[v] = cut.x;
    y_[v] = cut.y;
    z_[v] = cut.z;
    error_[v] = cut.error;
    corners_[v].faces = {cut.left, cut.right, face};
    corners_[v].next = {cut.within, places_[static_cast<std::size_t>(cut.successor)],
                        places_[static_cast<std::size_t>(cut.predecessor)]};
  }
  // Places left over, from the last: the vertex behind all others moves in.
  for (std::size_t k = beyond_.size(); k > reused; --k) {
    const auto hole = static_cast<std::size_t>(beyond_[k - 1]);
    const std::size_t last = --size_;
    if (hole == last) continue;
    x_[hole] = x_[last];
    y_[hole] = y_[last];
    z_[hole] = z_[last];
    error_[hole] = error_[last];
    corners_[hole] = corners_[last];
    for (const int neighbour : corners_[hole].next) {
      for (int& back : corners_[static_cast<std::size_t>(neighbour)].next) {
        if (back == static_cast<int>(last)) back = static_cast<int>(hole);
      }
    }
  }
}

}  // namespace pushforward::ot::detail
