/// Costs between points, one pair at a time or filled tile by tile.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

#include "pushforward/core/types.hpp"

namespace pushforward {

enum class CostKind {
  squared_euclidean,       ///< |x - y|^2
  half_squared_euclidean,  ///< |x - y|^2 / 2
  euclidean,               ///< |x - y|
  lp,                      ///< sum_k |x_k - y_k|^p
  negative_dot,            ///< -<x, y>: the couplings of squared_euclidean, another value
  user                     ///< any pure function of x and y
};

constexpr std::array<std::string_view, 6> enum_names(CostKind) {
  return {"squared_euclidean", "half_squared_euclidean", "euclidean", "lp", "negative_dot", "user"};
}

/// What it costs to move a unit of mass from x to y.
class Cost {
 public:
  using Function = std::function<double(VectorIn x, VectorIn y)>;

  Cost() = default;  ///< Squared Euclidean.
  static Cost squared_euclidean() { return Cost(CostKind::squared_euclidean, 2.0); }
  static Cost half_squared_euclidean() { return Cost(CostKind::half_squared_euclidean, 2.0); }
  static Cost euclidean() { return Cost(CostKind::euclidean, 1.0); }
  static Cost negative_dot() { return Cost(CostKind::negative_dot, 1.0); }
  /// @throws std::invalid_argument unless p is finite and at least 1.
  static Cost lp(double p);
  /// @param function  pure, finite, and safe to call from several threads.
  static Cost user(Function function);

  CostKind kind() const { return kind_; }
  double power() const { return power_; }  ///< p of `lp`.
  const Function& function() const { return function_; }
  double operator()(VectorIn x, VectorIn y) const;  ///< c(x, y) for points of one dimension.

 private:
  Cost(CostKind kind, double power) : kind_(kind), power_(power) {}

  CostKind kind_ = CostKind::squared_euclidean;
  double power_ = 2.0;
  Function function_;
};

/// cost(i, j) = |x_i - y_j|^2 from direct differences: nothing cancels, so equal points cost 0
/// exactly and every entry has relative error below (d + 2) units of rounding.
///
/// @param x, y   d x n and d x m.
/// @param cost   n x m, overwritten.
/// @param threads  0 takes the OpenMP default; the bits do not depend on it.
/// Work O(n m d). For a tile pass column blocks of x and y.
/// @throws std::invalid_argument unless the shapes agree.
void squared_euclidean(PointsIn x, PointsIn y, PointsOut cost, int threads = 0);

}  // namespace pushforward
