/// DDIM on Gaussian data: how far it shrinks the spread, measured against the closed form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

#include "runner/tasks/diffusion_theory_law.hpp"

namespace pushforward::runner {

struct ContractionTask {
  static constexpr std::string_view name = "diffusion.gaussian_contraction";
  static constexpr std::string_view summary =
      "how far a first-order sampler shrinks Gaussian data, against the product of cosines";

  struct Problem {
    double mean = 0.5;
    std::vector<double> standard_deviations = {1.0, 0.3, 2.0};
    diffusion::NoisePathOptions path = diffusion::Edm{};
    double first_level = 40.0;
    double last_level = 0.02;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("mean", self.mean, finite, "of every coordinate of the data");
      field("standard_deviations", self.standard_deviations, positive,
            "of the data, one for each coordinate");
      field("path", self.path, any_value, "how data turns into noise");
      field("first_level", self.first_level, positive,
            "noise level rho at which the sampler starts");
      field("last_level", self.last_level, positive, "noise level at which it ends");
    }
  };

  struct Solver {
    diffusion::ReverseSamplerOptions sampler{.method = diffusion::SamplerMethod::ddim};
    std::vector<diffusion::TimeGrid> grids = {diffusion::AngleGrid{}, diffusion::KarrasGrid{},
                                              diffusion::LogSnrGrid{}, diffusion::UniformGrid{}};
    std::vector<Index> steps = {1, 2, 5, 10, 20, 50};

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("sampler", self.sampler, nested, "the sampler, compared with the closed form of ddim");
      field("grids", self.grids, any_value, "spacings of the noise levels, each type once");
      field("steps", self.steps, between(1, 100'000), "numbers of steps, increasing");
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
