#include "pushforward/diffusion/gaussian_contraction.hpp"

#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"

namespace pushforward::diffusion {

double ddim_contraction(VectorIn levels, double standard_deviation) {
  constexpr auto where = "ddim_contraction";
  require(standard_deviation > 0.0 && std::isfinite(standard_deviation), where,
          "standard_deviation", standard_deviation, "greater than 0 and finite");
  require(levels.size() >= 2, where, "levels.size()", levels.size(), "at least 2");
  for (Index i = 0; i < levels.size(); ++i) {
    const bool lower = i == 0 || levels[i] < levels[i - 1];
    require(std::isfinite(levels[i]) && levels[i] >= 0.0 && lower, where,
            "levels[" + std::to_string(i) + "]", levels[i],
            "finite, not negative and below the level before");
  }
  double factor = 1.0;
  for (Index i = 1; i < levels.size(); ++i) {
    factor *= std::cos(std::atan(levels[i - 1] / standard_deviation) -
                       std::atan(levels[i] / standard_deviation));
  }
  return factor;
}

}  // namespace pushforward::diffusion
