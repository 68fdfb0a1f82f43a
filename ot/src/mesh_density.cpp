#include "ot/src/mesh_density.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "ot/src/triangle_polynomial.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr int cut = -1;  // label of a side that a triangle made

struct Triangle {
  std::array<double, 3> x, y;
  std::array<Index, 3> corner;  ///< Global, so that neighbours see their common side alike.

  double low_x() const { return std::min({x[0], x[1], x[2]}); }
  double high_x() const { return std::max({x[0], x[1], x[2]}); }
  double low_y() const { return std::min({y[0], y[1], y[2]}); }
  double high_y() const { return std::max({y[0], y[1], y[2]}); }
};

/// Equal boxes over the mesh, with the triangles whose own boxes meet them.
class Bins {
 public:
  Bins() = default;
  Bins(const std::vector<Triangle>& triangles, const Matrix& box)
      : left_(box(0, 0)), bottom_(box(1, 0)) {
    const double width = box(0, 1) - left_, height = box(1, 1) - bottom_;
    const auto n = static_cast<double>(triangles.size());
    const double side = std::max(std::sqrt(width * height / n), 1e-3 * std::max(width, height));
    columns_ = std::max<Index>(1, static_cast<Index>(width / side));
    rows_ = std::max<Index>(1, static_cast<Index>(height / side));
    step_x_ = width / static_cast<double>(columns_);
    step_y_ = height / static_cast<double>(rows_);
    bins_.resize(static_cast<std::size_t>(columns_ * rows_));
    for (std::size_t t = 0; t < triangles.size(); ++t) {
      const Triangle& tri = triangles[t];
      for (Index r = row(tri.low_y()); r <= row(tri.high_y()); ++r) {
        for (Index c = column(tri.low_x()); c <= column(tri.high_x()); ++c) bin(c, r).push_back(t);
      }
    }
  }

  Index column(double x) const { return clamped((x - left_) / step_x_, columns_); }
  Index row(double y) const { return clamped((y - bottom_) / step_y_, rows_); }
  const std::vector<std::size_t>& at(Index column, Index row) const {
    return bins_[static_cast<std::size_t>(column + columns_ * row)];
  }

 private:
  static Index clamped(double k, Index count) {
    return static_cast<Index>(std::clamp(k, 0.0, static_cast<double>(count - 1)));
  }
  std::vector<std::size_t>& bin(Index column, Index row) {
    return bins_[static_cast<std::size_t>(column + columns_ * row)];
  }

  double left_ = 0.0, bottom_ = 0.0, step_x_ = 1.0, step_y_ = 1.0;
  Index columns_ = 1, rows_ = 1;
  std::vector<std::vector<std::size_t>> bins_;
};

class MeshPlanarDensity final : public PlanarDensity {
 public:
  explicit MeshPlanarDensity(const TriangleMesh& mesh)
      : degree_(mesh.degree()), coefficients_(mesh.coefficients() / mesh.total_mass()) {
    for (Index t = 0; t < mesh.triangles().cols(); ++t) {
      Triangle tri;
      for (Index k = 0; k < 3; ++k) {
        const Index p = mesh.triangles()(k, t);
        const auto at = static_cast<std::size_t>(k);
        tri.corner[at] = p;
        tri.x[at] = mesh.points()(0, p);
        tri.y[at] = mesh.points()(1, p);
      }
      triangles_.push_back(tri);
    }
    bins_ = Bins(triangles_, mesh.bounding_box());
  }

  PlanarMoments integrate(Polygon cell, double x, double y, double* sides) const override {
    std::fill_n(sides, cell.size(), 0.0);
    PlanarMoments total;
    std::vector<Corner> numbered(cell.begin(), cell.end());
    double low_x = cell[0].x, high_x = low_x, low_y = cell[0].y, high_y = low_y;
    for (std::size_t e = 0; e < numbered.size(); ++e) {
      numbered[e].side = static_cast<int>(e);
      low_x = std::min(low_x, cell[e].x);
      high_x = std::max(high_x, cell[e].x);
      low_y = std::min(low_y, cell[e].y);
      high_y = std::max(high_y, cell[e].y);
    }
    const Index low_column = bins_.column(low_x + x), low_row = bins_.row(low_y + y);
    ClippedPolygon piece;
    for (Index r = low_row; r <= bins_.row(high_y + y); ++r) {
      for (Index c = low_column; c <= bins_.column(high_x + x); ++c) {
        for (const std::size_t t : bins_.at(c, r)) {
          // A triangle in several bins counts in the first one that cell and triangle share.
          const Triangle& tri = triangles_[t];
          if (c != std::max(low_column, bins_.column(tri.low_x()))) continue;
          if (r != std::max(low_row, bins_.row(tri.low_y()))) continue;
          clip(numbered, tri, x, y, piece);
          if (!piece.is_empty() && twice_area(piece.view()) > 0.0) {
            add(piece.view(), t, x, y, total, sides);
          }
        }
      }
    }
    return total;
  }
  bool has_jumps() const override { return true; }

