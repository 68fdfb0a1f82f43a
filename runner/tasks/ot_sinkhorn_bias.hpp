/// How much more entropic couplings cost than optimal ones, against the bound that theory gives.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runner/tasks/discrete_problem.hpp"

namespace pushforward::runner {

struct SinkhornBiasTask {
  static constexpr std::string_view name = "ot.sinkhorn_bias";
  static constexpr std::string_view summary =
      "how much more entropic couplings cost than optimal ones, against the bound";
  static constexpr bool random = true;

  struct Problem {
    std::vector<Index> dims = {2, 16};
    Index mixtures = 6;
    Index components = 3;
    Index source_points = 60;
    Index target_points = 80;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("dims", self.dims, between(1, 10'000), "dimensions, with as many problems in each");
      field("mixtures", self.mixtures, between(1, 10'000), "pairs of random Gaussian mixtures");
      field("components", self.components, between(1, 1000), "Gaussians of each");
      field("source_points", self.source_points, between(2, 5000), "draws, of random weights");
      field("target_points", self.target_points, between(2, 5000), "draws, of random weights");
    }
  } problem;

  struct Solver {
    std::vector<double> epsilons = {0.01, 0.03, 0.1, 0.3, 1.0};
    double tolerance = 1e-10;
    std::int64_t max_passes = 100'000;
    OnNotConverged on_not_converged = OnNotConverged::error;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilons", self.epsilons, positive, "as shares of the median cost of each problem");
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
