/// Shortest augmenting paths between n rows and n columns of stored costs.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/assignment_kernels.hpp"
#include "ot/src/cost_kernels.hpp"

namespace pushforward::ot::detail {

/// Columns bid for rows: a column of the matrix is contiguous. Invariant between steps: with
/// u_j = min_i (C_ij - price_i), a row held by column j attains that minimum, to rounding.
class AugmentingPaths {
 public:
  static constexpr Index nobody = -1;

  /// Prices are the minima of the rows. @param cost  n x n, finite; outlives this.
  explicit AugmentingPaths(PointsIn cost);

  /// Takes other prices (n) if they prove more than the present ones; before any assignment.
  bool take_better(const Vector& prices);

  /// Each row goes to the column that is cheapest for it, first come.
  void reduce_rows();

  /// Free columns take their best row and lower its price until the second best is as good; who
  /// held the row bids again. Every step keeps the invariant, so it may stop anywhere: rounding can
  /// make price wars endless, hence a limit.
  void auction();

  /// Augments along arcs of reduced cost zero as long as that finds free rows: with many ties that
  /// assigns most columns at once. Depth first with marks that all searches of a phase share, so a
  /// phase looks at every column once at most.
  void match_tight_arcs();

  /// Shortest augmenting paths on the few arcs of least reduced cost of each column, where a search
  /// takes little. Columns that end with a row which is not their best among all are set free
  /// again, so the invariant holds. False if there is no telling which arcs those are.
  bool settle_on_shortlist();

  /// Dijkstra over reduced costs from column `start` to the nearest free row, then prices of the
  /// rows passed fall by how much nearer they were, and the path flips.
  void augment(Index start);

  std::vector<Index> free_columns() const;

  /// What an interrupted run leaves open, in order.
  void complete();

  Index column_of(Index row) const { return column_of_[static_cast<std::size_t>(row)]; }
  const Vector& prices() const { return price_; }

 private:
  const double* column(Index j) const { return cost_.data() + j * cost_.outerStride(); }
  double proven(const Vector& prices) const;
  Index free_among_ties(Index j, double least);
  std::int64_t find_ties(Index j, double least);
  bool augment_tight(Index start, std::vector<bool>& seen);
  double shortlist_range() const;
  void assign(Index i, Index j);
  void flip(Index i, Index start);

  PointsIn cost_;
  const AssignmentKernels& kernels_;
  const CostKernels& passes_;
  Index n_;
  Vector price_;
  std::vector<Index> column_of_;
  std::vector<Index> row_of_;
  Vector key_;     // distance of each row not yet passed
  Vector from_;    // the column before it
  Vector offset_;  // minus its price; infinite once passed
  std::vector<std::pair<Index, double>> passed_;
  std::vector<std::int32_t> places_;
};

}  // namespace pushforward::ot::detail
