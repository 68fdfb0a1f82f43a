// A tile of R rows and C vectors of columns lives in registers: its scores are formed there and
// handed to an epilogue, which keeps sums, running maxima, the best column, or stores exponentials.
// Columns come in blocks that stay in the first cache while all rows pass over them.
#include "ot/src/softmin_kernels.hpp"

#include "core/src/simd.hpp"

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

// ---- the loops ----

template <class T, int R, class Source, class Epilogue>
[[gnu::always_inline]] inline void pass_over(const Source& source, std::int64_t i,
                                             std::int64_t begin, std::int64_t end, const T* shift,
                                             Epilogue epilogue) {
  Vec<T> s[R];
  if constexpr (Epilogue::shifted) {
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) s[r] = simd::set(shift[r]);
  }
  for (std::int64_t p = begin; p < end; ++p) {
    Vec<T> t[R][vectors];
    source.template tile<R, vectors>(i, p, Epilogue::shifted ? s : nullptr, t);
    epilogue.take(t, p);
  }
  epilogue.finish();
}

template <class T, class Source>
std::int64_t block_panels(const Source& source) {
  std::int64_t panels = block_bytes / source.panel_bytes();
  if (sizeof(T) == 4) {
    const std::int64_t most = float_columns / (vectors * simd::lanes<T>);
    panels = panels < most ? panels : most;
  }
  return panels < 1 ? 1 : panels;
}

// make(rows, i) gives the epilogue of the rows from i on.
template <class T, template <class, int> class Epilogue, class Source, class Make>
[[gnu::always_inline]] inline void pass(const Source& source, const T* shift, std::int64_t rows,
                                        std::int64_t step, Make make) {
  constexpr int R = rows_at_once;
  for (std::int64_t begin = 0; begin < source.panels(); begin += step) {
    const std::int64_t end = begin + step < source.panels() ? begin + step : source.panels();
    std::int64_t i = 0;
    for (; i + R <= rows; i += R) {
      pass_over<T, R>(source, i, begin, end, shift + i, make.template of<Epilogue<T, R>>(i));
    }
    for (; i < rows; ++i) {
      pass_over<T, 1>(source, i, begin, end, shift + i, make.template of<Epilogue<T, 1>>(i));
    }
  }
}

struct MakeFromOut {
  double* out;
  template <class E>
  E of(std::int64_t i) const {
    return E(out + i);
  }
};

template <class T>
struct MakeExponentials {
  T* buffer;
  double* sums;
  template <class E>
  E of(std::int64_t i) const {
    return E(sums + i, buffer + i * vectors * simd::lanes<T>);
  }
};

struct MakeBest {
  double* values;
  std::int32_t* labels;
  template <class E>
  E of(std::int64_t i) const {
    return E(values + i, labels + i);
  }
};

template <class T, class Source>
void sums_of(const Source& source, const T* shift, std::int64_t rows, double* sums) {
  for (std::int64_t i = 0; i < rows; ++i) sums[i] = 0.0;
  pass<T, Sums>(source, shift, rows, block_panels<T>(source), MakeFromOut{sums});
}

template <class T, class Source>
void log_sums_of(const Source& source, std::int64_t rows, double* log_sums) {
  for (std::int64_t i = 0; i < rows; ++i) log_sums[i] = -__builtin_inf();
  // Joining the lanes takes exponentials of its own: wider blocks than for plain sums.
  const std::int64_t step = sizeof(T) == 4 ? block_panels<T>(source) : 8 * block_panels<T>(source);
  pass<T, LogSums>(source, static_cast<const T*>(nullptr), rows, step, MakeFromOut{log_sums});
}

template <class T, class Source>
void best_of(const Source& source, std::int64_t rows, double* values, std::int32_t* labels) {
  for (std::int64_t i = 0; i < rows; ++i) {
    values[i] = -__builtin_inf();
    labels[i] = 0;
  }
  pass<T, Best>(source, static_cast<const T*>(nullptr), rows, block_panels<T>(source),
                MakeBest{values, labels});
}

template <class T, class Source>
void exponentials_of(const Source& source, const T* shift, std::int64_t rows, T* buffer,
                     double* sums) {
  for (std::int64_t i = 0; i < rows; ++i) sums[i] = 0.0;
  pass<T, Exponentials>(source, shift, rows, block_panels<T>(source),
                        MakeExponentials<T>{buffer, sums});
}

// Calls body with the scores as a source whose dimension is known at compile time up to 3.
template <class T, class Body>
[[gnu::always_inline]] inline void with_dimension(const PointScores<T>& s, Body body) {
  switch (s.dim) {
    case 1:
      return body(Points<1, T>{s});
    case 2:
      return body(Points<2, T>{s});
    case 3:
      return body(Points<3, T>{s});
    default:
      return body(Points<0, T>{s});
  }
}

template <class T>
[[gnu::always_inline]] inline void with_dimension(const StoredScores<T>& s, auto body) {
  body(Stored<T>{s});
}

template <class T, class Scores>
void sums(const Scores& scores, const T* shift, std::int64_t rows, double* out) {
  with_dimension(scores, [&](const auto& source) { sums_of<T>(source, shift, rows, out); });
}

template <class T, class Scores>
void log_sums(const Scores& scores, std::int64_t rows, double* out) {
  with_dimension(scores, [&](const auto& source) { log_sums_of<T>(source, rows, out); });
}

template <class T, class Scores>
void best(const Scores& scores, std::int64_t rows, double* values, std::int32_t* labels) {
  with_dimension(scores, [&](const auto& source) { best_of<T>(source, rows, values, labels); });
}

