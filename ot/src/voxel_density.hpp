/// Densities in space that are constant on the cells of a regular grid.
#pragma once

#include <array>

#include "pushforward/ot/semidiscrete_domain.hpp"

#include "ot/src/solid_density.hpp"

namespace pushforward::ot::detail {

class VoxelDensity final : public SolidDensity {
 public:
  /// @param grid    of dimension 3.
  /// @param origin  from which places are measured: the middle of the window.
  VoxelDensity(const GridDensity& grid, const std::array<double, 3>& origin);

  SolidMoments integrate(const ClippedPolyhedron& cell, const std::array<double, 3>& centre,
                         SolidPieces& memory, double* facets) const override;
  bool has_jumps() const override { return true; }

 private:
  struct Sweep;
  double border(std::size_t axis, Index k) const;
  void sweep(std::size_t axis, Index offset, ClippedPolyhedron& rest, Sweep& task) const;

  std::array<double, 3> low_, high_;
  std::array<Index, 3> shape_;
  Vector values_;  ///< Of mass one.
};

}  // namespace pushforward::ot::detail
