#include "ot/src/cell_tree.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/certificate.hpp"

#include "ot/src/cell_order.hpp"
#include "ot/src/shortlist.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::ot::detail;
using testing::Splitmix;

namespace {

// Points of a kind that trees find hard, in the order of cells.
Matrix cloud(Splitmix& draws, Index d, Index n, int kind) {
  Matrix x = draws.uniform(d, n);
  if (kind == 1) x = (4.0 * x).array().floor();          // many equal ones
  if (kind == 2) x.row(0).setConstant(0.5);              // flat
  if (kind == 3) x = (x.array() * 1e-9 + 1e8).matrix();  // a far cluster
  if (kind == 4) x.leftCols(n / 2).array() *= 1e-6;      // dense and thin parts
  const std::vector<Index> order = cell_order(x);
  Matrix sorted(d, n);
  for (Index i = 0; i < n; ++i) sorted.col(i) = x.col(order[static_cast<std::size_t>(i)]);
  return sorted;
}

Vector noisy(Splitmix& draws, const Vector& p, double size) {
  return p + size * (draws.uniform(p.size(), 1).array() - 0.5).matrix();
}

}  // namespace

TEST_CASE("cell tree: no pair of small reduced cost is left out") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Splitmix draws(seed);
    const Index d = 1 + static_cast<Index>(seed % 4);
    const Index n = 60 + static_cast<Index>(seed), m = 90;
    const PointCost cost(cloud(draws, d, n, static_cast<int>(seed % 5)),
                         cloud(draws, d, m, static_cast<int>(seed / 5 % 5)));
    Potentials p = feasible_potentials(cost, Vector::Zero(m));
    const double typical = typical_cost(cost);
    p.f = noisy(draws, p.f, 0.1 * typical);
    p.g = noisy(draws, p.g, 0.1 * typical);
    CellTree rows(cost.source_coordinates(), 8), cols(cost.target_coordinates(), 8);
    rows.set_potential(p.f.data(), 1.0);
    cols.set_potential(p.g.data(), 1.0);
    const CellSearch search(cols, rows);
    for (const double limit : {-0.01 * typical, 0.0, 0.02 * typical}) {
      std::vector<CellTree::Cell> found;
      std::size_t missed = 0;
      for (const CellTree::Cell cell : cols.parts(8)) {
        search.leaves(cell, limit, found);
        const std::set<CellTree::Cell> leaves(found.begin(), found.end());
        for (Index j = cols.range(cell).begin; j < cols.range(cell).end; ++j) {
          for (Index i = 0; i < n; ++i) {
            if (cost.entry(i, j) - p.f[i] - p.g[j] > limit) continue;
            const CellTree::Cell leaf = rows.leaf_of(i);
            if (!leaves.contains(leaf) || !search.may_hold(j, p.g[j], leaf, limit)) ++missed;
          }
        }
      }
      CHECK(missed == 0);
    }
  }
}

TEST_CASE("cell tree: near an optimum most cells are left out") {
  Splitmix draws(3);
  const Index n = 2000;
  const Matrix x = cloud(draws, 2, n, 0);
  // y = 2 x: then f = -|x|^2 and g = |y|^2 / 2 are optimal.
  const Vector f = -x.colwise().squaredNorm().transpose();
  const Vector g = 2.0 * x.colwise().squaredNorm().transpose();
  CellTree rows(x.transpose(), 16), cols(2.0 * x.transpose(), 16);
  rows.set_potential(f.data(), 1.0);
  cols.set_potential(g.data(), 1.0);
  std::vector<CellTree::Cell> found;
  std::size_t pairs = 0;
  const std::vector<CellTree::Cell> parts = cols.parts(16);
  for (const CellTree::Cell cell : parts) {
    CellSearch(cols, rows).leaves(cell, 0.0, found);
    pairs += found.size();
  }
  CHECK(pairs >= parts.size());
  CHECK(pairs <= 30 * parts.size());  // of 128 leaves each; 9 are neighbours
}

TEST_CASE("cell tree: parts cover every index once, and leaves know their indices") {
  Splitmix draws(4);
  for (const Index n : {1, 2, 7, 100, 333}) {
    const CellTree tree(draws.uniform(3, n).transpose(), 5);
    for (const Index size : {1, 5, 20, 1000}) {
      Index next = 0;
      for (const CellTree::Cell cell : tree.parts(size)) {
        CHECK(tree.range(cell).begin == next);
        next = tree.range(cell).end;
        CHECK(next - tree.range(cell).begin <= std::max<Index>(size, 5));
      }
      CHECK(next == n);
    }
    for (Index i = 0; i < n; ++i) {
      const Range range = tree.range(tree.leaf_of(i));
      CHECK((range.begin <= i && i < range.end));
    }
  }
}

TEST_CASE("arc search: transforms are those of all pairs, bit for bit") {
  for (const Cost& kind :
       {Cost::squared_euclidean(), Cost::half_squared_euclidean(), Cost::negative_dot()}) {
    for (int shape = 0; shape < 5; ++shape) {
      Splitmix draws(50 + static_cast<std::uint64_t>(shape));
      const PointCost cost(cloud(draws, 2, 560, shape), cloud(draws, 2, 450, 0), kind);
      const Potentials p = feasible_potentials(cost, Vector::Zero(450));
      ArcSearch search(cost, 2);
      for (const double noise : {0.0, 1e-13, 0.3}) {
        CHECK(search.transform(p.f, noisy(draws, p.g, noise)) == c_transform(cost, p.f));
      }
    }
  }
}

TEST_CASE("arc search: prices the arcs that a look at all pairs finds negative") {
  Splitmix draws(60);
  const Index n = 600, m = 650;
  const PointCost cost(cloud(draws, 3, n, 0), cloud(draws, 3, m, 4));
  Potentials p = feasible_potentials(cost, Vector::Zero(m));
  ArcSearch search(cost, 1);
  ArcPool none;
  CHECK(search.price(p.f.data(), p.g.data(), n, none) == 0);
  p.f = noisy(draws, p.f, 0.02);
  ArcPool found;
  const Index count = search.price(p.f.data(), p.g.data(), n, found);
  std::set<std::pair<Index, Index>> pairs;
  for (std::size_t k = 0; k < found.size(); ++k) pairs.emplace(found.row[k], found.col[k]);
  CHECK(pairs.size() == static_cast<std::size_t>(count));
  std::size_t negative = 0;
  for (Index j = 0; j < m; ++j) {
    for (Index i = 0; i < n; ++i) {
      const double c = cost.entry(i, j);
      if (!is_negative(c - p.f[i] - p.g[j], c, p.f[i], p.g[j])) continue;
      ++negative;
      CHECK(pairs.contains({i, j}));
    }
  }
  CHECK(negative == pairs.size());
  CHECK(negative > 100);
}
