/// Weighted point sets: the discrete side of every transport problem.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward {

/// What becomes of weights whose sum is not one.
enum class Mass {
  exact,     ///< Refused, beyond the rounding that a sum of doubles leaves.
  normalise  ///< Divided by their sum.
};

/// The measure sum_i w_i delta(x_i) with w_i >= 0 and sum_i w_i = 1. Valid by construction: at
/// least one point in at least one dimension, finite coordinates, weights of sum one. Zero weights
/// and repeated points are ordinary.
class DiscreteMeasure {
 public:
  /// @param points   d x n, finite.
  /// @param weights  n, non-negative, of sum one within 1e-9; the stored ones have sum one to
  ///                 rounding. With `Mass::normalise`, any positive finite sum.
  /// @throws std::invalid_argument naming the first bad entry, its value and what was expected.
  DiscreteMeasure(Matrix points, Vector weights, Mass mass = Mass::exact);

  /// Weight 1 / n on each column of `points` (d x n).
  static DiscreteMeasure uniform(Matrix points);

  const Matrix& points() const { return points_; }    ///< d x n.
  const Vector& weights() const { return weights_; }  ///< n.
  Index size() const { return points_.cols(); }       ///< n, zero weights counted.
  Index dim() const { return points_.rows(); }

  bool has_uniform_weights() const;  ///< All weights are the same double.
  Vector mean() const;               ///< sum_i w_i x_i.
  Matrix covariance() const;         ///< sum_i w_i (x_i - mean)(x_i - mean)^T, d x d.

 private:
  Matrix points_;
  Vector weights_;
};

namespace detail {

/// @throws std::invalid_argument naming the first entry of `points` that is not finite.
void require_finite(PointsIn points, const char* where, const char* argument);

}  // namespace detail

}  // namespace pushforward
