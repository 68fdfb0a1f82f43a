/// What all barycenters ask of their measures and weights.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

namespace pushforward::ot::detail {

/// The weights over their sum. @throws std::invalid_argument for no measures, unequal dimensions,
/// or weights that are negative, not finite, all zero or of another number.
inline Vector checked_weights(const std::vector<DiscreteMeasure>& measures, VectorIn weights,
                              const char* here) {
  const auto count = static_cast<Index>(measures.size());
  require(count >= 1, here, "measures.size()", count, "at least 1");
  require(weights.size() == count, here, "weights.size()", weights.size(), "one for each measure");
  for (Index k = 0; k < count; ++k) {
    const auto at = "[" + std::to_string(k) + "]";
    const Index dim = measures[static_cast<std::size_t>(k)].dim();
    require(dim == measures.front().dim(), here, "the dimension of measures" + at, dim,
            "that of the first");
    require(weights[k] >= 0.0 && std::isfinite(weights[k]), here, "weights" + at, weights[k],
            "a finite number of at least 0");
  }
  const double sum = weights.sum();
  require(sum > 0.0 && std::isfinite(sum), here, "sum of weights", sum, "a positive finite sum");
  return weights / sum;
}

}  // namespace pushforward::ot::detail
