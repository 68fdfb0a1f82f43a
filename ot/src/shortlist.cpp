#include "ot/src/shortlist.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/cost_kernels.hpp"
#include "ot/src/entropic_start.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::block_count;
using pushforward::detail::parallel_blocks;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Index column_block = 32;
constexpr Index strip = 1024;
constexpr Index sampled_columns = 64;
constexpr Index fewest_arcs = 3;  // of a row or column
constexpr Index leaf_points = 16;
constexpr Index groups_a_task = 8;
constexpr Index fewest_points_for_cells = 1000;
constexpr int widenings = 6;  // of a search before it looks everywhere

// The k-th least C_ij - f_i of column j.
double kth_least(const CostView& cost, const double* f, Index j, Index k) {
  Vector column(cost.rows());
  const double* values = cost.column(j, 0, cost.rows(), column.data());
  for (Index i = 0; i < cost.rows(); ++i) column[i] = values[i] - f[i];
  const Index at = std::min(k, cost.rows()) - 1;
  std::nth_element(column.data(), column.data() + at, column.data() + column.size());
  return column[at];
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Reduced costs up to `value` leave a typical column k arcs, which range over `range`.
struct Threshold {
  double value, range;
};

Threshold common_threshold(const CostView& cost, const Potentials& p, Index k) {
  const Index columns = std::min(sampled_columns, cost.cols());
  std::vector<double> highest, range;
  for (Index s = 0; s < columns; ++s) {
    const Index j = s * cost.cols() / columns;
    const double kth = kth_least(cost, p.f.data(), j, k);
    highest.push_back(kth - p.g[j]);
    range.push_back(kth - kth_least(cost, p.f.data(), j, 1));
  }
  return {median(highest), median(range)};
}

template <class Candidate>
void keep_least(std::vector<Candidate>& found, Index k) {
  if (static_cast<Index>(found.size()) <= k) return;
  const auto middle = found.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(found.begin(), middle, found.end(), [](const Candidate& p, const Candidate& q) {
    return p.reduced != q.reduced ? p.reduced < q.reduced : p.row < q.row;
  });
  found.erase(middle, found.end());
}

}  // namespace

ArcSearch::ArcSearch(const CostView& cost, int threads) : cost_(cost), threads_(threads) {
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  has_cells_ = has_entropic_start(cost) && points->dim() <= CellTree::most_dimensions &&
               cost.rows() + cost.cols() >= fewest_points_for_cells;
  if (!has_cells_) return;
  const CostKind kind = points->cost().kind();
  is_dot_ = kind == CostKind::negative_dot;
  scale_ = is_dot_ || kind == CostKind::half_squared_euclidean ? 0.5 : 1.0;
  const Matrix& x = points->source_coordinates();
  const Matrix& y = points->target_coordinates();
  row_tree_ = CellTree(x, leaf_points);
  col_tree_ = CellTree(y, leaf_points);
  col_leaves_ = col_tree_.parts(leaf_points);
  if (is_dot_) {
    row_norms_ = 0.5 * x.rowwise().squaredNorm();
    col_norms_ = 0.5 * y.rowwise().squaredNorm();
  }
}

void ArcSearch::set_potentials(const double* f, const double* g) {
  f_ = f;
  g_ = g;
  if (!has_cells_) return;
  if (!is_dot_) {
    row_tree_.set_potential(f, scale_);
    col_tree_.set_potential(g, scale_);
    return;
  }
  // -<x, y> is |x - y|^2 / 2 less the half squares.
  const Vector p = row_norms_ + Eigen::Map<const Vector>(f, cost_.rows());
  const Vector q = col_norms_ + Eigen::Map<const Vector>(g, cost_.cols());
  row_tree_.set_potential(p.data(), scale_);
  col_tree_.set_potential(q.data(), scale_);
}

Index ArcSearch::group_count() const {
  return has_cells_ ? static_cast<Index>(col_leaves_.size())
                    : block_count(cost_.cols(), column_block);
}

