/// What the theory tasks of diffusion share: laws on the line, and rules about levels and steps.
#pragma once

#include <string>
#include <vector>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"

#include "runner/task.hpp"

namespace pushforward::runner {

/// A Gaussian mixture on the line, where the probability flow is known exactly.
struct LineMixture {
  std::vector<double> weights = {0.3, 0.5, 0.2};
  std::vector<double> means = {-2.0, 0.5, 3.0};
  std::vector<double> standard_deviations = {0.6, 0.9, 0.5};

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("weights", self.weights, non_negative, "of the Gaussians, sum 1");
    field("means", self.means, finite, "one for each Gaussian");
    field("standard_deviations", self.standard_deviations, positive, "one for each Gaussian");
  }

  GaussianMixture law() const;
  void validate(const std::string& pointer, ConfigProblems& problems) const;
};

/// n points that cover the law of a x_0 + s e at level rho: quantiles of the Gaussian with its
/// moments. 1 x n, in path coordinates.
Matrix spread_points(const GaussianMixture& data, const diffusion::NoisePath& path, double rho,
                     Index n);

/// first > last, both within the path's own range: reported at the two keys below `pointer`.
/// Returns whether all is well; a path with bad fields is reported at `path_pointer`.
bool validate_levels(const diffusion::NoisePathOptions& path, const std::string& path_pointer,
                     double first, double last, const std::string& pointer,
                     ConfigProblems& problems);

/// At least `least` numbers of steps, each larger than the one before.
void validate_steps(const std::vector<Index>& steps, std::size_t least, const std::string& pointer,
                    ConfigProblems& problems);

/// No two names are the same and none is empty.
void validate_names(const std::vector<std::string>& names, const std::string& pointer,
                    const std::string& key, ConfigProblems& problems);

}  // namespace pushforward::runner
