#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/owens_t.hpp>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "ot/src/domain_checks.hpp"
#include "ot/src/planar_cells.hpp"

namespace pushforward::ot {
namespace {

using detail::after;
using detail::PlanarMoments;
using detail::Polygon;
using std::numbers::inv_sqrtpi;
using std::numbers::pi;
using std::numbers::sqrt2;

// The plane is cut off this many standard deviations away: a mass of 3e-23 is left out.
constexpr double reach = 10.0;

double normal_density(double t) { return inv_sqrtpi / sqrt2 * std::exp(-0.5 * t * t); }

/// Of the standard normal law on [s, t], s <= t.
double normal_mass(double s, double t) {
  if (t - s < 1e-3) {  // Simpson's rule is exact to rounding here, where differences are not
    const double middle = 4.0 * normal_density(0.5 * s + 0.5 * t);
    return (t - s) / 6.0 * (normal_density(s) + middle + normal_density(t));
  }
  if (s > 0.0) return 0.5 * (std::erfc(s / sqrt2) - std::erfc(t / sqrt2));
  return 0.5 * (std::erfc(-t / sqrt2) - std::erfc(-s / sqrt2));
}

struct Point {
  double x, y;
};

/// A side in the coordinates in which the law is standard normal.
struct Side {
  Point normal, along;  ///< Unit vectors, the normal outwards.
  double height;        ///< Of the line over the origin, along the normal.
  double begin, end;    ///< Coordinates of the ends along the line.

  Side(const Point& p, const Point& q) {
    const double dx = q.x - p.x, dy = q.y - p.y, length = std::sqrt(dx * dx + dy * dy);
    along = length > 0.0 ? Point{dx / length, dy / length} : Point{1.0, 0.0};
    normal = {along.y, -along.x};
    height = p.x * normal.x + p.y * normal.y;
    begin = p.x * along.x + p.y * along.y;
    end = begin + length;
  }

  double integral() const { return normal_density(height) * normal_mass(begin, end); }
  /// Of the coordinate along the line.
  double first_moment() const {
    return normal_density(height) * (normal_density(begin) - normal_density(end));
  }
  /// The mass of the triangle between the side and the origin, negative seen from outside: its
  /// angle less Owen's functions, since in polar coordinates the radius integrates to
  /// 1 - exp(-r^2 / 2) at the line.
  double triangle_mass() const {
    const double h = std::abs(height);
    if (h < 1e-18) return 0.0;
    const auto part = [h](double t) {
      return std::atan2(t, h) / (2.0 * pi) - boost::math::owens_t(h, t / h);
    };
    return std::copysign(part(end) - part(begin), height);
  }
};

/// Gauss's rule of n points on [0, 1].
template <unsigned n>
struct UnitRule {
  std::array<double, n> nodes, weights;
  UnitRule() {
    using Rule = boost::math::quadrature::gauss<double, n>;
    std::size_t k = 0;
    for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
      const double a = 0.5 * Rule::abscissa()[i], w = 0.5 * Rule::weights()[i];
      nodes[k] = 0.5 + a;
      weights[k++] = w;
      if (a == 0.0) continue;
      nodes[k] = 0.5 - a;
      weights[k++] = w;
    }
  }
};

template <unsigned n>
const UnitRule<n>& unit_rule() {
  static const UnitRule<n> rule;
  return rule;
}

class GaussianPlanarDensity final : public detail::PlanarDensity {
 public:
  GaussianPlanarDensity(const Vector& mean, const Matrix& root)
      : mean_{mean[0], mean[1]},
        root_{root(0, 0), root(1, 0), root(1, 1)},
        peak_(1.0 / (2.0 * pi * root(0, 0) * root(1, 1))) {}

