/// Polynomials on triangles in Bernstein form, and quadrature that is exact for their moments.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace pushforward::ot::detail {

inline constexpr int most_degree = 4;

constexpr int bernstein_count(int degree) { return (degree + 1) * (degree + 2) / 2; }

/// Exponents (i, j, l) of the barycentric coordinates, i + j + l = degree, falling in
/// lexicographic order.
inline std::vector<std::array<int, 3>> bernstein_exponents(int degree) {
  std::vector<std::array<int, 3>> all;
  for (int i = degree; i >= 0; --i) {
    for (int j = degree - i; j >= 0; --j) all.push_back({i, j, degree - i - j});
  }
  return all;
}

/// sum_k c_k p! / (i! j! l!) b_0^i b_1^j b_2^l by repeated interpolation, exact in sign for
/// non-negative coefficients and coordinates.
inline double bernstein_value(int degree, const double* coefficients, double b0, double b1,
                              double b2) {
  std::array<double, bernstein_count(most_degree)> level;
  for (int k = 0; k < bernstein_count(degree); ++k) {
    level[static_cast<std::size_t>(k)] = coefficients[k];
  }
  // Row r holds the exponents with i = degree - r, from j = r down: row r starts at r (r + 1) / 2.
  for (int p = degree; p > 0; --p) {
    std::size_t next = 0;
    for (std::size_t r = 0; r < static_cast<std::size_t>(p); ++r) {
      const std::size_t row = r * (r + 1) / 2, below = (r + 1) * (r + 2) / 2;
      for (std::size_t k = 0; k <= r; ++k, ++next) {
        level[next] = b0 * level[row + k] + b1 * level[below + k] + b2 * level[below + k + 1];
      }
    }
  }
  return level[0];
}

struct GaussPoint {
  double at, weight;  ///< On [0, 1], weights of sum one.
};

/// Gauss-Legendre with 1 to 4 points, exact to degree 2 n - 1.
std::span<const GaussPoint> gauss_points(int n);

}  // namespace pushforward::ot::detail
