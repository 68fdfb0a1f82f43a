/// Sources in space whose Laguerre cells are integrated exactly, besides boxes and voxels.
#pragma once

#include "pushforward/ot/laguerre.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

namespace pushforward::ot {

/// The uniform law on a convex polyhedron.
class ConvexPolyhedron final : public LaguerreSource {
 public:
  /// {x : <n_f, x> <= c_f for all f}.
  /// @param normals  3 x F, finite, not zero, of any length. @param offsets  F, finite.
  /// @throws InvalidGeometry naming a bad entry, or saying that the set has no interior or no
  ///         bound (no vertex within 1e6 times its width counts as no bound).
  ConvexPolyhedron(PointsIn normals, VectorIn offsets);
  /// The tetrahedron of four points, 3 x 4. @throws InvalidGeometry if they lie in a plane.
  static ConvexPolyhedron tetrahedron(PointsIn corners);

  Index dim() const override { return 3; }
  const Matrix& normals() const { return normals_; }  ///< 3 x F, of length one.
  const Vector& offsets() const { return offsets_; }  ///< F.
  const Matrix& vertices() const {
    return vertices_;
  }  ///< 3 x V; where more than three faces meet
     ///< a vertex may appear more than once.

  double total_mass() const override { return volume_; }  ///< The volume.
  Matrix bounding_box() const override;
  Matrix inner_box() const override;
  void draw(const RngKey& key, PointsOut x) const override;
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  Matrix normals_;
  Vector offsets_;
  Matrix vertices_;
  Matrix fan_;  ///< 12 x T: tetrahedra that make up the polyhedron, for draws.
  double volume_ = 0.0;
};

/// A density that is a polynomial on each element of a tetrahedral mesh.
class TetrahedralMesh final : public LaguerreSource {
 public:
  static constexpr int most_degree = 4;

  /// @param points        3 x V, finite.
  /// @param tetrahedra    4 x T, indices of corners, any way round; elements overlap at their
  ///                      borders only (which is not looked into).
  /// @param coefficients  K x T with K = (p + 1)(p + 2)(p + 3) / 6, p <= 4: the density on an
  ///   element with barycentric coordinates b is sum_k c_k p! / (i! j! k! l!) b_0^i b_1^j b_2^k
  ///   b_3^l, the exponents falling in lexicographic order: (p, 0, 0, 0), (p - 1, 1, 0, 0), ...
  ///   K = 1 is a constant, K = 4 the values at the corners. Finite and non-negative, not all zero:
  ///   sufficient for a non-negative density, and necessary for p <= 1.
  /// @throws InvalidGeometry for an element without volume, std::invalid_argument for the rest,
  ///         naming the entry.
  TetrahedralMesh(PointsIn points, const IndexMatrix& tetrahedra, PointsIn coefficients);
  /// The uniform law on the mesh.
  static TetrahedralMesh uniform(PointsIn points, const IndexMatrix& tetrahedra);

  Index dim() const override { return 3; }
  const Matrix& points() const { return points_; }
  const IndexMatrix& tetrahedra() const { return tetrahedra_; }
  const Matrix& coefficients() const { return coefficients_; }
  int degree() const { return degree_; }

  double total_mass() const override { return mass_; }
  Matrix bounding_box() const override;
  Matrix inner_box() const override;
  void draw(const RngKey& key, PointsOut x) const override;
  std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const override;

 private:
  Matrix points_;
  IndexMatrix tetrahedra_;
  Matrix coefficients_;
  int degree_ = 0;
  double mass_ = 0.0;
};

}  // namespace pushforward::ot
