/// Transport problems: two measures and what it costs to move mass between them.
#pragma once

#include <string_view>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/cost_view.hpp"

namespace pushforward::ot {

/// min_P <P, C> over couplings of two point clouds of total mass one, C_ij = cost(x_i, y_j).
struct TransportProblem {
  DiscreteMeasure source;  ///< n points and weights.
  DiscreteMeasure target;  ///< m points and weights, of the same dimension.
  Cost cost = {};

  /// The costs, computed when asked for. @throws std::invalid_argument for unequal dimensions.
  PointCost cost_view() const { return {source.points(), target.points(), cost}; }
};

/// Masses of a balanced problem, in the caller's unit: they need not sum to one.
struct Masses {
  Vector a;               ///< n, non-negative.
  Vector b;               ///< m, non-negative, of the sum of a to rounding.
  double total = 0.0;     ///< Sum of a.
  double rescaled = 1.0;  ///< Sum of b over sum of a, as given.
};

/// How far two sums of masses may differ, relative to the larger, and still be the same sum: more
/// than single precision rounds, less than anyone means.
inline constexpr double mass_tolerance = 1e-6;
inline constexpr double mass_tolerance_single = 1e-4;  ///< For masses that were stored as floats.

/// Checks masses and makes them balanced: b times sum a / sum b.
///
/// @param a, b       n and m non-negative finite numbers; none at all means uniform of total one.
/// @param rows, cols n and m.
/// @param where      who asks, for the messages.
/// @throws std::invalid_argument naming the first bad mass, or both sums where they differ by more
/// than `tolerance`.
Masses balanced_masses(VectorIn a, VectorIn b, Index rows, Index cols, std::string_view where,
                       double tolerance = mass_tolerance);

}  // namespace pushforward::ot
