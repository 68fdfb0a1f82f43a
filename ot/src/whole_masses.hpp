/// Masses as whole numbers, so that sums and differences of them are exact.
#pragma once

#include "pushforward/ot/problem.hpp"

namespace pushforward::ot::detail {

/// Positive whole numbers of equal sums, at most 2^52, in the ratios of the masses: exactly for
/// equal masses and for whole ones, else to 2^-52 of the total.
struct WholeMasses {
  Vector a, b;
};

/// @param a, b  positive, of equal sums to rounding.
WholeMasses whole_masses(VectorIn a, VectorIn b);

}  // namespace pushforward::ot::detail
