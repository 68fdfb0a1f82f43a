/// How far apart two samples of one law are, by transport and by Sinkhorn divergence, against their
/// size and dimension.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

struct SampleComplexityTask {
  static constexpr std::string_view name = "ot.sample_complexity";
  static constexpr std::string_view summary =
      "W_1, W_2 and Sinkhorn divergence between two samples of one law against size and dimension";
  static constexpr bool random = true;

  struct Problem {
    std::vector<Index> dims = {2, 6, 10};
    std::vector<Index> samples = {50, 100, 200, 400};
    Index varying = 0;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("dims", self.dims, between(1, 10'000),
            "dimensions of the unit cube that is drawn from, increasing");
      field("samples", self.samples, between(2, 20'000), "points of each sample, increasing");
      field("varying", self.varying, at_least(0),
            "coordinates that vary, the others are constant; 0: all do");
    }
  } problem;

  struct Solver {
    double epsilon_per_dim = 0.1;
    bool debias = true;
    Index repeats = 40;
    double tolerance = 1e-7;
    std::int64_t max_passes = 100'000;
    OnNotConverged on_not_converged = OnNotConverged::error;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilon_per_dim", self.epsilon_per_dim, positive,
            "epsilon over the dimension, in units of squared sides");
      field("debias", self.debias, any_value,
            "whether the entropic costs of each sample with itself are taken away");
      field("repeats", self.repeats, between(3, 4095), "independent pairs of samples");
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
