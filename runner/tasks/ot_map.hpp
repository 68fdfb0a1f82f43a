/// Transport maps fitted to two point sets, and where they take points.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/ot/entropic_map.hpp"

#include "runner/tasks/map_problem.hpp"
#include "runner/tasks/sinkhorn_report.hpp"

namespace pushforward::runner {

/// Where mass at x goes on average under the coupling of entropic potentials.
struct EntropicMapMethod {
  static constexpr std::string_view type_name = "entropic";
  double epsilon = 0.01;
  EpsilonUnit epsilon_unit = EpsilonUnit::typical_cost;
  ot::MapBias bias = ot::MapBias::plain;
  double tolerance = 1e-6;
  std::int64_t max_passes = 20'000;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive, "entropic regularisation");
    field("epsilon_unit", self.epsilon_unit, any_value,
          "whether epsilon is in squared lengths or a share of the median squared distance");
    field("bias", self.bias, any_value,
          "debiased: less the blur of the source's map to itself; may leave the targets' hull");
    field("tolerance", self.tolerance, positive, "L1 error of the marginals at which to stop");
    field("max_passes", self.max_passes, at_least(0), "passes over all pairs, two an iteration");
  }
};

/// The image of the nearest fitted point under an exactly optimal coupling.
struct NearestNeighbourMethod {
  static constexpr std::string_view type_name = "nearest_neighbour";
  double tolerance = 1e-10;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive,
          "duality gap of the exact coupling, relative to cost and typical cost");
  }
};

struct MapTask {
  static constexpr std::string_view name = "ot.map";
  static constexpr std::string_view summary =
      "a transport map fitted to two point sets, and where it takes points, also new ones";
  static constexpr bool random = true;

  using Problem = MapProblem;
  Problem problem;

  struct Solver {
    std::variant<EntropicMapMethod, NearestNeighbourMethod> method;
    FitPoints fit_to;
    Index held_out = 1000;
    Index directions = 64;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value, "how the map is estimated");
      field("fit_to", self.fit_to, any_value, "which points stand for all of them in the fit");
      field("held_out", self.held_out, between(1, 10'000'000),
            "fresh draws on which the error is measured, where the map is known");
      field("directions", self.directions, at_least(0),
            "of the sliced distances to the target before and after; 0 leaves them out");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a fit that misses its tolerance ends with exit status 5");
    }
  } solver;

  struct Output {
    bool mapped = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("mapped", self.mapped, any_value, "keep where the map takes each point");
    }
  } output;

  void validate(const DataSet& data, ConfigProblems& problems) const;
  PlanEstimate plan(const DataSet& data) const;
  static std::vector<Quantity> quantities();
  static std::string_view starter();
  void run(RunContext& context) const;
};

}  // namespace pushforward::runner
