#include "ot/src/transport_tree.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace pushforward::ot::detail {

using Node = TransportTree::Node;

TransportTree::TransportTree(VectorIn supply, VectorIn demand)
    : sources_(static_cast<Node>(supply.size())),
      targets_(static_cast<Node>(demand.size())),
      nodes_(static_cast<std::size_t>(supply.size() + demand.size()) + 1),
      order_(nodes_.size()),
      cost_(nodes_.size(), 0.0),
      flow_(nodes_.size(), 0.0),
      potential_(nodes_.size(), 0.0),
      level_(nodes_.size(), 0),
      left_(supply.data(), supply.data() + supply.size()) {
  left_.insert(left_.end(), demand.data(), demand.data() + demand.size());
}

void TransportTree::ship(Node i, Node target, double cost) {
  const Node j = sources_ + target;
  const double flow = std::min(left_[at(i)], left_[at(j)]);
  if (flow <= 0.0) return;
  left_[at(i)] -= flow;
  left_[at(j)] -= flow;
  // A source that keeps nothing may still top its component, a target may not: its arc to the root
  // would point down without flow.
  const Node lower = left_[at(j)] == 0.0 ? j : i;
  node(lower).parent = lower == j ? i : j;
  cost_[at(lower)] = cost;
  flow_[at(lower)] = flow;
}

void TransportTree::finish_start(VectorIn potentials) {
  for (Node v = 0; v < root(); ++v) {
    if (node(v).parent != nobody) continue;
    node(v).parent = root();
    cost_[at(v)] = potentials[v];
    flow_[at(v)] = left_[at(v)];
    ++artificial_;
  }
  left_ = {};
  thread_nodes();
  refresh_potentials();
  if (has_levels()) set_levels(root());
}

// Preorder from parents alone: children by counting, then depth first.
void TransportTree::thread_nodes() {
  std::vector<Node> first(nodes_.size() + 1, 0), children(nodes_.size());
  for (Node v = 0; v < root(); ++v) ++first[at(node(v).parent) + 1];
  for (std::size_t k = 1; k < first.size(); ++k) first[k] += first[k - 1];
  std::vector<Node> filled = first;
  for (Node v = 0; v < root(); ++v) children[at(filled[at(node(v).parent)]++)] = v;
  std::vector<Node> stack{root()}, sequence;
  while (!stack.empty()) {
    const Node v = stack.back();
    stack.pop_back();
    sequence.push_back(v);
    for (Node k = first[at(v) + 1]; k-- > first[at(v)];) stack.push_back(children[at(k)]);
  }
  for (std::size_t k = 0; k < sequence.size(); ++k) {
    link(sequence[k], sequence[k + 1 < sequence.size() ? k + 1 : 0]);
    node(sequence[k]).last = sequence[k];
  }
  for (std::size_t k = sequence.size(); k-- > 1;) {
    Links& above = node(node(sequence[k]).parent);
    above.size += node(sequence[k]).size;
    if (above.last == node(sequence[k]).parent) above.last = node(sequence[k]).last;
  }
}

void TransportTree::set_levels(Node top) {
  Node v = top;
  for (std::int32_t k = node(top).size; k > 0; --k, v = order(v).next) {
    if (v == root()) continue;
    const Node p = node(v).parent;
    level_[at(v)] = p == root() ? std::int8_t{1} : static_cast<std::int8_t>(-level_[at(p)]);
  }
}

void TransportTree::set_artificial_price(double price) {
  const double old = std::isfinite(price_) ? price_ : 0.0;
  const double rise = (std::isfinite(price) ? price : 0.0) - old;
  for (Node v = 0; v < root(); ++v) {
    if (node(v).parent == root()) cost_[at(v)] += rise;
  }
  price_ = price;
  refresh_potentials();
  std::fill(level_.begin(), level_.end(), std::int8_t{0});
  if (has_levels()) set_levels(root());
}

void TransportTree::refresh_potentials() {
  potential_[at(root())] = 0.0;
  for (Node v = order(root()).next; v != root(); v = order(v).next) {
    potential_[at(v)] = cost_[at(v)] - potential_[at(node(v).parent)];
  }
}

// Only sums f_i + g_j across the cut matter, so either part may move.
void TransportTree::shift_potentials(Node top, double shift) {
  double on_sources = is_source(top) ? shift : -shift;
  Node front = top;
  Node back = node(top).last;
  std::int32_t count = node(top).size;
  if (2 * count > node(root()).size) {
    on_sources = -on_sources;
    front = order(back).next;
    back = order(top).previous;
    count = node(root()).size - count;
  }
  shifted_ = count;
  const auto move = [&](Node v) { potential_[at(v)] += is_source(v) ? on_sources : -on_sources; };
  // From both ends at once: each step waits for memory to tell where the next one goes.
  for (; count > 1; count -= 2) {
    move(front);
    move(back);
    front = order(front).next;
    back = order(back).previous;
  }
  if (count == 1) move(front);
}

