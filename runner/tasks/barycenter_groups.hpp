/// The measures whose barycenters a task finds, in groups with a barycenter each.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pushforward/core/measure.hpp"

#include "runner/tasks/ot_embedding.hpp"

namespace pushforward::runner {

/// Data entries, each a measure, together one group.
struct PointSets {
  static constexpr std::string_view type_name = "point_sets";
  std::vector<DataReference> sets;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("sets", self.sets, any_value, "weighted points, a measure each");
  }
};

/// The `problem` of a task of barycenters. Total masses do not count: every measure has mass one.
struct BarycenterProblem {
  std::variant<DrawnMeasures, ImageMeasures, PointSets> measures;
  Vector weights;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("measures", self.measures, any_value, "what is averaged; each class on its own");
    field("weights", self.weights, non_negative,
          "one for each measure of a group, divided by their sum; empty: equal ones");
  }

  void validate(const DataSet& data, ConfigProblems& problems) const;
};

struct BarycenterGroup {
  std::string name;
  std::vector<DiscreteMeasure> measures;
  Vector weights;  ///< One for each, of sum one.
};

struct BarycenterGroups {
  std::vector<BarycenterGroup> groups;
  int width = 0, height = 0;  ///< Of images in pixels; 0: they are none.
};
BarycenterGroups make_groups(const BarycenterProblem& problem, const RunContext& context);

/// Measures of a group, points of a measure and dimension; zeros where data could not be read.
struct GroupsSize {
  Index groups, measures, points, dim;
};
GroupsSize size_of(const BarycenterProblem& problem, const DataSet& data);

/// sum_k w_k b_k, equal points as one: the barycenter of those who only add.
DiscreteMeasure mixture(const BarycenterGroup& group);

/// sum_k w_k W_2^2(a, b_k), exact. @throws std::runtime_error where a cost could not be certified.
double exact_objective(const DiscreteMeasure& a, const BarycenterGroup& group, int threads);

/// A lower bound of that for every measure a on the support: sum_k w_k <b_k, g_k> and the least of
/// sum_k w_k min_j (|x_i - y_kj|^2 - g_kj) over the support, for any potentials g_k.
double objective_bound(PointsIn support, const BarycenterGroup& group,
                       const std::vector<Vector>& g);

/// All nodes of a grid over the points of a group, `nodes` along each axis.
Matrix grid_over(const BarycenterGroup& group, Index nodes);
/// The centres of the pixels: column and row, from 0.
Matrix pixel_centres(int width, int height);
/// `count` points of the group's mixture, evenly spaced in its weights, each moved by a little
/// noise so that no two begin at one place.
Matrix first_support(const BarycenterGroup& group, Index count, const RngKey& key);

}  // namespace pushforward::runner
