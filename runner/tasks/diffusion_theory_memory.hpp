/// Sampling a finite data set: to level zero it gives back the data, stopped early it is the kernel
/// density estimate.
#pragma once

#include <string_view>
#include <vector>

#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

#include "runner/tasks/diffusion_theory_law.hpp"

namespace pushforward::runner {

struct MemoryTask {
  static constexpr std::string_view name = "diffusion.empirical_memory";
  static constexpr std::string_view summary =
      "sampling a finite data set: its points at level zero, a kernel density estimate before";
  static constexpr bool random = true;

  struct Problem {
    Matrix points = default_points();
    diffusion::NoisePathOptions path = diffusion::Edm{};
    double first_level = 40.0;
    double stop_level = 0.3;
    double last_level = 0.01;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("points", self.points, any_value, "the data, distinct points, each as likely");
      field("path", self.path, any_value, "how data turns into noise");
      field("first_level", self.first_level, positive,
            "noise level rho at which the sampler starts");
      field("stop_level", self.stop_level, positive,
            "level of the early stop: the bandwidth of the kernel density estimate");
      field("last_level", self.last_level, positive,
            "smallest positive level of the run to zero; small against distances in the data");
    }
    static Matrix default_points();
  };

  struct Solver {
    diffusion::ReverseSamplerOptions sampler;
    diffusion::TimeGrid grid = diffusion::LogSnrGrid{};
    Index steps = 100;
    Index samples = 20'000;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("sampler", self.sampler, nested, "the sampler");
      field("grid", self.grid, any_value, "spacing of the noise levels");
      field("steps", self.steps, between(1, 100'000), "steps of each of the two runs");
      field("samples", self.samples, between(2, 10'000'000), "draws of each of the two runs");
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
