/// A convex polygon that half planes cut down, each side labelled with what cut it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace pushforward::ot::detail {

/// A corner and the label of the side that runs from it to the next one, counterclockwise.
struct Corner {
  double x, y;
  int side;
};
using Polygon = std::span<const Corner>;

inline std::size_t after(Polygon p, std::size_t e) { return e + 1 == p.size() ? 0 : e + 1; }
inline std::size_t before(Polygon p, std::size_t e) { return e == 0 ? p.size() - 1 : e - 1; }

class ClippedPolygon {
 public:
  Polygon view() const { return {corners_.data(), size_}; }
  bool is_empty() const { return size_ == 0; }
  double radius_squared() const { return radius_squared_; }  ///< Largest |corner|^2.

  /// A copy of `p` with the origin at (x, y).
  void assign(Polygon p, double x, double y) {
    reserve(p.size());
    size_ = p.size();
    for (std::size_t e = 0; e < size_; ++e) {
      corners_[e] = {p[e].x - x, p[e].y - y, p[e].side};
    }
    measure_radius();
  }

  /// Keeps {a x + b y <= c}. A corner on the line stays: of the cells that share it none is cut.
  /// Returns whether anything went.
  bool clip(double a, double b, double c, int label) {
    if (c > 0.0 && c * c >= (a * a + b * b) * radius_squared_) return false;
    double highest = 0.0;
    std::size_t top = size_;
    for (std::size_t e = 0; e < size_; ++e) {
      const double height = a * corners_[e].x + b * corners_[e].y - c;
      height_[e] = height;
      if (height > highest) {
        highest = height;
        top = e;
      }
    }
    if (top == size_) return false;
    // The corners beyond the line are one run around the highest; what rounding puts beyond it
    // elsewhere is on it.
    std::size_t first = top, last = top, removed = 1;
    for (; removed < size_ && height_[before(view(), first)] > 0.0; ++removed) {
      first = before(view(), first);
    }
    for (; removed < size_ && height_[after(view(), last)] > 0.0; ++removed) {
      last = after(view(), last);
    }
    if (removed == size_) {
      size_ = 0;
      return true;
    }
    reserve(size_ + 2);
    const std::size_t in = before(view(), first), out = after(view(), last);
    Corner* next = clipped_.data();
    for (std::size_t e = out, kept = size_ - removed; kept > 0; --kept, e = after(view(), e)) {
      *next++ = corners_[e];
    }
    *next++ = crossing(in, first, label);
    *next++ = crossing(out, last, corners_[last].side);
    size_ = size_ - removed + 2;
    std::swap(corners_, clipped_);
    measure_radius();
    return true;
  }

 private:
  void reserve(std::size_t n) {
    if (n <= clipped_.size()) return;
    corners_.resize(2 * n + 16);
    clipped_.resize(2 * n + 16);
    height_.resize(2 * n + 16);
  }

  // Where the line crosses the side between a corner within and one beyond.
  Corner crossing(std::size_t within, std::size_t beyond, int side) const {
    const Corner &p = corners_[within], &q = corners_[beyond];
    const double inner = std::min(0.0, height_[within]);
    const double t = inner / (inner - height_[beyond]);
    return {p.x + t * (q.x - p.x), p.y + t * (q.y - p.y), side};
  }

  void measure_radius() {
    radius_squared_ = 0.0;
    for (std::size_t e = 0; e < size_; ++e) {
      const Corner& p = corners_[e];
      radius_squared_ = std::max(radius_squared_, p.x * p.x + p.y * p.y);
    }
  }

  std::vector<Corner> corners_, clipped_;
  std::vector<double> height_;
  std::size_t size_ = 0;
  double radius_squared_ = 0.0;
};

/// Twice the area. Corners are taken relative to the first, so the origin may be far away.
inline double twice_area(Polygon p) {
  double sum = 0.0;
  for (std::size_t e = 1; e + 1 < p.size(); ++e) {
    const double ax = p[e].x - p[0].x, ay = p[e].y - p[0].y;
    const double bx = p[e + 1].x - p[0].x, by = p[e + 1].y - p[0].y;
    sum += ax * by - bx * ay;
  }
  return sum;
}

}  // namespace pushforward::ot::detail
