#include "ot/src/voxel_density.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pushforward::ot::detail {
namespace {

constexpr int cut_label = -2;

}  // namespace

/// What is carried through the axes: slabs, then beams, then voxels.
struct VoxelDensity::Sweep {
  const std::array<double, 3>& centre;
  std::size_t faces;  // of the cell; those behind are cuts
  SolidPieces& memory;
  double* facets;
  SolidMoments moments;
};

VoxelDensity::VoxelDensity(const GridDensity& grid, const std::array<double, 3>& origin)
    : values_(grid.values() / grid.total_mass()) {
  for (std::size_t i = 0; i < 3; ++i) {
    const auto axis = static_cast<Index>(i);
    low_[i] = grid.lower()[axis] - origin[i];
    high_[i] = grid.upper()[axis] - origin[i];
    shape_[i] = grid.shape()[axis];
  }
}

double VoxelDensity::border(std::size_t axis, Index k) const {
  if (k == shape_[axis]) return high_[axis];
  const double t = static_cast<double>(k) / static_cast<double>(shape_[axis]);
  return low_[axis] + t * (high_[axis] - low_[axis]);
}

void VoxelDensity::sweep(std::size_t axis, Index offset, ClippedPolyhedron& rest,
                         Sweep& task) const {
  Index stride = 1;
  for (std::size_t i = 0; i < axis; ++i) stride *= shape_[i];
  const auto [low, high] = rest.extent(axis);
  const double width = (high_[axis] - low_[axis]) / static_cast<double>(shape_[axis]);
  // One more on either side for rounding; a slab without interior comes out empty.
  const auto index = [&](double x) {
    return static_cast<Index>(std::floor((x + task.centre[axis] - low_[axis]) / width));
  };
  const Index begin = std::clamp<Index>(index(low) - 1, 0, shape_[axis] - 1);
  const Index end = std::clamp<Index>(index(high) + 2, begin + 1, shape_[axis]);
  ClippedPolyhedron& piece = task.memory.pieces[axis];
  for (Index k = begin; k < end && !rest.is_empty(); ++k) {
    piece = rest;
    if (k + 1 < shape_[axis]) {
      Plane plane{axis == 0 ? 1.0 : 0.0, axis == 1 ? 1.0 : 0.0, axis == 2 ? 1.0 : 0.0,
                  border(axis, k + 1) - task.centre[axis]};
      piece.clip(plane, cut_label);
      rest.clip({-plane.x, -plane.y, -plane.z, -plane.c}, cut_label);
    }
    if (piece.is_empty()) continue;
    const Index at = offset + k * stride;
    if (axis > 0) {
      sweep(axis - 1, at, piece, task);
      continue;
    }
    const double density = values_[at];
    if (density == 0.0) continue;
    std::vector<double>& areas = task.memory.areas;
    areas.assign(piece.faces().size(), 0.0);
    SolidMoments m = uniform_moments(piece, areas.data());
    m.scale(density);
    task.moments.add(m);
    for (std::size_t f = 0; f < task.faces; ++f) task.facets[f] += density * areas[f];
  }
}

SolidMoments VoxelDensity::integrate(const ClippedPolyhedron& cell,
                                     const std::array<double, 3>& centre, SolidPieces& memory,
                                     double* facets) const {
  memory.pieces.resize(4);
  memory.pieces[3] = cell;
  Sweep task{centre, cell.faces().size(), memory, facets, {}};
  sweep(2, 0, memory.pieces[3], task);
  return task.moments;
}

}  // namespace pushforward::ot::detail
