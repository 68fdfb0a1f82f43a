/// Exact transport between two weighted point sets, certified.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pushforward/ot/network_simplex.hpp"

#include "runner/tasks/discrete_problem.hpp"

namespace pushforward::runner {

struct ExactTask {
  static constexpr std::string_view name = "ot.exact";
  static constexpr std::string_view summary =
      "exact transport between two weighted point sets, with potentials that prove it";
  static constexpr bool random = true;

  using Problem = DiscreteProblem;
  Problem problem;

  struct Solver {
    ot::ExactMethod method = ot::ExactMethod::automatic;
    double tolerance = 1e-10;
    std::int64_t max_iterations = 1'000'000'000;
    Index arcs_per_node = 12;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value, "which arcs the simplex looks at");
      field("tolerance", self.tolerance, positive,
            "duality gap, relative to the larger of the cost and a typical cost");
      field("max_iterations", self.max_iterations, at_least(0), "pivots");
      field("arcs_per_node", self.arcs_per_node, at_least(1), "of the shortlist, on average");
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
