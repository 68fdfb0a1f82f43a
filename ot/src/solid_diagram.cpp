#include "ot/src/solid_diagram.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "ot/src/solid_integrals.hpp"

namespace pushforward::ot::detail {
namespace {

using Point = std::array<double, 3>;

constexpr std::size_t first_tries = 24;  // near the number of facets that a cell has in the end

Point minus(const Point& a, const Point& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }

double squared_distance(const Point& a, const Point& b) {
  const Point d = minus(a, b);
  return d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
}

double squared_distance(const SiteTree<3>::Node& box, const Point& p) {
  double sum = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    const double gap = std::max(std::max(box.low[i] - p[i], p[i] - box.high[i]), 0.0);
    sum += gap * gap;
  }
  return sum;
}

// Whether the bisector, at (D^2 + w_j - w_k) / (2 D) from site j, is at least `radius` away.
bool is_out_of_reach(double squared, double difference, double radius) {
  const double lifted = squared + difference;
  return lifted > 0.0 && lifted * lifted >= 4.0 * radius * radius * squared;
}

// The first place from k on with a mark; marks are mostly zero.
std::size_t next_set(const std::vector<int>& marks, std::size_t k) {
  for (; k + 4 <= marks.size(); k += 4) {
    std::uint64_t pairs[2];
    std::memcpy(pairs, marks.data() + k, sizeof pairs);
    if ((pairs[0] | pairs[1]) != 0) break;
  }
  while (k < marks.size() && marks[k] == 0) ++k;
  return k;
}

SolidWindow centred(SolidWindow window, const Point& origin) {
  for (Plane& plane : window.planes) {
    plane.c -= plane.x * origin[0] + plane.y * origin[1] + plane.z * origin[2];
  }
  window.low = minus(window.low, origin);
  window.high = minus(window.high, origin);
  return window;
}

Matrix moved(PointsIn sites, const Point& origin) {
  return sites.colwise() - Eigen::Vector3d(origin[0], origin[1], origin[2]);
}

void clip_by_window(ClippedPolyhedron& cell, const SolidWindow& window, const Point& centre) {
  for (Plane plane : window.planes) {
    plane.c -= plane.x * centre[0] + plane.y * centre[1] + plane.z * centre[2];
    cell.clip(plane, SolidDiagram::outside);
  }
}

double volume_of(const SolidWindow& window) {
  ClippedPolyhedron solid;
  solid.assign_box(window.low, window.high, SolidDiagram::outside);
  clip_by_window(solid, window, {});
  std::vector<double> areas(solid.faces().size());
  return uniform_moments(solid, areas.data()).mass;
}

}  // namespace

SolidDiagram::SolidDiagram(PointsIn sites, SolidWindow window, int threads)
    : origin_(window.middle()),
      window_(centred(std::move(window), origin_)),
      tree_(moved(sites, origin_)),
      threads_(threads),
      window_volume_(volume_of(window_)),
      neighbours_(
          static_cast<std::size_t>(pushforward::detail::block_count(sites.cols(), block_size))) {}

std::size_t SolidDiagram::place_of(const std::array<double, 3>& x) const {
  double least = std::numeric_limits<double>::infinity();
  std::size_t nearest = 0;
  tree_.search(
      x,
      [&](const SiteTree<3>::Node& node) {
        return squared_distance(node, x) - node.highest_weight >= least;
      },
      [&](std::size_t place) {
        const double power = squared_distance(centre(place), x) - tree_.weight(place);
        if (power < least) {
          least = power;
          nearest = place;
        }
      });
  return nearest;
}

std::span<const int> SolidDiagram::neighbours(std::size_t place) const {
  const Lists& lists = neighbours_[place / block_size];
  if (lists.ends.empty()) return {};
  const std::size_t at = place % block_size;
  const std::uint32_t begin = at == 0 ? 0 : lists.ends[at - 1];
  return std::span<const int>(lists.places).subspan(begin, lists.ends[at] - begin);
}

void SolidDiagram::Lists::add(const ClippedPolyhedron& cell) {
  cell.for_each_face([&](const ClippedPolyhedron::Face& face) {
    if (face.label >= 0) places.push_back(face.label);
  });
  ends.push_back(static_cast<std::uint32_t>(places.size()));
}

// The search of the tree goes through one side of a cut before the other: a cell without a bound
// there would be clipped by all of them.
void SolidDiagram::find_nearest(std::size_t place, Search& search) const {
  auto& best = search.heap;
  best.clear();
  const Point& z = centre(place);
  tree_.search(
      z,
      [&](const SiteTree<3>::Node& node) {
        return best.size() == first_tries && squared_distance(node, z) >= best.front().first;
      },
      [&](std::size_t other) {
        if (other == place) return;
        if (best.size() == first_tries) {
          const double squared = squared_distance(centre(other), z);
          if (squared >= best.front().first) return;
          std::pop_heap(best.begin(), best.end());
          best.back() = {squared, static_cast<int>(other)};
        } else {
          best.emplace_back(squared_distance(centre(other), z), static_cast<int>(other));
        }
        std::push_heap(best.begin(), best.end());
      });
  std::sort_heap(best.begin(), best.end());
  search.nearest.clear();
  for (const auto& [squared, other] : best) search.nearest.push_back(other);
}

