/// Transport from a law to weighted sites, certified: by exact cells where the law has a density
/// whose cells are known, by draws elsewhere.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/ot/semidiscrete.hpp"

#include "runner/task.hpp"
#include "runner/tasks/density_source.hpp"

namespace pushforward::runner {

/// N(0, I) in the dimension of the sites.
struct StandardNormalSource {
  static constexpr std::string_view type_name = "standard_normal";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

/// The uniform law on [lower, upper]^d in the dimension of the sites.
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

using LawSource = std::variant<StandardNormalSource, UniformBoxSource, BoxSource, PolygonSource,
                               ImageSource, VoxelSource, LineHistogramSource, LineMixtureSource>;

/// Sites that are given here.
struct GivenSites {
  static constexpr std::string_view type_name = "points";
  Matrix points = (Matrix(2, 4) << -1.0, 1.0, -1.0, 1.0, -1.0, -1.0, 1.0, 1.0).finished();
  Vector weights;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("points", self.points, any_value, "each a list of d numbers");
    field("weights", self.weights, non_negative, "one a point, divided by their sum; empty: equal");
  }
};

/// Sites from a data entry.
struct DataSites {
  static constexpr std::string_view type_name = "data";
  DataReference points;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("points", self.points, any_value, "a data entry with the sites and their weights");
  }
};

enum class SiteLaw { source, uniform };
constexpr std::array<std::string_view, 2> enum_names(SiteLaw) { return {"source", "uniform"}; }

/// Sites that are drawn.
struct DrawnSites {
  static constexpr std::string_view type_name = "drawn";
  Index points = 200;
  SiteLaw law = SiteLaw::source;
  Index dim = 2;
  bool random_weights = false;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("points", self.points, between(1, 10'000'000), "draws");
    field("law", self.law, any_value, "the source's own, or uniform on the box around it");
    field("dim", self.dim, between(1, 100'000),
          "for sources of any dimension: standard_normal and uniform_box");
    field("random_weights", self.random_weights, any_value,
          "weights within a factor of 6 in place of equal ones");
  }
};

enum class SemiDiscreteMethod { automatic, cells, stochastic_newton, mc_adam };
constexpr std::array<std::string_view, 4> enum_names(SemiDiscreteMethod) {
  return {"automatic", "cells", "stochastic_newton", "mc_adam"};
}

struct SemiDiscreteTask {
  static constexpr std::string_view name = "ot.semi_discrete";
  static constexpr std::string_view summary =
      "transport from a law or a density to weighted sites, by exact cells or from draws";
  static constexpr bool random = true;

  struct Problem {
    LawSource source;
    std::variant<GivenSites, DataSites, DrawnSites> target;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("source", self.source, any_value, "the law that is transported");
      field("target", self.target, any_value, "the sites that it goes to");
    }
  } problem;

  struct Solver {
    SemiDiscreteMethod method = SemiDiscreteMethod::automatic;
    std::optional<double> tolerance;
    double failure_probability = 1e-3;
    int max_iterations = 10'000;
    OnNotConverged on_not_converged = OnNotConverged::error;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("method", self.method, any_value,
            "how cells get their masses; automatic: exact cells where they are known, "
            "stochastic_newton elsewhere");
      field("tolerance", self.tolerance, positive,
            "largest relative mass error of a cell at which to stop, of draws a certified bound "
            "on it; null takes 1e-9 for cells and 0.25 for draws");
      field("failure_probability", self.failure_probability, strictly_between(0.0, 1.0),
            "of draws: that the certified bound is wrong, over all sites at once");
      field("max_iterations", self.max_iterations, at_least(1), "Newton steps, or batches drawn");
      field("on_not_converged", self.on_not_converged, any_value,
            "whether a run without its certificate ends with exit status 5");
    }
  } solver;

  struct Output {
    bool heights = true;
    bool report = true;
    template <class Self, class Field>
    static void describe(Self& self, Field&& field) {
      field("heights", self.heights, any_value,
            "keep sites, heights and cell masses, of exact cells also weights and mass centres");
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
