#include "ot/src/shortlist.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/cost_kernels.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::block_count;
using pushforward::detail::parallel_blocks;

constexpr Index column_block = 32;
constexpr Index strip = 1024;
constexpr Index sampled_columns = 64;
constexpr Index fewest_arcs = 3;  // of a row or column

struct Candidate {
  std::int32_t row;
  double cost, reduced;
};

// Rows of column j with C_ij - f_i <= limit.
void collect(const CostView& cost, const double* f, double g, Index j, double limit,
             std::vector<Candidate>& found) {
  const CostKernels& kernels = cost_kernels(active_isa());
  double buffer[strip];
  std::int32_t place[strip];
  found.clear();
  for (Index top = 0; top < cost.rows(); top += strip) {
    const Index rows = std::min(strip, cost.rows() - top);
    const double* column = cost.column(j, top, top + rows, buffer);
    const std::int64_t hits = kernels.collect(column, f + top, limit, place, rows);
    for (std::int64_t h = 0; h < hits; ++h) {
      const std::int32_t at = place[h];
      found.push_back(
          {static_cast<std::int32_t>(top) + at, column[at], column[at] - f[top + at] - g});
    }
  }
}

// The k-th least C_ij - f_i of column j.
double kth_least(const CostView& cost, const Vector& f, Index j, Index k) {
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
    const double kth = kth_least(cost, p.f, j, k);
    highest.push_back(kth - p.g[j]);
    range.push_back(kth - kth_least(cost, p.f, j, 1));
  }
  return {median(highest), median(range)};
}

void keep_least(std::vector<Candidate>& found, Index k) {
  if (static_cast<Index>(found.size()) <= k) return;
  const auto middle = found.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(found.begin(), middle, found.end(), [](const Candidate& p, const Candidate& q) {
    return p.reduced != q.reduced ? p.reduced < q.reduced : p.row < q.row;
  });
  found.erase(middle, found.end());
}

}  // namespace

ArcPool shortlist(const CostView& cost, const Potentials& p, Index per_node, int threads) {
  const Index n = cost.rows();
  const Index m = cost.cols();
  const Threshold threshold = common_threshold(cost, p, per_node);
  std::vector<ArcPool> parts(static_cast<std::size_t>(block_count(m, column_block)));
  parallel_blocks(m, column_block, threads, [&](Index begin, Index end, Index b) {
    ArcPool& part = parts[static_cast<std::size_t>(b)];
    std::vector<Candidate> found;
    for (Index j = begin; j < end; ++j) {
      double limit = p.g[j] + threshold.value;
      collect(cost, p.f.data(), p.g[j], j, limit, found);
      const Index fewest = std::min(n, fewest_arcs);
      for (int wider = 1; static_cast<Index>(found.size()) < fewest; ++wider) {
        limit = wider < 4 ? limit + threshold.range : kth_least(cost, p.f, j, fewest);
        collect(cost, p.f.data(), p.g[j], j, limit, found);
      }
      keep_least(found, 4 * per_node);
      for (const Candidate& c : found) {
        part.add(c.row, static_cast<std::int32_t>(j), c.cost);
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
  const Index fewest = std::min(m, fewest_arcs);
  std::vector<Candidate> found;
  for (Index i = 0; i < n; ++i) {
    if (count[static_cast<std::size_t>(i)] >= fewest) continue;
    found.clear();
    for (Index j = 0; j < m; ++j) {
      const double c = cost.entry(i, j);
      found.push_back({static_cast<std::int32_t>(j), c, c - p.f[i] - p.g[j]});
    }
    keep_least(found, fewest);
    for (const Candidate& c : found) pool.add(static_cast<std::int32_t>(i), c.row, c.cost);
  }
  return pool;
}

Index price(const CostView& cost, const double* f, const double* g, Index per_column, int threads,
            ArcPool& pool) {
  std::vector<ArcPool> parts(static_cast<std::size_t>(block_count(cost.cols(), column_block)));
  parallel_blocks(cost.cols(), column_block, threads, [&](Index begin, Index end, Index b) {
    std::vector<Candidate> found;
    for (Index j = begin; j < end; ++j) {
      collect(cost, f, g[j], j, g[j], found);
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

}  // namespace pushforward::ot::detail
