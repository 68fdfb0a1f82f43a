#include "ot/src/domain_checks.hpp"

#include <cmath>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/laguerre.hpp"

namespace pushforward::ot::detail {

using pushforward::detail::shown;

void require_geometry(bool ok, std::string_view where, const std::string& argument,
                      const std::string& value, std::string_view expected) {
  if (ok) return;
  throw InvalidGeometry(std::string(where) + ": " + argument + " is " + value + ", expected " +
                        std::string(expected));
}

std::string at(Index i) { return "[" + std::to_string(i) + "]"; }
std::string at(Index i, Index j) {
  return "[" + std::to_string(i) + ", " + std::to_string(j) + "]";
}

std::string shown_point(VectorIn x) {
  std::string text = "(";
  for (Index k = 0; k < x.size(); ++k) text += (k > 0 ? ", " : "") + shown(x[k]);
  return text + ")";
}

void require_box(std::string_view where, VectorIn lower, VectorIn upper) {
  require_geometry(lower.size() >= 1, where, "lower.size()", shown(lower.size()), "at least 1");
  require_geometry(upper.size() == lower.size(), where, "upper.size()", shown(upper.size()),
                   shown(lower.size()) + ", as lower has");
  for (Index k = 0; k < lower.size(); ++k) {
    require_geometry(std::isfinite(lower[k]), where, "lower" + at(k), shown(lower[k]),
                     "a finite number");
    const bool is_above = upper[k] > lower[k] && std::isfinite(upper[k] - lower[k]);
    require_geometry(is_above, where, "upper" + at(k), shown(upper[k]),
                     "a finite number above lower" + at(k) + " = " + shown(lower[k]));
  }
}

void require_finite_corners(std::string_view where, std::string_view argument, PointsIn points) {
  for (Index j = 0; j < points.cols(); ++j) {
    for (Index i = 0; i < points.rows(); ++i) {
      require_geometry(std::isfinite(points(i, j)), where, std::string(argument) + at(i, j),
                       shown(points(i, j)), "a finite number");
    }
  }
}

}  // namespace pushforward::ot::detail
