/// The Laguerre diagram of weighted sites in a convex polygon.
#pragma once

#include <cstdint>
#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/clipped_polygon.hpp"
#include "ot/src/site_tree.hpp"

namespace pushforward::ot::detail {

/// Cells are kept in places (the order of the tree), corners relative to their site.
///
/// The first diagram is found cell by cell: the window is clipped by the sites that a search of the
/// tree cannot rule out. A later one starts from neighbours: each cell is clipped by those it had
/// before, so that it contains the true cell, and neighbours are then compared. Where the common
/// side of two cells does not end in the same corners on both, each is clipped by what the other
/// knows there, until all sides agree. The cells then tile: glued along their sides they cover the
/// window, each sheet of the cover being the diagram of its sites, and the sum of areas says that
/// there is one sheet.
class PlanarDiagram {
 public:
  /// @param sites   2 x N, distinct.
  /// @param window  convex, counterclockwise; its sides keep their labels, which are negative.
  PlanarDiagram(PointsIn sites, std::vector<Corner> window, int threads);

  void update(VectorIn weights);  ///< N, in the caller's order.
  /// False, and the diagram as before, if a cell has no interior.
  bool update_if_full(VectorIn weights);

  std::size_t size() const { return tree_.size(); }
  const SiteTree<2>& tree() const { return tree_; }
  const std::vector<Corner>& window() const { return window_; }
  Polygon cell(std::size_t place) const { return shown_->cell(place); }
  int threads() const { return threads_; }
  Index empty_cells() const { return shown_->empty_cells; }
  double coverage() const { return coverage_; }        ///< Sum of cell areas over the window's.
  std::int64_t searches() const { return searches_; }  ///< Diagrams found from nothing.

  static constexpr Index block_size = 256;  ///< Of the places that one task works on.
  static constexpr std::size_t block_of(std::size_t place) {
    return place / static_cast<std::size_t>(block_size);
  }

 private:
  struct Store {
    struct Range {
      std::uint32_t begin = 0, count = 0;
    };
    std::vector<std::vector<Corner>> blocks;
    std::vector<Range> ranges;
    Index empty_cells = 0;

    Polygon cell(std::size_t place) const {
      const Range range = ranges[place];
      return {blocks[block_of(place)].data() + range.begin, range.count};
    }
    void put(std::size_t place, Polygon cell);
  };
  /// Something a cell should hear of.
  struct Hint {
    int cell, site;
    auto operator<=>(const Hint&) const = default;
  };

  template <class Body>
  void for_blocks(Body&& body) const;
  void search_all(Store& store);
  /// `lost`: too far from the old diagram to follow.
  enum class Outcome { found, empty_cell, lost };
  Outcome update_from(const Store& old, Store& store);
  Store& spare();
  void show(Store& store);
  std::vector<Hint> disagreements(const Store& store, const std::vector<char>& changed) const;
  bool follow(const std::vector<Hint>& hints, Store& store, std::vector<char>& changed) const;
  bool clip(ClippedPolygon& cell, std::size_t place, std::size_t by) const;
  void count_empty(Store& store) const;
  double covered(const Store& store) const;

  SiteTree<2> tree_;
  std::vector<Corner> window_;
  double window_area_;
  int threads_;
  Store stores_[2];
  Store* shown_ = &stores_[0];       ///< The diagram of the last weights.
  const Store* complete_ = nullptr;  ///< The last one without empty cells.
  double coverage_ = 0.0;
  std::int64_t searches_ = 0;
};

}  // namespace pushforward::ot::detail
