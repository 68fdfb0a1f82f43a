/// Exact transport of part of the mass, certified.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/tasks/mass_problem.hpp"

namespace pushforward::runner {

/// A given amount moves.
struct ByMass {
  static constexpr std::string_view type_name = "mass";
  double share = 0.5;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("share", self.share, between(0, 1), "of the smaller total mass that is moved");
  }
};

/// What is worth it moves.
struct ByPrice {
  static constexpr std::string_view type_name = "price";
  double lambda = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("lambda", self.lambda, non_negative,
          "what a unit of mass costs that is left at either end, in units of the cost");
  }
};

struct PartialTask {
  static constexpr std::string_view name = "ot.partial";
  static constexpr std::string_view summary =
      "exact transport of part of the mass: a given amount, or what is worth its cost";
  static constexpr bool random = true;

  using Problem = MassProblem;
  Problem problem;

  struct Solver {
    std::variant<ByMass, ByPrice> amount;
    bool path = true;
    double tolerance = 1e-10;
    std::int64_t max_iterations = std::int64_t{1} << 40;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("amount", self.amount, any_value, "what decides how much moves");
      field("path", self.path, any_value,
            "also the least cost of every mass, which takes time (n + m)^3");
      field("tolerance", self.tolerance, positive,
            "duality gap, relative to the larger of the cost and a typical cost");
      field("max_iterations", self.max_iterations, at_least(0), "pivots");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a run without its certificate ends with exit status 5");
    }
  } solver;

  using Output = CouplingOutput;
  Output output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
