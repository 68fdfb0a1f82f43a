/// The few arcs on which an optimal coupling can be expected, and those that prove it wrong.
#pragma once

#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/cost_view.hpp"

#include "ot/src/cell_tree.hpp"
#include "ot/src/transport_simplex.hpp"

namespace pushforward::ot::detail {

/// Searches the arcs of a cost by their reduced costs C_ij - f_i - g_j. Where the cost grows with
/// the squared distance of points in few dimensions, bounds between cells leave out most pairs;
/// else every column is read. What is found is the same.
class ArcSearch {
 public:
  explicit ArcSearch(const CostView& cost, int threads);

  /// About `per_node` arcs of least reduced cost for every row and column, at least one for each.
  ArcPool shortlist(const Potentials& potentials, Index per_node);

  /// Over what the reduced costs of a typical column's arcs of the shortlist range.
  double typical_range() const { return range_; }

  /// Arcs with reduced cost below zero beyond rounding: of each column up to `per_column` of the
  /// most negative ones, appended to the pool. Returns their number; 0 proves the potentials
  /// feasible.
  Index price(const double* f, const double* g, Index per_column, ArcPool& pool);

  /// g_j = min_i (C_ij - f_i), as `c_transform` gives it. @param guess  speeds it up if near.
  Vector transform(const Vector& f, const Vector& guess);

 private:
  struct Candidate {
    std::int32_t row;
    double cost, reduced;
  };
  // Columns that share a search, and the leaves of rows that may hold what they look for.
  struct Group {
    Range columns;
    CellTree::Cell cell = 0;
    std::vector<CellTree::Cell> leaves;
  };

  void set_potentials(const double* f, const double* g);
  Index group_count() const;
  Group group(Index k) const;
  void widen(Group& group, double limit) const;
  void collect(const Group& group, Index j, double limit, std::vector<Candidate>& found) const;
  void collect_all(Index j, double highest, std::vector<Candidate>& found) const;
  void collect_rows(Index j, Range rows, double highest, std::vector<Candidate>& found) const;
  void at_least(Group& group, Index j, Index fewest, double limit, double step,
                std::vector<Candidate>& found) const;
  void columns_of(Index i, Index fewest, double limit, double step,
                  std::vector<Candidate>& found) const;
  template <class Take>
  void for_each_group(Take take) const;

  const CostView& cost_;
  int threads_;
  const double* f_ = nullptr;
  const double* g_ = nullptr;
  bool has_cells_ = false;
  bool is_dot_ = false;
  double scale_ = 1.0;
  double range_ = 0.0;
  CellTree row_tree_, col_tree_;
  std::vector<CellTree::Cell> col_leaves_;
  Vector row_norms_, col_norms_;  // of a negative dot product: what makes it a squared distance
};

}  // namespace pushforward::ot::detail
