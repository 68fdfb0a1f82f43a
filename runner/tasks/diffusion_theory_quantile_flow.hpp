/// The probability flow on the line against the quantile map, path by path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/tasks/diffusion_theory_law.hpp"

namespace pushforward::runner {

struct QuantileFlowTask {
  static constexpr std::string_view name = "diffusion.quantile_flow";
  static constexpr std::string_view summary =
      "the probability flow on the line, integrated in each path's clock, against the quantile map";

  struct Problem {
    LineMixture target;
    std::vector<diffusion::NoisePathOptions> paths = {diffusion::VpLinear{}, diffusion::VpCosine{},
                                                      diffusion::VeGeometric{}, diffusion::Edm{},
                                                      diffusion::FlowLinear{}};
    double first_level = 20.0;
    double last_level = 0.05;
    Index points = 64;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("target", self.target, nested, "the data, on the line");
      field("paths", self.paths, any_value, "how data turns into noise, each type once");
      field("first_level", self.first_level, positive, "noise level rho at which points start");
      field("last_level", self.last_level, positive, "noise level at which they are compared");
      field("points", self.points, between(1, 1'000'000), "start points");
    }
  };

  struct Solver {
    std::vector<Index> steps = {500, 1000, 2000};

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("steps", self.steps, between(1, 1'000'000),
            "steps of the fourth-order integrator, increasing");
    }
  };

  Problem problem;
  Solver solver;
  NoOutput output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
