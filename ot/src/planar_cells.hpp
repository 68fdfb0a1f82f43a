/// Measures of Laguerre cells in the plane: the diagram and the density together.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "pushforward/ot/laguerre.hpp"

#include "ot/src/planar_density.hpp"
#include "ot/src/planar_diagram.hpp"

namespace pushforward::ot::detail {

class PlanarCells final : public LaguerreCells {
 public:
  /// @param window   corners 2 x n of a convex polygon around the density's support, in order.
  /// @param density  of mass one.
  PlanarCells(PointsIn sites, PointsIn window, std::unique_ptr<const PlanarDensity> density,
              int threads);

  using LaguerreCells::measures;
  CellMeasures measures(VectorIn weights, double uniform_share) override;
  std::optional<CellMeasures> measures_if_full(VectorIn weights, double uniform_share) override;
  double largest_empty_weight(VectorIn site) const override;

  const PlanarDiagram& diagram() const { return diagram_; }

 private:
  CellMeasures shown_measures(double uniform_share);
  void integrate(double uniform_share, CellMeasures& out);
  void collect_facets(CellMeasures& out) const;

  PlanarDiagram diagram_;
  std::unique_ptr<const PlanarDensity> density_;
  double uniform_density_;                  ///< One over the area of the window.
  std::vector<std::vector<double>> sides_;  ///< By block: integrals over the sides of its cells ...
  std::vector<std::size_t> first_side_;     ///< ... from here on for each place.
};

/// The uniform law on a polygon of this area.
std::unique_ptr<const PlanarDensity> uniform_planar_density(double area);

}  // namespace pushforward::ot::detail