ArcSearch::Group ArcSearch::group(Index k) const {
  if (has_cells_) {
    const CellTree::Cell cell = col_leaves_[static_cast<std::size_t>(k)];
    return {.columns = col_tree_.range(cell), .cell = cell};
  }
  return {.columns = {k * column_block, std::min(cost_.cols(), (k + 1) * column_block)}};
}

void ArcSearch::widen(Group& group, double limit) const {
  if (has_cells_) CellSearch(col_tree_, row_tree_).leaves(group.cell, limit, group.leaves);
}

// Calls take(group, part) with a pool for each task; pools are put together in order.
template <class Take>
void ArcSearch::for_each_group(Take take) const {
  const Index task = has_cells_ ? groups_a_task : 1;
  parallel_blocks(group_count(), task, threads_, [&](Index begin, Index end, Index b) {
    for (Index k = begin; k < end; ++k) {
      Group columns = group(k);
      take(columns, b);
    }
  });
}

// Rows with C_ij - f_i <= highest.
void ArcSearch::collect_rows(Index j, Range rows, double highest,
                             std::vector<Candidate>& found) const {
  const CostKernels& kernels = cost_kernels(active_isa());
  double buffer[strip];
  std::int32_t place[strip];
  for (Index top = rows.begin; top < rows.end; top += strip) {
    const Index count = std::min(strip, rows.end - top);
    const double* column = cost_.column(j, top, top + count, buffer);
    const std::int64_t hits = kernels.collect(column, f_ + top, highest, place, count);
    for (std::int64_t h = 0; h < hits; ++h) {
      const std::int32_t at = place[h];
      found.push_back(
          {static_cast<std::int32_t>(top) + at, column[at], column[at] - f_[top + at] - g_[j]});
    }
  }
}

// Rows of column j with a reduced cost up to `limit`, no larger than the group was widened to.
void ArcSearch::collect(const Group& group, Index j, double limit,
                        std::vector<Candidate>& found) const {
  found.clear();
  const double highest = g_[j] + limit;
  if (!has_cells_) {
    collect_rows(j, {0, cost_.rows()}, highest, found);
    return;
  }
  const CellSearch search(col_tree_, row_tree_);
  const double p = is_dot_ ? g_[j] + col_norms_[j] : g_[j];
  for (const CellTree::Cell leaf : group.leaves) {
    if (search.may_hold(j, p, leaf, limit)) {
      collect_rows(j, row_tree_.range(leaf), highest, found);
    }
  }
}

// At least `fewest` rows of column j, by raising the limit as far as it takes.
void ArcSearch::at_least(Group& group, Index j, Index fewest, double limit, double step,
                         std::vector<Candidate>& found) const {
  for (int wider = 1; static_cast<Index>(found.size()) < fewest; ++wider) {
    if (wider > widenings) {
      found.clear();
      collect_rows(j, {0, cost_.rows()}, kth_least(cost_, f_, j, fewest), found);
      return;
    }
    limit += step;
    step *= 2.0;
    widen(group, limit);
    collect(group, j, limit, found);
  }
}

// The `fewest` columns of least reduced cost of row i.
void ArcSearch::columns_of(Index i, Index fewest, double limit, double step,
                           std::vector<Candidate>& found) const {
  const auto take = [&](Range columns) {
    for (Index j = columns.begin; j < columns.end; ++j) {
      const double c = cost_.entry(i, j);
      found.push_back({static_cast<std::int32_t>(j), c, c - f_[i] - g_[j]});
    }
  };
  if (has_cells_) {
    const CellSearch search(row_tree_, col_tree_);
    const CellTree::Cell cell = row_tree_.leaf_of(i);
    std::vector<CellTree::Cell> leaves;
    for (int wider = 0; wider < widenings; ++wider, limit += step, step *= 2.0) {
      search.leaves(cell, limit, leaves);
      found.clear();
      for (const CellTree::Cell leaf : leaves) take(col_tree_.range(leaf));
      std::erase_if(found, [&](const Candidate& c) { return c.reduced > limit; });
      if (static_cast<Index>(found.size()) < fewest) continue;
      keep_least(found, fewest);
      return;
    }
  }
  found.clear();
  take({0, cost_.cols()});
  keep_least(found, fewest);
}

