/// The two loops over a column of costs that exact assignment spends its time in.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::ot::detail {

struct LeastEntry {
  double value;
  std::int64_t place;  ///< The lowest of equal ones; 0 if every value is infinite.
};

struct TwoLeast {
  double least;
  double second;  ///< Infinite for n = 1.
  std::int64_t place;
};

struct AssignmentKernels {
  /// For each i: t = (cost[i] + offset[i]) - shift; where t < key[i], key[i] = t and
  /// from[i] = label. Returns the least key. Places are exact for n < 2^53.
  LeastEntry (*relax)(const double* cost, const double* offset, double shift, double label,
                      double* key, double* from, std::int64_t n);
  /// The two least of cost[i] - price[i].
  TwoLeast (*two_least)(const double* cost, const double* price, std::int64_t n);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(AssignmentKernels, assignment_kernels)

}  // namespace pushforward::ot::detail
