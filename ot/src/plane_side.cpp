#include "ot/src/plane_side.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace pushforward::ot::detail {
namespace {

// A sum of doubles without rounding: parts of increasing size that do not overlap, so that the last
// has the sign of the whole. Source: \cite shewchuk1997.
class ExactSum {
 public:
  void add(double x) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      const double sum = x + parts_[i];
      const double from_part = sum - x;
      const double lost = (x - (sum - from_part)) + (parts_[i] - from_part);
      x = sum;
      if (lost != 0.0) parts_[kept++] = lost;
    }
    if (x != 0.0) parts_[kept++] = x;
    size_ = kept;
  }

  void add_product(double a, double b) {
    const double product = a * b;
    add(std::fma(a, b, -product));
    add(product);
  }

  // The product of four numbers.
  void add_product(double a, double b, double c, double d) {
    const double ab = a * b, cd = c * d;
    const double ab_lost = std::fma(a, b, -ab), cd_lost = std::fma(c, d, -cd);
    add_product(ab_lost, cd_lost);
    add_product(ab_lost, cd);
    add_product(ab, cd_lost);
    add_product(ab, cd);
  }

  int sign() const {
    if (size_ == 0) return 0;
    return parts_[size_ - 1] > 0.0 ? 1 : -1;
  }

 private:
  std::array<double, 192> parts_{};  // 24 products of 8 parts each
  std::size_t size_ = 0;
};

}  // namespace

int plane_side(const Plane& a, const Plane& b, const Plane& c, const Plane& d) {
  // det of the rows (n, c) is -det(n_a, n_b, n_c) (n_d.p - c_d).
  const std::array<double, 4> rows[4] = {
      {a.x, a.y, a.z, a.c}, {b.x, b.y, b.z, b.c}, {c.x, c.y, c.z, c.c}, {d.x, d.y, d.z, d.c}};
  ExactSum negated;
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      if (j == i) continue;
      for (std::size_t k = 0; k < 4; ++k) {
        if (k == i || k == j) continue;
        const std::size_t l = 6 - i - j - k;
        const int inversions = (i > j) + (i > k) + (i > l) + (j > k) + (j > l) + (k > l);
        const double sign = inversions % 2 == 0 ? -1.0 : 1.0;
        negated.add_product(sign * rows[0][i], rows[1][j], rows[2][k], rows[3][l]);
      }
    }
  }
  return negated.sign();
}

}  // namespace pushforward::ot::detail
