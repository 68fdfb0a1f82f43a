#include "ot/src/planar_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::parallel_blocks;

class UniformPlanarDensity final : public PlanarDensity {
 public:
  explicit UniformPlanarDensity(double area) : density_(1.0 / area) {}

  PlanarMoments integrate(Polygon cell, double, double, double* sides) const override {
    for (std::size_t e = 0; e < cell.size(); ++e) {
      const Corner &p = cell[e], &q = cell[after(cell, e)];
      const double dx = q.x - p.x, dy = q.y - p.y;
      sides[e] = density_ * std::sqrt(dx * dx + dy * dy);
    }
    const PlanarMoments m = uniform_moments(cell);
    return {density_ * m.mass, density_ * m.first_x, density_ * m.first_y, density_ * m.second};
  }
  bool has_jumps() const override { return false; }

 private:
  double density_;
};

std::vector<Corner> labelled(PointsIn corners) {
  std::vector<Corner> window;
  for (Index k = 0; k < corners.cols(); ++k) {
    window.push_back({corners(0, k), corners(1, k), static_cast<int>(-1 - k)});
  }
  return window;
}

}  // namespace

std::unique_ptr<const PlanarDensity> uniform_planar_density(double area) {
  return std::make_unique<UniformPlanarDensity>(area);
}

PlanarCells::PlanarCells(PointsIn sites, PointsIn window,
                         std::unique_ptr<const PlanarDensity> density, int threads)
    : diagram_(sites, labelled(window), threads),
      density_(std::move(density)),
      uniform_density_(2.0 / twice_area(diagram_.window())),
      first_side_(diagram_.size()) {}

CellMeasures PlanarCells::measures(VectorIn weights, double uniform_share) {
  diagram_.update(weights);
  return shown_measures(uniform_share);
}

std::optional<CellMeasures> PlanarCells::measures_if_full(VectorIn weights, double uniform_share) {
  if (!diagram_.update_if_full(weights)) return std::nullopt;
  return shown_measures(uniform_share);
}

CellMeasures PlanarCells::shown_measures(double uniform_share) {
  const auto n = static_cast<Index>(diagram_.size());
  CellMeasures out;
  out.masses.resize(n);
  out.first_moments.resize(2, n);
  out.second_moments.resize(n);
  out.empty_cells = diagram_.empty_cells();
  integrate(uniform_share, out);
  collect_facets(out);
  CompensatedSum total;
  for (Index j = 0; j < n; ++j) total.add(out.masses[j]);
  out.mass_residual = std::abs(total.value() - 1.0);
  return out;
}

void PlanarCells::integrate(double uniform_share, CellMeasures& out) {
  const auto n = static_cast<Index>(diagram_.size());
  const double share = 1.0 - uniform_share, uniform = uniform_share * uniform_density_;
  sides_.resize(
      static_cast<std::size_t>(pushforward::detail::block_count(n, PlanarDiagram::block_size)));
  parallel_blocks(
      n, PlanarDiagram::block_size, diagram_.threads(), [&](Index begin, Index end, Index block) {
        std::vector<double>& sides = sides_[static_cast<std::size_t>(block)];
        sides.clear();
        for (auto place = static_cast<std::size_t>(begin); place < std::size_t(end); ++place) {
          const Polygon cell = diagram_.cell(place);
          const auto& site = diagram_.tree().site(place);
          const std::size_t first = first_side_[place] = sides.size();
          sides.resize(first + cell.size());
          PlanarMoments m;
          if (!cell.empty()) m = density_->integrate(cell, site[0], site[1], &sides[first]);
          if (uniform_share > 0.0) {
            const PlanarMoments u = uniform_moments(cell);
            m.mass = share * m.mass + uniform * u.mass;
            m.first_x = share * m.first_x + uniform * u.first_x;
            m.first_y = share * m.first_y + uniform * u.first_y;
            m.second = share * m.second + uniform * u.second;
            for (std::size_t e = 0; e < cell.size(); ++e) {
              const Corner &p = cell[e], &q = cell[after(cell, e)];
              double& side = sides[first + e];
              side = share * side + uniform * std::hypot(q.x - p.x, q.y - p.y);
            }
          }
          const Index j = diagram_.tree().order()[place];
          out.masses[j] = m.mass;
          out.first_moments(0, j) = m.first_x;
          out.first_moments(1, j) = m.first_y;
          out.second_moments[j] = m.second;
        }
      });
}

// A facet counts once, from the cell at the lower place; where densities jump the facet may lie in
// the jump, and its value is the mean of the two sides.
void PlanarCells::collect_facets(CellMeasures& out) const {
  const auto& order = diagram_.tree().order();
  std::vector<std::vector<CellFacet>> parts(sides_.size());
  parallel_blocks(
      static_cast<Index>(diagram_.size()), PlanarDiagram::block_size, diagram_.threads(),
      [&](Index begin, Index end, Index block) {
        std::vector<CellFacet>& facets = parts[static_cast<std::size_t>(block)];
        for (auto place = static_cast<std::size_t>(begin); place < std::size_t(end); ++place) {
          const Polygon cell = diagram_.cell(place);
          for (std::size_t e = 0; e < cell.size(); ++e) {
            if (cell[e].side <= static_cast<int>(place)) continue;
            double integral = sides_[static_cast<std::size_t>(block)][first_side_[place] + e];
            const auto other = static_cast<std::size_t>(cell[e].side);
            if (density_->has_jumps()) {
              const Polygon mate = diagram_.cell(other);
              for (std::size_t f = 0; f < mate.size(); ++f) {
                if (mate[f].side != static_cast<int>(place)) continue;
                integral = 0.5 * (integral +
                                  sides_[PlanarDiagram::block_of(other)][first_side_[other] + f]);
              }
            }
            if (!(integral > 0.0)) continue;
            const auto [first, second] = std::minmax(order[place], order[other]);
            facets.push_back({first, second, integral});
          }
        }
      });
  for (const auto& part : parts) out.facets.insert(out.facets.end(), part.begin(), part.end());
}

double PlanarCells::largest_empty_weight(VectorIn site) const {
  // On a cell the function is affine in x, so that its minimum is at a corner.
  double smallest = std::numeric_limits<double>::infinity();
  for (std::size_t place = 0; place < diagram_.size(); ++place) {
    const auto& p = diagram_.tree().site(place);
    const double a = site[0] - p[0], b = site[1] - p[1];
    const double offset = a * a + b * b + diagram_.tree().weight(place);
    for (const Corner& corner : diagram_.cell(place)) {
      smallest = std::min(smallest, offset - 2.0 * (a * corner.x + b * corner.y));
    }
  }
  return smallest;
}

}  // namespace pushforward::ot::detail
