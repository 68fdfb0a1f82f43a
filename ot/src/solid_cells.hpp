/// Measures of Laguerre cells in space: the diagram and the density together.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "pushforward/ot/laguerre.hpp"

#include "ot/src/solid_density.hpp"
#include "ot/src/solid_diagram.hpp"

namespace pushforward::ot::detail {

class SolidCells final : public LaguerreCells {
 public:
  /// @param window   a convex polyhedron around the density's support.
  /// @param density  of mass one, with coordinates from the middle of the window's box.
  SolidCells(PointsIn sites, SolidWindow window, std::unique_ptr<const SolidDensity> density,
             int threads);

  using LaguerreCells::measures;
  CellMeasures measures(VectorIn weights, double uniform_share) override {
    return *measures(weights, uniform_share, false);
  }
  std::optional<CellMeasures> measures_if_full(VectorIn weights, double uniform_share) override {
    return measures(weights, uniform_share, true);
  }
  double largest_empty_weight(VectorIn site) const override;

 private:
  /// The facets of one block of places, as seen from each.
  struct Facets {
    struct Entry {
      int other;
      double integral;
    };
    std::vector<Entry> entries;
    std::vector<std::size_t> ends;
  };
  std::optional<CellMeasures> measures(VectorIn weights, double uniform_share, bool only_if_full);
  SolidMoments integrate(const ClippedPolyhedron& cell, std::size_t place, double uniform_share,
                         SolidPieces& memory, std::vector<double>& facets) const;
  std::span<const Facets::Entry> facets(std::size_t place) const;
  void collect_facets(CellMeasures& out) const;

  SolidDiagram diagram_;
  std::unique_ptr<const SolidDensity> density_;
  Vector weights_;              ///< N: the last ones.
  std::vector<Facets> facets_;  ///< By block.
};

}  // namespace pushforward::ot::detail
