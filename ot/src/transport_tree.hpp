/// The basis of the transport simplex: a spanning tree of sources, targets and one artificial root.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// Nodes 0 .. n-1 are sources, n .. n+m-1 targets, n+m is the root. Every arc leaves a source and
/// enters a target; the artificial arcs go from sources to the root and from the root to targets.
/// So the direction of a tree arc follows from its lower end: up from a source, down to a target.
///
/// Potentials satisfy f_i + g_j = c on tree arcs. A pivot shifts those of the smaller of the two
/// parts that the leaving arc separates; `refresh_potentials` removes the rounding of the shifts.
///
/// The tree is strongly feasible: arcs without flow point to the root. With the last blocking arc
/// of a cycle leaving, degenerate pivots cannot cycle. Source: \cite cunningham1976.
class TransportTree {
 public:
  using Node = std::int32_t;
  static constexpr Node nobody = -1;

  /// Artificial arcs alone. @param supply, demand  positive whole numbers of equal sum below 2^53:
  /// then all flows are exact.
  TransportTree(VectorIn supply, VectorIn demand);

  /// Ships as much as is left from source i to target j, before the first pivot: of two ends the
  /// one that has nothing left becomes the other's child. Does nothing if either has none left.
  void ship(Node i, Node j, double cost);
  double left(Node v) const { return left_[at(v)]; }  ///< Mass of v not yet shipped.
  /// After the last `ship`: attaches what is left to the root. Artificial arcs cost what they must
  /// so that tops of components have the given potentials (n + m), which the others follow.
  void finish_start(VectorIn potentials);

  /// What artificial arcs cost beyond what they must: a finite price lets mass stay on them as long
  /// as shipping it costs more; an infinite one, the default, does not enter potentials but stands
  /// in the levels. Refreshes the potentials.
  void set_artificial_price(double price);

  /// Brings arc (i, j) into the tree, whose reduced cost is negative. Returns the flow it gets.
  double pivot(Node i, Node j, double cost);

  const double* potentials() const { return potential_.data(); }  ///< f, then g.
  /// -(level_i + level_j) < 0: bringing in the arc (i, j) drains artificial flow, whatever it
  /// costs. All levels are 0 once no more than the one artificial arc is left that every tree has.
  const std::int8_t* levels() const { return level_.data(); }
  bool has_levels() const { return artificial_ > 1 && price_ == infinite; }
  /// Potentials that the last pivot shifted.
  std::int32_t shifted() const { return shifted_; }
  double artificial_flow() const;  ///< Sum of the flow on artificial arcs out of sources.

  Node sources() const { return sources_; }
  Node targets() const { return targets_; }
  Node root() const { return sources_ + targets_; }
  Node parent(Node v) const { return node(v).parent; }
  double cost(Node v) const { return cost_[at(v)]; }  ///< Of the arc between v and its parent.
  double flow(Node v) const { return flow_[at(v)]; }
  bool is_source(Node v) const { return v < sources_; }

  /// All nodes but the root, parents before children.
  std::vector<Node> preorder() const;

  /// Computes f and g again from the root.
  void refresh_potentials();

 private:
  struct Links {
    Node parent = nobody;
    Node last = nobody;     // of the subtree, in preorder
    std::int32_t size = 1;  // of the subtree
  };
  // Apart, since walks through subtrees need nothing else.
  struct Neighbours {
    Node next = nobody, previous = nobody;  // in preorder, cyclically
  };

  static constexpr double infinite = std::numeric_limits<double>::infinity();

  static std::size_t at(Node v) { return static_cast<std::size_t>(v); }
  const Links& node(Node v) const { return nodes_[at(v)]; }
  Links& node(Node v) { return nodes_[at(v)]; }
  const Neighbours& order(Node v) const { return order_[at(v)]; }
  Neighbours& order(Node v) { return order_[at(v)]; }
  void link(Node v, Node next) {
    order(v).next = next;
    order(next).previous = v;
  }
  void thread_nodes();
  void set_levels(Node top);
  void shift_potentials(Node top, double shift);
  Node join(Node i, Node j) const;
  void resize_ancestors(Node leaving, Node to, Node apex);
  void move_in_preorder(Node from, Node leaving, Node to);
  void turn_path(Node from, Node leaving, Node to, double cost, double flow);

  Node sources_, targets_;
  Node artificial_ = 0;  // arcs at the root
  std::int32_t shifted_ = 0;
  std::vector<Links> nodes_;
  std::vector<Neighbours> order_;
  std::vector<double> cost_, flow_;  // of the arc between a node and its parent
  std::vector<double> potential_;
  std::vector<std::int8_t> level_;
  double price_ = infinite;   // of artificial arcs
  std::vector<double> left_;  // mass not yet shipped, at the start
};

}  // namespace pushforward::ot::detail
