/// The last phase of damped Newton on exact cells, on problems whose weights are known.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner {

enum class PhaseDensity { uniform, piecewise_linear };
constexpr std::array<std::string_view, 2> enum_names(PhaseDensity) {
  return {"uniform", "piecewise_linear"};
}

struct NewtonPhaseTask {
  static constexpr std::string_view name = "ot.newton_phase";
  static constexpr std::string_view summary =
      "mass errors of successive Newton steps on exact cells, where the weights are known";
  static constexpr bool random = true;

  struct Problem {
    PhaseDensity density = PhaseDensity::piecewise_linear;
    Index sites = 300;
    double spread = 0.3;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("density", self.density, any_value,
            "on the unit square: uniform, or continuous and linear on 18 triangles, drawn");
      field("sites", self.sites, between(2, 100'000), "drawn uniformly");
      field("spread", self.spread, between(0, 1),
            "of the weights that are drawn, over a cell's area; halved until no cell is empty");
    }
  } problem;

  struct Solver {
    Index repeats = 30;
    double entry = 0.2;
    double floor = 1e-10;
    double system_residual = 1e-2;
    bool tighten_systems = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("repeats", self.repeats, between(1, 100'000), "problems");
      field("entry", self.entry, strictly_between(0.0, 1.0),
            "mass error at which the last phase begins");
      field("floor", self.floor, positive, "mass error at which rounding takes over");
      field("system_residual", self.system_residual, strictly_between(0.0, 1.0),
            "largest relative residual of a step's linear system");
      field("tighten_systems", self.tighten_systems, any_value,
            "solve them to a tenth of the relative mass error, where that is less");
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
