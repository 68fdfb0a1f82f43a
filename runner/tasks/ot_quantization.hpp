/// Points of equal mass that stand for a density: stipples of a picture.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pushforward/ot/quantization.hpp"

#include "runner/task.hpp"
#include "runner/tasks/density_source.hpp"

namespace pushforward::runner {

struct QuantizationTask {
  static constexpr std::string_view name = "ot.quantization";
  static constexpr std::string_view summary =
      "points of equal mass that stand for a density, each the mass centre of its cell";
  static constexpr bool random = true;

  struct Problem {
    DensitySource source;
    Index points = 500;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("source", self.source, any_value, "the density, in the plane or in space");
      field("points", self.points, between(1, 10'000'000), "of equal mass, drawn from it to start");
    }
  } problem;

  struct Solver {
    double tolerance = 1e-2;
    int max_iterations = 100;
    double mass_tolerance = 1e-6;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("tolerance", self.tolerance, positive,
            "distance of points from their cells' mass centres, over W_2, at which to stop");
      field("max_iterations", self.max_iterations, at_least(0), "moves of the points");
      field("mass_tolerance", self.mass_tolerance, positive,
            "largest relative mass error of a cell, at every move");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a run that is stopped while points move ends with exit status 5");
    }
  } solver;

  struct Output {
    bool points = true;
    bool report = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("points", self.points, any_value, "keep the points and their power weights");
      field("report", self.report, any_value, "write a report");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::vector<std::string> budgets() { return {"/solver/max_iterations"}; }
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
