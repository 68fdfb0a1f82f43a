/// Sources whose Laguerre cells are integrated exactly: boxes, polygons, images, meshes, Gaussians.
#pragma once

#include <vector>

#include "pushforward/core/densities/uniform_box.hpp"
#include "pushforward/ot/laguerre.hpp"

namespace pushforward::ot {

using IndexMatrix = Eigen::Matrix<Index, Eigen::Dynamic, Eigen::Dynamic, Eigen::DontAlign>;

/// The uniform law on {lower <= x <= upper}.
class Box final : public LaguerreSource {
 public:
  /// @param lower, upper  d finite numbers each, lower[k] < upper[k].
  /// @throws InvalidGeometry naming the first bad side.
  Box(VectorIn lower, VectorIn upper);
  static Box unit(Index dim);  ///< [0, 1]^dim.

  Index dim() const override { return law_.dim(); }
  const Vector& lower() const { return law_.lower(); }
  const Vector& upper() const { return law_.upper(); }

  double total_mass() const override;  ///< The volume.
  Matrix bounding_box() const override;
  Matrix inner_box() const override;
  void draw(const RngKey& key, PointsOut x) const override { law_.draw(key, x); }
  /// @throws std::invalid_argument for a dimension without cells.
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  UniformBox law_;
};

/// The uniform law on a convex polygon.
class ConvexPolygon final : public LaguerreSource {
 public:
  /// @param vertices  2 x n, n >= 3, in order around the polygon, either way; collinear ones are
  ///                  allowed, all collinear not.
  /// @throws InvalidGeometry naming the vertex where the boundary turns the wrong way, or saying
  ///         that it goes round more than once or encloses no area.
  explicit ConvexPolygon(PointsIn vertices);

  Index dim() const override { return 2; }
  const Matrix& vertices() const { return vertices_; }  ///< Counterclockwise.

  double total_mass() const override { return area_; }
  Matrix bounding_box() const override;
  Matrix inner_box() const override;
  void draw(const RngKey& key, PointsOut x) const override;
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  Matrix vertices_;
  double area_ = 0.0;
};

/// A density that is constant on each cell of a regular grid on a box: an image.
class GridDensity final : public LaguerreSource {
 public:
  /// @param lower, upper  d finite numbers each, lower[k] < upper[k].
  /// @param shape         d numbers of pixels, at least 1 each.
  /// @param values        densities, finite and non-negative, not all zero; the first index runs
  ///                      fastest: pixel (i, k) of an image is values[i + shape[0] * k].
  /// @throws InvalidGeometry for the box, std::invalid_argument for the rest, naming the entry.
  GridDensity(VectorIn lower, VectorIn upper, const IndexVector& shape, VectorIn values);

  Index dim() const override { return lower_.size(); }
  const Vector& lower() const { return lower_; }
  const Vector& upper() const { return upper_; }
  const IndexVector& shape() const { return shape_; }
  const Vector& values() const { return values_; }

  double total_mass() const override { return mass_; }
  Matrix bounding_box() const override;
  Matrix inner_box() const override;
  void draw(const RngKey& key, PointsOut x) const override;
  /// @throws std::invalid_argument for a dimension without cells.
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  Vector lower_, upper_;
  IndexVector shape_;
  Vector values_;
  double mass_ = 0.0;
};

/// A density that is a polynomial on each triangle of a mesh.
class TriangleMesh final : public LaguerreSource {
 public:
  /// @param points        2 x V, finite.
  /// @param triangles     3 x T, indices of corners, either way round; triangles overlap at their
  ///                      borders only (which is not looked into).
  /// @param coefficients  K x T with K = (p + 1)(p + 2) / 2, p <= 4: the density on a triangle with
  ///   barycentric coordinates b is sum_k c_k p! / (i! j! l!) b_0^i b_1^j b_2^l, the exponents
  ///   (i, j, l) falling in lexicographic order: (p, 0, 0), (p - 1, 1, 0), (p - 1, 0, 1), ...
  ///   K = 1 is a constant, K = 3 the values at the corners. Finite and non-negative, not all zero:
  ///   sufficient for a non-negative density, and necessary for p <= 1.
  /// @throws InvalidGeometry for a triangle without area, std::invalid_argument for the rest,
  ///         naming the entry.
  TriangleMesh(PointsIn points, const IndexMatrix& triangles, PointsIn coefficients);
  /// The uniform law on the mesh.
  static TriangleMesh uniform(PointsIn points, const IndexMatrix& triangles);

  Index dim() const override { return 2; }
  const Matrix& points() const { return points_; }
  const IndexMatrix& triangles() const { return triangles_; }  ///< Counterclockwise.
  const Matrix& coefficients() const { return coefficients_; }
  int degree() const { return degree_; }

  double total_mass() const override { return mass_; }
  Matrix bounding_box() const override;
  Matrix inner_box() const override;
  void draw(const RngKey& key, PointsOut x) const override;
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  Matrix points_;
  IndexMatrix triangles_;
  Matrix coefficients_;
  int degree_ = 0;
  double mass_ = 0.0;
};

/// N(mean, covariance) in the plane.
///
/// Masses come from Owen's function and moments from the divergence theorem, or from Gauss's rule
/// on cells that are small beside the law: errors are a few 1e-16 of the whole mass, and of the
/// cell's own on small ones. The plane is a parallelogram that leaves out a mass of 3e-23.
/// Source: \cite owen1956.
class PlanarGaussian final : public LaguerreSource {
 public:
  /// @param mean  2 finite numbers. @param covariance  2 x 2, symmetric and positive definite.
  /// @throws std::invalid_argument naming what is wrong.
  PlanarGaussian(VectorIn mean, const Matrix& covariance);

  Index dim() const override { return 2; }
  const Vector& mean() const { return mean_; }
  const Matrix& covariance() const { return covariance_; }
  Matrix window() const;  ///< Its corners, 2 x 4, counterclockwise.

  double total_mass() const override { return 1.0; }
  Matrix bounding_box() const override;  ///< Of the window.
  Matrix inner_box() const override;     ///< One standard deviation each way.
  void draw(const RngKey& key, PointsOut x) const override;
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  Matrix root_;  // lower triangular: covariance = root root^T
  Vector mean_;
  Matrix covariance_;
};

/// The cells themselves, for figures: the corners of each, counterclockwise, 2 x 0 for an empty
/// one.
/// @param window   what the cells tile: the domain, or a box around it.
/// @param sites    2 x N, finite and distinct. @param weights  N, finite.
/// @throws std::invalid_argument as `laguerre_measures` does.
std::vector<Matrix> laguerre_polygons(const ConvexPolygon& window, PointsIn sites, VectorIn weights,
                                      int threads = 0);

}  // namespace pushforward::ot
