/// Soft and hard minima over the rows of an implicit or stored matrix of scores: the kernel's
/// table.
///
/// The score of row i and column j is s_ij = height_j + <x_i, y_j> for points, height_j - scale
/// c_ij for stored costs. Exponentials are of base 2: whoever calls folds log2(e) / epsilon into
/// the coordinates, the heights and the scale.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::ot::detail {

/// Columns in panels of `width`: coordinate k of column p * width + l is
/// coordinates[(p * dim + k) * width + l], its height heights[p * width + l]. Places past the last
/// column hold zeros and a height of minus infinity, so their exponentials are zero.
template <class T>
struct PointScores {
  const T* x;  ///< Rows, dim contiguous numbers each.
  const T* coordinates;
  const T* heights;
  std::int64_t dim;
  std::int64_t panels;
};

/// Row i of the costs starts at costs + i * stride; heights as above. The last panel may be cut off
/// by `cols`: nothing is read past it.
template <class T>
struct StoredScores {
  const T* costs;
  std::int64_t stride;
  std::int64_t cols;
  T scale;
  const T* heights;
  std::int64_t panels;
};

/// Rows are 0 to `rows` - 1 of what `scores` points at. Sums are kept in double precision.
template <class T, class Scores>
struct SoftminOperations {
  /// sums_i = sum_j 2^(shift_i + s_ij). Exponents are cut at 1023 (double) or 127 (float), so a
  /// shift that is far too high shows as a huge sum, one far too low as 0: see softmin.cpp.
  void (*sums)(const Scores& scores, const T* shift, std::int64_t rows, double* sums);
  /// log2 sum_j 2^s_ij by running maxima: for scores of any size, at some more time.
  void (*log_sums)(const Scores& scores, std::int64_t rows, double* log_sums);
  /// max_j s_ij and the lowest j that attains it.
  void (*best)(const Scores& scores, std::int64_t rows, double* values, std::int32_t* labels);
  /// As `sums` for at most `group` rows; exponential (i, j) goes to
  /// buffer[(j / width) * group * width + i * width + j % width].
  void (*exponentials)(const Scores& scores, const T* shift, std::int64_t rows, T* buffer,
                       double* sums);
};

template <class T>
struct SoftminKernelsOf {
  std::int64_t width;  ///< Columns a panel.
  std::int64_t group;  ///< Rows that one buffer of exponentials holds.
  SoftminOperations<T, PointScores<T>> points;
  SoftminOperations<T, StoredScores<T>> stored;
  /// columns_j += sum_i scale_i buffer_ij over the `group` rows of a buffer.
  void (*add_rows)(const T* buffer, const T* scale, std::int64_t panels, double* columns);
  /// dots_i = sum_j buffer_ij v_j over the `group` rows of a buffer.
  void (*dot_rows)(const T* buffer, const double* v, std::int64_t panels, double* dots);
};

/// Products with a stored matrix whose row i starts at rows + i * stride; `count` rows, at most
/// `group`, of `cols` numbers.
struct PlanKernels {
  /// dots_i = sum_j rows_ij v_j.
  void (*dot)(const double* rows, std::int64_t stride, std::int64_t count, std::int64_t cols,
              const double* v, double* dots);
  /// dots_i = sum_j rows_ij^2 v_j.
  void (*dot_squares)(const double* rows, std::int64_t stride, std::int64_t count,
                      std::int64_t cols, const double* v, double* dots);
  /// columns_j += sum_i u_i rows_ij.
  void (*add)(const double* rows, std::int64_t stride, std::int64_t count, std::int64_t cols,
              const double* u, double* columns);
};

struct SoftminKernels {
  SoftminKernelsOf<double> f64;
  SoftminKernelsOf<float> f32;
  PlanKernels plan;
};

PUSHFORWARD_DECLARE_ISA_KERNELS(SoftminKernels, softmin_kernels)

}  // namespace pushforward::ot::detail
