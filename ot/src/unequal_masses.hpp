/// Masses of problems that need not balance.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/types.hpp"

#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot::detail {

/// Sum of masses that must be finite, non-negative and not all zero.
/// @throws std::invalid_argument naming the first that is not.
inline double checked_mass(VectorIn masses, Index size, const char* name, std::string_view where) {
  require(masses.size() == size, where, std::string(name) + ".size()", masses.size(),
          std::to_string(size) + ", as the cost has");
  CompensatedSum sum;
  for (Index i = 0; i < size; ++i) {
    require(std::isfinite(masses[i]) && masses[i] >= 0.0, where,
            std::string(name) + "[" + std::to_string(i) + "]", masses[i],
            "a finite number of at least 0");
    sum.add(masses[i]);
  }
  require(sum.value() > 0.0 && std::isfinite(sum.value()), where, "sum of " + std::string(name),
          sum.value(), "a positive finite sum");
  return sum.value();
}

/// @throws std::invalid_argument unless f holds `size` finite numbers.
inline void require_potential(VectorIn f, Index size, std::string_view where) {
  require(f.size() == size, where, "f.size()", f.size(), std::to_string(size));
  for (Index i = 0; i < size; ++i) {
    require(std::isfinite(f[i]), where, "f[" + std::to_string(i) + "]", f[i], "a finite number");
  }
}

}  // namespace pushforward::ot::detail
