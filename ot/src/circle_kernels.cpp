// Products of both ends of a few pairs with all atoms are stored; then the points of each pair
// are scored from them. Lists of the best are short against the number of atoms, and most of what
// enters them early is thrown out later. So a first sweep takes the maxima over as many groups of
// atoms as a panel has places, and the second looks only at scores that reach the `slots`-th
// largest of these: at least `slots` atoms do.
#include "ot/src/circle_kernels.hpp"

#include "ot/src/lane_bits.hpp"
#include "ot/src/score_tiles.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

constexpr int C = vectors;
constexpr int L = simd::lanes<float>;
constexpr std::int64_t width = C * L;
using V = simd::Vec<float>;
constexpr float lowest = -__builtin_inff();

// ---- products ----

// Coordinates [first, first + count) of a panel and the queries [begin, end), R at a time.
template <int R>
[[gnu::always_inline]] inline void multiply(const PackedCells<float>& cells, std::int64_t panel,
                                            std::int64_t first, std::int64_t count, const float* x,
                                            std::int64_t begin, std::int64_t end, float* sums) {
  const float* atoms = cells.atoms + (panel * cells.dim + first) * width;
  for (std::int64_t i = begin; i < end; i += R) {
    Tile<float, R, C> tile{};
    float* to = sums + (i * cells.panels + panel) * width;
    if (first > 0) {
#pragma GCC unroll 64
      for (int v = 0; v < R * C; ++v) {
        tile.score[v / C][v % C] = simd::load(to + (v / C) * cells.panels * width + (v % C) * L);
      }
    }
    add_products(atoms, x + i * cells.dim + first, cells.dim, count, tile);
#pragma GCC unroll 64
    for (int v = 0; v < R * C; ++v) {
      simd::store(to + (v / C) * cells.panels * width + (v % C) * L, tile.score[v / C][v % C]);
    }
  }
}

// sums: queries x panels x width.
void multiply_all(const PackedCells<float>& cells, const float* x, std::int64_t queries,
                  float* sums) {
  constexpr int R = queries_at_once;
  const std::int64_t tiled = queries - queries % R;
  for (std::int64_t p = 0; p < cells.panels; ++p) {
    for (std::int64_t k = 0; k < cells.dim; k += slice) {
      const std::int64_t count = cells.dim - k < slice ? cells.dim - k : slice;
      multiply<R>(cells, p, k, count, x, 0, tiled, sums);
      multiply<1>(cells, p, k, count, x, tiled, queries, sums);
    }
  }
}

// ---- points ----

// The products of the pair's two ends with one panel after another.
struct PairProducts {
  const float* x;
  const float* other;
};

// Two opposite points, at 45 Axis degrees and half a turn on: scores h + t g and h - t g.
template <int Axis>
[[gnu::always_inline]] inline V along(const PairProducts& products, std::int64_t at) {
  if constexpr (Axis == 0) return simd::load(products.x + at);
  if constexpr (Axis == 1) return simd::load(products.x + at) + simd::load(products.other + at);
  if constexpr (Axis == 2) return simd::load(products.other + at);
  if constexpr (Axis == 3) return simd::load(products.other + at) - simd::load(products.x + at);
}
template <int Axis>
constexpr float unit = Axis % 2 == 0 ? 1.0F : 0.70710678F;

// The `slots`-th largest of the groups' maxima, which slots atoms reach. values and labels are a
// list that is left as it was: empty.
inline float threshold(const V* maxima, float* values, std::int32_t* labels, std::int64_t slots) {
  float groups[width];
  for (int c = 0; c < C; ++c) simd::store(groups + c * L, maxima[c]);
  for (const float group : groups) insert(group, -1, values, labels, slots);
  const float least = values[slots - 1];
  for (std::int64_t s = 0; s < slots; ++s) values[s] = lowest;
  return least;
}

