/// Densities in space that are polynomials on the elements of a mesh.
#pragma once

#include <array>
#include <vector>

#include "pushforward/ot/solid_domain.hpp"

#include "ot/src/box_tree.hpp"
#include "ot/src/solid_density.hpp"

namespace pushforward::ot::detail {

/// Exponents (i, j, k, l) of the barycentric coordinates, of sum `degree`, falling in
/// lexicographic order.
std::vector<std::array<int, 4>> solid_bernstein_exponents(int degree);

class TetrahedralDensity final : public SolidDensity {
 public:
  /// @param origin  from which places are measured: the middle of the window.
  TetrahedralDensity(const TetrahedralMesh& mesh, const std::array<double, 3>& origin);

  SolidMoments integrate(const ClippedPolyhedron& cell, const std::array<double, 3>& centre,
                         SolidPieces& memory, double* facets) const override;
  bool has_jumps() const override { return true; }

 private:
  struct Element {
    std::array<Plane, 4> faces;     ///< Face i lies opposite to corner i.
    std::array<double, 4> heights;  ///< Of corner i over face i.
  };
  struct Node {
    double u, v, w, weight;  ///< Barycentric coordinates, weights of sum one.
  };

  double density(std::size_t element, const std::array<double, 3>& p,
                 const std::array<double, 3>& centre) const;
  SolidMoments integrate_piece(std::size_t element, const ClippedPolyhedron& piece,
                               const std::array<double, 3>& centre, std::size_t faces,
                               double* facets) const;

  int degree_;
  std::vector<Element> elements_;
  Matrix coefficients_;  ///< K x T, times the multinomials, scaled to mass one.
  std::vector<std::array<int, 4>> exponents_;
  std::vector<Node> solid_rule_, plane_rule_;
  BoxTree tree_;
};

}  // namespace pushforward::ot::detail
