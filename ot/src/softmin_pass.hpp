/// Soft minima along one side of a cost matrix, for points or stored costs, in either precision.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "pushforward/core/types.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/softmin_kernels.hpp"

namespace pushforward::ot::detail {

inline constexpr double log2_e = 1.4426950408889634074;

template <class T>
const SoftminKernelsOf<T>& softmin_kernels_of() {
  const SoftminKernels& kernels = softmin_kernels(active_isa());
  if constexpr (sizeof(T) == 8) {
    return kernels.f64;
  } else {
    return kernels.f32;
  }
}

/// Where a sum of exponentials with a known shift is good to rounding: below `high` no exponent was
/// cut off, above `low` what underflowed does not count. Between the `tight` bounds the same holds
/// for sums along columns of exponentials that were rescaled by rows.
template <class T>
struct SafeSums {
  static constexpr bool is_double = sizeof(T) == 8;
  static constexpr double low = is_double ? 0x1p-900 : 0x1p-80;
  static constexpr double high = is_double ? 0x1p900 : 0x1p100;
  static constexpr double tight_low = is_double ? 0x1p-300 : 0x1p-20;
  static constexpr double tight_high = is_double ? 0x1p300 : 0x1p20;
  static constexpr double least_weight = is_double ? 0x1p-200 : 0x1p-60;
};

/// Costs p_i + q_j - kappa <x_i, y_j> between points. @param x, y  d x n and d x m.
template <class T>
class PointSide {
 public:
  using Scores = PointScores<T>;

  PointSide(PointsIn x, PointsIn y, double kappa, Vector p, Vector q)
      : p_(std::move(p)), q_(std::move(q)), kappa_(kappa), x_(x), scaled_(std::size_t(x.size())) {
    const Index d = x.rows(), m = y.cols();
    const Index width = softmin_kernels_of<T>().width;
    const Index panels = (m + width - 1) / width;
    coordinates_.assign(static_cast<std::size_t>(panels * width * d), T(0));
    for (Index j = 0; j < m; ++j) {
      for (Index k = 0; k < d; ++k) {
        coordinates_[static_cast<std::size_t>((j / width * d + k) * width + j % width)] =
            static_cast<T>(y(k, j));
      }
    }
  }

  Index rows() const { return x_.cols(); }
  Index cols() const { return q_.size(); }
  const Vector& row_part() const { return p_; }
  const Vector& col_part() const { return q_; }
  void set_scale(double scale) {  // log2(e) / epsilon
    for (Index k = 0; k < x_.size(); ++k) {
      scaled_[static_cast<std::size_t>(k)] = static_cast<T>(x_.data()[k] * (kappa_ * scale));
    }
  }
  Scores from(Index i, const T* heights, Index panels) const {
    return {scaled_.data() + i * x_.rows(), coordinates_.data(), heights, x_.rows(), panels};
  }
  static const SoftminOperations<T, Scores>& operations() { return softmin_kernels_of<T>().points; }

 private:
  Vector p_, q_;
  double kappa_;
  Matrix x_;
  std::vector<T> scaled_, coordinates_;
};

/// Stored costs: row i at data + i * stride. The memory belongs to someone else.
class StoredSide {
 public:
  using Scores = StoredScores<double>;

  StoredSide(const double* data, Index stride, Index rows, Index cols)
      : data_(data), stride_(stride), p_(Vector::Zero(rows)), q_(Vector::Zero(cols)) {}

  Index rows() const { return p_.size(); }
  Index cols() const { return q_.size(); }
  const Vector& row_part() const { return p_; }
  const Vector& col_part() const { return q_; }
  void set_scale(double scale) { scale_ = scale; }
  Scores from(Index i, const double* heights, Index panels) const {
    return {data_ + i * stride_, stride_, cols(), scale_, heights, panels};
  }
  static const SoftminOperations<double, Scores>& operations() {
    return softmin_kernels_of<double>().stored;
  }
  const double* row(Index i) const { return data_ + i * stride_; }

 private:
  const double* data_;
  Index stride_;
  Vector p_, q_;
  double scale_ = 1.0;
};

/// Soft minima over the columns of a side, for its rows. Weights are those of the columns.
template <class T, class Side>
class SoftminPass {
 public:
  SoftminPass(Side side, const Vector& weights, int threads)
      : side_(std::move(side)),
        kernels_(softmin_kernels_of<T>()),
        threads_(threads),
        panels_((side_.cols() + kernels_.width - 1) / kernels_.width),
        log2_weights_(weights.array().log() * log2_e),
        heights_(static_cast<std::size_t>(panels_ * kernels_.width), minus_infinity),
        shift_(static_cast<std::size_t>(side_.rows())) {}

