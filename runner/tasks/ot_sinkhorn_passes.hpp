/// How many passes over all pairs each method for entropic transport needs on the same problems.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runner/tasks/discrete_problem.hpp"

namespace pushforward::runner {

struct SinkhornPassesTask {
  static constexpr std::string_view name = "ot.sinkhorn_passes";
  static constexpr std::string_view summary =
      "passes that methods for entropic transport need on the same random mixtures";
  static constexpr bool random = true;

  struct Problem {
    Index mixtures = 3;
    Index dim = 2;
    Index components = 3;
    Index points = 150;
    std::vector<double> epsilons = {0.1, 0.03, 0.01};

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("mixtures", self.mixtures, between(1, 1000), "pairs of random Gaussian mixtures");
      field("dim", self.dim, between(1, 10'000), "dimension");
      field("components", self.components, between(1, 1000), "Gaussians of each");
      field("points", self.points, between(2, 5000), "draws of each");
      field("epsilons", self.epsilons, positive,
            "as shares of the median cost of each problem, decreasing");
    }
  } problem;

  struct Solver {
    double tolerance = 1e-9;
    std::int64_t max_passes = 100'000;
    OnNotConverged on_not_converged = OnNotConverged::error;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("tolerance", self.tolerance, positive, "L1 error of the marginals");
      field("max_passes", self.max_passes, at_least(1), "of each solve over all pairs");
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
