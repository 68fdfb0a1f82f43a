#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "ot/src/compensated_sum.hpp"
#include "ot/src/domain_checks.hpp"
#include "ot/src/mesh_density.hpp"
#include "ot/src/planar_cells.hpp"
#include "ot/src/triangle_polynomial.hpp"

namespace pushforward::ot {
namespace {

using detail::at;
using pushforward::detail::shown;

double twice_area(const Matrix& points, const IndexMatrix& triangles, Index t) {
  const auto p = points.col(triangles(0, t)), q = points.col(triangles(1, t)),
             r = points.col(triangles(2, t));
  return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]);
}

int degree_of(Index rows) {
  for (int p = 0; p <= detail::most_degree; ++p) {
    if (rows == detail::bernstein_count(p)) return p;
  }
  require(false, "TriangleMesh", "coefficients.rows()", rows, "1, 3, 6, 10 or 15");
  return 0;
}

}  // namespace

TriangleMesh::TriangleMesh(PointsIn points, const IndexMatrix& triangles, PointsIn coefficients)
    : points_(points),
      triangles_(triangles),
      coefficients_(coefficients),
      degree_(degree_of(coefficients.rows())) {
  const char* where = "TriangleMesh";
  require(points.rows() == 2, where, "points.rows()", points.rows(), "2");
  require(triangles.rows() == 3, where, "triangles.rows()", triangles.rows(), "3");
  require(triangles.cols() >= 1, where, "triangles.cols()", triangles.cols(), "at least 1");
  require(coefficients.cols() == triangles.cols(), where, "coefficients.cols()",
          coefficients.cols(), std::to_string(triangles.cols()) + ", one a triangle");
  detail::require_finite_corners(where, "points", points);
  const std::vector<std::array<int, 3>> exponents = detail::bernstein_exponents(degree_);
  detail::CompensatedSum mass;
  for (Index t = 0; t < triangles.cols(); ++t) {
    for (Index k = 0; k < 3; ++k) {
      require(triangles(k, t) >= 0 && triangles(k, t) < points.cols(), where,
              "triangles" + at(k, t), triangles(k, t),
              "an index below " + std::to_string(points.cols()));
    }
    const double area = 0.5 * twice_area(points_, triangles_, t);
    detail::require_geometry(area != 0.0, where, "area of triangle " + std::to_string(t),
                             shown(area), "a positive area");
    for (Index k = 0; k < coefficients.rows(); ++k) {
      require(std::isfinite(coefficients(k, t)) && coefficients(k, t) >= 0.0, where,
              "coefficients" + at(k, t), coefficients(k, t), "finite and at least 0");
    }
    mass.add(std::abs(area) * coefficients_.col(t).mean());
    if (area > 0.0) continue;
    // Turned round: corners 1 and 2 change places, and with them their exponents.
    std::swap(triangles_(1, t), triangles_(2, t));
    for (std::size_t k = 0; k < exponents.size(); ++k) {
      const auto [i, j, l] = exponents[k];
      const auto mirror = static_cast<std::size_t>(
          std::find(exponents.begin(), exponents.end(), std::array<int, 3>{i, l, j}) -
          exponents.begin());
      if (k < mirror) std::swap(coefficients_(Index(k), t), coefficients_(Index(mirror), t));
    }
  }
  mass_ = mass.value();
  require(mass_ > 0.0 && std::isfinite(mass_), where, "mass", mass_, "positive and finite");
}

TriangleMesh TriangleMesh::uniform(PointsIn points, const IndexMatrix& triangles) {
  return {points, triangles, Matrix::Ones(1, triangles.cols())};
}

Matrix TriangleMesh::bounding_box() const {
  Matrix corners(2, triangles_.size());
  for (Index k = 0; k < triangles_.size(); ++k) {
    corners.col(k) = points_.col(triangles_.data()[k]);
  }
  Matrix box(2, 2);
  box << corners.rowwise().minCoeff(), corners.rowwise().maxCoeff();
  return box;
}

Matrix TriangleMesh::inner_box() const { return bounding_box(); }

void TriangleMesh::draw(const RngKey& key, PointsOut x) const {
  // The density is a mixture: on a triangle, basis function (i, j, l) is a Dirichlet(i + 1, j + 1,
  // l + 1) law of the barycentric coordinates, sums of that many spacings of ordered uniforms.
  const Index kinds = coefficients_.rows();
  Vector weights(coefficients_.size());
  for (Index t = 0; t < triangles_.cols(); ++t) {
    weights.segment(t * kinds, kinds) = twice_area(points_, triangles_, t) * coefficients_.col(t);
  }
  const IndexVector chosen = categorical(key, weights, x.cols());
  const auto exponents = detail::bernstein_exponents(degree_);
  Matrix uniforms(degree_ + 2, x.cols());
  fill_uniform(key, uniforms);
  for (Index i = 0; i < x.cols(); ++i) {
    const Index t = chosen[i] / kinds;
    const auto& exponent = exponents[static_cast<std::size_t>(chosen[i] % kinds)];
    std::sort(uniforms.col(i).data(), uniforms.col(i).data() + uniforms.rows());
    const double first = uniforms(exponent[0], i);
    const double second = uniforms(exponent[0] + exponent[1] + 1, i);
    x.col(i) = first * points_.col(triangles_(0, t)) +
               (second - first) * points_.col(triangles_(1, t)) +
               (1.0 - second) * points_.col(triangles_(2, t));
  }
}

std::unique_ptr<LaguerreCells> TriangleMesh::cells(PointsIn sites, int threads) const {
  const Matrix box = bounding_box();
  Matrix window(2, 4);
  window << box(0, 0), box(0, 1), box(0, 1), box(0, 0), box(1, 0), box(1, 0), box(1, 1), box(1, 1);
  return std::make_unique<detail::PlanarCells>(sites, window, detail::mesh_planar_density(*this),
                                               threads);
}

}  // namespace pushforward::ot
