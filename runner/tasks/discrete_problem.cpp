#include "runner/tasks/discrete_problem.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/densities/uniform_box.hpp"

namespace pushforward::runner {

namespace {

/// Columns of the points that are taken, in their order.
std::vector<Index> taken(const DataPoints& options, const DiscreteMeasure& points,
                         const DiscreteMeasure* labels) {
  std::vector<Index> columns;
  for (Index i = 0; i < points.size(); ++i) {
    if (options.most > 0 && static_cast<Index>(columns.size()) == options.most) break;
    if (labels == nullptr || labels->points()(0, i) == options.label) columns.push_back(i);
  }
  return columns;
}

DiscreteMeasure from_data(const DataPoints& options, const RunContext& context) {
  const DiscreteMeasure& all = context.data(options.points);
  const DiscreteMeasure* labels = options.labels ? &context.data(*options.labels) : nullptr;
  const std::vector<Index> columns = taken(options, all, labels);
  if (columns.empty()) {
    throw std::invalid_argument("no point has the label " + std::to_string(options.label));
  }
  Matrix points(all.dim(), static_cast<Index>(columns.size()));
  Vector weights(points.cols());
  for (Index i = 0; i < points.cols(); ++i) {
    const Index from = columns[static_cast<std::size_t>(i)];
    points.col(i) = all.points().col(from);
    weights[i] = all.weights()[from];
  }
  return {std::move(points), std::move(weights), Mass::normalise};
}

DiscreteMeasure draw(const RandomMixturePoints& options, const RngKey& key) {
  const RngKey shape = key.for_purpose(Draw::user);
  Matrix u(options.dim + 2, options.components);
  fill_uniform(shape, u);
  const Matrix means = (8.0 * u.topRows(options.dim).array() - 4.0).matrix();
  Vector shares = u.row(options.dim).transpose().array() + 0.2;
  shares /= shares.sum();
  const Vector deviations = 0.3 + 0.7 * u.row(options.dim + 1).transpose().array();
  Matrix points = GaussianMixture::isotropic(shares, means, deviations).draws(key, options.points);
  if (!options.random_weights) return DiscreteMeasure::uniform(std::move(points));
  Matrix weights(1, options.points);
  fill_uniform(key.for_purpose(Draw::resample), weights);
  return {std::move(points), Vector(weights.row(0).transpose().array() + 0.2), Mass::normalise};
}

}  // namespace

DiscreteMeasure make_points(const DiscretePoints& points, const RunContext& context,
                            const RngKey& key) {
  if (const auto* mixture = std::get_if<RandomMixturePoints>(&points)) return draw(*mixture, key);
  if (const auto* data = std::get_if<DataPoints>(&points)) return from_data(*data, context);
  if (const auto* normal = std::get_if<NormalPoints>(&points)) {
    return DiscreteMeasure::uniform(standard_normal(normal->dim).draws(key, normal->points));
  }
  if (const auto* ring = std::get_if<RingPoints>(&points)) {
    const auto law = ring_of_gaussians(ring->components, ring->radius, ring->standard_deviation);
    return DiscreteMeasure::uniform(law.draws(key, ring->points));
  }
  const auto& box = std::get<BoxPoints>(points);
  const UniformBox law(Vector::Constant(box.dim, box.lower), Vector::Constant(box.dim, box.upper));
  return DiscreteMeasure::uniform(law.draws(key, box.points));
}

void validate_points(const DiscretePoints& options, const std::string& pointer, const DataSet& data,
                     ConfigProblems& problems) {
  if (const auto* box = std::get_if<BoxPoints>(&options)) {
    if (!(box->lower < box->upper)) problems.add(pointer + "/upper", "must be above \"lower\"");
  }
  const auto* from = std::get_if<DataPoints>(&options);
  if (from == nullptr || !from->labels) return;
  const DiscreteMeasure* points = data.find(from->points);
  const DiscreteMeasure* labels = data.find(*from->labels);
  if (points == nullptr || labels == nullptr) return;
  if (labels->dim() != 1 || labels->size() != points->size()) {
    problems.add(pointer + "/labels", "must hold one number for each of the " +
                                          std::to_string(points->size()) + " points");
  } else if (taken(*from, *points, labels).empty()) {
    problems.add(pointer + "/label", "no point has the label " + std::to_string(from->label));
  }
}

PointsSize size_of(const DiscretePoints& points, const DataSet& data) {
  if (const auto* mixture = std::get_if<RandomMixturePoints>(&points)) {
    return {mixture->points, mixture->dim};
  }
  if (const auto* normal = std::get_if<NormalPoints>(&points)) {
    return {normal->points, normal->dim};
  }
  if (const auto* box = std::get_if<BoxPoints>(&points)) return {box->points, box->dim};
  if (const auto* ring = std::get_if<RingPoints>(&points)) return {ring->points, 2};
  const auto& from = std::get<DataPoints>(points);
  const DiscreteMeasure* all = data.find(from.points);
  if (all == nullptr) return {0, 0};
  const DiscreteMeasure* labels = from.labels ? data.find(*from.labels) : nullptr;
  if (labels != nullptr && labels->size() != all->size()) return {0, 0};
  return {static_cast<Index>(taken(from, *all, labels).size()), all->dim()};
}

void DiscreteProblem::validate(int image_width, const DataSet& data,
                               ConfigProblems& problems) const {
  validate_points(source, "/problem/source", data, problems);
  validate_points(target, "/problem/target", data, problems);
  const Index from = size_of(source, data).d;
  const Index to = size_of(target, data).d;
  if (from == 0 || to == 0) return;
  if (from != to) {
    problems.add("/problem/target", "points have dimension " + std::to_string(to) +
                                        ", those of the source " + std::to_string(from));
  } else if (image_width > 0 && from % image_width != 0) {
    problems.add("/output/image_width",
                 "does not divide the dimension of the points, " + std::to_string(from));
  }
}

ot::TransportProblem DiscreteProblem::make(const RunContext& context) const {
  Cost chosen;
  if (std::holds_alternative<EuclideanCost>(cost)) chosen = Cost::euclidean();
  if (const auto* lp = std::get_if<LpCost>(&cost)) chosen = Cost::lp(lp->p);
  const RngKey key = context.key(Draw::source);
  return {make_points(source, context, key), make_points(target, context, key.at_step(1)), chosen};
}

std::string_view DiscreteProblem::cost_unit() const {
  if (std::holds_alternative<EuclideanCost>(cost)) return "length";
  return std::holds_alternative<LpCost>(cost) ? "length^p" : "length^2";
}

}  // namespace pushforward::runner
