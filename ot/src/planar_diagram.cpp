#include "ot/src/planar_diagram.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <utility>

#include "core/src/parallel.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::ordered_sum;
using pushforward::detail::parallel_blocks;

// Rounds of comparing neighbours before the diagram is searched for instead: more than that only
// where weights moved far.
constexpr int most_rounds = 40;
// The cells cover the window up to rounding; sheets are whole numbers.
constexpr double coverage_tolerance = 1e-9;

// Whether no site in the node can cut the cell of the site at `site`, of weight `weight`: a
// half plane cuts a polygon only if it cuts a corner off.
bool is_out_of_reach(const SiteTree<2>::Node& node, const SiteTree<2>::Point& site, double weight,
                     const ClippedPolygon& cell) {
  const double low_x = node.low[0] - site[0], high_x = node.high[0] - site[0];
  const double low_y = node.low[1] - site[1], high_y = node.high[1] - site[1];
  const double lead = node.highest_weight - weight;
  // With R the radius, a site at distance r >= R cuts no corner if r^2 - (w_k - w) >= 2 r R, which
  // holds for all r beyond if it does for the nearest.
  const double gap_x = std::max({low_x, -high_x, 0.0}), gap_y = std::max({low_y, -high_y, 0.0});
  const double nearest = gap_x * gap_x + gap_y * gap_y;
  const double radius = cell.radius_squared(), room = nearest - lead;
  if (nearest >= radius && room >= 0.0 && room * room >= 4.0 * nearest * radius) return true;
  if (nearest == 0.0 && lead >= 0.0) return false;
  for (const Corner& p : cell.view()) {
    const double x = std::max({low_x - p.x, p.x - high_x, 0.0});
    const double y = std::max({low_y - p.y, p.y - high_y, 0.0});
    if (x * x + y * y - (p.x * p.x + p.y * p.y) < lead) return false;
  }
  return true;
}

std::size_t find_side(Polygon cell, int label) {
  std::size_t e = 0;
  while (e < cell.size() && cell[e].side != label) ++e;
  return e;
}

// A second cut along the same line would split the side by rounding.
bool has_side(Polygon cell, std::size_t site) {
  return find_side(cell, static_cast<int>(site)) != cell.size();
}

}  // namespace

PlanarDiagram::PlanarDiagram(PointsIn sites, std::vector<Corner> window, int threads)
    : tree_(sites),
      window_(std::move(window)),
      window_area_(0.5 * twice_area(window_)),
      threads_(threads) {}

template <class Body>
void PlanarDiagram::for_blocks(Body&& body) const {
  parallel_blocks(static_cast<Index>(size()), block_size, threads_,
                  [&](Index begin, Index end, Index block) {
                    body(static_cast<std::size_t>(begin), static_cast<std::size_t>(end),
                         static_cast<std::size_t>(block));
                  });
}

void PlanarDiagram::Store::put(std::size_t place, Polygon cell) {
  std::vector<Corner>& corners = blocks[block_of(place)];
  Range& range = ranges[place];
  if (cell.size() > range.count) {
    range.begin = static_cast<std::uint32_t>(corners.size());
    corners.insert(corners.end(), cell.begin(), cell.end());
  } else {
    std::copy(cell.begin(), cell.end(), corners.begin() + range.begin);
  }
  range.count = static_cast<std::uint32_t>(cell.size());
}

bool PlanarDiagram::clip(ClippedPolygon& cell, std::size_t place, std::size_t by) const {
  const auto& p = tree_.site(place);
  const auto& q = tree_.site(by);
  const double a = q[0] - p[0], b = q[1] - p[1];
  const double c = 0.5 * (a * a + b * b + (tree_.weight(place) - tree_.weight(by)));
  return cell.clip(a, b, c, static_cast<int>(by));
}

void PlanarDiagram::update(VectorIn weights) {
  if (complete_ != nullptr && update_if_full(weights)) return;
  tree_.set_weights(weights);
  Store& next = spare();
  search_all(next);
  show(next);
}

bool PlanarDiagram::update_if_full(VectorIn weights) {
  tree_.set_weights(weights);
  Store& next = spare();
  Outcome outcome = complete_ == nullptr ? Outcome::lost : update_from(*complete_, next);
  if (outcome == Outcome::lost) {
    search_all(next);
    outcome = next.empty_cells == 0 ? Outcome::found : Outcome::empty_cell;
  }
  if (outcome == Outcome::empty_cell) return false;
  show(next);
  return true;
}

PlanarDiagram::Store& PlanarDiagram::spare() {
  return complete_ == &stores_[0] ? stores_[1] : stores_[0];
}

void PlanarDiagram::show(Store& store) {
  coverage_ = covered(store);
  shown_ = &store;
  if (store.empty_cells == 0) complete_ = &store;
}

