#include <algorithm>
#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/ot/solid_domain.hpp"

#include "ot/src/compensated_sum.hpp"
#include "ot/src/domain_checks.hpp"
#include "ot/src/solid_cells.hpp"
#include "ot/src/tetrahedral_density.hpp"

namespace pushforward::ot {
namespace {

using detail::at;
using pushforward::detail::shown;

double volume(const Matrix& points, const IndexMatrix& tetrahedra, Index t) {
  const auto corner = [&](Index k) { return points.col(tetrahedra(k, t)); };
  return std::abs(
      detail::spanned_volume(corner(1) - corner(0), corner(2) - corner(0), corner(3) - corner(0)));
}

int degree_of(Index rows) {
  for (int p = 0; p <= TetrahedralMesh::most_degree; ++p) {
    if (rows == (p + 1) * (p + 2) * (p + 3) / 6) return p;
  }
  require(false, "TetrahedralMesh", "coefficients.rows()", rows, "1, 4, 10, 20 or 35");
  return 0;
}

}  // namespace

TetrahedralMesh::TetrahedralMesh(PointsIn points, const IndexMatrix& tetrahedra,
                                 PointsIn coefficients)
    : points_(points),
      tetrahedra_(tetrahedra),
      coefficients_(coefficients),
      degree_(degree_of(coefficients.rows())) {
  const char* where = "TetrahedralMesh";
  require(points.rows() == 3, where, "points.rows()", points.rows(), "3");
  require(tetrahedra.rows() == 4, where, "tetrahedra.rows()", tetrahedra.rows(), "4");
  require(tetrahedra.cols() >= 1, where, "tetrahedra.cols()", tetrahedra.cols(), "at least 1");
  require(coefficients.cols() == tetrahedra.cols(), where, "coefficients.cols()",
          coefficients.cols(), std::to_string(tetrahedra.cols()) + ", one an element");
  detail::require_finite_corners(where, "points", points);
  detail::CompensatedSum mass;
  for (Index t = 0; t < tetrahedra.cols(); ++t) {
    for (Index k = 0; k < 4; ++k) {
      require(tetrahedra(k, t) >= 0 && tetrahedra(k, t) < points.cols(), where,
              "tetrahedra" + at(k, t), tetrahedra(k, t),
              "an index below " + std::to_string(points.cols()));
    }
    const double size = volume(points_, tetrahedra_, t);
    detail::require_geometry(size > 0.0, where, "volume of element " + std::to_string(t),
                             shown(size), "a positive volume");
    for (Index k = 0; k < coefficients.rows(); ++k) {
      require(std::isfinite(coefficients(k, t)) && coefficients(k, t) >= 0.0, where,
              "coefficients" + at(k, t), coefficients(k, t), "finite and at least 0");
    }
    mass.add(size * coefficients_.col(t).mean());
  }
  mass_ = mass.value();
  require(mass_ > 0.0 && std::isfinite(mass_), where, "mass", mass_, "positive and finite");
}

TetrahedralMesh TetrahedralMesh::uniform(PointsIn points, const IndexMatrix& tetrahedra) {
  return {points, tetrahedra, Matrix::Ones(1, tetrahedra.cols())};
}

Matrix TetrahedralMesh::bounding_box() const {
  Matrix corners(3, tetrahedra_.size());
  for (Index k = 0; k < tetrahedra_.size(); ++k) {
    corners.col(k) = points_.col(tetrahedra_.data()[k]);
  }
  Matrix box(3, 2);
  box << corners.rowwise().minCoeff(), corners.rowwise().maxCoeff();
  return box;
}

Matrix TetrahedralMesh::inner_box() const { return bounding_box(); }

void TetrahedralMesh::draw(const RngKey& key, PointsOut x) const {
  // The density is a mixture: on an element, basis function (i, j, k, l) is a Dirichlet(i + 1,
  // j + 1, k + 1, l + 1) law of the barycentric coordinates, sums of spacings of ordered uniforms.
  const Index kinds = coefficients_.rows();
  Vector weights(coefficients_.size());
  for (Index t = 0; t < tetrahedra_.cols(); ++t) {
    weights.segment(t * kinds, kinds) = volume(points_, tetrahedra_, t) * coefficients_.col(t);
  }
  const IndexVector chosen = categorical(key, weights, x.cols());
  const auto exponents = detail::solid_bernstein_exponents(degree_);
  Matrix uniforms(degree_ + 3, x.cols());
  fill_uniform(key, uniforms);
  for (Index i = 0; i < x.cols(); ++i) {
    const Index t = chosen[i] / kinds;
    const auto& exponent = exponents[static_cast<std::size_t>(chosen[i] % kinds)];
    std::sort(uniforms.col(i).data(), uniforms.col(i).data() + uniforms.rows());
    x.col(i).setZero();
    double before = 0.0;
    for (Index k = 0, until = 0; k < 4; ++k) {
      until += exponent[static_cast<std::size_t>(k)] + 1;
      const double here = k == 3 ? 1.0 : uniforms(until - 1, i);
      x.col(i) += (here - before) * points_.col(tetrahedra_(k, t));
      before = here;
    }
  }
}

std::unique_ptr<LaguerreCells> TetrahedralMesh::cells(PointsIn sites, int threads) const {
  const detail::SolidWindow window = detail::box_window(bounding_box());
  return std::make_unique<detail::SolidCells>(
      sites, window, std::make_unique<detail::TetrahedralDensity>(*this, window.middle()), threads);
}

}  // namespace pushforward::ot
