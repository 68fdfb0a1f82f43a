#include "ot/src/cost_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

using simd::lanes;
using simd::load;
using simd::load_first;
using simd::select;
using simd::set;
using simd::store;
using simd::store_first;
using simd::Vec;

constexpr int L = lanes<double>;
constexpr int unrolled = 4;

// out[i] = finish(sum_k term(x_ik, y_k)). Entries do not depend on the block they are computed in:
// every lane does the same operations, the last ones padded.
template <class Term, class Finish>
void fill(const PointColumn& p, double* out, Term term, Finish finish) {
  std::int64_t i = 0;
  for (; i + unrolled * L <= p.n; i += unrolled * L) {
    Vec<double> sum[unrolled] = {};
    for (std::int64_t k = 0; k < p.d; ++k) {
      const Vec<double> y = set(p.y[k * p.y_stride]);
      const double* x = p.x + k * p.x_stride + i;
#pragma GCC unroll 4
      for (int u = 0; u < unrolled; ++u) sum[u] = term(load(x + u * L), y, sum[u]);
    }
#pragma GCC unroll 4
    for (int u = 0; u < unrolled; ++u) store(out + i + u * L, finish(sum[u]));
  }
  for (; i < p.n; i += L) {
    const int count = static_cast<int>(p.n - i < L ? p.n - i : L);
    Vec<double> sum{};
    for (std::int64_t k = 0; k < p.d; ++k) {
      const double* x = p.x + k * p.x_stride + i;
      const Vec<double> xs = count == L ? load(x) : load_first(x, count);
      sum = term(xs, set(p.y[k * p.y_stride]), sum);
    }
    store_first(out + i, finish(sum), count);
  }
}

void squared(const PointColumn& p, double scale, double* out) {
  const auto term = [](Vec<double> x, Vec<double> y, Vec<double> sum) {
    const Vec<double> t = x - y;
    return simd::fma(t, t, sum);
  };
  if (scale == 1.0) {
    fill(p, out, term, [](Vec<double> sum) { return sum; });
  } else {
    fill(p, out, term, [scale](Vec<double> sum) { return set(scale) * sum; });
  }
}

void absolute(const PointColumn& p, double* out) {
  fill(
      p, out,
      [](Vec<double> x, Vec<double> y, Vec<double> sum) {
        return sum + simd::max(Vec<double>(x - y), Vec<double>(y - x));
      },
      [](Vec<double> sum) { return sum; });
}

void negative_dot(const PointColumn& p, double* out) {
  fill(
      p, out, [](Vec<double> x, Vec<double> y, Vec<double> sum) { return simd::fma(x, y, sum); },
      [](Vec<double> sum) { return -sum; });
}

void square_root(double* values, std::int64_t n) {
  std::int64_t i = 0;
  for (; i + L <= n; i += L) store(values + i, simd::sqrt(load(values + i)));
  for (; i < n; ++i) values[i] = __builtin_sqrt(values[i]);
}

LeastReduced least(const double* cost, const double* price, std::int64_t n) {
  // Two independent chains hide the latency of the comparisons.
  Vec<double> low[2] = {set(__builtin_inf()), set(__builtin_inf())};
  Vec<double> place[2] = {set(0.0), set(0.0)};
  Vec<double> here[2] = {simd::iota<double>(), simd::iota<double>() + set(double(L))};
  const Vec<double> step = set(double(2 * L));
  std::int64_t i = 0;
  for (; i + 2 * L <= n; i += 2 * L) {
#pragma GCC unroll 2
    for (int u = 0; u < 2; ++u) {
      const Vec<double> t = load(cost + i + u * L) - load(price + i + u * L);
      place[u] = select(t < low[u], here[u], place[u]);
      low[u] = select(t < low[u], t, low[u]);
      here[u] = here[u] + step;
    }
  }
  LeastReduced best{__builtin_inf(), 0};
  for (int u = 0; u < 2; ++u) {
    for (int l = 0; l < L; ++l) {
      const auto at = static_cast<std::int64_t>(place[u][l]);
      if (low[u][l] < best.value || (low[u][l] == best.value && at < best.place)) {
        best = {low[u][l], at};
      }
    }
  }
  for (; i < n; ++i) {
    const double t = cost[i] - price[i];
    if (t < best.value) best = {t, i};
  }
  return best;
}

// The lanes of a comparison as bits.
template <class M>
[[gnu::always_inline]] inline unsigned mask_bits(M mask) {
#if defined(__AVX512F__)
  return _mm512_movepi64_mask(reinterpret_cast<__m512i>(mask));
#elif defined(__AVX2__)
  return static_cast<unsigned>(_mm256_movemask_pd(reinterpret_cast<__m256d>(mask)));
#elif defined(__SSE2__)
  return static_cast<unsigned>(_mm_movemask_pd(reinterpret_cast<__m128d>(mask)));
#else
  unsigned bits = 0;
  for (int l = 0; l < L; ++l) bits |= static_cast<unsigned>(mask[l] != 0) << l;
  return bits;
#endif
}

std::int64_t collect(const double* cost, const double* price, double threshold, std::int32_t* place,
                     std::int64_t n) {
  const Vec<double> limit = set(threshold);
  std::int64_t found = 0;
  std::int64_t i = 0;
  for (; i + L <= n; i += L) {
    unsigned hits = mask_bits(load(cost + i) - load(price + i) <= limit);
    for (; hits != 0; hits &= hits - 1) {
      place[found++] = static_cast<std::int32_t>(i + __builtin_ctz(hits));
    }
  }
  for (; i < n; ++i) {
    if (cost[i] - price[i] <= threshold) place[found++] = static_cast<std::int32_t>(i);
  }
  return found;
}

void lower(const double* cost, double price, double* value, std::int64_t n) {
  std::int64_t i = 0;
  for (; i + L <= n; i += L) {
    const Vec<double> t = load(cost + i) - set(price);
    const Vec<double> old = load(value + i);
    store(value + i, select(t < old, t, old));
  }
  for (; i < n; ++i) {
    const double t = cost[i] - price;
    if (t < value[i]) value[i] = t;
  }
}

}  // namespace

const CostKernels& cost_kernels() {
  static constexpr CostKernels kernels{squared, absolute, negative_dot, square_root,
                                       least,   collect,  lower};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
