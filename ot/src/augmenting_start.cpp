#include "ot/src/augmenting_start.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

namespace pushforward::ot::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
// Equal masses at n = 10^5 take half of it.
constexpr std::size_t passes_for_equal_masses = 64;  // of sources, a node
// Other masses end in many small shipments over long paths, where the simplex is faster.
constexpr std::size_t passes_for_other_masses = 8;

std::size_t at(std::int32_t k) { return static_cast<std::size_t>(k); }

// Arcs by their node, in the order of the pool.
void index_arcs(const std::vector<std::int32_t>& node, Index nodes,
                std::vector<std::int32_t>& first, std::vector<std::int32_t>& arcs) {
  first.assign(static_cast<std::size_t>(nodes) + 1, 0);
  for (const std::int32_t v : node) ++first[at(v) + 1];
  for (std::size_t k = 1; k < first.size(); ++k) first[k] += first[k - 1];
  arcs.resize(node.size());
  std::vector<std::int32_t> filled = first;
  for (std::size_t k = 0; k < node.size(); ++k) {
    arcs[at(filled[at(node[k])]++)] = static_cast<std::int32_t>(k);
  }
}

}  // namespace

AugmentingStart::AugmentingStart(const ArcPool& pool, const WholeMasses& masses,
                                 const Potentials& start)
    : pool_(pool),
      p_(start),
      excess_(masses.a.data(), masses.a.data() + masses.a.size()),
      room_(masses.b.data(), masses.b.data() + masses.b.size()),
      flow_(pool.size(), 0.0),
      row_label_(excess_.size()),
      col_label_(room_.size()),
      stuck_(excess_.size(), 0) {
  const auto equal = [](const std::vector<double>& all) {
    return std::all_of(all.begin(), all.end(), [&](double mass) { return mass == all[0]; });
  };
  equal_masses_ = equal(excess_) && equal(room_);
  index_arcs(pool.row, masses.a.size(), row_first_, row_arc_);
  index_arcs(pool.col, masses.b.size(), col_first_, col_arc_);
}

// Highest f and g that the arcs of the pool allow, one after the other: then every node has a tight
// arc.
void AugmentingStart::make_feasible() {
  Vector g = Vector::Constant(p_.g.size(), infinite);
  for (std::size_t k = 0; k < pool_.size(); ++k) {
    g[pool_.col[k]] = std::min(g[pool_.col[k]], pool_.cost[k] - p_.f[pool_.row[k]]);
  }
  p_.g = (g.array() < infinite).select(g, p_.g);
  Vector f = Vector::Constant(p_.f.size(), infinite);
  for (std::size_t k = 0; k < pool_.size(); ++k) {
    f[pool_.row[k]] = std::min(f[pool_.row[k]], pool_.cost[k] - p_.g[pool_.col[k]]);
  }
  p_.f = (f.array() < infinite).select(f, p_.f);
}

void AugmentingStart::ship(std::size_t arc) {
  double& excess = excess_[at(pool_.row[arc])];
  double& room = room_[at(pool_.col[arc])];
  const double flow = std::min(excess, room);
  flow_[arc] += flow;
  excess -= flow;
  room -= flow;
}

// Beyond what rounding of feasible potentials explains, an arc is not tight.
bool AugmentingStart::is_tight(std::int32_t arc) const {
  const double c = pool_.cost[at(arc)], f = p_.f[row(arc)], g = p_.g[col(arc)];
  return !is_negative(f + g - c, c, f, g);
}

