/// Orders of samplers: the error against the exact flow map as the number of steps grows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

#include "runner/tasks/diffusion_theory_law.hpp"

namespace pushforward::runner {

struct ConvergenceTask {
  static constexpr std::string_view name = "diffusion.convergence";
  static constexpr std::string_view summary =
      "orders of samplers: error against the exact flow map as the number of steps grows";

  struct Problem {
    LineMixture target;
    diffusion::NoisePathOptions path = diffusion::Edm{};
    double first_level = 10.0;
    double last_level = 0.05;
    Index points = 64;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("target", self.target, nested, "the data, on the line");
      field("path", self.path, any_value, "how data turns into noise");
      field("first_level", self.first_level, positive, "noise level rho at which samplers start");
      field("last_level", self.last_level, positive, "noise level at which errors are measured");
      field("points", self.points, between(1, 1'000'000), "start points, the same for all runs");
    }
  };

  struct Method {
    std::string name = "ddim";
    diffusion::ReverseSamplerOptions sampler{.method = diffusion::SamplerMethod::ddim};
    double order = 1.0;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("name", self.name, any_value, "what results call it");
      field("sampler", self.sampler, nested, "the sampler");
      field("order", self.order, positive, "the order it is expected to have, for the figure");
    }
  };

  struct Solver {
    std::vector<Method> methods = {Method{}};
    diffusion::TimeGrid grid = diffusion::LogSnrGrid{};
    std::vector<Index> steps = {40, 80, 160, 320};

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("methods", self.methods, any_value, "the samplers to compare");
      field("grid", self.grid, any_value, "spacing of the noise levels");
      field("steps", self.steps, between(1, 1'000'000), "numbers of steps, increasing");
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
