// Fused scores and running maxima. A panel of atoms meets R queries at a time; the R x C vectors of
// scores live in registers and are compared with the worst score that each query still keeps. After
// the first few panels that test almost never succeeds (about slots * log N times a query), so no
// indices are carried along: they are worked out in the rare branch.
#include "ot/src/cell_assignment_kernels.hpp"

#include "ot/src/lane_bits.hpp"
#include "ot/src/score_tiles.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

// The rare branch, out of line so that it takes no registers from the loops around it. scores:
// queries x width, of which each query's best enter its list.
template <class T, int C>
[[gnu::noinline]] void insert_all(const T* scores, int queries, std::int64_t first_label,
                                  const BestCells<T>& best, std::int64_t query) {
  constexpr int L = simd::lanes<T>;
  for (int r = 0; r < queries; ++r) {
    T* values = best.values + (query + r) * best.slots;
    std::int32_t* labels = best.labels + (query + r) * best.slots;
    for (int c = 0; c < C; ++c) {
      const T* lane_scores = scores + (r * C + c) * L;
      unsigned bits =
          lane_bits(greater(simd::load(lane_scores), simd::set(values[best.slots - 1])));
      for (; bits != 0; bits &= bits - 1) {
        const int lane = __builtin_ctz(bits);
        insert(lane_scores[lane], static_cast<std::int32_t>(first_label + c * L + lane), values,
               labels, best.slots);
      }
    }
  }
}

template <class T, int R, int C>
[[gnu::always_inline]] inline void keep(const Tile<T, R, C>& tile, std::int64_t first_label,
                                        const BestCells<T>& best, std::int64_t query) {
  using V = simd::Vec<T>;
  Mask<T> some{};
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    V top = tile.score[r][0];
#pragma GCC unroll 16
    for (int c = 1; c < C; ++c) top = simd::max(top, tile.score[r][c]);
    const auto improves = greater(top, simd::set(best.values[(query + r + 1) * best.slots - 1]));
    some = r == 0 ? improves : either<T>(some, improves);
  }
  if (__builtin_expect(lane_bits(some) == 0, 1)) return;
  T scores[R * C * simd::lanes<T>];
  save(tile, scores);
  insert_all<T, C>(scores, R, first_label, best, query);
}

// ---- all queries against all panels ----

// Queries whose sums wait from slice to slice.
constexpr std::int64_t waiting = 128;

// Queries [begin, end), R at a time, against `count` coordinates of a panel from `first` on. The
// slice that comes next is fetched meanwhile, a share a tile. D > 0 fixes the dimension at compile
// time.
template <class T, int R, int C, int D>
[[gnu::always_inline]] inline void meet(const PackedCells<T>& cells, std::int64_t panel,
                                        std::int64_t first, std::int64_t count, const T* x,
                                        std::int64_t begin, std::int64_t end, T* sums,
                                        const BestCells<T>& best) {
  constexpr std::int64_t width = C * simd::lanes<T>;
  constexpr std::int64_t line = 64 / sizeof(T);
  const std::int64_t d = D > 0 ? D : cells.dim;
  const T* atoms = cells.atoms + (panel * d + first) * width;
  const T* next = atoms + count * width;
  const std::int64_t left = (cells.panels - panel) * d * width - (first + count) * width;
  const std::int64_t ahead = left < count * width ? left : count * width;
  const std::int64_t share = (ahead * R / (end - begin) / line + 1) * line;
  std::int64_t fetched = 0;
  for (std::int64_t i = begin; i < end; i += R) {
    if constexpr (D == 0) {
      for (const std::int64_t goal = fetched + share; fetched < goal && fetched < ahead;
           fetched += line) {
        __builtin_prefetch(next + fetched, 0, 2);
      }
    }
    Tile<T, R, C> tile;
    if (first == 0) {
      start(cells.heights + panel * width, tile);
    } else {
      restore(sums + (i % waiting) * width, tile);
    }
    add_products(atoms, x + i * d + first, d, count, tile);
    if (first + count < d) {
      save(tile, sums + (i % waiting) * width);
    } else {
      keep(tile, panel * width, best, i);
    }
  }
}

template <class T, int R, int C, int D>
void best_cells_of(const PackedCells<T>& cells, const T* x, std::int64_t queries,
                   const BestCells<T>& best) {
  const std::int64_t d = D > 0 ? D : cells.dim;
  const std::int64_t together = d <= slice ? queries : waiting;
  T sums[D > 0 ? 1 : waiting * C * simd::lanes<T>];
  for (std::int64_t begin = 0; begin < queries; begin += together) {
    const std::int64_t end = queries - begin < together ? queries : begin + together;
    const std::int64_t tiled = end - (end - begin) % R;
    for (std::int64_t p = 0; p < cells.panels; ++p) {
      for (std::int64_t k = 0; k < d; k += slice) {
        const std::int64_t count = D > 0 ? D : (d - k < slice ? d - k : slice);
        if (tiled > begin) meet<T, R, C, D>(cells, p, k, count, x, begin, tiled, sums, best);
        if (end > tiled) meet<T, 1, C, D>(cells, p, k, count, x, tiled, end, sums, best);
      }
    }
  }
}

template <class T>
void best_cells(const PackedCells<T>& cells, const T* x, std::int64_t queries,
                const BestCells<T>& best) {
  constexpr int R = queries_at_once;
  constexpr int C = vectors;
  switch (cells.dim) {
    case 1:
      return best_cells_of<T, R, C, 1>(cells, x, queries, best);
    case 2:
      return best_cells_of<T, R, C, 2>(cells, x, queries, best);
    case 3:
      return best_cells_of<T, R, C, 3>(cells, x, queries, best);
    default:
      return best_cells_of<T, R, C, 0>(cells, x, queries, best);
  }
}

}  // namespace

const CellAssignmentKernels& cell_assignment_kernels() {
  static constexpr CellAssignmentKernels kernels{vectors * simd::lanes<float>,
                                                 vectors * simd::lanes<double>, best_cells<float>,
                                                 best_cells<double>};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
