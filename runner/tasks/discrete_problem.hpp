/// Transport between two weighted point sets, as the discrete transport tasks take it: points from
/// data files or drawn from laws, and a cost.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "pushforward/ot/problem.hpp"

#include "runner/task.hpp"

namespace pushforward::runner {

/// Points of a data entry with their weights: all, or those of one class.
struct DataPoints {
  static constexpr std::string_view type_name = "data";
  DataReference points;
  std::optional<DataReference> labels;
  int label = 0;
  Index most = 0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("points", self.points, any_value, "the points and their weights");
    field("labels", self.labels, any_value, "one number for each of the points: its class");
    field("label", self.label, any_value, "where there are labels: the class that is taken");
    field("most", self.most, at_least(0), "only the first so many points; 0 takes all");
  }
};

/// Draws of N(0, I).
struct NormalPoints {
  static constexpr std::string_view type_name = "standard_normal";
  Index dim = 2;
  Index points = 200;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("dim", self.dim, between(1, 100'000), "dimension");
    field("points", self.points, between(1, 10'000'000), "draws of equal weight");
  }
};

/// Draws of the uniform law on [lower, upper]^dim.
struct BoxPoints {
  static constexpr std::string_view type_name = "uniform_box";
  Index dim = 2;
  double lower = 0.0;
  double upper = 1.0;
  Index points = 200;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("dim", self.dim, between(1, 100'000), "dimension");
    field("lower", self.lower, finite, "lower end of every side");
    field("upper", self.upper, finite, "upper end of every side");
    field("points", self.points, between(1, 10'000'000), "draws of equal weight");
  }
};

/// Draws of equal Gaussians evenly spaced on a circle in the plane.
struct RingPoints {
  static constexpr std::string_view type_name = "gaussian_ring";
  Index components = 8;
  double radius = 3.0;
  double standard_deviation = 0.2;
  Index points = 200;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("components", self.components, between(1, 1000), "Gaussians on the circle");
    field("radius", self.radius, positive, "of the circle");
    field("standard_deviation", self.standard_deviation, positive, "of each Gaussian");
    field("points", self.points, between(1, 10'000'000), "draws of equal weight");
  }
};

/// Draws of a Gaussian mixture that is itself drawn: means uniform in [-4, 4]^dim, weights within a
/// factor of 6, standard deviations from 0.3 to 1.
struct RandomMixturePoints {
  static constexpr std::string_view type_name = "random_mixture";
  Index dim = 2;
  Index components = 3;
  Index points = 200;
  bool random_weights = false;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("dim", self.dim, between(1, 100'000), "dimension");
    field("components", self.components, between(1, 10'000), "Gaussians");
    field("points", self.points, between(1, 10'000'000), "draws");
    field("random_weights", self.random_weights, any_value,
          "weights within a factor of 6 in place of equal ones");
  }
};

using DiscretePoints =
    std::variant<RandomMixturePoints, NormalPoints, BoxPoints, RingPoints, DataPoints>;

struct SquaredEuclideanCost {
  static constexpr std::string_view type_name = "squared_euclidean";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

struct EuclideanCost {
  static constexpr std::string_view type_name = "euclidean";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

/// sum_k |x_k - y_k|^p.
struct LpCost {
  static constexpr std::string_view type_name = "lp";
  double p = 1.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("p", self.p, at_least(1), "power of each coordinate's difference");
  }
};

using PointCostOptions = std::variant<SquaredEuclideanCost, EuclideanCost, LpCost>;

/// The `problem` of a discrete transport task.
struct DiscreteProblem {
  DiscretePoints source = RandomMixturePoints{};
  DiscretePoints target = RandomMixturePoints{};
  PointCostOptions cost;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("source", self.source, any_value, "where the mass is");
    field("target", self.target, any_value, "where it goes");
    field("cost", self.cost, any_value, "of moving a unit of mass from x to y");
  }

  /// Cross-field rules below /problem, and the width of the images that the points may be.
  void validate(int image_width, const DataSet& data, ConfigProblems& problems) const;
  ot::TransportProblem make(const RunContext& context) const;
  std::string_view cost_unit() const;  ///< In lengths.
};

/// The `output` of a discrete transport task that has a sparse coupling.
struct CouplingOutput {
  bool coupling = true;
  bool potentials = true;
  int image_width = 0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("coupling", self.coupling, any_value,
          "keep the entries of the coupling: source, target, mass");
    field("potentials", self.potentials, any_value, "keep f and g");
    field("image_width", self.image_width, at_least(0),
          "points are grey images of this width, shown in the report; 0: they are not");
  }
};

/// The measure that is drawn under `key` or taken from the run's data.
/// @throws std::invalid_argument when no point has the label asked for.
DiscreteMeasure make_points(const DiscretePoints& points, const RunContext& context,
                            const RngKey& key);

/// Rules for points that stand at `pointer` in the config.
void validate_points(const DiscretePoints& points, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems);

/// n points in d dimensions, 0 and 0 for data that could not be read.
struct PointsSize {
  Index n, d;
};
PointsSize size_of(const DiscretePoints& points, const DataSet& data);

}  // namespace pushforward::runner
