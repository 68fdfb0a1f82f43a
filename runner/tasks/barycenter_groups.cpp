#include "runner/tasks/barycenter_groups.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "pushforward/ot/entropic_map.hpp"
#include "pushforward/ot/network_simplex.hpp"

#include "runner/tasks/embedding_measures.hpp"

namespace pushforward::runner {

namespace {

EmbeddingTask::Problem classes_of(const BarycenterProblem& problem) {
  EmbeddingTask::Problem classes;
  if (const auto* images = std::get_if<ImageMeasures>(&problem.measures)) {
    classes.measures = *images;
  } else {
    classes.measures = std::get<DrawnMeasures>(problem.measures);
  }
  return classes;
}

Vector shares(const Vector& given, std::size_t count) {
  const auto n = static_cast<Index>(count);
  if (given.size() == 0) return Vector::Constant(n, 1.0 / static_cast<double>(n));
  return given / given.sum();
}

DiscreteMeasure joined(const BarycenterGroup& group) {
  Index count = 0;
  for (const auto& measure : group.measures) count += measure.size();
  Matrix points(group.measures.front().dim(), count);
  Vector weights(count);
  Index at = 0;
  for (std::size_t k = 0; k < group.measures.size(); ++k) {
    const auto& measure = group.measures[k];
    points.middleCols(at, measure.size()) = measure.points();
    weights.segment(at, measure.size()) = group.weights[static_cast<Index>(k)] * measure.weights();
    at += measure.size();
  }
  return {std::move(points), std::move(weights), Mass::normalise};
}

/// Every rule for sets of points but those for their number.
void validate_sets(const PointSets& sets, const DataSet& data, ConfigProblems& problems) {
  Index dim = 0;
  for (std::size_t k = 0; k < sets.sets.size(); ++k) {
    const DiscreteMeasure* measure = data.find(sets.sets[k]);
    if (measure == nullptr) continue;
    if (dim == 0) dim = measure->dim();
    if (measure->dim() != dim) {
      problems.add("/problem/measures/sets/" + std::to_string(k),
                   "points have dimension " + std::to_string(measure->dim()) + ", those before " +
                       std::to_string(dim));
    }
  }
}

}  // namespace

void BarycenterProblem::validate(const DataSet& data, ConfigProblems& problems) const {
  const auto* sets = std::get_if<PointSets>(&measures);
  if (sets != nullptr && sets->sets.empty()) {
    problems.add("/problem/measures/sets", "at least one data entry is needed");
    return;
  }
  if (sets != nullptr) {
    validate_sets(*sets, data, problems);
  } else {
    validate_measures(classes_of(*this), data, problems);
  }
  const Index count = size_of(*this, data).measures;
  if (weights.size() == 0 || count == 0) return;
  if (weights.size() != count) {
    problems.add("/problem/weights", "there are " + std::to_string(weights.size()) +
                                         " for groups of " + std::to_string(count) + " measures");
  } else if (!(weights.sum() > 0.0)) {
    problems.add("/problem/weights", "must have a positive sum");
  }
}

BarycenterGroups make_groups(const BarycenterProblem& problem, const RunContext& context) {
  BarycenterGroups all;
  if (const auto* sets = std::get_if<PointSets>(&problem.measures)) {
    BarycenterGroup group{.name = "barycenter"};
    for (const auto& reference : sets->sets) group.measures.push_back(context.data(reference));
    all.groups.push_back(std::move(group));
  } else {
    const EmbeddedMeasures given = make_measures(classes_of(problem), context);
    for (std::size_t k = 0; k < given.measures.size(); ++k) {
      const std::string name = "class " + std::to_string(given.classes[k]);
      if (all.groups.empty() || all.groups.back().name != name)
        all.groups.push_back({.name = name});
      const auto& [points, masses] = given.measures[k];
      all.groups.back().measures.emplace_back(points, masses, Mass::normalise);
    }
    if (const auto* images = std::get_if<ImageMeasures>(&problem.measures)) {
      all.width = images->width;
      all.height = static_cast<int>(context.data(images->images).dim()) / images->width;
    }
  }
  for (auto& group : all.groups) group.weights = shares(problem.weights, group.measures.size());
  return all;
}

GroupsSize size_of(const BarycenterProblem& problem, const DataSet& data) {
  if (const auto* sets = std::get_if<PointSets>(&problem.measures)) {
    GroupsSize size{1, static_cast<Index>(sets->sets.size()), 0, 0};
    for (const auto& reference : sets->sets) {
      const DiscreteMeasure* measure = data.find(reference);
      if (measure == nullptr) return {0, 0, 0, 0};
      size.points = std::max(size.points, measure->size());
      size.dim = measure->dim();
    }
    return size;
  }
  const MeasuresSize size = size_of(classes_of(problem), data);
  if (size.count == 0) return {0, 0, 0, 0};
  if (const auto* drawn = std::get_if<DrawnMeasures>(&problem.measures)) {
    return {drawn->classes, drawn->per_class, size.points, size.dim};
  }
  const auto& images = std::get<ImageMeasures>(problem.measures);
  const Index groups = images.labels ? static_cast<Index>(images.classes.size()) : 1;
  return {groups, images.labels ? std::min(images.per_class, size.count) : size.count, size.points,
          2};
}

DiscreteMeasure mixture(const BarycenterGroup& group) {
  return ot::merged_duplicates(joined(group));
}

double exact_objective(const DiscreteMeasure& a, const BarycenterGroup& group, int threads) {
  double sum = 0.0;
  for (std::size_t k = 0; k < group.measures.size(); ++k) {
    const double w = group.weights[static_cast<Index>(k)];
    if (w == 0.0) continue;
    const auto exact = ot::network_simplex({a, group.measures[k]}, {.threads = threads});
    if (!exact.converged) throw std::runtime_error("an exact cost could not be certified");
    sum += w * exact.transport_cost;
  }
  return sum;
}

double objective_bound(PointsIn support, const BarycenterGroup& group,
                       const std::vector<Vector>& g) {
  Vector spare = Vector::Zero(support.cols());
  double dual = 0.0;
  for (std::size_t k = 0; k < group.measures.size(); ++k) {
    const double w = group.weights[static_cast<Index>(k)];
    if (w == 0.0) continue;
    const auto& measure = group.measures[k];
    dual += w * measure.weights().dot(g[k]);
    for (Index i = 0; i < support.cols(); ++i) {
      const Vector costs =
          (measure.points().colwise() - support.col(i)).colwise().squaredNorm().transpose();
      spare[i] += w * (costs - g[k]).minCoeff();
    }
  }
  return dual + spare.minCoeff();
}

Matrix grid_over(const BarycenterGroup& group, Index nodes) {
  const DiscreteMeasure all = joined(group);
  const Vector low = all.points().rowwise().minCoeff(), high = all.points().rowwise().maxCoeff();
  const Index d = all.dim();
  Index count = 1;
  for (Index k = 0; k < d; ++k) count *= nodes;
  Matrix grid(d, count);
  for (Index i = 0; i < count; ++i) {
    for (Index k = 0, rest = i; k < d; ++k, rest /= nodes) {
      const double share = static_cast<double>(rest % nodes) / static_cast<double>(nodes - 1);
      grid(k, i) = low[k] + share * (high[k] - low[k]);
    }
  }
  return grid;
}

Matrix pixel_centres(int width, int height) {
  Matrix grid(2, Index{width} * height);
  for (Index k = 0; k < grid.cols(); ++k) {
    grid.col(k) << static_cast<double>(k % width), static_cast<double>(k / width);
  }
  return grid;
}

Matrix first_support(const BarycenterGroup& group, Index count, const RngKey& key) {
  const DiscreteMeasure all = joined(group);
  Matrix points(all.dim(), count);
  fill_normal(key, points);
  const double spread = std::sqrt(all.covariance().trace() / static_cast<double>(all.dim()));
  points *= 0.05 * spread;
  Index at = 0;
  double reached = all.weights()[0];
  for (Index i = 0; i < count; ++i) {
    const double level = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    while (reached < level && at + 1 < all.size()) reached += all.weights()[++at];
    points.col(i) += all.points().col(at);
  }
  return points;
}

}  // namespace pushforward::runner