Node TransportTree::join(Node i, Node j) const {
  // An ancestor has the larger subtree, so the smaller of two may go up without passing the apex.
  while (i != j) {
    if (node(i).size <= node(j).size) {
      i = node(i).parent;
    } else {
      j = node(j).parent;
    }
  }
  return i;
}

double TransportTree::pivot(Node i, Node target, double cost) {
  const Node j = sources_ + target;
  const Node apex = join(i, j);
  // Flow goes round the cycle: from the apex down to i, along the new arc, from j up to the apex.
  // On the way down it drains arcs that point up, and the other way round. The last arc that runs
  // dry leaves: nearest to i on its side, nearest to the apex on the side of j.
  double flow = std::numeric_limits<double>::infinity();
  Node leaving = nobody;
  bool on_side_of_i = true;
  for (Node v = i; v != apex; v = node(v).parent) {
    if (is_source(v) && flow_[at(v)] < flow) {
      flow = flow_[at(v)];
      leaving = v;
    }
  }
  for (Node v = j; v != apex; v = node(v).parent) {
    if (!is_source(v) && flow_[at(v)] <= flow) {
      flow = flow_[at(v)];
      leaving = v;
      on_side_of_i = false;
    }
  }
  assert(leaving != nobody);
  if (flow > 0.0) {
    for (Node v = i; v != apex; v = node(v).parent) flow_[at(v)] += is_source(v) ? -flow : flow;
    for (Node v = j; v != apex; v = node(v).parent) flow_[at(v)] += is_source(v) ? flow : -flow;
  }
  if (node(leaving).parent == root()) --artificial_;
  const Node from = on_side_of_i ? i : j;
  const Node to = on_side_of_i ? j : i;
  resize_ancestors(leaving, to, apex);
  move_in_preorder(from, leaving, to);
  turn_path(from, leaving, to, cost, flow);
  shift_potentials(from, cost - potential_[at(from)] - potential_[at(to)]);
  if (has_levels()) {
    if (level_[at(from)] + level_[at(to)] != 0) set_levels(from);
  } else if (level_[0] != 0) {
    std::fill(level_.begin(), level_.end(), std::int8_t{0});
  }
  return flow;
}

// Above the apex nothing changes.
void TransportTree::resize_ancestors(Node leaving, Node to, Node apex) {
  const std::int32_t moved = node(leaving).size;
  for (Node v = node(leaving).parent; v != apex; v = node(v).parent) node(v).size -= moved;
  for (Node v = to; v != apex; v = node(v).parent) node(v).size += moved;
}

// Takes the subtree of `leaving` out of the preorder and puts it behind `to`, in the preorder that
// it has when `from` is its top: the subtree of `from`, then the parent of `from` with what is left
// of its subtree, and so on up to `leaving`.
void TransportTree::move_in_preorder(Node from, Node leaving, Node to) {
  Node tail = nobody;        // of what has been taken out
  Node below_last = nobody;  // the old end of the subtree of the node before
  Node before = nobody;      // what stood before that node
  const Node stop = node(leaving).parent;
  for (Node v = from; v != stop; v = node(v).parent) {
    const Node old_last = node(v).last;
    const Node last = old_last == below_last ? before : old_last;
    before = order(v).previous;
    below_last = old_last;
    link(before, order(last).next);
    if (tail != nobody) link(tail, v);
    tail = last;
  }
  for (Node v = stop; v != nobody && node(v).last == below_last; v = node(v).parent) {
    node(v).last = before;
  }
  link(tail, order(to).next);
  link(to, from);
  for (Node v = to; v != nobody && node(v).last == to; v = node(v).parent) node(v).last = tail;
  for (Node v = from; v != stop; v = node(v).parent) node(v).last = tail;
}

// Turns round the arcs between `from` and `leaving` and hangs them below `to`.
void TransportTree::turn_path(Node from, Node leaving, Node to, double cost, double flow) {
  const std::int32_t moved = node(leaving).size;
  std::int32_t below = 0;  // what no longer hangs below v
  Node parent = to;
  for (Node v = from;;) {
    const Node above = node(v).parent;
    node(v).parent = parent;
    std::swap(cost_[at(v)], cost);
    std::swap(flow_[at(v)], flow);
    below = std::exchange(node(v).size, moved - below);
    if (v == leaving) return;
    parent = v;
    v = above;
  }
}

double TransportTree::artificial_flow() const {
  double sum = 0.0;
  for (Node v = 0; v < sources_; ++v) {
    if (node(v).parent == root()) sum += flow_[at(v)];
  }
  return sum;
}

std::vector<Node> TransportTree::preorder() const {
  std::vector<Node> sequence;
  sequence.reserve(nodes_.size());
  for (Node v = order(root()).next; v != root(); v = order(v).next) sequence.push_back(v);
  return sequence;
}

}  // namespace pushforward::ot::detail