ArcPool ArcSearch::shortlist(const Potentials& p, Index per_node) {
  set_potentials(p.f.data(), p.g.data());
  const Index n = cost_.rows();
  const Index m = cost_.cols();
  const Threshold threshold = common_threshold(cost_, p, per_node);
  range_ = threshold.range;
  std::vector<ArcPool> parts(static_cast<std::size_t>(group_count()));
  for_each_group([&](Group& group, Index b) {
    std::vector<Candidate> found;
    widen(group, threshold.value);
    for (Index j = group.columns.begin; j < group.columns.end; ++j) {
      collect(group, j, threshold.value, found);
      at_least(group, j, std::min(n, fewest_arcs), threshold.value, threshold.range, found);
      keep_least(found, 4 * per_node);
      for (const Candidate& c : found) {
        parts[static_cast<std::size_t>(b)].add(c.row, static_cast<std::int32_t>(j), c.cost);
      }
    }
  });
  ArcPool pool;
  std::vector<Index> count(static_cast<std::size_t>(n), 0);
  for (const ArcPool& part : parts) {
    for (std::size_t k = 0; k < part.size(); ++k) {
      pool.add(part.row[k], part.col[k], part.cost[k]);
      ++count[static_cast<std::size_t>(part.row[k])];
    }
  }
  // rows that were missed
  std::vector<Candidate> found;
  for (Index i = 0; i < n; ++i) {
    if (count[static_cast<std::size_t>(i)] >= std::min(m, fewest_arcs)) continue;
    columns_of(i, std::min(m, fewest_arcs), threshold.value, threshold.range, found);
    for (const Candidate& c : found) pool.add(static_cast<std::int32_t>(i), c.row, c.cost);
  }
  return pool;
}

Index ArcSearch::price(const double* f, const double* g, Index per_column, ArcPool& pool) {
  set_potentials(f, g);
  std::vector<ArcPool> parts(static_cast<std::size_t>(group_count()));
  for_each_group([&](Group& group, Index b) {
    std::vector<Candidate> found;
    widen(group, 0.0);
    for (Index j = group.columns.begin; j < group.columns.end; ++j) {
      collect(group, j, 0.0, found);
      std::erase_if(found, [&](const Candidate& c) {
        return !is_negative(c.reduced, c.cost, f[c.row], g[j]);
      });
      keep_least(found, per_column);
      for (const Candidate& c : found) {
        parts[static_cast<std::size_t>(b)].add(c.row, static_cast<std::int32_t>(j), c.cost);
      }
    }
  });
  Index added = 0;
  for (const ArcPool& part : parts) {
    for (std::size_t k = 0; k < part.size(); ++k) pool.add(part.row[k], part.col[k], part.cost[k]);
    added += static_cast<Index>(part.size());
  }
  return added;
}

Vector ArcSearch::transform(const Vector& f, const Vector& guess) {
  if (!has_cells_) return c_transform(cost_, f, threads_);
  set_potentials(f.data(), guess.data());
  Vector g(cost_.cols());
  // A guess off by rounding needs no more than this.
  const double step = 0x1p-40 * (f.cwiseAbs().maxCoeff() + guess.cwiseAbs().maxCoeff());
  for_each_group([&](Group& group, Index) {
    std::vector<Candidate> found;
    widen(group, 0.0);
    for (Index j = group.columns.begin; j < group.columns.end; ++j) {
      collect(group, j, 0.0, found);
      at_least(group, j, 1, 0.0, step, found);
      g[j] = infinite;
      for (const Candidate& c : found) g[j] = std::min(g[j], c.cost - f[c.row]);
    }
  });
  return g;
}

}  // namespace pushforward::ot::detail
