/// Boxes in a tree: which of them meet a given one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/cell_order.hpp"

namespace pushforward::ot::detail {

struct SolidBox {
  std::array<double, 3> low, high;

  bool meets(const SolidBox& other) const {
    for (std::size_t i = 0; i < 3; ++i) {
      if (low[i] > other.high[i] || high[i] < other.low[i]) return false;
    }
    return true;
  }
};

class BoxTree {
 public:
  explicit BoxTree(std::vector<SolidBox> boxes) : boxes_(std::move(boxes)) {
    const auto n = static_cast<Index>(boxes_.size());
    Matrix middles(3, n);
    for (Index k = 0; k < n; ++k) {
      const SolidBox& box = boxes_[static_cast<std::size_t>(k)];
      for (std::size_t i = 0; i < 3; ++i) {
        middles(static_cast<Index>(i), k) = 0.5 * (box.low[i] + box.high[i]);
      }
    }
    order_ = cell_order(middles);
    std::size_t depth = 1;
    for (std::size_t k = boxes_.size(); k > leaf; k = (k + 1) / 2) ++depth;
    nodes_.resize(std::size_t{1} << depth);
    if (!boxes_.empty()) bound(1, 0, boxes_.size());
  }

  /// Calls visit(index) for boxes that meet `box`, always in the same order.
  template <class Visit>
  void search(const SolidBox& box, Visit&& visit) const {
    if (!boxes_.empty()) descend(1, 0, boxes_.size(), box, visit);
  }

 private:
  static constexpr std::size_t leaf = 4;

  const SolidBox& box_at(std::size_t place) const {
    return boxes_[static_cast<std::size_t>(order_[place])];
  }

  void bound(std::size_t node, std::size_t begin, std::size_t end) {
    SolidBox& hull = nodes_[node];
    hull = box_at(begin);
    for (std::size_t k = begin; k < end; ++k) {
      for (std::size_t i = 0; i < 3; ++i) {
        hull.low[i] = std::min(hull.low[i], box_at(k).low[i]);
        hull.high[i] = std::max(hull.high[i], box_at(k).high[i]);
      }
    }
    if (end - begin <= leaf) return;
    const std::size_t middle = begin + (end - begin) / 2;
    bound(2 * node, begin, middle);
    bound(2 * node + 1, middle, end);
  }

  template <class Visit>
  void descend(std::size_t node, std::size_t begin, std::size_t end, const SolidBox& box,
               Visit& visit) const {
    if (!nodes_[node].meets(box)) return;
    if (end - begin <= leaf) {
      for (std::size_t k = begin; k < end; ++k) {
        if (box_at(k).meets(box)) visit(static_cast<std::size_t>(order_[k]));
      }
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    descend(2 * node, begin, middle, box, visit);
    descend(2 * node + 1, middle, end, box, visit);
  }

  std::vector<SolidBox> boxes_;
  std::vector<Index> order_;
  std::vector<SolidBox> nodes_;  ///< 1 is the root, 2 k and 2 k + 1 the halves of k.
};

}  // namespace pushforward::ot::detail
