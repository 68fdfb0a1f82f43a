#include "ot/src/whole_masses.hpp"

#include <cmath>
#include <numeric>

namespace pushforward::ot::detail {
namespace {

constexpr double largest_sum = 0x1p52;

bool all_equal(VectorIn x) { return (x.array() == x[0]).all(); }

bool are_whole(VectorIn x) { return (x.array() == x.array().round()).all(); }

Vector rounded(VectorIn x, double unit) { return (x.array() / unit).round().max(1.0); }

}  // namespace

WholeMasses whole_masses(VectorIn a, VectorIn b) {
  if (all_equal(a) && all_equal(b)) {
    const Index common = std::gcd(a.size(), b.size());
    return {Vector::Constant(a.size(), static_cast<double>(b.size() / common)),
            Vector::Constant(b.size(), static_cast<double>(a.size() / common))};
  }
  if (are_whole(a) && are_whole(b) && a.sum() == b.sum() && a.sum() <= largest_sum) return {a, b};
  // The largest first, so that neither the sum overflows nor the unit vanishes.
  const double largest = a.maxCoeff();
  const Vector scaled_a = a / largest;
  const Vector scaled_b = b / largest;
  // Half of the range is left for masses that are rounded up to one.
  const double unit = 2.0 * scaled_a.sum() / largest_sum;
  WholeMasses whole{rounded(scaled_a, unit), rounded(scaled_b, unit)};
  const double excess = whole.a.sum() - whole.b.sum();
  Index at;
  Vector& smaller = excess > 0.0 ? whole.b : whole.a;
  smaller.maxCoeff(&at);
  smaller[at] += std::abs(excess);
  return whole;
}

}  // namespace pushforward::ot::detail