  PlanarMoments integrate(Polygon cell, double x, double y, double* sides) const override {
    const Point origin = standard(x - mean_.x, y - mean_.y);
    std::vector<Point>& corners = scratch();
    corners.clear();
    for (const auto& c : cell) {
      const Point z = standard(c.x, c.y);
      corners.push_back({z.x + origin.x, z.y + origin.y});
    }
    for (std::size_t e = 0; e < cell.size(); ++e) {
      const std::size_t next = after(cell, e);
      const Side side(corners[e], corners[next]);
      const double dx = cell[next].x - cell[e].x, dy = cell[next].y - cell[e].y;
      const double stretch = side.end - side.begin;
      // Lengths change by the first factor; densities by the determinant, which is in the second.
      sides[e] = stretch > 0.0 ? std::sqrt(dx * dx + dy * dy) / stretch * side.integral() /
                                     (root_.xx * root_.yy)
                               : 0.0;
    }
    // The rules integrate exp over such ranges to a few units of rounding.
    const double variation = exponent_variation(corners);
    if (variation <= 0.1) return by_triangles(unit_rule<4>(), cell, corners);
    if (variation <= 1.0) return by_triangles(unit_rule<7>(), cell, corners);
    return by_sides(corners, origin);
  }
  bool has_jumps() const override { return false; }

 private:
  static std::vector<Point>& scratch() {
    thread_local std::vector<Point> corners;
    return corners;
  }

  Point standard(double dx, double dy) const {
    const double u = dx / root_.xx;
    return {u, (dy - root_.yx * u) / root_.yy};
  }

  /// A bound on how far |z|^2 / 2 moves from its value at the first corner.
  static double exponent_variation(const std::vector<Point>& corners) {
    const Point& z = corners.front();
    double reach_squared = 0.0;
    for (const Point& c : corners) {
      const double dx = c.x - z.x, dy = c.y - z.y;
      reach_squared = std::max(reach_squared, dx * dx + dy * dy);
    }
    return std::sqrt(reach_squared) * (std::hypot(z.x, z.y) + 0.5 * std::sqrt(reach_squared));
  }

  /// Cells over which the density hardly changes: a fan of triangles, without cancellation.
  template <class Rule>
  PlanarMoments by_triangles(const Rule& rule, Polygon cell,
                             const std::vector<Point>& corners) const {
    PlanarMoments m;
    for (std::size_t e = 1; e + 1 < cell.size(); ++e) {
      const double ax = cell[e].x - cell[0].x, ay = cell[e].y - cell[0].y;
      const double bx = cell[e + 1].x - cell[e].x, by = cell[e + 1].y - cell[e].y;
      const double twice_area = ax * by - bx * ay;
      const Point z = corners[0];
      const Point f{corners[e].x - z.x, corners[e].y - z.y};
      const Point g{corners[e + 1].x - corners[e].x, corners[e + 1].y - corners[e].y};
      for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
        const double u = rule.nodes[i], scale = peak_ * twice_area * u * rule.weights[i];
        for (std::size_t k = 0; k < rule.nodes.size(); ++k) {
          const double v = u * rule.nodes[k];
          const double zx = z.x + u * f.x + v * g.x, zy = z.y + u * f.y + v * g.y;
          const double px = cell[0].x + u * ax + v * bx, py = cell[0].y + u * ay + v * by;
          const double w = scale * rule.weights[k] * std::exp(-0.5 * (zx * zx + zy * zy));
          m.mass += w;
          m.first_x += w * px;
          m.first_y += w * py;
          m.second += w * (px * px + py * py);
        }
      }
    }
    return m;
  }

