/// The Laguerre cells of weighted sites in space.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "pushforward/core/types.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/clipped_polyhedron.hpp"
#include "ot/src/site_tree.hpp"

namespace pushforward::ot::detail {

/// Where the cells are looked for: a box, and half-spaces that make it a convex polyhedron.
struct SolidWindow {
  std::array<double, 3> low, high;
  std::vector<Plane> planes;

  std::array<double, 3> middle() const {
    std::array<double, 3> point{};
    for (std::size_t i = 0; i < 3; ++i) point[i] = 0.5 * low[i] + 0.5 * high[i];
    return point;
  }
};

/// The columns of a 3 x 2 matrix are the corners.
inline SolidWindow box_window(const Matrix& box) {
  return {{box(0, 0), box(1, 0), box(2, 0)}, {box(0, 1), box(1, 1), box(2, 1)}, {}};
}

/// A cell is the box clipped by the neighbours that it had before, or by the nearest sites, and
/// then by every other site whose bisector comes nearer than the farthest vertex; a search of the
/// tree finds candidates for a group of cells. So a cell depends on the past by rounding alone.
class SolidDiagram {
 public:
  static constexpr int outside = -1;             ///< Label of the faces of the window.
  static constexpr Index block_size = 512;       ///< Places that one task works on, ...
  static constexpr std::size_t group_size = 32;  ///< ... those with a common search.

  /// @param sites  3 x N, distinct.
  SolidDiagram(PointsIn sites, SolidWindow window, int threads);

  void set_weights(VectorIn weights) { tree_.set_weights(weights); }  ///< N, in the caller's order.

  Index size() const { return static_cast<Index>(tree_.size()); }
  /// The caller's index of a place. Cells are taken in the order of places.
  Index site_index(std::size_t place) const { return tree_.order()[place]; }
  /// The middle of the window, from which all other coordinates are measured.
  const std::array<double, 3>& origin() const { return origin_; }
  /// The site, where the coordinates of a cell have their origin.
  const std::array<double, 3>& centre(std::size_t place) const { return tree_.site(place); }
  const SolidWindow& window() const { return window_; }
  double window_volume() const { return window_volume_; }
  int threads() const { return threads_; }
  /// The place whose cell holds the point x, from the origin.
  std::size_t place_of(const std::array<double, 3>& x) const;

  /// Calls body(place, cell, workspace) for every place, in blocks, and remembers who met whom.
  /// Faces of `cell` are labelled with places, or `outside`; coordinates are relative to `centre`.
  /// @param only_if_full  stops at the first empty cell, and forgets who met whom.
  /// @returns whether every cell was taken.
  template <class Workspace, class Body>
  bool for_each_cell(bool only_if_full, Body&& body) {
    std::vector<Lists> lists(neighbours_.size());
    std::atomic<bool> is_over{false};
    pushforward::detail::parallel_blocks(
        size(), block_size, threads_, [&](Index first, Index last, Index b) {
          Search search;
          Workspace workspace;
          const auto stop = static_cast<std::size_t>(last);
          for (auto begin = static_cast<std::size_t>(first); begin < stop; begin += group_size) {
            if (is_over) return;
            find_cells(begin, std::min(stop, begin + group_size), search);
            for (std::size_t k = 0; k < search.count; ++k) {
              if (only_if_full && search.cells[k].is_empty()) is_over = true;
              lists[static_cast<std::size_t>(b)].add(search.cells[k]);
              body(begin + k, search.cells[k], workspace);
            }
          }
        });
    if (is_over) return false;
    neighbours_.swap(lists);
    return true;
  }

  /// The cells of places that follow each other, and memory to find them in.
  struct Search {
    std::vector<ClippedPolyhedron> cells;
    std::size_t count = 0;
    std::vector<int> nearest;
    std::vector<std::pair<double, int>> heap;
    std::vector<int> candidates;
    std::vector<float> x, y, z, weights;  // of the candidates, from the first site of the group
    float blur = 0.0F;                    // bounds the rounding of a squared distance between them
    std::vector<int> cuts;
  };
  void find_cells(std::size_t begin, std::size_t end, Search& search) const;

 private:
  /// Neighbours of the places of one block, nearest facet first.
  struct Lists {
    std::vector<int> places;
    std::vector<std::uint32_t> ends;
    void add(const ClippedPolyhedron& cell);
  };
  std::span<const int> neighbours(std::size_t place) const;
  void clip(ClippedPolyhedron& cell, std::size_t place, std::size_t other) const;
  void start_cell(std::size_t place, ClippedPolyhedron& cell, Search& search) const;
  void find_candidates(std::size_t begin, std::size_t end, Search& search) const;
  void mark_candidates(std::size_t place, double radius, std::size_t begin, Search& search) const;
  void find_nearest(std::size_t place, Search& search) const;

  std::array<double, 3> origin_;
  SolidWindow window_;  ///< From the origin.
  SiteTree<3> tree_;
  int threads_;
  double window_volume_;
  std::vector<Lists> neighbours_;  ///< By block.
};

}  // namespace pushforward::ot::detail
