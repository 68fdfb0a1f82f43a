#include "ot/src/solid_cells.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot::detail {
namespace {

class UniformSolidDensity final : public SolidDensity {
 public:
  explicit UniformSolidDensity(double volume) : density_(1.0 / volume) {}

  SolidMoments integrate(const ClippedPolyhedron& cell, const std::array<double, 3>&, SolidPieces&,
                         double* facets) const override {
    SolidMoments m = uniform_moments(cell, facets);
    m.scale(density_);
    for (std::size_t f = 0; f < cell.faces().size(); ++f) facets[f] *= density_;
    return m;
  }
  bool has_jumps() const override { return false; }

 private:
  double density_;
};

}  // namespace

std::unique_ptr<const SolidDensity> uniform_solid_density(double volume) {
  return std::make_unique<UniformSolidDensity>(volume);
}

SolidCells::SolidCells(PointsIn sites, SolidWindow window,
                       std::unique_ptr<const SolidDensity> density, int threads)
    : diagram_(sites, std::move(window), threads),
      density_(std::move(density)),
      facets_(static_cast<std::size_t>(
          pushforward::detail::block_count(sites.cols(), SolidDiagram::block_size))) {}

SolidMoments SolidCells::integrate(const ClippedPolyhedron& cell, std::size_t place,
                                   double uniform_share, SolidPieces& memory,
                                   std::vector<double>& facets) const {
  facets.assign(cell.faces().size(), 0.0);
  if (cell.is_empty()) return {};
  SolidMoments m = density_->integrate(cell, diagram_.centre(place), memory, facets.data());
  if (uniform_share > 0.0) {
    std::vector<double>& areas = memory.areas;
    areas.assign(facets.size(), 0.0);
    SolidMoments uniform = uniform_moments(cell, areas.data());
    const double share = uniform_share / diagram_.window_volume();
    m.scale(1.0 - uniform_share);
    uniform.scale(share);
    m.add(uniform);
    for (std::size_t f = 0; f < facets.size(); ++f) {
      facets[f] = (1.0 - uniform_share) * facets[f] + share * areas[f];
    }
  }
  return m;
}

std::optional<CellMeasures> SolidCells::measures(VectorIn weights, double uniform_share,
                                                 bool only_if_full) {
  diagram_.set_weights(weights);
  const Index n = diagram_.size();
  CellMeasures out;
  out.masses.resize(n);
  out.first_moments.resize(3, n);
  out.second_moments.resize(n);
  std::vector<char> is_empty(static_cast<std::size_t>(n));
  for (Facets& block : facets_) {
    block.entries.clear();
    block.ends.clear();
  }
  struct Workspace {
    SolidPieces memory;
    std::vector<double> facets;
  };
  const bool is_complete = diagram_.for_each_cell<Workspace>(
      only_if_full, [&](std::size_t place, const ClippedPolyhedron& cell, Workspace& workspace) {
        const SolidMoments m =
            integrate(cell, place, uniform_share, workspace.memory, workspace.facets);
        const Index j = diagram_.site_index(place);
        out.masses[j] = m.mass;
        for (std::size_t i = 0; i < 3; ++i) {
          out.first_moments(static_cast<Index>(i), j) = m.first[i];
        }
        out.second_moments[j] = m.second;
        is_empty[place] = cell.is_empty();
        Facets& block = facets_[place / SolidDiagram::block_size];
        if (!cell.is_empty()) {
          for (std::size_t f = 0; f < cell.faces().size(); ++f) {
            const int other = cell.faces()[f].label;
            if (other >= 0 && workspace.facets[f] > 0.0) {
              block.entries.push_back({other, workspace.facets[f]});
            }
          }
        }
        block.ends.push_back(block.entries.size());
      });
  if (!is_complete) {
    if (weights_.size() > 0) diagram_.set_weights(weights_);
    return std::nullopt;
  }
  weights_ = weights;
  out.empty_cells = std::count(is_empty.begin(), is_empty.end(), 1);
  collect_facets(out);
  CompensatedSum total;
  for (Index j = 0; j < n; ++j) total.add(out.masses[j]);
  out.mass_residual = std::abs(total.value() - 1.0);
  return out;
}

