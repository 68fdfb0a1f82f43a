// Columns come in blocks that stay in the first cache while all rows pass over their tiles.
#include "ot/src/softmin_kernels.hpp"

#include "ot/src/softmin_tiles.hpp"

namespace pushforward::ot::detail::PUSHFORWARD_ISA {
namespace {

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
