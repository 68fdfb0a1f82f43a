#include "ot/src/greedy_tree.hpp"

#include <algorithm>
#include <utility>

namespace pushforward::ot::detail {

TransportTree greedy_tree(const CostView& cost, const WholeMasses& masses, const ArcPool& pool,
                          const std::vector<std::size_t>& first, const Potentials& start,
                          bool ship_all) {
  std::vector<std::pair<double, std::size_t>> order(pool.size());
  for (std::size_t k = 0; k < pool.size(); ++k) {
    order[k] = {pool.cost[k] - start.f[pool.row[k]] - start.g[pool.col[k]], k};
  }
  std::sort(order.begin(), order.end());
  TransportTree tree(masses.a, masses.b);
  for (const std::size_t k : first) tree.ship(pool.row[k], pool.col[k], pool.cost[k]);
  for (const auto& [reduced, k] : order) tree.ship(pool.row[k], pool.col[k], pool.cost[k]);
  if (ship_all) {
    for (TransportTree::Node i = 0, j = 0; i < tree.sources() && j < tree.targets();) {
      if (tree.left(i) > 0.0 && tree.left(tree.sources() + j) > 0.0) {
        tree.ship(i, j, cost.entry(i, j));
      }
      if (tree.left(i) == 0.0) {
        ++i;
      } else {
        ++j;
      }
    }
  }
  Vector tops(start.f.size() + start.g.size());
  tops << start.f, start.g;
  tree.finish_start(tops);
  return tree;
}

}  // namespace pushforward::ot::detail
