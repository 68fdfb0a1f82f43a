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

MassBounds mass_bounds(const BinomialCounts& counts, VectorIn weights, double failure) {
  const IndexVector& hits = counts.hits;
  const std::int64_t n = counts.trials;
  if (n == 0) return {};
  const auto trials = static_cast<double>(n);
  std::map<Index, std::pair<double, double>> intervals;  // few counts occur, each many times
  MassBounds bounds{0.0, 0.0, 0.0, 0.0};
  double variance = 0.0;
  for (Index j = 0; j < hits.size(); ++j) {
    auto [found, is_new] = intervals.try_emplace(hits[j]);
    auto& [low, high] = found->second;
    if (is_new) {
      const auto c = static_cast<double>(hits[j]);
      low = hits[j] == 0 ? 0.0 : boost::math::ibeta_inv(c, trials - c + 1.0, failure);
      high = hits[j] == n ? 1.0 : boost::math::ibetac_inv(c + 1.0, trials - c, failure);
    }
    const double nu = weights[j];
    const auto chances = static_cast<double>(counts.chances[j]);
    const double error = std::abs(static_cast<double>(hits[j]) / (chances * trials) - nu);
    const double bound = std::max(high / chances - nu, nu - low / chances);
    variance += 1.0 / (chances * trials);
    bounds.relative_error = std::max(bounds.relative_error, error / nu);
    bounds.relative_bound = std::max(bounds.relative_bound, bound / nu);
    bounds.l1_error += error;
  }
  // Var masses_j <= m_j (1 - m_j) / (chances_j n), so E |masses - m|_1 is at most the root of the
  // sum of 1 / (chances_j n) times 1 - 1 / N. One draw changes |masses - nu|_1 by 2 / n at most, a
  // draw and its image by 3 / n: 2 / n if it counts alone in both its cells, 1 / n (McDiarmid).
  const double mean = std::sqrt(variance * (1.0 - 1.0 / static_cast<double>(hits.size())));
  const double change = (counts.chances.array() == 1).all() ? 2.0 : 3.0;
  bounds.l1_bound =
      std::min(2.0, bounds.l1_error + mean + change * std::sqrt(-0.5 * std::log(failure) / trials));
  return bounds;
}

MonteCarloEstimate chi_squared(const IndexVector& hits, std::int64_t n, VectorIn weights,
                               const DependentPairs& left_out) {
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
  if (left_out.count > 0.0) {
    const double pairs = draws * (draws - 1.0);
    value = (pairs * value - left_out.coincidences) / (pairs - left_out.count);
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

namespace {

// What a bound exceeds an estimated relative error by, after `hits` expected in the cell.
double margin(double error, double hits, double quantile) {
  return quantile * std::sqrt((1.0 + error) / hits) + 0.5 * quantile * quantile / hits;
}

double normal_quantile(double failure) {
  return boost::math::quantile(
      boost::math::complement(boost::math::normal(), std::max(failure, 1e-300)));
}

// The least hits at which a falling `bound` is no more than `tolerance`, to a percent.
template <class Bound>
double least_hits(double tolerance, Bound&& bound) {
  double low = 1.0, high = 1e15;
  if (bound(high) > tolerance) return std::numeric_limits<double>::infinity();
  while (high > 1.01 * low) {
    const double middle = std::sqrt(low * high);
    (bound(middle) > tolerance ? low : high) = middle;
  }
  return high;
}

}  // namespace

double certificate_hits(double tolerance, double relative_deviation, double failure, Index cells) {
  const double typical = typical_maximum(cells), quantile = normal_quantile(failure);
  return least_hits(tolerance, [&](double hits) {
    const double worst = typical * std::sqrt(relative_deviation * relative_deviation + 1.0 / hits);
    return worst + margin(worst, hits, quantile);
  });
}

double hits_for_error(double tolerance, double error, double failure) {
  const double quantile = normal_quantile(failure);
  return least_hits(tolerance, [&](double hits) { return error + margin(error, hits, quantile); });
}

}  // namespace pushforward::ot::detail
