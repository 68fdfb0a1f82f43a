/// Sums whose error does not grow with the number of terms.
#pragma once

#include <cmath>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// Neumaier's sum: error about one rounding of the result plus n u^2 of the terms.
class CompensatedSum {
 public:
  void add(double x) {
    const double next = sum_ + x;
    lost_ += std::abs(sum_) >= std::abs(x) ? (sum_ - next) + x : (x - next) + sum_;
    sum_ = next;
  }
  /// a b without the rounding of the product.
  void add_product(double a, double b) {
    const double product = a * b;
    add(product);
    add(std::fma(a, b, -product));
  }
  /// Past the largest double the corrections are inf - inf.
  double value() const { return std::isfinite(sum_) ? sum_ + lost_ : sum_; }

 private:
  double sum_ = 0.0;
  double lost_ = 0.0;
};

inline double compensated_dot(VectorIn a, VectorIn b) {
  CompensatedSum sum;
  for (Index i = 0; i < a.size(); ++i) sum.add_product(a[i], b[i]);
  return sum.value();
}

}  // namespace pushforward::ot::detail