// A node with one tight arc left can use no other, so such arcs go first: where the tight arcs are
// a tree, as the potentials of an optimum leave them, the flow comes out whole.
void AugmentingStart::ship_on_tight_arcs() {
  const auto arcs = static_cast<std::int32_t>(pool_.size());
  const auto n = static_cast<std::int32_t>(excess_.size());
  std::vector<char> open(pool_.size(), 0);
  std::vector<std::int32_t> degree(excess_.size() + room_.size(), 0), leaves;
  for (std::int32_t k = 0; k < arcs; ++k) {
    if (!is_tight(k)) continue;
    open[at(k)] = 1;
    ++degree[at(row(k))];
    ++degree[at(n + col(k))];
  }
  for (std::size_t v = degree.size(); v-- > 0;) {
    if (degree[v] == 1) leaves.push_back(static_cast<std::int32_t>(v));
  }
  const auto each_arc = [&](std::int32_t v, auto&& visit) {
    const auto& first = v < n ? row_first_ : col_first_;
    const auto& arc = v < n ? row_arc_ : col_arc_;
    const std::int32_t node = v < n ? v : v - n;
    for (std::int32_t k = first[at(node)]; k < first[at(node) + 1]; ++k) visit(arc[at(k)]);
  };
  const auto close = [&](std::int32_t arc) {
    if (open[at(arc)] == 0) return;
    open[at(arc)] = 0;
    for (const std::int32_t v : {row(arc), n + col(arc)}) {
      if (--degree[at(v)] == 1) leaves.push_back(v);
    }
  };
  const auto use = [&](std::int32_t arc) {
    ship(at(arc));
    close(arc);
    if (excess_[at(row(arc))] == 0.0) each_arc(row(arc), close);
    if (room_[at(col(arc))] == 0.0) each_arc(n + col(arc), close);
  };
  for (std::int32_t k = 0; k < arcs; ++k) {
    while (!leaves.empty()) {
      const std::int32_t leaf = leaves.back();
      leaves.pop_back();
      std::int32_t last = -1;
      each_arc(leaf, [&](std::int32_t arc) { last = open[at(arc)] != 0 ? arc : last; });
      if (last >= 0 && degree[at(leaf)] == 1) use(last);
    }
    if (open[at(k)] != 0) use(k);
  }
}

// Paths of reduced cost zero: with many ties they carry most of the mass. Depth first with marks
// that all searches of a phase share, so a phase looks at every arc once at most.
void AugmentingStart::ship_on_tight_paths() {
  constexpr int phases = 8;
  bool found = true;
  for (int phase = 0; phase < phases && found; ++phase) {
    found = false;
    ++searches_;
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(excess_.size()); ++i) {
      if (excess_[at(i)] > 0.0 && search_tight(i)) found = true;
    }
  }
}

bool AugmentingStart::search_tight(std::int32_t source) {
  sources_.assign(1, source);
  row_label_[at(source)] = {.distance = 0.0, .via = -1, .search = searches_};
  while (!sources_.empty()) {
    const std::int32_t i = sources_.back();
    sources_.pop_back();
    for (std::int32_t k = row_first_[at(i)]; k < row_first_[at(i) + 1]; ++k) {
      const std::int32_t arc = row_arc_[at(k)];
      const std::int32_t j = col(arc);
      Label& label = col_label_[at(j)];
      if (label.done == searches_ || !is_tight(arc)) continue;
      label.done = searches_;
      label.via = arc;
      if (room_[at(j)] > 0.0) {
        augment(source, j);
        return true;
      }
      for (std::int32_t c = col_first_[at(j)]; c < col_first_[at(j) + 1]; ++c) {
        const std::int32_t back = col_arc_[at(c)];
        if (flow_[at(back)] == 0.0 || row_label_[at(row(back))].search == searches_) continue;
        row_label_[at(row(back))] = {.distance = 0.0, .via = back, .search = searches_};
        sources_.push_back(row(back));
      }
    }
  }
  return false;
}

void AugmentingStart::run() {
  const auto n = static_cast<std::int32_t>(excess_.size());
  const std::size_t budget = (excess_.size() + room_.size()) *
                             (equal_masses_ ? passes_for_equal_masses : passes_for_other_masses);
  make_feasible();
  ship_on_tight_arcs();
  ship_on_tight_paths();
  for (const std::size_t most : {std::size_t{64}, std::size_t{512}, std::size_t{4096}, budget}) {
    for (std::int32_t i = 0; i < n; ++i) {
      while (excess_[at(i)] > 0.0 && stuck_[at(i)] == 0 && passed_ < budget && search(i, most)) {
      }
    }
  }
}

// Passes a source at its distance: targets behind its arcs may be nearer this way.
void AugmentingStart::reach(std::int32_t source, double distance) {
  sources_.push_back(source);
  const double f = p_.f[source];
  for (std::int32_t k = row_first_[at(source)]; k < row_first_[at(source) + 1]; ++k) {
    const std::int32_t arc = row_arc_[at(k)];
    const std::int32_t j = col(arc);
    Label& label = col_label_[at(j)];
    const double there = distance + std::max(0.0, pool_.cost[at(arc)] - f - p_.g[j]);
    if (label.search == searches_ && there >= label.distance) continue;
    label.distance = there;
    label.via = arc;
    label.search = searches_;
    heap_.emplace_back(there, j);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }
}

