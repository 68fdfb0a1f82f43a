#include "ot/src/transport_simplex.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pushforward::ot::detail {
namespace {

constexpr std::size_t smallest_block = 256;
constexpr double recent_pivots = 256.0;
constexpr std::int64_t pivots_between_questions = 256;
constexpr Index strip = 1024;

}  // namespace

SimplexStop TransportSimplex::may_go_on() const {
  if (pivots_ >= pivot_limit_) return SimplexStop::pivot_limit;
  if (stop_ && pivots_ % pivots_between_questions == 0 && stop_(pivots_)) {
    return SimplexStop::asked;
  }
  return SimplexStop::optimal;
}

template <bool with_levels>
TransportSimplex::Entering TransportSimplex::search(const ArcPool& pool) {
  const double* f = tree_.potentials();
  const double* g = f + tree_.sources();
  const std::int8_t* row_level = tree_.levels();
  const std::int8_t* col_level = row_level + tree_.sources();
  const std::size_t size = pool.size();
  // To price an arc takes about as long as to shift a potential.
  const double wanted = std::max(std::sqrt(static_cast<double>(size)), typical_shift_);
  const std::size_t block = std::max(smallest_block, static_cast<std::size_t>(wanted));
  std::size_t at = cursor_;
  for (std::size_t seen = 0; seen < size;) {
    Entering best;
    double least = 0.0;
    int least_level = 0;
    for (std::size_t left = std::min(block, size - seen); left > 0;) {
      const std::size_t end = std::min(at + left, size);
      left -= end - at;
      seen += end - at;
      for (; at < end; ++at) {
        const std::int32_t i = pool.row[at];
        const std::int32_t j = pool.col[at];
        const double reduced = pool.cost[at] - f[i] - g[j];
        if constexpr (with_levels) {
          const int level = -(row_level[i] + col_level[j]);
          if (level > least_level || (level == least_level && reduced >= least)) continue;
          if (level == 0 && !is_negative(reduced, pool.cost[at], f[i], g[j])) continue;
          least_level = level;
        } else {
          if (reduced >= least || !is_negative(reduced, pool.cost[at], f[i], g[j])) continue;
        }
        least = reduced;
        best = {i, j, pool.cost[at]};
      }
      if (at == size) at = 0;
    }
    if (best.i >= 0) {
      cursor_ = at;
      return best;
    }
  }
  return {};
}

SimplexStop TransportSimplex::run(const ArcPool& pool) {
  if (cursor_ >= pool.size()) cursor_ = 0;
  for (;;) {
    Entering arc = tree_.has_levels() ? search<true>(pool) : search<false>(pool);
    if (arc.i < 0) {
      tree_.refresh_potentials();
      arc = tree_.has_levels() ? search<true>(pool) : search<false>(pool);
      if (arc.i < 0) return SimplexStop::optimal;
    }
    if (const SimplexStop stop = may_go_on(); stop != SimplexStop::optimal) return stop;
    tree_.pivot(arc.i, arc.j, arc.cost);
    typical_shift_ += (tree_.shifted() - typical_shift_) / recent_pivots;
    ++pivots_;
  }
}

SimplexStop TransportSimplex::run(const CostView& cost) {
  const CostKernels& kernels = cost_kernels(active_isa());
  const auto n = static_cast<Index>(tree_.sources());
  const auto m = static_cast<Index>(tree_.targets());
  // Columns of one block: about sqrt(n m) arcs.
  const double wanted =
      std::max(1024.0, std::sqrt(static_cast<double>(n) * static_cast<double>(m)));
  const Index block = std::clamp<Index>(static_cast<Index>(wanted / static_cast<double>(n)), 1, m);
  double buffer[strip];
  bool fresh = false;  // whether the potentials carry no drift
  for (Index j = 0, since_entering = 0;;) {
    if (since_entering >= m) {
      if (fresh) return SimplexStop::optimal;
      tree_.refresh_potentials();
      fresh = true;
      since_entering = 0;
    }
    const double* f = tree_.potentials();
    const double* g = f + n;
    Entering best;
    double least = 0.0;
    for (Index k = 0; k < block && since_entering < m; ++k, ++since_entering) {
      for (Index top = 0; top < n; top += strip) {
        const Index rows = std::min(strip, n - top);
        const double* column = cost.column(j, top, top + rows, buffer);
        const LeastReduced found = kernels.least(column, f + top, rows);
        const double reduced = found.value - g[j];
        const auto i = static_cast<std::int32_t>(top + found.place);
        const double c = column[found.place];
        if (reduced < least && is_negative(reduced, c, f[i], g[j])) {
          least = reduced;
          best = {i, static_cast<std::int32_t>(j), c};
        }
      }
      if (++j == m) j = 0;
    }
    if (best.i < 0) continue;
    if (const SimplexStop stop = may_go_on(); stop != SimplexStop::optimal) return stop;
    tree_.pivot(best.i, best.j, best.cost);
    ++pivots_;
    fresh = false;
    since_entering = 0;
  }
}

}  // namespace pushforward::ot::detail