void PlanarDiagram::search_all(Store& store) {
  ++searches_;
  store.blocks.resize(
      static_cast<std::size_t>(pushforward::detail::block_count(Index(size()), block_size)));
  store.ranges.assign(size(), {});
  for_blocks([&](std::size_t begin, std::size_t end, std::size_t block) {
    store.blocks[block].clear();
    ClippedPolygon cell;
    for (std::size_t place = begin; place < end; ++place) {
      const auto& site = tree_.site(place);
      const double weight = tree_.weight(place);
      cell.assign(window_, site[0], site[1]);
      // The cell before is near: with what bounds it, little is left to the search.
      if (place > begin) {
        clip(cell, place, place - 1);
        for (const Corner& corner : store.cell(place - 1)) {
          const auto other = static_cast<std::size_t>(corner.side);
          if (corner.side >= 0 && other != place && !cell.is_empty()) clip(cell, place, other);
        }
      }
      tree_.search(
          site,
          [&](const SiteTree<2>::Node& node) {
            return cell.is_empty() || is_out_of_reach(node, site, weight, cell);
          },
          [&](std::size_t other) {
            if (other != place && !cell.is_empty() && !has_side(cell.view(), other)) {
              clip(cell, place, other);
            }
          });
      store.put(place, cell.view());
    }
  });
  count_empty(store);
}

PlanarDiagram::Outcome PlanarDiagram::update_from(const Store& old, Store& store) {
  store.blocks.resize(old.blocks.size());
  store.ranges.assign(size(), {});
  // Cells contain the true ones throughout, so that one without interior settles the matter.
  std::atomic<bool> is_full{true};
  for_blocks([&](std::size_t begin, std::size_t end, std::size_t block) {
    store.blocks[block].clear();
    if (!is_full.load(std::memory_order_relaxed)) return;
    ClippedPolygon cell;
    for (std::size_t place = begin; place < end; ++place) {
      const auto& site = tree_.site(place);
      cell.assign(window_, site[0], site[1]);
      for (const Corner& corner : old.cell(place)) {
        if (corner.side >= 0) clip(cell, place, static_cast<std::size_t>(corner.side));
      }
      if (cell.is_empty()) is_full.store(false, std::memory_order_relaxed);
      store.put(place, cell.view());
    }
  });
  if (!is_full) return Outcome::empty_cell;
  std::vector<char> changed(size(), 1);
  for (int round = 0;; ++round) {
    count_empty(store);
    if (store.empty_cells > 0) return Outcome::empty_cell;
    const std::vector<Hint> hints = disagreements(store, changed);
    if (!follow(hints, store, changed)) break;
    if (round == most_rounds) return Outcome::lost;
  }
  const bool is_one_sheet = std::abs(covered(store) - 1.0) <= coverage_tolerance;
  return is_one_sheet ? Outcome::found : Outcome::lost;
}

std::vector<PlanarDiagram::Hint> PlanarDiagram::disagreements(
    const Store& store, const std::vector<char>& changed) const {
  std::vector<std::vector<Hint>> parts(store.blocks.size());
  for_blocks([&](std::size_t begin, std::size_t end, std::size_t block) {
    std::vector<Hint>& hints = parts[block];
    const auto hint = [&](int cell, int site) {
      if (site >= 0 && site != cell) hints.push_back({cell, site});
    };
    for (std::size_t place = begin; place < end; ++place) {
      const Polygon cell = store.cell(place);
      const int self = static_cast<int>(place);
      for (std::size_t e = 0; e < cell.size(); ++e) {
        const int other = cell[e].side;
        if (other < 0) continue;
        const auto there = static_cast<std::size_t>(other);
        if (!changed[place] && !changed[there]) continue;
        const Polygon mate = store.cell(there);
        const std::size_t f = find_side(mate, self);
        if (f == mate.size()) {
          hint(other, self);
          for (const Corner& corner : mate) hint(self, corner.side);
          continue;
        }
        // The side runs the other way over there.
        const int start = mate[before(mate, f)].side, end_side = mate[after(mate, f)].side;
        if (start != cell[after(cell, e)].side) hint(self, start);
        if (end_side != cell[before(cell, e)].side) hint(self, end_side);
      }
    }
  });
  std::vector<Hint> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

bool PlanarDiagram::follow(const std::vector<Hint>& hints, Store& store,
                           std::vector<char>& changed) const {
  std::fill(changed.begin(), changed.end(), char{0});
  for_blocks([&](std::size_t begin, std::size_t end, std::size_t) {
    ClippedPolygon cell;
    auto hint = std::lower_bound(hints.begin(), hints.end(), Hint{static_cast<int>(begin), -1});
    while (hint != hints.end() && hint->cell < static_cast<int>(end)) {
      const auto place = static_cast<std::size_t>(hint->cell);
      cell.assign(store.cell(place), 0.0, 0.0);
      bool is_cut = false;
      for (; hint != hints.end() && hint->cell == static_cast<int>(place); ++hint) {
        const auto other = static_cast<std::size_t>(hint->site);
        if (!cell.is_empty() && !has_side(cell.view(), other)) is_cut |= clip(cell, place, other);
      }
      if (!is_cut) continue;
      store.put(place, cell.view());
      changed[place] = 1;
    }
  });
  return std::find(changed.begin(), changed.end(), char{1}) != changed.end();
}

void PlanarDiagram::count_empty(Store& store) const {
  store.empty_cells = std::count_if(store.ranges.begin(), store.ranges.end(),
                                    [](const Store::Range& range) { return range.count == 0; });
}

double PlanarDiagram::covered(const Store& store) const {
  return ordered_sum(static_cast<Index>(size()), block_size, threads_,
                     [&](Index begin, Index end) {
                       double sum = 0.0;
                       for (Index place = begin; place < end; ++place) {
                         sum += 0.5 * twice_area(store.cell(static_cast<std::size_t>(place)));
                       }
                       return sum;
                     }) /
         window_area_;
}

}  // namespace pushforward::ot::detail
