/// The transport simplex: pivots on a pool of arcs, or on all arcs of a cost.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "pushforward/ot/cost_view.hpp"

#include "ot/src/cost_kernels.hpp"
#include "ot/src/transport_tree.hpp"

namespace pushforward::ot::detail {

/// Arcs with their costs, as parallel arrays.
struct ArcPool {
  std::vector<std::int32_t> row, col;
  std::vector<double> cost;

  std::size_t size() const { return cost.size(); }
  void add(std::int32_t i, std::int32_t j, double c) {
    row.push_back(i);
    col.push_back(j);
    cost.push_back(c);
  }
};

/// Whether a reduced cost c - f - g is below zero by more than rounding explains: f and g carry
/// that of a path in the tree.
inline bool is_negative(double reduced, double c, double f, double g) {
  return reduced < -0x1p-44 * (std::abs(c) + std::abs(f) + std::abs(g));
}

/// Why a search for pivots ended.
enum class SimplexStop { optimal, pivot_limit, asked };

class TransportSimplex {
 public:
  /// Asked every few hundred pivots whether to stop.
  using Stop = std::function<bool(std::int64_t pivots)>;

  TransportSimplex(TransportTree tree, std::int64_t pivot_limit, Stop stop)
      : tree_(std::move(tree)), pivot_limit_(pivot_limit), stop_(std::move(stop)) {}

  /// Pivots until no arc of the pool has a negative reduced cost. Block search: of each block of
  /// arcs the most negative one enters; blocks follow one another cyclically. They grow with the
  /// subtrees that pivots shift: where a pivot is dear, a search for a better one is worth it.
  SimplexStop run(const ArcPool& pool);

  /// The same over all arcs of a cost without forbidden ones, in memory O(n + m).
  SimplexStop run(const CostView& cost);

  const TransportTree& tree() const { return tree_; }
  TransportTree& tree() { return tree_; }
  std::int64_t pivots() const { return pivots_; }

 private:
  struct Entering {
    std::int32_t i = -1, j = -1;
    double cost = 0.0;
  };
  template <bool levels>
  Entering search(const ArcPool& pool);
  SimplexStop may_go_on() const;

  TransportTree tree_;
  std::int64_t pivot_limit_;
  Stop stop_;
  std::int64_t pivots_ = 0;
  std::size_t cursor_ = 0;
  double typical_shift_ = 0.0;  // nodes, of recent pivots
};

}  // namespace pushforward::ot::detail
