#include "runner/non_finite.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "pushforward/core/errors.hpp"

namespace pushforward::runner {

namespace {

/// "[2.1, -0.4, inf, ...]"
std::string shown_point(VectorIn x) {
  constexpr Index shown = 6;
  std::string text = "[";
  for (Index i = 0; i < std::min(x.size(), shown); ++i) {
    text += (i > 0 ? ", " : "") + pushforward::detail::shortest(x[i]);
  }
  return text + (x.size() > shown ? ", ...]" : "]");
}

}  // namespace

bool too_large(PointsIn points) {
  return points.size() > 0 && points.cwiseAbs().maxCoeff() > largest_coordinate;
}

void require_finite(PointsIn points, std::string_view made_by, const RngKey& key) {
  for (Index i = 0; i < points.cols(); ++i) {
    for (Index k = 0; k < points.rows(); ++k) {
      const double x = points(k, i);
      if (std::isfinite(x)) continue;
      const auto chain = static_cast<std::uint64_t>(key.chain) + static_cast<std::uint64_t>(i);
      throw NonFinite(std::string(made_by) + " returned " + pushforward::detail::shortest(x) +
                          " in coordinate " + std::to_string(k) +
                          " (from 0) of x = " + shown_point(points.col(i)),
                      "sample " + std::to_string(i) + " (seed " + std::to_string(key.seed) +
                          ", stream " + std::to_string(static_cast<std::uint32_t>(key.purpose)) +
                          ", chain " + std::to_string(chain) + ", step " +
                          std::to_string(key.step) + ")");
    }
  }
}

}  // namespace pushforward::runner
