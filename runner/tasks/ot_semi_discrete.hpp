/// Transport from a law that can be drawn from to weighted atoms, certified.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/ot/semidiscrete.hpp"

#include "runner/task.hpp"

namespace pushforward::runner {

/// N(0, I) in the dimension of the target.
struct StandardNormalSource {
  static constexpr std::string_view type_name = "standard_normal";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

/// The uniform law on [lower, upper]^d in the dimension of the target.
struct UniformBoxSource {
  static constexpr std::string_view type_name = "uniform_box";
  double lower = 0.0;
  double upper = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("lower", self.lower, finite, "lower end of every side");
    field("upper", self.upper, finite, "upper end of every side");
  }
};

struct SemiDiscreteTask {
  static constexpr std::string_view name = "ot.semi_discrete";
  static constexpr std::string_view summary =
      "transport from a law that can be drawn from to weighted atoms";
  static constexpr bool random = true;

  struct Problem {
    std::variant<StandardNormalSource, UniformBoxSource> source;
    std::optional<DataReference> target;
    Matrix atoms = (Matrix(2, 4) << -1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0).finished();
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("source", self.source, nested, "the law that is transported");
      field("target", self.target, any_value, "a data entry with the atoms and their weights");
      field("atoms", self.atoms, any_value, "atoms of equal weight, where there is no target");
    }
  } problem;

  struct Solver {
    ot::SemidiscreteMethod method = ot::SemidiscreteMethod::stochastic_newton;
    double tolerance = 0.25;
    double failure_probability = 1e-3;
    int max_iterations = 10'000;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value, "how the heights are found");
      field("tolerance", self.tolerance, positive,
            "certified bound on the largest relative mass error at which to stop");
      field("failure_probability", self.failure_probability, strictly_between(0.0, 1.0),
            "that the certified bound is wrong, over all atoms at once");
      field("max_iterations", self.max_iterations, at_least(1), "batches drawn");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a run without its certificate ends with exit status 5");
    }
  } solver;

  struct Output {
    bool heights = true;
    bool report = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("heights", self.heights, any_value, "keep heights and cell masses");
      field("report", self.report, any_value, "write a report");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::vector<std::string> budgets() { return {"/solver/max_iterations"}; }
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
