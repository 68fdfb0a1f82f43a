#include "runner/tasks/diffusion_theory_law.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "pushforward/core/special.hpp"

namespace pushforward::runner {

using pushforward::detail::shortest;

namespace {

Vector as_vector(const std::vector<double>& values) {
  return Eigen::Map<const Vector>(values.data(), static_cast<Index>(values.size()));
}

}  // namespace

GaussianMixture LineMixture::law() const {
  return GaussianMixture::isotropic(as_vector(weights), as_vector(means).transpose(),
                                    as_vector(standard_deviations));
}

void LineMixture::validate(const std::string& pointer, ConfigProblems& problems) const {
  if (weights.empty()) problems.add(pointer + "/weights", "a mixture needs at least one Gaussian");
  const auto same_length = [&](std::string_view key, std::size_t found) {
    if (found == weights.size()) return;
    problems.add(pointer + "/" + std::string(key), "there are " + std::to_string(weights.size()) +
                                                       " weights and " + std::to_string(found) +
                                                       " " + std::string(key));
  };
  same_length("means", means.size());
  same_length("standard_deviations", standard_deviations.size());
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (!weights.empty() && std::abs(total - 1.0) > 1e-9) {
    problems.add(pointer + "/weights", "weights sum to " + shortest(total) + ", expected 1");
  }
}

Matrix spread_points(const GaussianMixture& data, const diffusion::NoisePath& path, double rho,
                     Index n) {
  const double mean = data.mean()[0];
  const double deviation = std::sqrt(data.covariance()(0, 0) + rho * rho);
  const double a = path.scales(rho).a;
  Matrix points(1, n);
  for (Index i = 0; i < n; ++i) {
    const double p = (static_cast<double>(i) + 0.5) / static_cast<double>(n);
    points(0, i) = a * (mean + deviation * normal_quantile(p));
  }
  return points;
}

bool validate_levels(const diffusion::NoisePathOptions& path, const std::string& path_pointer,
                     double first, double last, const std::string& pointer,
                     ConfigProblems& problems) {
  if (!(last < first)) {
    problems.add(pointer + "/last_level", "must be below first_level, " + shortest(first));
    return false;
  }
  try {
    const diffusion::NoisePath built(path);
    constexpr double slack = 1e-12;
    if (first <= built.rho_max() * (1.0 + slack) && last >= built.rho_min() * (1.0 - slack)) {
      return true;
    }
    problems.add(pointer + "/" + (first > built.rho_max() ? "first_level" : "last_level"),
                 std::string(built.type_name()) + " has noise levels from " +
                     shortest(built.rho_min()) + " to " + shortest(built.rho_max()));
  } catch (const std::invalid_argument& error) {
    problems.add(path_pointer, error.what());
  }
  return false;
}

void validate_steps(const std::vector<Index>& steps, std::size_t least, const std::string& pointer,
                    ConfigProblems& problems) {
  if (steps.size() < least) {
    problems.add(pointer, "at least " + std::to_string(least) + " numbers are needed");
  }
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (steps[i] > steps[i - 1]) continue;
    problems.add(pointer + "/" + std::to_string(i),
                 "numbers of steps must increase: " + std::to_string(steps[i]) + " follows " +
                     std::to_string(steps[i - 1]));
  }
}

void validate_names(const std::vector<std::string>& names, const std::string& pointer,
                    const std::string& key, ConfigProblems& problems) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string at = pointer + "/" + std::to_string(i) + key;
    if (names[i].empty()) problems.add(at, "a name is needed: results are called after it");
    const auto first = std::find(names.begin(), names.end(), names[i]);
    if (!names[i].empty() && first != names.begin() + static_cast<std::ptrdiff_t>(i)) {
      problems.add(
          at, "\"" + names[i] + "\" is taken by entry " + std::to_string(first - names.begin()));
    }
  }
}

}  // namespace pushforward::runner
