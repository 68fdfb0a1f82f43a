#include "ot/src/tetrahedral_density.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <boost/math/quadrature/gauss.hpp>

namespace pushforward::ot::detail {
namespace {

using Point = std::array<double, 3>;
constexpr int cut_label = -2;

Point minus(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

// The plane through three points; exactly the negative for the same points in a mirrored order.
Plane plane_through(const Point& a, const Point& b, const Point& c) {
  const Point u = minus(b, a), v = minus(c, a);
  Plane plane{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0], 0.0};
  const double length = std::sqrt(plane.x * plane.x + plane.y * plane.y + plane.z * plane.z);
  plane.x /= length;
  plane.y /= length;
  plane.z /= length;
  plane.c = plane.x * a[0] + plane.y * a[1] + plane.z * a[2];
  return plane;
}

Plane moved(Plane plane, const Point& origin) {
  plane.c -= plane.x * origin[0] + plane.y * origin[1] + plane.z * origin[2];
  return plane;
}

struct GaussPoint {
  double at, weight;  // on [0, 1], weights of sum one
};

template <unsigned n>
std::vector<GaussPoint> gauss_rule() {
  using Rule = boost::math::quadrature::gauss<double, n>;
  std::vector<GaussPoint> rule;
  for (std::size_t k = 0; k < Rule::abscissa().size(); ++k) {
    const double x = Rule::abscissa()[k], weight = 0.5 * Rule::weights()[k];
    rule.push_back({0.5 * (1.0 + x), weight});
    if (x > 0.0) rule.push_back({0.5 * (1.0 - x), weight});
  }
  return rule;
}

// Exact to degree 2 n - 1.
std::vector<GaussPoint> gauss_rule(int n) {
  return n <= 2   ? gauss_rule<2>()
         : n == 3 ? gauss_rule<3>()
         : n == 4 ? gauss_rule<4>()
                  : gauss_rule<5>();
}

Point corner(const TetrahedralMesh& mesh, Index vertex, const Point& origin) {
  return minus({mesh.points()(0, vertex), mesh.points()(1, vertex), mesh.points()(2, vertex)},
               origin);
}

std::vector<SolidBox> boxes_of(const TetrahedralMesh& mesh, const Point& origin) {
  std::vector<SolidBox> boxes;
  for (Index t = 0; t < mesh.tetrahedra().cols(); ++t) {
    const Point first = corner(mesh, mesh.tetrahedra()(0, t), origin);
    SolidBox box{first, first};
    for (Index k = 1; k < 4; ++k) {
      const Point p = corner(mesh, mesh.tetrahedra()(k, t), origin);
      for (std::size_t i = 0; i < 3; ++i) {
        box.low[i] = std::min(box.low[i], p[i]);
        box.high[i] = std::max(box.high[i], p[i]);
      }
    }
    boxes.push_back(box);
  }
  return boxes;
}

double factorial(int n) { return n <= 1 ? 1.0 : n * factorial(n - 1); }

}  // namespace

std::vector<std::array<int, 4>> solid_bernstein_exponents(int degree) {
  std::vector<std::array<int, 4>> all;
  for (int i = degree; i >= 0; --i) {
    for (int j = degree - i; j >= 0; --j) {
      for (int k = degree - i - j; k >= 0; --k) all.push_back({i, j, k, degree - i - j - k});
    }
  }
  return all;
}

TetrahedralDensity::TetrahedralDensity(const TetrahedralMesh& mesh, const Point& origin)
    : degree_(mesh.degree()),
      coefficients_(mesh.coefficients() / mesh.total_mass()),
      exponents_(solid_bernstein_exponents(mesh.degree())),
      tree_(boxes_of(mesh, origin)) {
  for (std::size_t k = 0; k < exponents_.size(); ++k) {
    double multinomial = factorial(degree_);
    for (const int exponent : exponents_[k]) multinomial /= factorial(exponent);
    coefficients_.row(static_cast<Index>(k)) *= multinomial;
  }
  for (Index t = 0; t < mesh.tetrahedra().cols(); ++t) {
    Element element{};
    for (std::size_t i = 0; i < 4; ++i) {
      // Neighbours take the corners of their common face in the same order.
      std::array<Index, 3> face{};
      for (std::size_t k = 0, n = 0; k < 4; ++k) {
        if (k != i) face[n++] = mesh.tetrahedra()(static_cast<Index>(k), t);
      }
      std::sort(face.begin(), face.end());
      Plane plane = plane_through(corner(mesh, face[0], origin), corner(mesh, face[1], origin),
                                  corner(mesh, face[2], origin));
      const Point apex = corner(mesh, mesh.tetrahedra()(static_cast<Index>(i), t), origin);
      double over = -height(plane, apex[0], apex[1], apex[2]);
      if (over < 0.0) {
        plane = {-plane.x, -plane.y, -plane.z, -plane.c};
        over = -over;
      }
      element.faces[i] = plane;
      element.heights[i] = over;
    }
    elements_.push_back(element);
  }
  // Collapsed products: with x = u, y = (1 - u) v, z = (1 - u)(1 - v) w the volume element is
  // (1 - u)^2 (1 - v), two degrees on top of the density's and the moments' in u.
  for (const GaussPoint& u : gauss_rule((degree_ + 6) / 2)) {
    for (const GaussPoint& v : gauss_rule((degree_ + 6) / 2)) {
      for (const GaussPoint& w : gauss_rule((degree_ + 6) / 2)) {
        const double left = 1.0 - u.at, rest = left * (1.0 - v.at);
        solid_rule_.push_back(
            {u.at, left * v.at, rest * w.at, 6.0 * left * rest * u.weight * v.weight * w.weight});
      }
    }
  }
  for (const GaussPoint& u : gauss_rule((degree_ + 3) / 2)) {
    for (const GaussPoint& v : gauss_rule((degree_ + 3) / 2)) {
      const double left = 1.0 - u.at;
      plane_rule_.push_back(
          {u.at, left * v.at, left * (1.0 - v.at), 2.0 * left * u.weight * v.weight});
    }
  }
}

double TetrahedralDensity::density(std::size_t element, const Point& p, const Point& centre) const {
  const auto column = coefficients_.col(static_cast<Index>(element));
  if (degree_ == 0) return column[0];
  std::array<std::array<double, TetrahedralMesh::most_degree + 1>, 4> powers;
  for (std::size_t i = 0; i < 4; ++i) {
    const Element& at = elements_[element];
    const double above = -height(at.faces[i], centre[0] + p[0], centre[1] + p[1], centre[2] + p[2]);
    const double b = std::max(0.0, above / at.heights[i]);
    powers[i][0] = 1.0;
    for (std::size_t k = 0; k < static_cast<std::size_t>(degree_); ++k) {
      powers[i][k + 1] = b * powers[i][k];
    }
  }
  double value = 0.0;
  for (std::size_t k = 0; k < exponents_.size(); ++k) {
    double term = column[static_cast<Index>(k)];
    for (std::size_t i = 0; i < 4; ++i) {
      term *= powers[i][static_cast<std::size_t>(exponents_[k][i])];
    }
    value += term;
  }
  return value;
}

SolidMoments TetrahedralDensity::integrate_piece(std::size_t element,
                                                 const ClippedPolyhedron& piece,
                                                 const Point& centre, std::size_t faces,
                                                 double* facets) const {
  SolidMoments sum;
  const Point o = piece.position(0);
  piece.for_each_triangle([&](std::size_t face, std::size_t q, std::size_t r, std::size_t s) {
    const Point a = piece.position(q), b = piece.position(r), c = piece.position(s);
    const Point u = minus(b, a), v = minus(c, a), w = minus(a, o);
    const Point n{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
    const double volume = (w[0] * n[0] + w[1] * n[1] + w[2] * n[2]) / 6.0;
    if (volume != 0.0) {
      for (const Node& node : solid_rule_) {
        const double rest = 1.0 - node.u - node.v - node.w;
        Point p;
        for (std::size_t i = 0; i < 3; ++i) {
          p[i] = rest * o[i] + node.u * a[i] + node.v * b[i] + node.w * c[i];
        }
        const double mass = volume * node.weight * density(element, p, centre);
        sum.mass += mass;
        for (std::size_t i = 0; i < 3; ++i) sum.first[i] += mass * p[i];
        sum.second += mass * (p[0] * p[0] + p[1] * p[1] + p[2] * p[2]);
      }
    }
    if (face >= faces) return;
    const Plane& plane = piece.faces()[face].plane;
    const double area = 0.5 * (plane.x * n[0] + plane.y * n[1] + plane.z * n[2]);
    for (const Node& node : plane_rule_) {
      Point p;
      for (std::size_t i = 0; i < 3; ++i) p[i] = node.u * a[i] + node.v * b[i] + node.w * c[i];
      facets[face] += area * node.weight * density(element, p, centre);
    }
  });
  return sum;
}

SolidMoments TetrahedralDensity::integrate(const ClippedPolyhedron& cell, const Point& centre,
                                           SolidPieces& memory, double* facets) const {
  memory.pieces.resize(1);
  ClippedPolyhedron& piece = memory.pieces[0];
  SolidBox around{};
  for (std::size_t i = 0; i < 3; ++i) {
    const auto [low, high] = cell.extent(i);
    around.low[i] = low + centre[i];
    around.high[i] = high + centre[i];
  }
  SolidMoments total;
  const std::size_t faces = cell.faces().size();
  tree_.search(around, [&](std::size_t element) {
    piece = cell;
    for (const Plane& plane : elements_[element].faces) {
      piece.clip(moved(plane, centre), cut_label);
      if (piece.is_empty()) return;
    }
    if (degree_ > 0) {
      total.add(integrate_piece(element, piece, centre, faces, facets));
      return;
    }
    const double constant = coefficients_(0, static_cast<Index>(element));
    memory.areas.assign(piece.faces().size(), 0.0);
    SolidMoments m = uniform_moments(piece, memory.areas.data());
    m.scale(constant);
    total.add(m);
    for (std::size_t f = 0; f < faces; ++f) facets[f] += constant * memory.areas[f];
  });
  return total;
}

}  // namespace pushforward::ot::detail
