#include "core/src/mixture_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::detail::PUSHFORWARD_ISA {
namespace {

using simd::fma;
using simd::load;
using simd::set;
using simd::store;
using V = simd::Vec<double>;

constexpr int lanes = simd::lanes<double>;
// Vectors of points that share each broadcast: four components (or rows) times these accumulate in
// registers, of which AVX-512 has 32 and the others 16.
constexpr int shared = simd::vector_bytes == 64 ? 4 : 2;
constexpr int batch = shared * lanes;

// Lane l of vector i becomes lane i of vector l: one swap of blocks for each bit of an index.
[[gnu::always_inline]] inline void transpose(V (&v)[lanes]) {
#pragma GCC unroll 4
  for (int bit = lanes / 2; bit > 0; bit /= 2) {
    simd::Vec<std::int64_t> low{}, high{};
    for (int l = 0; l < lanes; ++l) {
      low[l] = (l & bit) != 0 ? lanes + (l ^ bit) : l;
      high[l] = (l & bit) != 0 ? lanes + l : l ^ bit;
    }
#pragma GCC unroll 8
    for (int i = 0; i < lanes; ++i) {
      if ((i & bit) != 0) continue;
      const V first = v[i];
      v[i] = __builtin_shuffle(first, v[i + bit], low);
      v[i + bit] = __builtin_shuffle(first, v[i + bit], high);
    }
  }
}

// rows: dim x batch, one row a coordinate. Missing points repeat the last one.
void gather(const MixtureTask& t, std::int64_t first, double* rows) {
  const double* column[batch];
  for (int p = 0; p < batch; ++p) {
    const std::int64_t i = first + p < t.points ? first + p : t.points - 1;
    column[p] = t.x + i * t.x_stride;
  }
  std::int64_t j = 0;
  for (; j + lanes <= t.dim; j += lanes) {
    for (int c = 0; c < shared; ++c) {
      V block[lanes];
#pragma GCC unroll 8
      for (int p = 0; p < lanes; ++p) block[p] = load(column[c * lanes + p] + j);
      transpose(block);
#pragma GCC unroll 8
      for (int q = 0; q < lanes; ++q) store(rows + (j + q) * batch + c * lanes, block[q]);
    }
  }
  for (; j < t.dim; ++j) {
    for (int p = 0; p < batch; ++p) rows[j * batch + p] = column[p][j];
  }
}

void scatter(const MixtureTask& t, std::int64_t first, const double* rows) {
  const std::int64_t count = t.points - first < batch ? t.points - first : batch;
  double* to = t.out + first * t.out_stride;
  if (count < batch) {
    for (std::int64_t p = 0; p < count; ++p) {
      for (std::int64_t j = 0; j < t.dim; ++j) to[p * t.out_stride + j] = rows[j * batch + p];
    }
    return;
  }
  double* column[batch];
  for (int p = 0; p < batch; ++p) column[p] = to + p * t.out_stride;
  std::int64_t j = 0;
  for (; j + lanes <= t.dim; j += lanes) {
    for (int c = 0; c < shared; ++c) {
      V block[lanes];
#pragma GCC unroll 8
      for (int q = 0; q < lanes; ++q) block[q] = load(rows + (j + q) * batch + c * lanes);
      transpose(block);
#pragma GCC unroll 8
      for (int p = 0; p < lanes; ++p) store(column[c * lanes + p] + j, block[p]);
    }
  }
  for (; j < t.dim; ++j) {
    for (int p = 0; p < batch; ++p) column[p][j] = rows[j * batch + p];
  }
}

// exponents: components x batch, the l_k. Returns their maxima.
[[gnu::always_inline]] inline void exponents(const MixtureTask& t, const double* rows,
                                             double* exponent, V (&largest)[shared]) {
  for (int c = 0; c < shared; ++c) largest[c] = set(-__builtin_inf());
  for (std::int64_t k = 0; k < t.components; k += 4) {
    const double* panel = t.means + k * t.dim;
    V sum[4][shared]{};
    for (std::int64_t j = 0; j < t.dim; ++j) {
      V x[shared];
      for (int c = 0; c < shared; ++c) x[c] = load(rows + j * batch + c * lanes);
#pragma GCC unroll 4
      for (int q = 0; q < 4; ++q) {
        const V entry = set(panel[4 * j + q]);
        for (int c = 0; c < shared; ++c) {
          const V difference = x[c] - entry;
          sum[q][c] = fma(difference, difference, sum[q][c]);
        }
      }
    }
#pragma GCC unroll 4
    for (int q = 0; q < 4; ++q) {
      const V constant = set(t.constant[k + q]);
      const V curvature = set(t.curvature[k + q]);
      for (int c = 0; c < shared; ++c) {
        const V l = fma(curvature, sum[q][c], constant);
        store(exponent + (k + q) * batch + c * lanes, l);
        largest[c] = simd::max(l, largest[c]);
      }
    }
  }
}

// Below this dimension the test for negligible components costs more than the components.
constexpr std::int64_t sparse_from_dim = 8;

// Subtracts the maxima and moves the components that count for any of the points to the front, the
// others' share of a point to -infinity. Returns how many, made even by one that counts for none.
[[gnu::always_inline]] inline std::int64_t keep(const MixtureTask& t, const V (&largest)[shared],
                                                double* exponent) {
  const V negligible = set(t.negligible), nothing = set(-__builtin_inf());
  std::int64_t kept = 0;
  for (std::int64_t k = 0; k < t.components; ++k) {
    V l[shared];
    simd::Vec<std::int64_t> is_negligible = ~simd::Vec<std::int64_t>{};
    for (int c = 0; c < shared; ++c) {
      const V below = load(exponent + k * batch + c * lanes) - largest[c];
      // NaN is not below: the point keeps it.
      is_negligible &= below < negligible;
      l[c] = simd::select(below < negligible, nothing, below);
    }
    if (simd::all(is_negligible)) continue;
    for (int c = 0; c < shared; ++c) store(exponent + kept * batch + c * lanes, l[c]);
    t.kept[kept++] = k;
  }
  if (kept % 2 == 0) return kept;
  for (int c = 0; c < shared; ++c) store(exponent + kept * batch + c * lanes, nothing);
  t.kept[kept] = t.kept[kept - 1];
  return kept + 1;
}

// `count` rows from row j on: (sum_k 2^l_k pull_k + x sum_k 2^l_k gain_k) / sum_k 2^l_k, over
// `terms` components: those of `kept`, or simply the first.
template <int count, bool is_sparse>
[[gnu::always_inline]] inline void combine(const MixtureTask& t, std::int64_t j, const double* rows,
                                           const double* weights, const V (&inverse)[shared],
                                           const V (&gain)[shared], std::int64_t terms,
                                           double* out) {
  const double* panel = t.pull + j * t.components;
  V sum[count][shared]{};
  for (std::int64_t k = 0; k < terms; ++k) {
    const double* const entries = panel + 4 * (is_sparse ? t.kept[k] : k);
    V w[shared];
    for (int c = 0; c < shared; ++c) w[c] = load(weights + k * batch + c * lanes);
#pragma GCC unroll 4
    for (int q = 0; q < count; ++q) {
      const V entry = set(entries[q]);
      for (int c = 0; c < shared; ++c) sum[q][c] = fma(entry, w[c], sum[q][c]);
    }
  }
  for (int q = 0; q < count; ++q) {
    for (int c = 0; c < shared; ++c) {
      const std::int64_t at = (j + q) * batch + c * lanes;
      store(out + at, fma(gain[c], load(rows + at), sum[q][c]) * inverse[c]);
    }
  }
}

// Turns the l_k into 2^(l_k - max), two components at once to hide the latency of exp2.
template <bool is_sparse>
[[gnu::always_inline]] inline void weigh(const MixtureTask& t, const V (&largest)[shared],
                                         std::int64_t terms, double* exponent, V (&total)[shared],
                                         V (&gain)[shared]) {
  for (std::int64_t k = 0; k < terms; k += 2) {
    V weight[2][shared];
#pragma GCC unroll 2
    for (int q = 0; q < 2; ++q) {
      for (int c = 0; c < shared; ++c) {
        const V l = load(exponent + (k + q) * batch + c * lanes);
        weight[q][c] = simd::exp2(is_sparse ? l : l - largest[c]);
      }
    }
#pragma GCC unroll 2
    for (int q = 0; q < 2; ++q) {
      const V component_gain = set(t.gain[is_sparse ? t.kept[k + q] : k + q]);
      for (int c = 0; c < shared; ++c) {
        store(exponent + (k + q) * batch + c * lanes, weight[q][c]);
        total[c] += weight[q][c];
        gain[c] = fma(component_gain, weight[q][c], gain[c]);
      }
    }
  }
}

template <bool is_sparse>
void evaluate_in(const MixtureTask& t) {
  double* const rows = t.scratch;
  double* const out = rows + t.dim * batch;
  double* const exponent = out + t.dim * batch;
  for (std::int64_t first = 0; first < t.points; first += batch) {
    gather(t, first, rows);
    V largest[shared];
    exponents(t, rows, exponent, largest);
    const std::int64_t terms = is_sparse ? keep(t, largest, exponent) : t.components;
    V total[shared]{}, gain[shared]{};
    weigh<is_sparse>(t, largest, terms, exponent, total, gain);
    if (t.log_p != nullptr) {
      double log_p[batch];
      for (int c = 0; c < shared; ++c) {
        // total - total is 0, or NaN where log would not see the NaN of the point.
        const V log_total = simd::log(total[c]) + (total[c] - total[c]);
        store(log_p + c * lanes, fma(largest[c], set(0.69314718055994530942), log_total));
      }
      for (int p = 0; p < batch && first + p < t.points; ++p) t.log_p[first + p] = log_p[p];
    }
    if (t.out == nullptr) continue;
    V inverse[shared];
    for (int c = 0; c < shared; ++c) inverse[c] = set(1.0) / total[c];
    const auto combine_rows = [&]<int count>(std::int64_t j) {
      combine<count, is_sparse>(t, j, rows, exponent, inverse, gain, terms, out);
    };
    std::int64_t j = 0;
    for (; j + 4 <= t.dim; j += 4) combine_rows.template operator()<4>(j);
    switch (t.dim - j) {
      case 3:
        combine_rows.template operator()<3>(j);
        break;
      case 2:
        combine_rows.template operator()<2>(j);
        break;
      case 1:
        combine_rows.template operator()<1>(j);
        break;
      default:
        break;
    }
    scatter(t, first, out);
  }
}

void evaluate(const MixtureTask& t) {
  t.dim < sparse_from_dim ? evaluate_in<false>(t) : evaluate_in<true>(t);
}

}  // namespace

const MixtureKernels& mixture_kernels() {
  static constexpr MixtureKernels kernels{batch, evaluate};
  return kernels;
}

}  // namespace pushforward::detail::PUSHFORWARD_ISA
