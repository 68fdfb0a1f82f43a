// One query at a time: bounds of all panels, the panel of the highest bound, then those whose bound
// still exceeds the worst score kept. A bound costs a query about as much as two vectors of scores
// and stands for 64 atoms.
#include "ot/src/cell_search_kernels.hpp"

#include "core/src/simd.hpp"
#include "ot/src/lane_bits.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

constexpr std::int64_t width = BoundedCells<float>::width;
constexpr std::int64_t group = BoundedCells<float>::group;

template <class T>
inline bool precedes(T value, std::int32_t label, T other_value, std::int32_t other_label) {
  return value > other_value || (value == other_value && label < other_label);
}

// Panels come in no order of labels, so equal scores are told apart by them.
template <class T>
inline void insert(T value, std::int32_t label, T* values, std::int32_t* labels,
                   std::int64_t slots) {
  std::int64_t s = slots - 1;
  if (!precedes(value, label, values[s], labels[s])) return;
  for (; s > 0 && precedes(value, label, values[s - 1], labels[s - 1]); --s) {
    values[s] = values[s - 1];
    labels[s] = labels[s - 1];
  }
  values[s] = value;
  labels[s] = label;
}

template <class T>
[[gnu::always_inline]] inline simd::Vec<T> magnitude(simd::Vec<T> v) {
  using U = simd::UnsignedOf<T>;
  return simd::bits_as<T>(simd::bits_as<U>(v) & simd::set(static_cast<U>(~U{0} >> 1)));
}

// What a score of the panel must reach to be among the best: the worst kept, or the largest or
// second largest of the lanes' maxima, which one or two scores of the panel reach.
template <class T>
[[gnu::always_inline]] inline T promising(simd::Vec<T> lane_maxima, T worst, std::int64_t slots) {
  if (slots > 2) return worst;
  T first = lane_maxima[0];
  T second = worst;
#pragma GCC unroll 16
  for (int l = 1; l < simd::lanes<T>; ++l) {
    const T value = lane_maxima[l];
    const T lower = value < first ? value : first;
    first = value < first ? first : value;
    second = lower < second ? second : lower;
  }
  if (slots == 2) return second;
  return first < worst ? worst : first;
}

// Stores the bounds and returns the panel whose bound is highest.
template <class T, int D>
[[gnu::always_inline]] inline std::int64_t bound_panels(const BoundedCells<T>& cells,
                                                        const simd::Vec<T> (&x)[D], T* bounds) {
  using V = simd::Vec<T>;
  using I = simd::SignedOf<T>;
  constexpr int L = simd::lanes<T>;
  V highest = simd::set(-static_cast<T>(__builtin_huge_val()));
  simd::Vec<I> place{};
  const std::int64_t padded = (cells.panels + group - 1) / group * group;
  for (std::int64_t p = 0; p < padded; p += L) {
    const T* field = cells.bounds + p / group * group * (1 + 3 * D) + p % group;
    V bound = simd::load(field);
#pragma GCC unroll 4
    for (int k = 0; k < D; ++k) {
      const T* of_k = field + (1 + 3 * k) * group;
      const V offset = magnitude<T>(x[k] - simd::load(of_k + group));
      bound = simd::fma(x[k], simd::load(of_k), bound);
      bound = simd::fma(offset, simd::load(of_k + 2 * group), bound);
    }
    simd::store(bounds + p, bound);
    place = simd::select(bound > highest, simd::set(static_cast<I>(p)), place);
    highest = simd::max(highest, bound);
  }
  T value = highest[0];
  std::int64_t panel = place[0];
  for (int l = 1; l < L; ++l) {
    if (highest[l] > value) {
      value = highest[l];
      panel = place[l] + l;
    }
  }
  return panel;
}

template <class T, int D>
[[gnu::always_inline]] inline void score_panel(const BoundedCells<T>& cells, std::int64_t panel,
                                               const simd::Vec<T> (&x)[D], T* values,
                                               std::int32_t* labels, std::int64_t slots) {
  using V = simd::Vec<T>;
  constexpr int L = simd::lanes<T>;
  const T* atoms = cells.atoms + panel * width * D;
  const T* heights = cells.heights + panel * width;
  T scores[width];
  V top = simd::set(-static_cast<T>(__builtin_huge_val()));
#pragma GCC unroll 8
  for (std::int64_t l = 0; l < width; l += L) {
    V score = simd::load(heights + l);
#pragma GCC unroll 4
    for (int k = 0; k < D; ++k) score = simd::fma(x[k], simd::load(atoms + k * width + l), score);
    simd::store(scores + l, score);
    top = simd::max(top, score);
  }
  // The worst score kept itself may come again under a lower label.
  if (lane_bits(at_least(top, simd::set(values[slots - 1]))) == 0) return;
  const T needed = promising(top, values[slots - 1], slots);
  const std::int32_t* panel_labels = cells.labels + panel * width;
  for (std::int64_t l = 0; l < width; l += L) {
    unsigned bits = lane_bits(at_least(simd::load(scores + l), simd::set(needed)));
    for (; bits != 0; bits &= bits - 1) {
      const std::int64_t at = l + __builtin_ctz(bits);
      insert(scores[at], panel_labels[at], values, labels, slots);
    }
  }
}

template <class T, int D>
void search(const BoundedCells<T>& cells, const T* points, std::int64_t queries,
            const BestCells<T>& best, T* bounds) {
  using V = simd::Vec<T>;
  constexpr int L = simd::lanes<T>;
  constexpr T infinity = static_cast<T>(__builtin_huge_val());
  for (std::int64_t i = 0; i < queries; ++i) {
    T* values = best.values + i * best.slots;
    std::int32_t* labels = best.labels + i * best.slots;
    V x[D];
    T norm = 0;
    for (int k = 0; k < D; ++k) {
      const T coordinate = points[i * D + k];
      x[k] = simd::set(coordinate);
      norm += coordinate < 0 ? -coordinate : coordinate;
    }
    const T slack = cells.slack_slope * norm + cells.slack_offset;
    if (!(slack < infinity)) {  // bounds may not be numbers
      for (std::int64_t p = 0; p < cells.panels; ++p) {
        score_panel<T, D>(cells, p, x, values, labels, best.slots);
      }
      continue;
    }
    const std::int64_t start = bound_panels<T, D>(cells, x, bounds);
    score_panel<T, D>(cells, start, x, values, labels, best.slots);
    bounds[start] = -infinity;
    T needed = values[best.slots - 1] - slack;
    for (std::int64_t p = 0; p < cells.panels; p += L) {
      unsigned bits = lane_bits(greater(simd::load(bounds + p), simd::set(needed)));
      for (; bits != 0; bits &= bits - 1) {
        const std::int64_t panel = p + __builtin_ctz(bits);
        if (!(bounds[panel] > needed)) continue;
        score_panel<T, D>(cells, panel, x, values, labels, best.slots);
        needed = values[best.slots - 1] - slack;
      }
    }
  }
}

template <class T>
void best_cells(const BoundedCells<T>& cells, const T* x, std::int64_t queries,
                const BestCells<T>& best, T* scratch) {
  switch (cells.dim) {
    case 1:
      return search<T, 1>(cells, x, queries, best, scratch);
    case 2:
      return search<T, 2>(cells, x, queries, best, scratch);
    case 3:
      return search<T, 3>(cells, x, queries, best, scratch);
    default:
      return search<T, 4>(cells, x, queries, best, scratch);
  }
}

}  // namespace

const CellSearchKernels& cell_search_kernels() {
  static constexpr CellSearchKernels kernels{best_cells<float>, best_cells<double>};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
