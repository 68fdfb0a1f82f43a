/// Sites in a balanced tree of boxes: which of them can still cut a cell.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/cell_order.hpp"

namespace pushforward::ot::detail {

/// Sites of R^D in the order of `cell_order`: every node is a range of that order, halved until it
/// is a leaf.
template <int D>
class SiteTree {
 public:
  using Point = std::array<double, D>;
  /// What a node knows of its sites.
  struct Node {
    Point low, high;
    double highest_weight;
  };

  explicit SiteTree(PointsIn sites) : order_(cell_order(sites)) {
    sites_.resize(order_.size());
    for (std::size_t k = 0; k < order_.size(); ++k) {
      for (int i = 0; i < D; ++i) sites_[k][static_cast<std::size_t>(i)] = sites(i, order_[k]);
    }
    weights_.assign(sites_.size(), 0.0);
    nodes_.resize(node_count());
    if (!sites_.empty()) bound(1, 0, sites_.size());
  }

  std::size_t size() const { return sites_.size(); }
  const std::vector<Index>& order() const { return order_; }  ///< Caller's index of each place.
  const Point& site(std::size_t place) const { return sites_[place]; }
  double weight(std::size_t place) const { return weights_[place]; }

  void set_weights(VectorIn weights) {
    for (std::size_t k = 0; k < order_.size(); ++k) weights_[k] = weights[order_[k]];
    if (!sites_.empty()) raise(1, 0, sites_.size());
  }

  /// Calls visit(place) for sites in an order that starts near `from`, leaving out the nodes for
  /// which can_skip(node) holds when their turn comes.
  template <class CanSkip, class Visit>
  void search(const Point& from, CanSkip&& can_skip, Visit&& visit) const {
    if (!sites_.empty()) descend(1, 0, sites_.size(), from, can_skip, visit);
  }

 private:
  static constexpr std::size_t leaf = 4;

  std::size_t node_count() const {
    std::size_t depth = 1;
    for (std::size_t n = sites_.size(); n > leaf; n = (n + 1) / 2) ++depth;
    return std::size_t{1} << depth;
  }

  void bound(std::size_t node, std::size_t begin, std::size_t end) {
    Node& box = nodes_[node];
    box.low = box.high = sites_[begin];
    box.highest_weight = 0.0;
    for (std::size_t k = begin; k < end; ++k) {
      for (std::size_t i = 0; i < D; ++i) {
        box.low[i] = std::min(box.low[i], sites_[k][i]);
        box.high[i] = std::max(box.high[i], sites_[k][i]);
      }
    }
    if (end - begin <= leaf) return;
    const std::size_t middle = begin + (end - begin) / 2;
    bound(2 * node, begin, middle);
    bound(2 * node + 1, middle, end);
  }

  double raise(std::size_t node, std::size_t begin, std::size_t end) {
    double highest = -std::numeric_limits<double>::infinity();
    if (end - begin <= leaf) {
      for (std::size_t k = begin; k < end; ++k) highest = std::max(highest, weights_[k]);
    } else {
      const std::size_t middle = begin + (end - begin) / 2;
      const double left = raise(2 * node, begin, middle);
      highest = std::max(left, raise(2 * node + 1, middle, end));
    }
    return nodes_[node].highest_weight = highest;
  }

  static double distance_squared(const Node& box, const Point& p) {
    double sum = 0.0;
    for (std::size_t i = 0; i < D; ++i) {
      const double gap = std::max({box.low[i] - p[i], p[i] - box.high[i], 0.0});
      sum += gap * gap;
    }
    return sum;
  }

  template <class CanSkip, class Visit>
  void descend(std::size_t node, std::size_t begin, std::size_t end, const Point& from,
               CanSkip&& can_skip, Visit&& visit) const {
    if (can_skip(nodes_[node])) return;
    if (end - begin <= leaf) {
      for (std::size_t k = begin; k < end; ++k) visit(k);
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    const std::size_t left = 2 * node, right = left + 1;
    if (distance_squared(nodes_[left], from) <= distance_squared(nodes_[right], from)) {
      descend(left, begin, middle, from, can_skip, visit);
      descend(right, middle, end, from, can_skip, visit);
    } else {
      descend(right, middle, end, from, can_skip, visit);
      descend(left, begin, middle, from, can_skip, visit);
    }
  }

  std::vector<Index> order_;
  std::vector<Point> sites_;
  std::vector<double> weights_;
  std::vector<Node> nodes_;  ///< 1 is the root, 2 k and 2 k + 1 the halves of k.
};

}  // namespace pushforward::ot::detail