  /// Any cell: by the divergence theorem, z phi = -grad phi and (I - z z^T) phi = div(z phi) are
  /// integrals over the sides.
  PlanarMoments by_sides(const std::vector<Point>& corners, const Point& site) const {
    double mass = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
    for (std::size_t e = 0; e < corners.size(); ++e) {
      const Side side(corners[e], corners[e + 1 == corners.size() ? 0 : e + 1]);
      const double whole = side.integral(), first = side.first_moment();
      const auto [nx, ny] = side.normal;
      mass += side.triangle_mass();
      x -= nx * whole;
      y -= ny * whole;
      xx -= nx * (side.height * nx * whole + side.along.x * first);
      xy -= nx * (side.height * ny * whole + side.along.y * first);
      yy -= ny * (side.height * ny * whole + side.along.y * first);
    }
    mass = std::max(0.0, mass);
    xx += mass;
    yy += mass;
    // About the site, then back: with p = root (z - site), the integrals of p and |p|^2.
    const double sx = site.x, sy = site.y;
    const double ux = x - mass * sx, uy = y - mass * sy;
    const double uxx = xx - 2.0 * sx * x + mass * sx * sx;
    const double uyy = yy - 2.0 * sy * y + mass * sy * sy;
    const double uxy = xy - sx * y - sy * x + mass * sx * sy;
    const auto& r = root_;
    return {mass, r.xx * ux, r.yx * ux + r.yy * uy,
            (r.xx * r.xx + r.yx * r.yx) * uxx + 2.0 * r.yx * r.yy * uxy + r.yy * r.yy * uyy};
  }

  Point mean_;
  struct {
    double xx, yx, yy;
  } root_;  // lower triangular
  double peak_;
};

Matrix checked_root(VectorIn mean, const Matrix& covariance) {
  const char* where = "PlanarGaussian";
  require(mean.size() == 2, where, "mean.size()", mean.size(), "2");
  require(covariance.rows() == 2, where, "covariance.rows()", covariance.rows(), "2");
  require(covariance.cols() == 2, where, "covariance.cols()", covariance.cols(), "2");
  pushforward::detail::require_finite(mean, where, "mean");
  pushforward::detail::require_finite(covariance, where, "covariance");
  const double skew = std::abs(covariance(0, 1) - covariance(1, 0));
  require(skew <= 1e-12 * covariance.cwiseAbs().maxCoeff(), where,
          "covariance(0, 1) - covariance(1, 0)", skew, "0: a symmetric matrix");
  const Eigen::SelfAdjointEigenSolver<Eigen::Matrix2d> axes{Eigen::Matrix2d(covariance)};
  const double least = axes.eigenvalues()[0], largest = axes.eigenvalues()[1];
  require(least > 1e-14 * largest, where, "least eigenvalue of covariance", least,
          "above 1e-14 of the largest: a law with a density");
  return Eigen::LLT<Eigen::Matrix2d>(Eigen::Matrix2d(covariance)).matrixL();
}

}  // namespace

PlanarGaussian::PlanarGaussian(VectorIn mean, const Matrix& covariance)
    : root_(checked_root(mean, covariance)), mean_(mean), covariance_(covariance) {}

Matrix PlanarGaussian::window() const {
  Matrix corners(2, 4);
  corners << -reach, reach, reach, -reach, -reach, -reach, reach, reach;
  return (root_ * corners).colwise() + mean_;
}

Matrix PlanarGaussian::bounding_box() const {
  const Matrix corners = window();
  Matrix box(2, 2);
  box << corners.rowwise().minCoeff(), corners.rowwise().maxCoeff();
  return box;
}

Matrix PlanarGaussian::inner_box() const {
  const Vector deviations = covariance_.diagonal().cwiseSqrt();
  Matrix box(2, 2);
  box << mean_ - deviations, mean_ + deviations;
  return box;
}

void PlanarGaussian::draw(const RngKey& key, PointsOut x) const {
  require(x.rows() == 2, "PlanarGaussian", "x.rows()", x.rows(), "2");
  fill_normal(key, x);
  x = ((root_ * x).colwise() + mean_).eval();
}

std::unique_ptr<LaguerreCells> PlanarGaussian::cells(PointsIn sites, int threads) const {
  return std::make_unique<detail::PlanarCells>(
      sites, window(), std::make_unique<GaussianPlanarDensity>(mean_, root_), threads);
}

}  // namespace pushforward::ot
