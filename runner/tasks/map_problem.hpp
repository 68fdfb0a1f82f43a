/// What transport maps are fitted to: two point sets, the second maybe the image of the first under
/// a map that is known, and the points or groups of points that stand for all of them.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "runner/tasks/discrete_problem.hpp"

namespace pushforward::runner {

/// x -> scale x + shift in every coordinate.
struct AffineImage {
  static constexpr std::string_view type_name = "affine";
  double scale = 1.5;
  double shift = 1.0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("scale", self.scale, positive, "of every coordinate");
    field("shift", self.shift, finite, "of every coordinate");
  }
};

/// x -> sign(x) |x|^exponent in every coordinate.
struct PowerImage {
  static constexpr std::string_view type_name = "power";
  double exponent = 1.5;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("exponent", self.exponent, positive, "of every coordinate's size");
  }
};

/// Increasing in each coordinate alone, hence gradients of convex functions: the optimal maps for
/// squared distances, whatever the source.
using KnownMap = std::variant<AffineImage, PowerImage>;
Matrix image_of(const KnownMap& map, PointsIn x);

/// Fresh draws of the source's law under a known map.
struct ImagePoints {
  static constexpr std::string_view type_name = "image_of_source";
  KnownMap map;
  Index points = 200;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("map", self.map, any_value, "optimal by construction, so that errors are known");
    field("points", self.points, between(1, 10'000'000), "draws");
  }
};

using MapTarget =
    std::variant<RandomMixturePoints, NormalPoints, BoxPoints, RingPoints, DataPoints, ImagePoints>;
/// The alternatives that both unions have.
std::optional<DiscretePoints> as_discrete(const MapTarget& target);

/// Draws of the source that no map was fitted to, and where the known map takes them.
struct HeldOut {
  Matrix points, images;
};

struct MapInstance {
  ot::TransportProblem problem;
  std::optional<HeldOut> held_out;  ///< Where the map is known.
};

/// The `problem` of a task that fits a map for |x - y|^2.
struct MapProblem {
  DiscretePoints source = RandomMixturePoints{};
  MapTarget target = RandomMixturePoints{};
  std::optional<DataReference> apply_to;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("source", self.source, any_value, "points that the map takes to the target");
    field("target", self.target, any_value, "where their mass goes");
    field("apply_to", self.apply_to, any_value, "other points to take along");
  }

  void validate(const DataSet& data, ConfigProblems& problems) const;
  /// @param held_out  draws to keep back where the map is known.
  MapInstance make(const RunContext& context, Index held_out) const;
  PointsSize target_size(const DataSet& data) const;
};

/// Every point, equal ones as one of their summed weight.
struct AllPoints {
  static constexpr std::string_view type_name = "all";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
};

/// Some of the points, drawn without replacement, the weights divided by their sum.
struct SubsampledPoints {
  static constexpr std::string_view type_name = "subsample";
  Index points = 1000;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("points", self.points, at_least(1), "of each side at most");
  }
};

/// The mean of all points in each cell of a cubic grid, with their summed weight.
struct CellMeans {
  static constexpr std::string_view type_name = "cells";
  double width = 0.5;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("width", self.width, positive, "of a cell along each axis");
  }
};

using FitPoints = std::variant<AllPoints, SubsampledPoints, CellMeans>;

/// Points that stand for all of a measure, none of weight zero. W_2 between the two measures is at
/// most `distance`; NaN where that is not known.
struct Representatives {
  DiscreteMeasure measure;
  double distance = not_known;
};
Representatives representatives(const DiscreteMeasure& all, const FitPoints& choice,
                                const RngKey& key);

}  // namespace pushforward::runner
