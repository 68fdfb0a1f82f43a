/// A small deterministic task for the tests: a chain of additions that never sleeps, with stages,
/// state inside a stage, metrics and every kind of config field.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/task.hpp"

namespace pushforward::runner::test {

enum class Cost { squared_euclidean, euclidean };
constexpr std::array<std::string_view, 2> enum_names(Cost) {
  return {"squared_euclidean", "euclidean"};
}

struct Gaussian {
  static constexpr std::string_view type_name = "gaussian";
  double standard_deviation = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("standard_deviation", self.standard_deviation, positive, "spread of the law");
  }
};

struct Box {
  static constexpr std::string_view type_name = "uniform_box";
  double half_width = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("half_width", self.half_width, positive, "half the side");
  }
};

/// `steps` states x <- x + noise in `dim` dimensions; the result is the final state.
struct ToyTask {
  static constexpr std::string_view name = "test.walk";
  static constexpr std::string_view summary = "a random walk, to exercise the runner";
  static constexpr bool random = true;

  struct Problem {
    std::variant<Gaussian, Box> source;
    Cost cost = Cost::squared_euclidean;
    int dim = 3;
    std::optional<DataReference> start;
    std::optional<Matrix> points;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("source", self.source, nested, "law of the increments");
      field("cost", self.cost, any_value, "cost between points");
      field("dim", self.dim, between(1, 1000), "dimension of the walk");
      field("start", self.start, any_value, "a data entry whose first point is the start");
      field("points", self.points, any_value, "points given inline");
    }
  } problem;

  struct Solver {
    double epsilon = 0.05;
    int steps = 200;
    int laps = 1;
    int diverges_at = 0;
    std::int64_t work = 1000;
    double cap = std::numeric_limits<double>::infinity();
    std::vector<double> levels{1.0, 0.5};
    bool fail = false;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilon", self.epsilon, positive, "size of an increment");
      field("steps", self.steps, at_least(1), "increments");
      field("laps", self.laps, at_least(1), "times that the increments are walked: a budget");
      field("diverges_at", self.diverges_at, at_least(0), "step that fails; 0: none");
      field("work", self.work, at_least(0), "additions a step, to take time");
      field("cap", self.cap, positive.or_infinite(), "largest coordinate");
      field("levels", self.levels, positive, "decreasing levels");
      field("fail", self.fail, any_value, "end without convergence");
      field("on_not_converged", self.on_not_converged, any_value, "what that leads to");
    }
  } solver;

  struct Output {
    bool path = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("path", self.path, any_value, "keep the norm at every step");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::vector<std::string> budgets() { return {"/solver/laps"}; }
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner::test
