/// Entropic transport between two weighted point sets, with bounds of the exact cost.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pushforward/ot/sinkhorn.hpp"

#include "runner/tasks/discrete_problem.hpp"
#include "runner/tasks/sinkhorn_report.hpp"

namespace pushforward::runner {

struct SinkhornTask {
  static constexpr std::string_view name = "ot.sinkhorn";
  static constexpr std::string_view summary =
      "entropic transport between two weighted point sets, with bounds of the exact cost";
  static constexpr bool random = true;

  using Problem = DiscreteProblem;
  Problem problem;

  struct Solver {
    double epsilon = 0.05;
    EpsilonUnit epsilon_unit = EpsilonUnit::cost;
    ot::SinkhornMethod method = ot::SinkhornMethod::automatic;
    double tolerance = 1e-8;
    std::int64_t max_passes = 20'000;
    bool over_relaxation = true;
    bool epsilon_scaling = true;
    std::int64_t stored_pairs = 25'000'000;
    bool divergence = false;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("epsilon", self.epsilon, positive,
            "weight of the entropy; POT calls it reg, and with geomloss's blur it is blur for "
            "euclidean and 2 blur^2 for squared_euclidean costs");
      field("epsilon_unit", self.epsilon_unit, any_value,
            "whether epsilon is in units of the cost or a share of the median cost");
      field("method", self.method, any_value, "how the potentials are found");
      field("tolerance", self.tolerance, positive, "L1 error of the marginals at which to stop");
      field("max_passes", self.max_passes, at_least(0), "passes over all pairs, two an iteration");
      field("over_relaxation", self.over_relaxation, any_value,
            "take steps longer than the soft minimum once their rate is known");
      field("epsilon_scaling", self.epsilon_scaling, any_value,
            "begin with the spread of the costs and halve");
      field("stored_pairs", self.stored_pairs, at_least(0),
            "largest number of entries of a coupling that may be stored");
      field("divergence", self.divergence, any_value,
            "also the debiased distance, from two problems of a measure with itself");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a run that misses its tolerance ends with exit status 5");
    }
  } solver;

  struct Output {
    bool potentials = true;
    bool images = false;
    int image_width = 0;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("potentials", self.potentials, any_value, "keep f and g");
      field("images", self.images, any_value, "keep where the mass of each source goes on average");
      field("image_width", self.image_width, at_least(0),
            "points are grey images of this width, shown in the report; 0: they are not");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::vector<std::string> budgets() { return {"/solver/max_passes"}; }
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
