#include "ot/src/semidiscrete_certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include <boost/math/distributions/normal.hpp>
#include <boost/math/special_functions/beta.hpp>

namespace pushforward::ot::detail {

double look_failure(double failure_probability, std::int64_t look) {
  const auto k = static_cast<double>(look);
  return failure_probability / (k * (k + 1.0));
}

MassBounds mass_bounds(const IndexVector& hits, std::int64_t n, VectorIn weights, double failure) {
  if (n == 0) return {};
  const double side = failure / (2.0 * static_cast<double>(hits.size()));
  const auto draws = static_cast<double>(n);
  std::map<Index, std::pair<double, double>> intervals;  // few counts occur, each many times
  MassBounds bounds{0.0, 0.0, 0.0, 0.0};
  for (Index j = 0; j < hits.size(); ++j) {
    auto [found, is_new] = intervals.try_emplace(hits[j]);
    auto& [low, high] = found->second;
    if (is_new) {
      const auto c = static_cast<double>(hits[j]);
      low = hits[j] == 0 ? 0.0 : boost::math::ibeta_inv(c, draws - c + 1.0, side);
      high = hits[j] == n ? 1.0 : boost::math::ibetac_inv(c + 1.0, draws - c, side);
    }
    const double nu = weights[j];
    const double error = std::abs(static_cast<double>(hits[j]) / draws - nu);
    const double bound = std::max(high - nu, nu - low);
    bounds.relative_error = std::max(bounds.relative_error, error / nu);
    bounds.relative_bound = std::max(bounds.relative_bound, bound / nu);
    bounds.l1_error += error;
    bounds.l1_bound += bound;
  }
  bounds.l1_bound = std::min(bounds.l1_bound, 2.0);
  return bounds;
}

MonteCarloEstimate chi_squared(const IndexVector& hits, std::int64_t n, VectorIn weights) {
  if (n < 2) return {};
  const auto draws = static_cast<double>(n);
  double value = 0.0, first = 0.0, second = 0.0, mean = 0.0;
  for (Index j = 0; j < hits.size(); ++j) {
    const auto c = static_cast<double>(hits[j]);
    const double m = c / draws, ratio = m / weights[j];
    value += c / draws * ((c - 1.0) / (draws - 1.0)) / weights[j];
    mean += m * ratio;
    first += m * ratio * ratio;
    second += ratio * ratio;
  }
  // Variance of a U-statistic of order two: (4 (n - 2) zeta_1 + 2 zeta_2) / (n (n - 1)) with zeta_1
  // = Var m_J / nu_J, zeta_2 the kernel's variance, from the sample masses: a little too large.
  const double zeta1 = std::max(0.0, first - mean * mean);
  const double zeta2 = std::max(0.0, second - mean * mean);
  const double variance = (4.0 * (draws - 2.0) * zeta1 + 2.0 * zeta2) / (draws * (draws - 1.0));
  return {value - 1.0, std::sqrt(variance)};
}

double typical_maximum(Index cells) {
  const double tail = 0.5 * (1.0 - std::pow(0.5, 1.0 / static_cast<double>(cells)));
  return boost::math::quantile(boost::math::complement(boost::math::normal(), tail));
}

double certificate_hits(double tolerance, double relative_deviation, double failure, Index cells) {
  const double z = typical_maximum(cells);
  const double side = std::max(failure / (2.0 * static_cast<double>(cells)), 1e-300);
  const double z_side = boost::math::quantile(boost::math::complement(boost::math::normal(), side));
  const auto expected = [&](double hits) {  // the bound that so many draws should give
    return z * std::sqrt(relative_deviation * relative_deviation + 1.0 / hits) +
           z_side / std::sqrt(hits) + 0.5 * z_side * z_side / hits;
  };
  double low = 1.0, high = 1e15;
  if (expected(high) > tolerance) return std::numeric_limits<double>::infinity();
  while (high > 1.01 * low) {
    const double middle = std::sqrt(low * high);
    (expected(middle) > tolerance ? low : high) = middle;
  }
  return high;
}

}  // namespace pushforward::ot::detail
