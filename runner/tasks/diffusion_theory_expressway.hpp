/// The bound on the expressway's error, on random mixtures where every part can be measured.
#pragma once

#include <string_view>
#include <vector>

#include "pushforward/diffusion/expressway.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"

#include "runner/task.hpp"

namespace pushforward::runner {

struct ExpresswayBoundTask {
  static constexpr std::string_view name = "diffusion.expressway_bound";
  static constexpr std::string_view summary =
      "distance of the expressway's law to the data against the bound, on random mixtures";
  static constexpr bool random = true;

  struct Problem {
    Index mixtures = 20;
    Index components = 3;
    diffusion::NoisePathOptions path = diffusion::Edm{};
    std::vector<double> levels = {1.0, 0.5, 0.2, 0.0};
    Index atoms = 100;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("mixtures", self.mixtures, between(1, 10'000), "random mixtures on the line");
      field("components", self.components, between(1, 100), "Gaussians in each of them");
      field("path", self.path, any_value, "how data turns into noise");
      field("levels", self.levels, non_negative,
            "noise levels of the tail, decreasing: that of the atoms first");
      field("atoms", self.atoms, between(1, 100'000),
            "draws of the noised data that noise maps to");
    }
  };

  struct Solver {
    double tolerance = 1.0;
    int max_iterations = 20;
    Index cover = 400;
    int reference_steps = 50;
    Index samples = 1000;
    Index reference = 16'000;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("tolerance", self.tolerance, positive,
            "certified bound on the largest relative mass error of a cell at which to stop");
      field("max_iterations", self.max_iterations, at_least(1), "batches of the transport");
      field("cover", self.cover, between(2, 1'000'000),
            "points on which the steps' Lipschitz constants are taken");
      field("reference_steps", self.reference_steps, at_least(1),
            "of the flow that a step's error is measured against");
      field("samples", self.samples, between(2, 10'000'000), "drawn through the expressway");
      field("reference", self.reference, between(2, 10'000'000),
            "exact draws that distances are measured to");
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
