#include "pushforward/core/special.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <boost/math/special_functions/erf.hpp>

#include "pushforward/core/errors.hpp"

namespace pushforward {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

double log_sum_exp(VectorIn x) {
  if (x.size() == 0) return -infinity;
  const double largest = x.maxCoeff<Eigen::PropagateNaN>();
  if (!std::isfinite(largest)) return largest;
  return largest + std::log((x.array() - largest).exp().sum());
}

double log1m_exp(double x) {
  // Both branches lose at most one bit at their border, 1 - e^x = 1/2.
  return x > -std::numbers::ln2 ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x));
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double log_normal_cdf(double x) {
  if (x > 0.0) return std::log1p(-0.5 * std::erfc(x / std::numbers::sqrt2));
  if (x > -20.0) return std::log(normal_cdf(x));
  if (x == -infinity) return -infinity;
  // Mills' ratio: cdf = density / |x| (1 - 1/x^2 + 3/x^4 - 15/x^6 + ...). At |x| = 20 the ninth
  // term is below 1e-15 of the first and the terms still fall.
  const double inverse_square = 1.0 / (x * x);
  double term = 1.0, sum = 0.0;
  for (int k = 1; k <= 9; ++k) {
    term *= -static_cast<double>(2 * k - 1) * inverse_square;
    sum += term;
  }
  const double half_log_2pi = 0.5 * std::log(2.0 * std::numbers::pi);
  return -0.5 * x * x - half_log_2pi - std::log(-x) + std::log1p(sum);
}

double normal_quantile(double p) {
  require(p >= 0.0 && p <= 1.0, "normal_quantile", "p", p, "between 0 and 1");
  if (p == 0.0) return -infinity;
  if (p == 1.0) return infinity;
  return -std::numbers::sqrt2 * boost::math::erfc_inv(2.0 * p);
}

}  // namespace pushforward
