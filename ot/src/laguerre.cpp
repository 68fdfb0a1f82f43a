#include "pushforward/ot/laguerre.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "ot/src/planar_diagram.hpp"

namespace pushforward::ot {
namespace {

void require_distinct(const char* where, PointsIn sites) {
  std::vector<Index> order(static_cast<std::size_t>(sites.cols()));
  std::iota(order.begin(), order.end(), 0);
  const auto compare = [&](Index p, Index q) {
    for (Index k = 0; k < sites.rows(); ++k) {
      if (sites(k, p) != sites(k, q)) return sites(k, p) < sites(k, q);
    }
    return false;
  };
  std::stable_sort(order.begin(), order.end(), compare);
  const auto twin = std::adjacent_find(order.begin(), order.end(),
                                       [&](Index p, Index q) { return !compare(p, q); });
  if (twin == order.end()) return;
  pushforward::detail::throw_invalid(where, "sites.col(" + std::to_string(*std::next(twin)) + ")",
                                     "that of column " + std::to_string(*twin), "distinct sites");
}

void require_diagram(const char* where, Index dim, PointsIn sites, VectorIn weights, int threads) {
  require(sites.rows() == dim, where, "sites.rows()", sites.rows(),
          std::to_string(dim) + ", as the source has");
  require(sites.cols() >= 1, where, "sites.cols()", sites.cols(), "at least 1");
  require(weights.size() == sites.cols(), where, "weights.size()", weights.size(),
          std::to_string(sites.cols()) + ", one a site");
  require(threads >= 0, where, "threads", threads, "at least 0");
  pushforward::detail::require_finite(sites, where, "sites");
  for (Index j = 0; j < weights.size(); ++j) {
    require(std::isfinite(weights[j]), where, "weights[" + std::to_string(j) + "]", weights[j],
            "a finite number");
  }
  require_distinct(where, sites);
}

}  // namespace

CellMeasures laguerre_measures(const LaguerreSource& source, PointsIn sites, VectorIn weights,
                               int threads) {
  require_diagram("laguerre_measures", source.dim(), sites, weights, threads);
  return source.cells(sites, threads)->measures(weights);
}

std::vector<Matrix> laguerre_polygons(const ConvexPolygon& window, PointsIn sites, VectorIn weights,
                                      int threads) {
  require_diagram("laguerre_polygons", 2, sites, weights, threads);
  std::vector<detail::Corner> corners;
  for (Index k = 0; k < window.vertices().cols(); ++k) {
    corners.push_back({window.vertices()(0, k), window.vertices()(1, k), static_cast<int>(-1 - k)});
  }
  detail::PlanarDiagram diagram(sites, std::move(corners), threads);
  diagram.update(weights);
  std::vector<Matrix> cells(diagram.size());
  for (std::size_t place = 0; place < diagram.size(); ++place) {
    const detail::Polygon polygon = diagram.cell(place);
    const auto& site = diagram.tree().site(place);
    Matrix& cell = cells[static_cast<std::size_t>(diagram.tree().order()[place])];
    cell.resize(2, static_cast<Index>(polygon.size()));
    for (std::size_t e = 0; e < polygon.size(); ++e) {
      cell(0, static_cast<Index>(e)) = site[0] + polygon[e].x;
      cell(1, static_cast<Index>(e)) = site[1] + polygon[e].y;
    }
  }
  return cells;
}

}  // namespace pushforward::ot