std::span<const SolidCells::Facets::Entry> SolidCells::facets(std::size_t place) const {
  const Facets& block = facets_[place / SolidDiagram::block_size];
  const std::size_t k = place % SolidDiagram::block_size;
  const std::size_t begin = k == 0 ? 0 : block.ends[k - 1];
  return std::span<const Facets::Entry>(block.entries).subspan(begin, block.ends[k] - begin);
}

// A facet counts once, from the cell at the lower place; where densities jump the facet may lie in
// the jump, and its value is the mean of the two sides.
void SolidCells::collect_facets(CellMeasures& out) const {
  std::size_t count = 0;
  for (const Facets& block : facets_) count += block.entries.size();
  out.facets.reserve(count / 2 + 1);
  for (std::size_t place = 0; place < static_cast<std::size_t>(diagram_.size()); ++place) {
    for (const Facets::Entry& facet : facets(place)) {
      const auto other = static_cast<std::size_t>(facet.other);
      if (other < place) continue;
      double integral = facet.integral;
      if (density_->has_jumps()) {
        for (const Facets::Entry& mate : facets(other)) {
          if (mate.other == static_cast<int>(place)) integral = 0.5 * (integral + mate.integral);
        }
      }
      const Index j = diagram_.site_index(place), k = diagram_.site_index(other);
      out.facets.push_back({std::min(j, k), std::max(j, k), integral});
    }
  }
}

double SolidCells::largest_empty_weight(VectorIn site) const {
  // The largest of the affine functions 2 <x, y_k - y> + |y|^2 - |y_k|^2 + w_k of x: convex, and
  // smallest at a vertex of the diagram. From cell to cell, as long as a neighbour goes lower.
  const std::array<double, 3>& origin = diagram_.origin();
  std::array<double, 3> start{}, y{};
  for (std::size_t i = 0; i < 3; ++i) {
    y[i] = site[static_cast<Index>(i)] - origin[i];
    start[i] = std::clamp(y[i], diagram_.window().low[i], diagram_.window().high[i]);
  }
  SolidDiagram::Search search;
  std::vector<double> values;
  // The least value over a cell, and the neighbours of the vertices that have it.
  const auto lowest = [&](std::size_t place, std::vector<int>& neighbours) {
    diagram_.find_cells(place, place + 1, search);
    const ClippedPolyhedron& cell = search.cells[0];
    const Index k = diagram_.site_index(place);
    const std::array<double, 3>& z = diagram_.centre(place);
    std::array<double, 3> apart{}, from{};  // z - y, and the place of the cell from (z + y) / 2
    for (std::size_t i = 0; i < 3; ++i) {
      apart[i] = z[i] - y[i];
      from[i] = 0.5 * apart[i];
    }
    double least = std::numeric_limits<double>::infinity(), spread = 0.0;
    values.clear();
    for (std::size_t v = 0; v < cell.size(); ++v) {
      const ClippedPolyhedron::Point p = cell.position(v);
      double value = weights_[k];
      for (std::size_t i = 0; i < 3; ++i) value += 2.0 * apart[i] * (p[i] + from[i]);
      values.push_back(value);
      least = std::min(least, value);
      spread = std::max(spread, value - least);
    }
    neighbours.clear();
    for (std::size_t v = 0; v < cell.size(); ++v) {
      if (values[v] > least + 1e-9 * spread) continue;  // more than three faces may meet there
      for (const int face : cell.corner(v).faces) {
        const int label = cell.faces()[static_cast<std::size_t>(face)].label;
        if (label >= 0) neighbours.push_back(label);
      }
    }
    return least;
  };
  std::vector<int> next, tries, found;
  double best = lowest(diagram_.place_of(start), next);
  for (bool moved = true; moved;) {
    moved = false;
    tries = next;
    for (const int label : tries) {
      const double value = lowest(static_cast<std::size_t>(label), found);
      if (value < best) {
        best = value;
        next = found;
        moved = true;
      }
    }
  }
  return best;
}

}  // namespace pushforward::ot::detail
