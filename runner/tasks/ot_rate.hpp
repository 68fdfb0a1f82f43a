/// How fast the heights of semi-discrete transport converge in the number of draws, where they are
/// known.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

enum class HeightMethod {
  batch_optimum,      ///< Exactly optimal for one batch of draws.
  stochastic_newton,  ///< The solver of `semidiscrete`, on fresh draws.
  mc_adam             ///< Adam on Monte Carlo masses.
};
constexpr std::array<std::string_view, 3> enum_names(HeightMethod) {
  return {"batch_optimum", "stochastic_newton", "mc_adam"};
}

struct SemidiscreteRateTask {
  static constexpr std::string_view name = "ot.semi_discrete_rate";
  static constexpr std::string_view summary =
      "squared error of semi-discrete heights against the number of draws, where they are known";
  static constexpr bool random = true;

  struct Problem {
    Index dim = 2;
    Index per_side = 4;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("dim", self.dim, between(1, 64), "dimension of the cube that is the source");
      field("per_side", self.per_side, between(2, 10'000),
            "sites along each side: per_side^dim equal atoms at the centres of equal cells");
    }
  };

  struct Solver {
    HeightMethod method = HeightMethod::batch_optimum;
    std::vector<Index> draws = {64, 128, 256, 512};
    Index repeats = 100;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value, "how the heights are found");
      field(
          "draws", self.draws, between(1, 1'000'000'000),
          "draws behind the heights, increasing: the batch, a multiple of the number of sites, or "
          "what a run on fresh draws must pass");
      field("repeats", self.repeats, between(3, 100'000), "independent runs for each of them");
    }
  };

  Problem problem;
  Solver solver;
  NoOutput output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
