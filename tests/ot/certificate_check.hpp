/// Recomputes the certificate of an exact solver in long double, from the problem alone.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"

namespace pushforward::testing {

/// The reported bounds against long double: the dual value of f and of the highest g that f allows,
/// which is feasible whatever the solver did, and the cost of the coupling.
inline void check_certificate(VectorIn a_given, VectorIn b_given, const ot::CostView& cost,
                              const ot::NetworkSimplexResult& result) {
  using Real = long double;
  const ot::Masses masses =
      ot::balanced_masses(a_given, b_given, cost.rows(), cost.cols(), "check_certificate");
  const Index n = cost.rows(), m = cost.cols();
  Real dual = 0, primal = 0, total = 0, potential_size = 0;
  for (Index i = 0; i < n; ++i) {
    REQUIRE(std::isfinite(result.f[i]));
    dual += Real(masses.a[i]) * result.f[i];
    potential_size += Real(masses.a[i]) * std::abs(result.f[i]);
    total += masses.a[i];
  }
  Vector column(n);
  for (Index j = 0; j < m; ++j) {
    REQUIRE(std::isfinite(result.g[j]));
    if (masses.b[j] == 0.0) continue;
    const double* c = cost.column(j, 0, n, column.data());
    Real highest = std::numeric_limits<Real>::infinity();
    for (Index i = 0; i < n; ++i) highest = std::min(highest, Real(c[i]) - Real(result.f[i]));
    dual += Real(masses.b[j]) * highest;
    potential_size += Real(masses.b[j]) * std::abs(result.g[j]);
    CHECK(Real(result.g[j]) <= highest + 0x1p-50L * (std::abs(highest) + std::abs(result.g[j])));
  }
  for (const auto& e : result.coupling.entries()) {
    primal += Real(e.mass) * cost.entry(e.row, e.col);
    CHECK(e.mass > 0.0);
  }
  CHECK(Real(result.certificate.dual) <= dual);
  CHECK(Real(result.certificate.primal) >= primal);
  // Masses balance to rounding, and so do the two sides.
  CHECK(dual <= primal + 0x1p-48L * (potential_size + std::abs(primal)));
  // Each of n + m - 1 flows rounds once.
  CHECK(result.row_error <= 1e-15 * double(n + m) * double(total));
  CHECK(result.col_error <= 1e-15 * double(n + m) * double(total));
  CHECK(std::abs(masses.a.dot(result.f) - masses.b.dot(result.g)) <=
        1e-12 * double(potential_size));
}

}  // namespace pushforward::testing