 private:
  static void clip(Polygon cell, const Triangle& tri, double x, double y, ClippedPolygon& piece) {
    piece.assign(cell, 0.0, 0.0);
    for (std::size_t k = 0; k < 3 && !piece.is_empty(); ++k) {
      // The line through corners p and q, left of which is the triangle, with the same bits up to
      // sign for the triangle on its other side.
      std::size_t p = k, q = (k + 1) % 3;
      double sign = 1.0;
      if (tri.corner[p] > tri.corner[q]) {
        std::swap(p, q);
        sign = -1.0;
      }
      const double a = tri.y[q] - tri.y[p], b = tri.x[p] - tri.x[q];
      const double c = a * (tri.x[p] - x) + b * (tri.y[p] - y);
      piece.clip(sign * a, sign * b, sign * c, cut);
    }
  }

  void add(Polygon piece, std::size_t t, double x, double y, PlanarMoments& total,
           double* sides) const {
    const double* coefficients = coefficients_.col(static_cast<Index>(t)).data();
    if (degree_ == 0) {
      const PlanarMoments m = uniform_moments(piece);
      total.mass += coefficients[0] * m.mass;
      total.first_x += coefficients[0] * m.first_x;
      total.first_y += coefficients[0] * m.first_y;
      total.second += coefficients[0] * m.second;
    } else {
      add_polynomial(piece, t, x, y, total);
    }
    for (std::size_t e = 0; e < piece.size(); ++e) {
      if (piece[e].side == cut) continue;
      const Corner &p = piece[e], &q = piece[after(piece, e)];
      const double length = std::hypot(q.x - p.x, q.y - p.y);
      for (const GaussPoint& g : gauss_points((degree_ + 2) / 2)) {
        sides[piece[e].side] +=
            g.weight * length *
            density(t, x + p.x + g.at * (q.x - p.x), y + p.y + g.at * (q.y - p.y));
      }
    }
  }

  // Triangles of the fan from the first corner, each by the product rule of the square that
  // collapses onto it: (u, v) -> u (a + v (b - a)), of Jacobian u.
  void add_polynomial(Polygon piece, std::size_t t, double x, double y,
                      PlanarMoments& total) const {
    const auto rule = gauss_points((degree_ + 5) / 2);
    const Corner& origin = piece[0];
    for (std::size_t e = 1; e + 1 < piece.size(); ++e) {
      const double ax = piece[e].x - origin.x, ay = piece[e].y - origin.y;
      const double bx = piece[e + 1].x - origin.x, by = piece[e + 1].y - origin.y;
      const double doubled = ax * by - bx * ay;
      for (const GaussPoint& gu : rule) {
        for (const GaussPoint& gv : rule) {
          const double px = origin.x + gu.at * (ax + gv.at * (bx - ax));
          const double py = origin.y + gu.at * (ay + gv.at * (by - ay));
          const double mass = gu.weight * gv.weight * gu.at * doubled * density(t, x + px, y + py);
          total.mass += mass;
          total.first_x += mass * px;
          total.first_y += mass * py;
          total.second += mass * (px * px + py * py);
        }
      }
    }
  }

  double density(std::size_t t, double x, double y) const {
    const double* coefficients = coefficients_.col(static_cast<Index>(t)).data();
    if (degree_ == 0) return coefficients[0];
    const Triangle& tri = triangles_[t];
    const auto doubled = [&](std::size_t p, std::size_t q) {
      return (tri.x[p] - x) * (tri.y[q] - y) - (tri.x[q] - x) * (tri.y[p] - y);
    };
    const double b0 = doubled(1, 2), b1 = doubled(2, 0), b2 = doubled(0, 1);
    const double sum = b0 + b1 + b2;
    return bernstein_value(degree_, coefficients, b0 / sum, b1 / sum, b2 / sum);
  }

  int degree_;
  Matrix coefficients_;
  std::vector<Triangle> triangles_;
  Bins bins_;
};

std::array<GaussPoint, 10> gauss_table() {
  // n points from 0, 1, 3, 6 on. Closed forms on [-1, 1], moved to [0, 1].
  const auto point = [](double x, double w) { return GaussPoint{0.5 * (1.0 + x), 0.5 * w}; };
  const double two = 1.0 / std::numbers::sqrt3, three = std::sqrt(0.6);
  const double inner = std::sqrt(3.0 / 7.0 - 2.0 / 7.0 * std::sqrt(1.2));
  const double outer = std::sqrt(3.0 / 7.0 + 2.0 / 7.0 * std::sqrt(1.2));
  const double heavy = (18.0 + std::sqrt(30.0)) / 36.0, light = (18.0 - std::sqrt(30.0)) / 36.0;
  return {point(0.0, 2.0),          point(-two, 1.0),      point(two, 1.0),
          point(-three, 5.0 / 9.0), point(0.0, 8.0 / 9.0), point(three, 5.0 / 9.0),
          point(-outer, light),     point(-inner, heavy),  point(inner, heavy),
          point(outer, light)};
}

}  // namespace

std::span<const GaussPoint> gauss_points(int n) {
  static const std::array<GaussPoint, 10> table = gauss_table();
  const auto count = static_cast<std::size_t>(n);
  return {table.data() + count * (count - 1) / 2, count};
}

std::unique_ptr<const PlanarDensity> mesh_planar_density(const TriangleMesh& mesh) {
  return std::make_unique<MeshPlanarDensity>(mesh);
}

}  // namespace pushforward::ot::detail
