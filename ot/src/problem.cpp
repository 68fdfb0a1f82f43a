#include "pushforward/ot/problem.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"

#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

using pushforward::detail::shown;
using pushforward::detail::throw_invalid;

double checked_sum(const Vector& masses, Index size, const char* name, const char* of,
                   std::string_view where) {
  require(masses.size() == size, where, std::string(name) + ".size()", masses.size(),
          std::to_string(size) + ", one per " + of + " of the cost");
  detail::CompensatedSum sum;
  for (Index i = 0; i < size; ++i) {
    if (!(std::isfinite(masses[i]) && masses[i] >= 0.0)) {
      throw_invalid(where, std::string(name) + "[" + std::to_string(i) + "]", shown(masses[i]),
                    "a finite number of at least 0");
    }
    sum.add(masses[i]);
  }
  require(sum.value() > 0.0 && std::isfinite(sum.value()), where, "sum of " + std::string(name),
          sum.value(), "a positive finite sum");
  return sum.value();
}

Vector given_or_uniform(VectorIn masses, Index size) {
  if (masses.size() > 0 || size == 0) return masses;
  return Vector::Constant(size, 1.0 / static_cast<double>(size));
}

}  // namespace

Masses balanced_masses(VectorIn a, VectorIn b, Index rows, Index cols, std::string_view where,
                       double tolerance) {
  Masses masses{.a = given_or_uniform(a, rows), .b = given_or_uniform(b, cols)};
  const double source = checked_sum(masses.a, rows, "a", "row", where);
  const double target = checked_sum(masses.b, cols, "b", "column", where);
  if (!(std::abs(source - target) <= tolerance * std::max(source, target))) {
    throw_invalid(where, "sum of b", shown(target),
                  shown(source) + ", the sum of a, within " + shown(tolerance) +
                      " of it; partial and unbalanced transport take unequal masses");
  }
  masses.total = source;
  masses.rescaled = target / source;
  if (target != source) masses.b *= source / target;
  return masses;
}

}  // namespace pushforward::ot