  const Side& side() const { return side_; }
  Index rows() const { return side_.rows(); }
  Index cols() const { return side_.cols(); }
  Index panels() const { return panels_; }
  Index padded() const { return panels_ * kernels_.width; }
  double scale() const { return scale_; }

  void set_epsilon(double epsilon) {
    scale_ = log2_e / epsilon;
    side_.set_scale(scale_);
  }

  /// Takes the potentials of the columns, with their weights. @param factor  1 or 2: scores times
  /// it.
  void load_columns(VectorIn g) {
    for (Index j = 0; j < cols(); ++j) {
      heights_[static_cast<std::size_t>(j)] =
          static_cast<T>((g[j] - side_.col_part()[j]) * scale_ + log2_weights_[j]);
    }
  }

  /// The height of column j as the kernels see it, without its weight, back in the unit of costs.
  double loaded(Index j) const {
    return (double{heights_[static_cast<std::size_t>(j)]} - log2_weights_[j]) / scale_ +
           side_.col_part()[j];
  }

  T shift_of(Index i, double f) const { return static_cast<T>((f - side_.row_part()[i]) * scale_); }

  /// -log2 sum_j 2^... in the unit of costs, from a sum taken with `shift`.
  double soft(Index i, double sum, T shift) const {
    return side_.row_part()[i] - (std::log2(sum) - double{shift}) / scale_;
  }

  /// f_i, guessed on entry, after load_columns.
  void soft_rows(VectorOut f) {
    pushforward::detail::parallel_blocks(
        rows(), row_block, threads_, [&](Index begin, Index end, Index) {
          const auto scores = side_.from(begin, heights_.data(), panels_);
          double sums[row_block];
          bool safe = true;
          for (Index i = begin; i < end; ++i) {
            const double shift = (f[i] - side_.row_part()[i]) * scale_;
            safe = safe && std::abs(shift) <= largest_shift;
            shift_[static_cast<std::size_t>(i)] = safe ? static_cast<T>(shift) : T(0);
          }
          if (safe) {
            side_.operations().sums(scores, shift_.data() + begin, end - begin, sums);
            for (Index i = 0; i < end - begin; ++i) {
              safe = safe && sums[i] >= SafeSums<T>::low && sums[i] <= SafeSums<T>::high;
            }
          }
          if (safe) {
            for (Index i = begin; i < end; ++i) {
              f[i] = soft(i, sums[i - begin], shift_[static_cast<std::size_t>(i)]);
            }
          } else {
            side_.operations().log_sums(scores, end - begin, sums);
            for (Index i = begin; i < end; ++i) {
              f[i] = side_.row_part()[i] - sums[i - begin] / scale_;
            }
          }
        });
  }

  /// Calls use(i, rows, buffer, sums) with the exponentials of rows i, i + 1, ... in the layout of
  /// the kernels, after load_columns; `block` as parallel_blocks. make(b) gives what `use` gets
  /// as its first argument.
  template <class Use>
  void exponentials(VectorIn f, Index block, Use&& use) {
    const Index group = kernels_.group;
    pushforward::detail::parallel_blocks(
        rows(), block, threads_, [&](Index begin, Index end, Index b) {
          std::vector<T> buffer(static_cast<std::size_t>(group * padded()), T(0));
          std::vector<T> shift(static_cast<std::size_t>(group));
          std::vector<double> sums(static_cast<std::size_t>(group));
          for (Index i = begin; i < end; i += group) {
            const Index count = std::min(group, end - i);
            for (Index r = 0; r < count; ++r) {
              shift[static_cast<std::size_t>(r)] = shift_of(i + r, f[i + r]);
            }
            side_.operations().exponentials(side_.from(i, heights_.data(), panels_), shift.data(),
                                            count, buffer.data(), sums.data());
            if (!use(b, i, count, buffer, sums.data(), shift.data())) return;
          }
        });
  }

  const SoftminKernelsOf<T>& kernels() const { return kernels_; }

 private:
  static constexpr T minus_infinity = -std::numeric_limits<T>::infinity();
  static constexpr Index row_block = 64;
  // A float still tells sums within SafeSums apart; a double is far from its limits.
  static constexpr double largest_shift = sizeof(T) == 8 ? 1e30 : 1e7;

  Side side_;
  const SoftminKernelsOf<T>& kernels_;
  int threads_;
  Index panels_;
  double scale_ = 1.0;
  Vector log2_weights_;
  std::vector<T> heights_, shift_;
};

}  // namespace pushforward::ot::detail
