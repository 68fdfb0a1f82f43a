#include "runner/tasks/map_problem.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "pushforward/ot/entropic_map.hpp"

namespace pushforward::runner {

std::optional<DiscretePoints> as_discrete(const MapTarget& target) {
  return std::visit(
      []<class T>(const T& points) -> std::optional<DiscretePoints> {
        if constexpr (std::is_same_v<T, ImagePoints>) {
          return std::nullopt;
        } else {
          return points;
        }
      },
      target);
}

namespace {

/// The same law with another number of draws.
DiscretePoints with_draws(DiscretePoints law, Index count) {
  std::visit(
      [&]<class T>(T& points) {
        if constexpr (!std::is_same_v<T, DataPoints>) points.points = count;
      },
      law);
  return law;
}

DiscreteMeasure part(const DiscreteMeasure& all, Index first, Index count) {
  return {all.points().middleCols(first, count), all.weights().segment(first, count),
          Mass::normalise};
}

DiscreteMeasure chosen(const DiscreteMeasure& all, const std::vector<Index>& columns) {
  return {all.points()(Eigen::all, columns), all.weights()(columns), Mass::normalise};
}

DiscreteMeasure without_empty(const DiscreteMeasure& all) {
  std::vector<Index> columns;
  for (Index i = 0; i < all.size(); ++i) {
    if (all.weights()[i] > 0.0) columns.push_back(i);
  }
  return static_cast<Index>(columns.size()) == all.size() ? all : chosen(all, columns);
}

DiscreteMeasure subsample(const DiscreteMeasure& all, Index count, const RngKey& key) {
  if (all.size() <= count) return all;
  Matrix u(1, all.size());
  fill_uniform(key, u);
  std::vector<Index> order(static_cast<std::size_t>(all.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return u(0, i) < u(0, j); });
  order.resize(static_cast<std::size_t>(count));
  std::sort(order.begin(), order.end());
  return chosen(all, order);
}

Representatives cell_means(const DiscreteMeasure& all, double width) {
  const Matrix& x = all.points();
  const Matrix cells = (x / width).array().floor();
  const auto before = [&](Index i, Index j) {
    for (Index k = 0; k < cells.rows(); ++k) {
      if (cells(k, i) != cells(k, j)) return cells(k, i) < cells(k, j);
    }
    return false;
  };
  std::vector<Index> order(static_cast<std::size_t>(all.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), before);
  Matrix means(x.rows(), all.size());
  Vector weights(all.size());
  Index count = 0;
  double squares = 0.0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && !before(order[first], order[end])) ++end;
    // Relative to one of them: no digits are lost to a far origin.
    const Vector origin = x.col(order[first]);
    Vector sum = Vector::Zero(x.rows());
    double weight = 0.0, square = 0.0;
    for (std::size_t k = first; k < end; ++k) {
      const Vector step = x.col(order[k]) - origin;
      const double a = all.weights()[order[k]];
      sum += a * step;
      square += a * step.squaredNorm();
      weight += a;
    }
    means.col(count) = origin + sum / weight;
    weights[count++] = weight;
    squares += std::max(0.0, square - sum.squaredNorm() / weight);
    first = end;
  }
  return {{means.leftCols(count), weights.head(count), Mass::normalise}, std::sqrt(squares)};
}

}  // namespace

Matrix image_of(const KnownMap& map, PointsIn x) {
  if (const auto* affine = std::get_if<AffineImage>(&map)) {
    return (affine->scale * x.array() + affine->shift).matrix();
  }
  const double p = std::get<PowerImage>(map).exponent;
  return x.unaryExpr([p](double t) { return std::copysign(std::pow(std::abs(t), p), t); });
}

void MapProblem::validate(const DataSet& data, ConfigProblems& problems) const {
  validate_points(source, "/problem/source", data, problems);
  const auto given = as_discrete(target);
  if (given) validate_points(*given, "/problem/target", data, problems);
  if (!given && std::holds_alternative<DataPoints>(source)) {
    problems.add("/problem/target", "the image of a source needs one that is drawn, not data");
  }
  const Index from = size_of(source, data).d, to = target_size(data).d;
  if (from > 0 && to > 0 && from != to) {
    problems.add("/problem/target", "points have dimension " + std::to_string(to) +
                                        ", those of the source " + std::to_string(from));
  }
  const DiscreteMeasure* others = apply_to ? data.find(*apply_to) : nullptr;
  if (others != nullptr && from > 0 && others->dim() != from) {
    problems.add("/problem/apply_to", "points have dimension " + std::to_string(others->dim()) +
                                          ", those of the source " + std::to_string(from));
  }
}

MapInstance MapProblem::make(const RunContext& context, Index held_out) const {
  const RngKey key = context.key(Draw::source);
  if (const auto given = as_discrete(target)) {
    return {{make_points(source, context, key), make_points(*given, context, key.at_step(1))}, {}};
  }
  // One block of draws, cut in three: fresh draws are independent, of one and the same law.
  const auto& pushed = std::get<ImagePoints>(target);
  const Index n = size_of(source, {}).n, m = pushed.points;
  const DiscreteMeasure all = make_points(with_draws(source, n + m + held_out), context, key);
  const DiscreteMeasure fresh = part(all, n, m);
  MapInstance instance{
      {part(all, 0, n), DiscreteMeasure(image_of(pushed.map, fresh.points()), fresh.weights())},
      {}};
  const Matrix kept = all.points().rightCols(held_out);
  instance.held_out = HeldOut{kept, image_of(pushed.map, kept)};
  return instance;
}

PointsSize MapProblem::target_size(const DataSet& data) const {
  if (const auto given = as_discrete(target)) return size_of(*given, data);
  return {std::get<ImagePoints>(target).points, size_of(source, data).d};
}

Representatives representatives(const DiscreteMeasure& all, const FitPoints& choice,
                                const RngKey& key) {
  const DiscreteMeasure full = without_empty(all);
  if (const auto* cells = std::get_if<CellMeans>(&choice)) return cell_means(full, cells->width);
  if (const auto* some = std::get_if<SubsampledPoints>(&choice)) {
    const bool drawn = full.size() > some->points;
    return {ot::merged_duplicates(subsample(full, some->points, key)), drawn ? not_known : 0.0};
  }
  return {ot::merged_duplicates(full), 0.0};
}

}  // namespace pushforward::runner
