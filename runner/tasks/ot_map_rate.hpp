/// How fast maps estimated from samples converge where the target has two atoms, by dimension.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

struct MapRateTask {
  static constexpr std::string_view name = "ot.map_rate";
  static constexpr std::string_view summary =
      "error of entropic and nearest-neighbour maps onto two atoms against samples and dimension";
  static constexpr bool random = true;

  struct Problem {
    std::vector<Index> dims = {2, 10, 50};
    std::vector<Index> samples = {128, 512, 2048};
    double left_mass = 0.5;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("dims", self.dims, between(1, 10'000),
            "dimensions of the unit cube that is the source, increasing");
      field("samples", self.samples, between(2, 1'000'000),
            "draws of the source and of the target, increasing");
      field("left_mass", self.left_mass, strictly_between(0.0, 1.0),
            "mass of the atom at the centre of the face x_1 = 0; the other is at that of x_1 = 1");
    }
  } problem;

  struct Solver {
    double epsilon_scale = 1.0;
    double epsilon_exponent = 0.5;
    Index repeats = 100;
    Index nearest_repeats = 10;
    Index test_points = 1000;
    double tolerance = 1e-9;
    std::int64_t max_passes = 100'000;
    OnNotConverged on_not_converged = OnNotConverged::error;

    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilon_scale", self.epsilon_scale, positive,
            "epsilon times samples^epsilon_exponent, in squared distances of the atoms");
      field("epsilon_exponent", self.epsilon_exponent, non_negative,
            "epsilon falls like samples to minus this");
      field("repeats", self.repeats, between(3, 4095), "independent samples for each size");
      field("nearest_repeats", self.nearest_repeats, between(3, 4095),
            "the same for the nearest-neighbour map");
      field("test_points", self.test_points, between(1, 10'000'000),
            "fresh draws on which a map is compared with the true one");
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
