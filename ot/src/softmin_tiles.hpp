/// Tiles of R rows and C vectors of columns, whose scores are formed in registers, and epilogues
/// that turn them into sums, running maxima, best columns or stored exponentials. For kernel files
/// alone, like core/src/simd.hpp.
#pragma once

#include <cstdint>

#include "core/src/simd.hpp"
#include "ot/src/softmin_kernels.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

template <class T>
using Vec = simd::Vec<T>;

constexpr int rows_at_once = 4, vectors = 2;

constexpr std::int64_t block_bytes = 24 * 1024;
// Lanes of floats are added to doubles after this many columns.
constexpr std::int64_t float_columns = 512;

inline Vec<double> at_most(Vec<double> t, [[maybe_unused]] double bound) {
#if defined(__AVX512F__)
  return t;  // scalef overflows to infinity by itself
#elif defined(__AVX2__)
  return _mm256_min_pd(t, simd::set(bound));
#elif defined(__SSE2__)
  return _mm_min_pd(t, simd::set(bound));
#else
  return t < simd::set(bound) ? t : simd::set(bound);
#endif
}

inline Vec<float> at_most(Vec<float> t, [[maybe_unused]] float bound) {
#if defined(__AVX512F__)
  return t;
#elif defined(__AVX2__)
  return _mm256_min_ps(t, simd::set(bound));
#elif defined(__SSE2__)
  return _mm_min_ps(t, simd::set(bound));
#else
  return t < simd::set(bound) ? t : simd::set(bound);
#endif
}

template <class T>
constexpr T largest_exponent = sizeof(T) == 8 ? T(1023) : T(127);

// The first and the second half of the lanes.
struct Halves {
  Vec<double> low, high;
};
[[gnu::always_inline]] inline Halves in_double(Vec<float> v) {
#if defined(__AVX512F__)
  return {_mm512_cvtps_pd(_mm512_castps512_ps256(v)),
          _mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1)))};
#elif defined(__AVX2__)
  return {_mm256_cvtps_pd(_mm256_castps256_ps128(v)), _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
#elif defined(__SSE2__)
  return {_mm_cvtps_pd(v), _mm_cvtps_pd(_mm_movehl_ps(v, v))};
#else
  Halves h{};
  for (int l = 0; l < simd::lanes<double>; ++l) {
    h.low[l] = double{v[l]};
    h.high[l] = double{v[l + simd::lanes<double>]};
  }
  return h;
#endif
}

inline double sum_in_double(Vec<double> v) { return simd::sum(v); }
inline double sum_in_double(Vec<float> v) {
  const Halves h = in_double(v);
  return simd::sum(Vec<double>(h.low + h.high));
}

// ---- scores of R rows from row i on and panel p ----

template <int D, class T>
struct Points {
  const PointScores<T>& s;
  std::int64_t panels() const { return s.panels; }
  std::int64_t dim() const { return D > 0 ? D : s.dim; }
  std::int64_t panel_bytes() const {
    return (dim() + 1) * vectors * simd::lanes<T> * std::int64_t{sizeof(T)};
  }

  template <int R, int C>
  [[gnu::always_inline]] void tile(std::int64_t i, std::int64_t p, const Vec<T>* shift,
                                   Vec<T> (&t)[R][C]) const {
    constexpr int L = simd::lanes<T>;
    const std::int64_t d = dim();
    const T* heights = s.heights + p * C * L;
    const T* y = s.coordinates + p * d * C * L;
    const T* x = s.x + i * d;
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const Vec<T> h = simd::load(heights + c * L);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) t[r][c] = shift ? h + shift[r] : h;
    }
#pragma GCC unroll 4
    for (std::int64_t k = 0; k < d; ++k) {
      Vec<T> yk[C];
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) yk[c] = simd::load(y + (k * C + c) * L);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const Vec<T> xk = simd::set(x[r * d + k]);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) t[r][c] = simd::fma(xk, yk[c], t[r][c]);
      }
    }
  }
};

template <class T>
struct Stored {
  const StoredScores<T>& s;
  std::int64_t panels() const { return s.panels; }
  // Costs are read once: blocks of columns gain nothing.
  std::int64_t panel_bytes() const { return 1; }

