/// Wasserstein barycenters of groups of measures: on a fixed support, with a support of their own,
/// and on the line.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/ot/barycenter.hpp"

#include "runner/tasks/barycenter_groups.hpp"

namespace pushforward::runner {

/// Masses on the pixels of images, or on a grid over the points.
struct FixedSupportMethod {
  static constexpr std::string_view type_name = "fixed_support";
  double epsilon = 0.2;
  ot::BarycenterBias bias = ot::BarycenterBias::debiased;
  double tolerance = 1e-4;
  std::int64_t max_iterations = 10'000;
  Index nodes = 40;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive,
          "entropic regularisation, in squared lengths or pixels");
    field("bias", self.bias, any_value, "whether the blur of entropy is taken away");
    field("tolerance", self.tolerance, positive, "mean L1 distance of marginals");
    field("max_iterations", self.max_iterations, at_least(0), "projections onto all marginals");
    field("nodes", self.nodes, between(2, 10'000),
          "of the grid along each axis, where measures are points; images have their pixels");
  }
};

/// Points of equal weights that move.
struct FreeSupportMethod {
  static constexpr std::string_view type_name = "free_support";
  Index points = 50;
  double epsilon = 0.0;
  double tolerance = 1e-6;
  std::int64_t max_iterations = 200;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("points", self.points, between(1, 100'000), "of each barycenter");
    field("epsilon", self.epsilon, non_negative, "of entropic couplings; 0 takes exact ones");
    field("tolerance", self.tolerance, positive, "relative decrease of the objective");
    field("max_iterations", self.max_iterations, at_least(0), "updates of the support");
  }
};

/// Means of quantile functions: exact, for points on the line.
struct LineMethod {
  static constexpr std::string_view type_name = "line";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

struct BarycenterTask {
  static constexpr std::string_view name = "ot.barycenter";
  static constexpr std::string_view summary =
      "Wasserstein barycenters of images or point sets, each class on its own";
  static constexpr bool random = true;

  using Problem = BarycenterProblem;
  Problem problem;

  struct Solver {
    std::variant<FixedSupportMethod, FreeSupportMethod, LineMethod> method;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value, "where a barycenter's mass may be");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a barycenter that misses its tolerance ends the run with exit status 5");
    }
  } solver;

  struct Output {
    bool barycenters = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("barycenters", self.barycenters, any_value, "keep their points and weights");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
