/// Entropic transport on a grid against its closed form between Gaussians.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

struct GaussianEntropicTask {
  static constexpr std::string_view name = "ot.gaussian_entropic";
  static constexpr std::string_view summary =
      "entropic costs and divergences of Gaussians on a grid against their closed forms";
  static constexpr bool random = true;

  /// Pairs of Gaussians with means uniform in [-1/2, 1/2]^d and covariances of eigenvalues uniform
  /// between the least and the largest variance, turned at random.
  struct Problem {
    std::vector<Index> dims = {1, 2};
    Index pairs = 4;
    double least_variance = 0.5;
    double largest_variance = 1.5;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("dims", self.dims, between(1, 3), "dimensions");
      field("pairs", self.pairs, between(1, 1000), "of random Gaussians in each dimension");
      field("least_variance", self.least_variance, positive, "along any direction");
      field("largest_variance", self.largest_variance, positive, "along any direction");
    }
  } problem;

  struct Solver {
    std::vector<double> epsilons = {0.25, 1.0, 4.0};
    Index nodes = 81;
    double width = 7.0;
    double tolerance = 1e-11;
    std::int64_t max_passes = 20'000;
    OnNotConverged on_not_converged = OnNotConverged::error;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilons", self.epsilons, positive, "entropic regularisation, in squared lengths");
      field("nodes", self.nodes, between(2, 2000), "of the grid along each axis");
      field("width", self.width, positive,
            "of the grid beyond the means, in largest standard deviations");
      field("tolerance", self.tolerance, positive, "L1 error of the marginals");
      field("max_passes", self.max_passes, at_least(0), "of each solve over all pairs");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a solve that misses its tolerance ends the run with exit status 5");
    }
  } solver;

  NoOutput output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