template <class T, class Scores>
void exponentials(const Scores& scores, const T* shift, std::int64_t rows, T* buffer, double* out) {
  with_dimension(scores,
                 [&](const auto& source) { exponentials_of<T>(source, shift, rows, buffer, out); });
}

// ---- on stored exponentials ----

inline void add_to_doubles(Vec<double> v, double* place) {
  simd::store(place, simd::load(place) + v);
}
inline void add_to_doubles(Vec<float> v, double* place) {
  const Halves h = in_double(v);
  add_to_doubles(h.low, place);
  add_to_doubles(h.high, place + simd::lanes<double>);
}

template <class T>
void add_rows(const T* buffer, const T* scale, std::int64_t panels, double* columns) {
  constexpr int R = rows_at_once, C = vectors, L = simd::lanes<T>;
  Vec<T> u[R];
  for (int r = 0; r < R; ++r) u[r] = simd::set(scale[r]);
  for (std::int64_t p = 0; p < panels; ++p) {
    const T* e = buffer + p * R * C * L;
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
      Vec<T> total = u[0] * simd::load(e + c * L);
#pragma GCC unroll 8
      for (int r = 1; r < R; ++r) {
        total = simd::fma(u[r], simd::load(e + (r * C + c) * L), total);
      }
      add_to_doubles(total, columns + (p * C + c) * L);
    }
  }
}

[[gnu::always_inline]] inline Vec<double> dot(Vec<double> e, const double* v, Vec<double> sum) {
  return simd::fma(e, simd::load(v), sum);
}
[[gnu::always_inline]] inline Vec<double> dot(Vec<float> e, const double* v, Vec<double> sum) {
  const Halves h = in_double(e);
  return dot(h.high, v + simd::lanes<double>, dot(h.low, v, sum));
}

template <class T>
void dot_rows(const T* buffer, const double* v, std::int64_t panels, double* dots) {
  constexpr int R = rows_at_once, C = vectors, L = simd::lanes<T>;
  Vec<double> sum[R] = {};
  for (std::int64_t p = 0; p < panels; ++p) {
    const T* e = buffer + p * R * C * L;
#pragma GCC unroll 4
    for (int c = 0; c < C; ++c) {
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        sum[r] = dot(simd::load(e + (r * C + c) * L), v + (p * C + c) * L, sum[r]);
      }
    }
  }
  for (int r = 0; r < R; ++r) dots[r] = simd::sum(sum[r]);
}

// ---- on stored rows ----

template <int R, bool squares>
inline void dot_of(const double* rows, std::int64_t stride, std::int64_t cols, const double* v,
                   double* dots) {
  constexpr int L = simd::lanes<double>;
  Vec<double> sum[R][2] = {};
  std::int64_t j = 0;
  for (; j + 2 * L <= cols; j += 2 * L) {
#pragma GCC unroll 2
    for (int c = 0; c < 2; ++c) {
      const Vec<double> vj = simd::load(v + j + c * L);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        Vec<double> e = simd::load(rows + r * stride + j + c * L);
        if constexpr (squares) e *= e;
        sum[r][c] = simd::fma(e, vj, sum[r][c]);
      }
    }
  }
  for (int r = 0; r < R; ++r) {
    dots[r] = simd::sum(Vec<double>(sum[r][0] + sum[r][1]));
    for (std::int64_t k = j; k < cols; ++k) {
      const double e = rows[r * stride + k];
      dots[r] += (squares ? e * e : e) * v[k];
    }
  }
}

template <int R>
inline void add_of(const double* rows, std::int64_t stride, std::int64_t cols, const double* u,
                   double* columns) {
  constexpr int L = simd::lanes<double>;
  Vec<double> ur[R];
  for (int r = 0; r < R; ++r) ur[r] = simd::set(u[r]);
  std::int64_t j = 0;
  for (; j + L <= cols; j += L) {
    Vec<double> total = simd::load(columns + j);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) total = simd::fma(ur[r], simd::load(rows + r * stride + j), total);
    simd::store(columns + j, total);
  }
  for (; j < cols; ++j) {
    for (int r = 0; r < R; ++r) columns[j] += u[r] * rows[r * stride + j];
  }
}

template <bool squares>
void plan_dot(const double* rows, std::int64_t stride, std::int64_t count, std::int64_t cols,
              const double* v, double* dots) {
  if (count == rows_at_once) return dot_of<rows_at_once, squares>(rows, stride, cols, v, dots);
  for (std::int64_t r = 0; r < count; ++r) {
    dot_of<1, squares>(rows + r * stride, stride, cols, v, dots + r);
  }
}

void plan_add(const double* rows, std::int64_t stride, std::int64_t count, std::int64_t cols,
              const double* u, double* columns) {
  if (count == rows_at_once) return add_of<rows_at_once>(rows, stride, cols, u, columns);
  for (std::int64_t r = 0; r < count; ++r)
    add_of<1>(rows + r * stride, stride, cols, u + r, columns);
}

template <class T, class Scores>
constexpr SoftminOperations<T, Scores> operations = {sums<T, Scores>, log_sums<T, Scores>,
                                                     best<T, Scores>, exponentials<T, Scores>};

template <class T>
constexpr SoftminKernelsOf<T> kernels_of = {
    vectors* simd::lanes<T>,        rows_at_once, operations<T, PointScores<T>>,
    operations<T, StoredScores<T>>, add_rows<T>,  dot_rows<T>};

}  // namespace

const SoftminKernels& softmin_kernels() {
  static constexpr SoftminKernels kernels{
      kernels_of<double>, kernels_of<float>, {plan_dot<false>, plan_dot<true>, plan_add}};
  return kernels;
}

}  // namespace pushforward::ot::detail::PUSHFORWARD_ISA