// Shortest paths from a source to the nearest target with room, in the residual graph of the pool.
// True if mass was shipped.
bool AugmentingStart::search(std::int32_t source, std::size_t most_sources) {
  ++searches_;
  heap_.clear();
  sources_.clear();
  targets_.clear();
  row_label_[at(source)] = {.distance = 0.0, .via = -1, .search = searches_};
  reach(source, 0.0);
  double reached = 0.0;
  std::int32_t found = -1;
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const auto [distance, j] = heap_.back();
    heap_.pop_back();
    Label& label = col_label_[at(j)];
    if (label.done == searches_) continue;
    label.done = searches_;
    reached = distance;
    if (room_[at(j)] > 0.0) {
      found = j;
      break;
    }
    if (sources_.size() >= most_sources) break;
    targets_.push_back(j);
    for (std::int32_t k = col_first_[at(j)]; k < col_first_[at(j) + 1]; ++k) {
      const std::int32_t arc = col_arc_[at(k)];
      if (flow_[at(arc)] == 0.0) continue;
      const std::int32_t i = row(arc);
      if (row_label_[at(i)].search == searches_) continue;
      row_label_[at(i)] = {.distance = distance, .via = arc, .search = searches_};
      reach(i, distance);
    }
  }
  passed_ += sources_.size();
  if (found < 0 && heap_.empty()) {
    for (const std::int32_t i : sources_) stuck_[at(i)] = 1;
    return false;
  }
  for (const std::int32_t i : sources_) p_.f[i] += reached - row_label_[at(i)].distance;
  for (const std::int32_t j : targets_) p_.g[j] -= reached - col_label_[at(j)].distance;
  if (found >= 0) augment(source, found);
  return found >= 0;
}

void AugmentingStart::augment(std::int32_t source, std::int32_t target) {
  double amount = std::min(excess_[at(source)], room_[at(target)]);
  const auto along = [&](auto&& visit) {
    for (std::int32_t j = target;;) {
      const std::int32_t forward = col_label_[at(j)].via;
      const std::int32_t back = row_label_[at(row(forward))].via;
      visit(forward, back);
      if (back < 0) return;
      j = col(back);
    }
  };
  along([&](std::int32_t, std::int32_t back) {
    if (back >= 0) amount = std::min(amount, flow_[at(back)]);
  });
  along([&](std::int32_t forward, std::int32_t back) {
    flow_[at(forward)] += amount;
    if (back >= 0) flow_[at(back)] -= amount;
  });
  excess_[at(source)] -= amount;
  room_[at(target)] -= amount;
}

std::vector<std::size_t> AugmentingStart::leaves_first() const {
  const std::size_t n = excess_.size();
  std::vector<std::int32_t> degree(n + room_.size(), 0);
  for (std::size_t k = 0; k < pool_.size(); ++k) {
    if (flow_[k] == 0.0) continue;
    ++degree[at(pool_.row[k])];
    ++degree[n + at(pool_.col[k])];
  }
  std::vector<std::size_t> order, leaves;
  for (std::size_t v = 0; v < degree.size(); ++v) {
    if (degree[v] == 1) leaves.push_back(v);
  }
  std::vector<char> taken(pool_.size(), 0);
  while (!leaves.empty()) {
    const std::size_t v = leaves.back();
    leaves.pop_back();
    if (degree[v] != 1) continue;
    const auto& first = v < n ? row_first_ : col_first_;
    const auto& arcs = v < n ? row_arc_ : col_arc_;
    const std::size_t node = v < n ? v : v - n;
    for (std::int32_t k = first[node]; k < first[node + 1]; ++k) {
      const std::size_t arc = at(arcs[at(k)]);
      if (flow_[arc] == 0.0 || taken[arc] != 0) continue;
      taken[arc] = 1;
      order.push_back(arc);
      const std::size_t other = v < n ? n + at(pool_.col[arc]) : at(pool_.row[arc]);
      --degree[v];
      if (--degree[other] == 1) leaves.push_back(other);
      break;
    }
  }
  // What is left lies on cycles, of which any arc may go first.
  for (std::size_t k = 0; k < pool_.size(); ++k) {
    if (flow_[k] > 0.0 && taken[k] == 0) order.push_back(k);
  }
  return order;
}

}  // namespace pushforward::ot::detail
