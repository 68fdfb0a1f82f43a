/// What pairing noise with data before training does to paths and to the law of the noise.
#pragma once

#include <string_view>
#include <vector>

#include "pushforward/ot/noise_assignment.hpp"

#include "runner/tasks/discrete_problem.hpp"

namespace pushforward::runner {

struct NoiseAssignmentTask {
  static constexpr std::string_view name = "ot.noise_assignment";
  static constexpr std::string_view summary =
      "path lengths and the law of the noise when noise is assigned to data batch by batch";
  static constexpr bool random = true;

  struct Problem {
    DiscretePoints data = RandomMixturePoints{.dim = 16, .points = 4096};
    std::vector<Index> batches = {16, 64, 256};
    bool standardise = true;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("data", self.data, any_value, "what the model would be trained on");
      field("batches", self.batches, between(1, 20'000), "sizes of a batch, increasing");
      field("standardise", self.standardise, any_value,
            "moves and scales the data to mean zero and mean variance one, the noise's");
    }
  } problem;

  struct Solver {
    ot::NoiseAssignmentMethod method = ot::NoiseAssignmentMethod::automatic;
    Index candidates = 8;
    Index repeats = 20;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value, "how noises are chosen");
      field("candidates", self.candidates, between(1, 1000),
            "of nearest: noises drawn for each datum");
      field("repeats", self.repeats, between(3, 10'000), "batches of each size");
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
