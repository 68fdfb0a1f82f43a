/// Entropic transport between measures whose marginals are relaxed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "pushforward/ot/unbalanced.hpp"

#include "runner/tasks/mass_problem.hpp"
#include "runner/tasks/sinkhorn_report.hpp"

namespace pushforward::runner {

struct UnbalancedTask {
  static constexpr std::string_view name = "ot.unbalanced";
  static constexpr std::string_view summary =
      "entropic transport that may destroy mass at the source and make it at the target";
  static constexpr bool random = true;

  using Problem = MassProblem;
  Problem problem;

  struct Solver {
    double epsilon = 0.05;
    EpsilonUnit unit = EpsilonUnit::cost;
    ot::MarginalOptions source, target;
    ot::EntropyReference reference = ot::EntropyReference::product;
    double tolerance = 1e-6;
    std::int64_t max_iterations = 100'000;
    bool translation = true;
    bool epsilon_scaling = true;
    bool over_relaxation = true;
    bool convergence = true;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilon", self.epsilon, positive,
            "weight of the entropy; POT calls it reg, and with geomloss's blur it is blur for "
            "euclidean and 2 blur^2 for squared_euclidean costs");
      field("unit", self.unit, any_value,
            "whether epsilon and rho are in units of the cost or shares of the median cost");
      field("source", self.source, nested, "what the source's marginal pays");
      field("target", self.target, nested, "what the target's marginal pays");
      field("reference", self.reference, any_value, "what the entropy is relative to");
      field("tolerance", self.tolerance, positive,
            "duality gap and violation of what is exact, relative");
      field("max_iterations", self.max_iterations, at_least(0), "sweeps over both potentials");
      field("translation", self.translation, any_value,
            "maximise over common shifts of both potentials in each sweep");
      field("epsilon_scaling", self.epsilon_scaling, any_value, "start from a large epsilon");
      field("over_relaxation", self.over_relaxation, any_value,
            "take longer steps once the rate of plain ones is known");
      field("convergence", self.convergence, any_value,
            "also solve with fewer sweeps, to show what they reach; doubles the work");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a run that misses its tolerance ends with exit status 5");
    }
  } solver;

  struct Output {
    bool potentials = true;
    bool marginals = true;
    int image_width = 0;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("potentials", self.potentials, any_value, "keep f and g");
      field("marginals", self.marginals, any_value, "keep the marginals of the coupling");
      field("image_width", self.image_width, at_least(0),
            "points are grey images of this width, shown in the report; 0: they are not");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
