/// Integrals of a mesh's density over convex polygons.
#pragma once

#include <memory>

#include "pushforward/ot/semidiscrete_domain.hpp"

#include "ot/src/planar_density.hpp"

namespace pushforward::ot::detail {

/// Of mass one. Cells are clipped by the triangles near them, found by a grid of bins.
std::unique_ptr<const PlanarDensity> mesh_planar_density(const TriangleMesh& mesh);

}  // namespace pushforward::ot::detail