  template <int R, int C>
  [[gnu::always_inline]] void tile(std::int64_t i, std::int64_t p, const Vec<T>* shift,
                                   Vec<T> (&t)[R][C]) const {
    constexpr int L = simd::lanes<T>;
    const Vec<T> scale = simd::set(-s.scale);
    const std::int64_t j = p * C * L;
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      const Vec<T> h = simd::load(s.heights + j + c * L);
      const std::int64_t left = s.cols - (j + c * L);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const T* row = s.costs + (i + r) * s.stride + j + c * L;
        Vec<T> cost{};
        if (__builtin_expect(left >= L, 1)) {
          cost = simd::load(row);
        } else if (left > 0) {
          cost = simd::load_first(row, static_cast<int>(left));
        }
        t[r][c] = simd::fma(scale, cost, shift ? h + shift[r] : h);
      }
    }
  }
};

// ---- epilogues: what becomes of the scores of R rows, over one block of columns ----

template <class T, int R>
struct Sums {
  static constexpr bool shifted = true;
  double* out;
  Vec<T> sum[R] = {};
  explicit Sums(double* sums) : out(sums) {}

  template <int C>
  [[gnu::always_inline]] void take(Vec<T> (&t)[R][C], std::int64_t) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sum[r] += simd::exp2(at_most(t[r][c], largest_exponent<T>));
    }
  }
  void finish() {
    for (int r = 0; r < R; ++r) out[r] += sum_in_double(sum[r]);
  }
};

template <class T, int R>
struct Exponentials : Sums<T, R> {
  T* buffer;
  Exponentials(double* sums, T* e) : Sums<T, R>(sums), buffer(e) {}

  template <int C>
  [[gnu::always_inline]] void take(Vec<T> (&t)[R][C], std::int64_t p) {
    constexpr int L = simd::lanes<T>;
    T* place = buffer + p * rows_at_once * C * L;
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const Vec<T> e = simd::exp2(at_most(t[r][c], largest_exponent<T>));
        this->sum[r] += e;
        simd::store(place + (r * C + c) * L, e);
      }
    }
  }
};

// Each lane has its own running maximum; a sum is rescaled only when a maximum grew. The scores are
// finite or minus infinity, so the least finite number is a start that never wins.
template <class T, int R>
struct LogSums {
  static constexpr bool shifted = false;
  double* out;
  Vec<T> top[R];
  Vec<T> sum[R] = {};
  explicit LogSums(double* log_sums) : out(log_sums) {
    for (int r = 0; r < R; ++r) top[r] = simd::set(sizeof(T) == 8 ? T(-1e300) : T(-1e37));
  }

  template <int C>
  [[gnu::always_inline]] void take(Vec<T> (&t)[R][C], std::int64_t) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      Vec<T> grown = top[r];
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) grown = simd::max(grown, t[r][c]);
      sum[r] *= simd::exp2(top[r] - grown);
      top[r] = grown;
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) sum[r] += simd::exp2(t[r][c] - grown);
    }
  }
  // Joins the lanes with what earlier blocks left in `out`.
  void finish() {
    constexpr int L = simd::lanes<T>;
    for (int r = 0; r < R; ++r) {
      T tops[L], sums[L];
      simd::store(tops, top[r]);
      simd::store(sums, sum[r]);
      double high = out[r];
      for (int l = 0; l < L; ++l) high = high < double{tops[l]} ? double{tops[l]} : high;
      double total = __builtin_exp2(out[r] - high);
      for (int l = 0; l < L; ++l) total += double{sums[l]} * __builtin_exp2(double{tops[l]} - high);
      out[r] = high + __builtin_log2(total);
    }
  }
};

template <class T, int R>
struct Best {
  static constexpr bool shifted = false;
  using Label = simd::SignedOf<T>;
  double* values;
  std::int32_t* labels;
  Vec<T> top[R];
  Vec<Label> panel[R] = {};
  Best(double* v, std::int32_t* l) : values(v), labels(l) {
    for (int r = 0; r < R; ++r) top[r] = simd::set(T(-__builtin_inf()));
  }

  // Vector c of panel p has the number p * C + c.
  template <int C>
  [[gnu::always_inline]] void take(Vec<T> (&t)[R][C], std::int64_t p) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const auto better = t[r][c] > top[r];
        panel[r] = better ? simd::set(static_cast<Label>(p * C + c)) : panel[r];
        top[r] = better ? t[r][c] : top[r];
      }
    }
  }
  void finish() {
    constexpr int L = simd::lanes<T>;
    for (int r = 0; r < R; ++r) {
      for (int l = 0; l < L; ++l) {
        const double value = double{top[r][l]};
        const auto label = static_cast<std::int32_t>(panel[r][l] * L + l);
        if (value > values[r] || (value == values[r] && label < labels[r])) {
          values[r] = value;
          labels[r] = label;
        }
      }
    }
  }
};

}  // namespace
}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
