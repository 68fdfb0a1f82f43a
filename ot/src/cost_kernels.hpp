/// Costs between points and the passes over a column of costs that transforms and pricing consist
/// of.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::ot::detail {

/// A block of n points against one point y, d coordinates: coordinate k of point i is
/// x[i + k * x_stride], of y it is y[k * y_stride].
struct PointColumn {
  const double* x;
  std::int64_t x_stride;
  const double* y;
  std::int64_t y_stride;
  std::int64_t d;
  std::int64_t n;
};

struct LeastReduced {
  double value;
  std::int64_t place;  ///< The lowest of equal ones; 0 if every value is infinite.
};

struct CostKernels {
  void (*squared)(const PointColumn& p, double scale, double* out);  ///< scale |x - y|^2
  void (*absolute)(const PointColumn& p, double* out);               ///< sum_k |x_k - y_k|
  void (*negative_dot)(const PointColumn& p, double* out);           ///< -<x, y>
  void (*square_root)(double* values, std::int64_t n);
  /// The least cost[i] - price[i].
  LeastReduced (*least)(const double* cost, const double* price, std::int64_t n);
  /// Writes every i with cost[i] - price[i] <= threshold, rising, to `place` (n) and returns how
  /// many.
  std::int64_t (*collect)(const double* cost, const double* price, double threshold,
                          std::int32_t* place, std::int64_t n);
  /// value[i] = min(value[i], cost[i] - price).
  void (*lower)(const double* cost, double price, double* value, std::int64_t n);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(CostKernels, cost_kernels)

}  // namespace pushforward::ot::detail
