#include "pushforward/core/goodness_of_fit.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <boost/math/special_functions/gamma.hpp>

#include "pushforward/core/errors.hpp"

namespace pushforward {

GoodnessOfFit pearson_test(const IndexVector& counts, VectorIn probabilities) {
  const Index classes = counts.size();
  require(classes > 0, "pearson_test", "counts.size()", classes, "at least 1");
  require(probabilities.size() == classes, "pearson_test", "probabilities.size()",
          probabilities.size(), "one per count, " + std::to_string(classes));
  double total = 0.0;
  for (Index j = 0; j < classes; ++j) {
    const std::string at = "[" + std::to_string(j) + "]";
    require(counts[j] >= 0, "pearson_test", "counts" + at, counts[j], "at least 0");
    require(probabilities[j] > 0.0, "pearson_test", "probabilities" + at, probabilities[j],
            "greater than 0");
    total += static_cast<double>(counts[j]);
  }
  require(total > 0.0, "pearson_test", "sum of counts", total, "greater than 0");
  require(std::abs(probabilities.sum() - 1.0) <= 1e-9, "pearson_test", "sum of probabilities",
          probabilities.sum(), "1 within 1e-9");
  if (classes == 1) return {.statistic = 0.0, .p_value = 1.0};
  double statistic = 0.0;
  for (Index j = 0; j < classes; ++j) {
    const double expected = total * probabilities[j];
    const double excess = static_cast<double>(counts[j]) - expected;
    statistic += excess * excess / expected;
  }
  const double half_freedom = 0.5 * static_cast<double>(classes - 1);
  return {.statistic = statistic, .p_value = boost::math::gamma_q(half_freedom, 0.5 * statistic)};
}

GoodnessOfFit kolmogorov_test(VectorIn draws, const std::function<double(double)>& cdf) {
  require(draws.size() > 0, "kolmogorov_test", "draws.size()", draws.size(), "at least 1");
  for (Index i = 0; i < draws.size(); ++i) {
    require(std::isfinite(draws[i]), "kolmogorov_test", "draws[" + std::to_string(i) + "]",
            draws[i], "finite");
  }
  std::vector<double> sorted(draws.data(), draws.data() + draws.size());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  double distance = 0.0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double f = cdf(sorted[i]);
    require(f >= 0.0 && f <= 1.0, "kolmogorov_test", "cdf(" + detail::shown(sorted[i]) + ")", f,
            "between 0 and 1");
    const auto before = static_cast<double>(i);
    distance = std::max({distance, f - before / n, (before + 1.0) / n - f});
  }
  return {.statistic = distance,
          .p_value = std::min(1.0, 2.0 * std::exp(-2.0 * n * distance * distance))};
}

}  // namespace pushforward