// The rare branch. scores: those of one panel.
[[gnu::noinline]] void insert_panel(const float* scores, float least, std::int64_t first_label,
                                    float* values, std::int32_t* labels, std::int64_t slots) {
  for (int c = 0; c < C; ++c) {
    unsigned bits = lane_bits(at_least(simd::load(scores + c * L), simd::set(least)));
    for (; bits != 0; bits &= bits - 1) {
      const int place = c * L + __builtin_ctz(bits);
      insert(scores[place], static_cast<std::int32_t>(first_label + place), values, labels, slots);
    }
  }
}

template <int Axis>
void best_along(const PackedCells<float>& cells, const PairProducts& products,
                const BestCells<float>& best, std::int64_t point, std::int64_t opposite) {
  const V ahead = simd::set(unit<Axis>), behind = simd::set(-unit<Axis>);
  V maxima[2][C];
#pragma GCC unroll 16
  for (int c = 0; c < C; ++c) maxima[0][c] = maxima[1][c] = simd::set(lowest);
  for (std::int64_t p = 0; p < cells.panels; ++p) {
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
      const std::int64_t at = p * width + c * L;
      const V h = simd::load(cells.heights + at), g = along<Axis>(products, at);
      maxima[0][c] = simd::max(simd::fma(ahead, g, h), maxima[0][c]);
      maxima[1][c] = simd::max(simd::fma(behind, g, h), maxima[1][c]);
    }
  }
  const std::int64_t slots = best.slots;
  float* values[2];
  std::int32_t* labels[2];
  float least[2];
  for (int side = 0; side < 2; ++side) {
    const std::int64_t list = side == 0 ? point : opposite;
    values[side] = best.values + list * slots;
    labels[side] = best.labels + list * slots;
    least[side] = threshold(maxima[side], values[side], labels[side], slots);
  }
  const V least_ahead = simd::set(least[0]), least_behind = simd::set(least[1]);
  for (std::int64_t p = 0; p < cells.panels; ++p) {
    V scores[2][C];
#pragma GCC unroll 16
    for (int c = 0; c < C; ++c) {
      const std::int64_t at = p * width + c * L;
      const V h = simd::load(cells.heights + at), g = along<Axis>(products, at);
      scores[0][c] = simd::fma(ahead, g, h);
      scores[1][c] = simd::fma(behind, g, h);
    }
    V top[2] = {scores[0][0], scores[1][0]};
#pragma GCC unroll 16
    for (int c = 1; c < C; ++c) {
      top[0] = simd::max(top[0], scores[0][c]);
      top[1] = simd::max(top[1], scores[1][c]);
    }
    const auto reached =
        either<float>(at_least(top[0], least_ahead), at_least(top[1], least_behind));
    if (__builtin_expect(lane_bits(reached) == 0, 1)) continue;
    float panel[2][width];
    for (int c = 0; c < C; ++c) {
      simd::store(panel[0] + c * L, scores[0][c]);
      simd::store(panel[1] + c * L, scores[1][c]);
    }
    insert_panel(panel[0], least[0], p * width, values[0], labels[0], slots);
    insert_panel(panel[1], least[1], p * width, values[1], labels[1], slots);
  }
}

void best_on_circles(const PackedCells<float>& cells, const float* x, std::int64_t pairs,
                     std::int64_t points, const BestCells<float>& best, float* scratch) {
  const std::int64_t row = cells.panels * width;
  for (std::int64_t begin = 0; begin < pairs; begin += waiting_pairs) {
    const std::int64_t count = pairs - begin < waiting_pairs ? pairs - begin : waiting_pairs;
    multiply_all(cells, x + 2 * begin * cells.dim, 2 * count, scratch);
    for (std::int64_t i = 0; i < count; ++i) {
      const PairProducts products{scratch + 2 * i * row, scratch + (2 * i + 1) * row};
      const std::int64_t first = (begin + i) * points, half = points / 2, quarter = points / 4;
      best_along<0>(cells, products, best, first, first + half);
      best_along<2>(cells, products, best, first + quarter, first + quarter + half);
      if (points == points_on_axes) continue;
      best_along<1>(cells, products, best, first + 1, first + 1 + half);
      best_along<3>(cells, products, best, first + 3, first + 3 + half);
    }
  }
}

}  // namespace

const CircleKernels& circle_kernels() {
  static constexpr CircleKernels kernels{best_on_circles};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