void SolidDiagram::clip(ClippedPolyhedron& cell, std::size_t place, std::size_t other) const {
  const Point d = minus(centre(other), centre(place));
  const double length = std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  const double along = 0.5 * (length + (tree_.weight(place) - tree_.weight(other)) / length);
  cell.clip({d[0] / length, d[1] / length, d[2] / length, along}, static_cast<int>(other));
}

// Clips by sites that are likely to be neighbours.
void SolidDiagram::start_cell(std::size_t place, ClippedPolyhedron& cell, Search& search) const {
  std::span<const int> known = neighbours(place);
  if (known.empty()) {
    find_nearest(place, search);
    known = search.nearest;
  }
  const Point& z = centre(place);
  cell.assign_box(minus(window_.low, z), minus(window_.high, z), outside);
  for (const int other : known) clip(cell, place, static_cast<std::size_t>(other));
  clip_by_window(cell, window_, z);
}

// All sites that may cut one of the cells, whose radii are known.
void SolidDiagram::find_candidates(std::size_t begin, std::size_t end, Search& search) const {
  SiteTree<3>::Node group{centre(begin), centre(begin), 0.0};
  double least = std::numeric_limits<double>::infinity(), radius = 0.0;
  for (std::size_t place = begin; place < end; ++place) {
    const ClippedPolyhedron& cell = search.cells[place - begin];
    if (cell.is_empty()) continue;
    for (std::size_t i = 0; i < 3; ++i) {
      group.low[i] = std::min(group.low[i], centre(place)[i]);
      group.high[i] = std::max(group.high[i], centre(place)[i]);
    }
    least = std::min(least, tree_.weight(place));
    radius = std::max(radius, cell.radius());
  }
  search.candidates.clear();
  search.x.clear();
  search.y.clear();
  search.z.clear();
  search.weights.clear();
  if (radius == 0.0) return;
  double largest = 0.0;
  tree_.search(
      centre(begin),
      [&](const SiteTree<3>::Node& node) {
        // Beyond the radius the bisector of a site of given weight moves away with the site.
        double squared = 0.0;
        for (std::size_t i = 0; i < 3; ++i) {
          const double gap =
              std::max({node.low[i] - group.high[i], group.low[i] - node.high[i], 0.0});
          squared += gap * gap;
        }
        return squared >= radius * radius &&
               is_out_of_reach(squared, least - node.highest_weight, radius);
      },
      [&](std::size_t other) {
        const Point p = minus(centre(other), centre(begin));
        const double weight = tree_.weight(other) - tree_.weight(begin);
        search.candidates.push_back(static_cast<int>(other));
        search.x.push_back(static_cast<float>(p[0]));
        search.y.push_back(static_cast<float>(p[1]));
        search.z.push_back(static_cast<float>(p[2]));
        search.weights.push_back(static_cast<float>(weight));
        largest = std::max(largest, squared_distance(centre(other), centre(begin)));
      });
  search.cuts.resize(search.candidates.size());
  search.blur = static_cast<float>(1e-6 * largest);
}

// In single precision, from the first site of the group, with room for its rounding: what may cut
// is looked at again.
void SolidDiagram::mark_candidates(std::size_t place, double radius, std::size_t begin,
                                   Search& search) const {
  const Point from = minus(centre(place), centre(begin));
  const auto px = static_cast<float>(from[0]), py = static_cast<float>(from[1]),
             pz = static_cast<float>(from[2]);
  const auto weight = static_cast<float>(tree_.weight(place) - tree_.weight(begin));
  const auto reach = static_cast<float>(4.0 * radius * radius);
  const float blur = search.blur;
  const float *x = search.x.data(), *y = search.y.data(), *z = search.z.data(),
              *weights = search.weights.data();
  int* cuts = search.cuts.data();
  const std::size_t n = search.candidates.size();
  for (std::size_t k = 0; k < n; ++k) {
    const float dx = x[k] - px, dy = y[k] - py, dz = z[k] - pz;
    const float squared = dx * dx + dy * dy + dz * dz;
    const float size = std::abs(weight) + std::abs(weights[k]);
    const float lifted = squared + (weight - weights[k]) - (1e-6F * (squared + size) + blur);
    const int misses =
        (lifted > 0.0F ? 1 : 0) & (lifted * lifted >= reach * (squared + blur) ? 1 : 0);
    cuts[k] = 1 - misses;
  }
}

void SolidDiagram::find_cells(std::size_t begin, std::size_t end, Search& search) const {
  search.count = end - begin;
  search.cells.resize(std::max(search.cells.size(), search.count));
  for (std::size_t place = begin; place < end; ++place) {
    start_cell(place, search.cells[place - begin], search);
  }
  find_candidates(begin, end, search);
  const std::size_t n = search.candidates.size();
  for (std::size_t place = begin; place < end; ++place) {
    ClippedPolyhedron& cell = search.cells[place - begin];
    if (cell.is_empty()) continue;
    const Point& p = centre(place);
    const double weight = tree_.weight(place);
    mark_candidates(place, 1.00001 * cell.radius(), begin, search);
    for (std::size_t k = next_set(search.cuts, 0); k < n && !cell.is_empty();
         k = next_set(search.cuts, k + 1)) {
      const int label = search.candidates[k];
      const auto other = static_cast<std::size_t>(label);
      if (other == place || cell.has_face(label) ||
          is_out_of_reach(squared_distance(centre(other), p), weight - tree_.weight(other),
                          cell.radius())) {
        continue;
      }
      clip(cell, place, other);
    }
  }
}

}  // namespace pushforward::ot::detail
