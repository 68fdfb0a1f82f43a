/// What predicted potentials save where many problems share their points.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "pushforward/ot/sinkhorn.hpp"

#include "runner/task.hpp"

namespace pushforward::runner {

/// What is done to predictions before they are used: to see that a claim about them can fail.
enum class PredictionFault { none, reversed };
constexpr std::array<std::string_view, 2> enum_names(PredictionFault) {
  return {"none", "reversed"};
}

struct WarmStartTask {
  static constexpr std::string_view name = "ot.warm_start";
  static constexpr std::string_view summary =
      "passes saved by starting entropic transport from predicted potentials";
  static constexpr bool random = true;

  struct Problem {
    Index per_side = 8;
    Index bumps = 2;
    Index training = 60;
    Index test = 40;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("per_side", self.per_side, between(2, 100),
            "points along each side of the grid in the unit square that all measures live on");
      field("bumps", self.bumps, between(1, 100),
            "each measure is a mixture of so many Gaussians of deviation 0.15, drawn at random");
      field("training", self.training, between(1, 100'000), "solved problems to learn from");
      field("test", self.test, between(3, 100'000),
            "problems to solve from zero and from each "
            "prediction");
    }
  } problem;

  struct Solver {
    double epsilon = 0.05;
    ot::SinkhornMethod method = ot::SinkhornMethod::automatic;
    double tolerance = 1e-6;
    double ridge = 1e-4;
    PredictionFault fault = PredictionFault::none;
    std::int64_t max_passes = 100'000;
    OnNotConverged on_not_converged = OnNotConverged::error;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilon", self.epsilon, positive, "in units of squared lengths");
      field("method", self.method, any_value, "how the potentials are found");
      field("tolerance", self.tolerance, positive, "L1 error of the marginals");
      field("ridge", self.ridge, positive, "of the regression, relative");
      field("fault", self.fault, any_value, "turns predictions round, to see a claim fail");
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
