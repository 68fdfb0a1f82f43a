/// Integrals of a density over convex polyhedra.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "ot/src/solid_integrals.hpp"

namespace pushforward::ot::detail {

/// Memory for the pieces that a cell is cut into.
struct SolidPieces {
  std::vector<ClippedPolyhedron> pieces;
  std::vector<double> areas;
};

/// A normalised density. Safe to call from many threads.
class SolidDensity {
 public:
  virtual ~SolidDensity() = default;
  /// @param cell    relative to `centre`, which is measured from the middle of the window.
  /// @param facets  one number a face of `cell`, zero: the integral of the density is added.
  virtual SolidMoments integrate(const ClippedPolyhedron& cell, const std::array<double, 3>& centre,
                                 SolidPieces& memory, double* facets) const = 0;
  /// The density jumps across planes, so that the two sides of a facet may differ.
  virtual bool has_jumps() const = 0;
};

/// The uniform law on a set of this volume.
std::unique_ptr<const SolidDensity> uniform_solid_density(double volume);

}  // namespace pushforward::ot::detail
