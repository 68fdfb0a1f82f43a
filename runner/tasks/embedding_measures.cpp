#include "runner/tasks/embedding_measures.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "pushforward/core/measure.hpp"

#include "core/src/eigenpairs.hpp"

namespace pushforward::runner {

namespace {

/// Columns of the images that are taken, class by class.
std::vector<std::pair<Index, int>> taken(const ImageMeasures& options,
                                         const DiscreteMeasure& images,
                                         const DiscreteMeasure* labels) {
  std::vector<std::pair<Index, int>> chosen;
  const std::vector<int> classes = labels ? options.classes : std::vector<int>{0};
  for (const int wanted : classes) {
    Index count = 0;
    for (Index i = 0; i < images.size() && count < options.per_class; ++i) {
      if (labels != nullptr && labels->points()(0, i) != wanted) continue;
      chosen.emplace_back(i, wanted);
      ++count;
    }
  }
  return chosen;
}

/// The centres of the pixels: column and row, from 0.
Matrix pixel_grid(Index pixels, int width) {
  Matrix grid(2, pixels);
  for (Index k = 0; k < pixels; ++k) {
    grid.col(k) << static_cast<double>(k % width), static_cast<double>(k / width);
  }
  return grid;
}

/// Pixels with ink only: no solver needs to see the others.
ot::WeightedPoints inked(const Matrix& grid, const Vector& ink) {
  std::vector<Index> kept;
  for (Index k = 0; k < ink.size(); ++k) {
    if (ink[k] > 0.0) kept.push_back(k);
  }
  return {grid(Eigen::all, kept), ink(kept)};
}

EmbeddedMeasures of_images(const ImageMeasures& options, const RunContext& context) {
  const DiscreteMeasure& images = context.data(options.images);
  const DiscreteMeasure* labels = options.labels ? &context.data(*options.labels) : nullptr;
  const auto chosen = taken(options, images, labels);
  EmbeddedMeasures all;
  all.width = options.width;
  const Matrix grid = pixel_grid(images.dim(), options.width);
  Vector sum = Vector::Zero(images.dim());
  for (const auto& [column, label] : chosen) sum += images.points().col(column).cwiseMax(0.0);
  const double mean_ink = sum.sum() / static_cast<double>(chosen.size());
  for (const auto& [column, label] : chosen) {
    all.measures.push_back(inked(grid, images.points().col(column).cwiseMax(0.0) / mean_ink));
    all.classes.push_back(label);
  }
  all.reference = inked(grid, sum / sum.sum());
  return all;
}

EmbeddedMeasures drawn(const DrawnMeasures& options, const RunContext& context) {
  const RngKey key = context.key(Draw::source);
  const Index count = options.classes * options.per_class;
  Matrix centres(options.dim, options.classes);
  fill_uniform(context.key(Draw::component), centres);
  centres = (options.spread * (2.0 * centres.array() - 1.0)).matrix();
  Matrix total(1, count);
  fill_uniform(context.key(Draw::direction), total);
  EmbeddedMeasures all;
  for (Index k = 0; k < count; ++k) {
    const Index label = k / options.per_class;
    const auto whole = static_cast<double>(options.points);
    const Index size = options.equal_masses
                           ? std::max(Index{1}, static_cast<Index>((0.5 + total(0, k)) * whole))
                           : options.points;
    Matrix points(options.dim, size);
    fill_normal(key.at_step(static_cast<std::uint32_t>(k + 1)), points);
    points.colwise() += centres.col(label);
    const double mass = (options.equal_masses ? 1.0 : 0.5 + total(0, k)) / whole;
    all.measures.push_back({std::move(points), Vector::Constant(size, mass)});
    all.classes.push_back(static_cast<int>(label));
  }
  Matrix points(options.dim, options.points);
  fill_normal(key, points);
  // As wide as the centres are, so that it reaches all of them.
  points *= std::max(1.0, options.spread / std::sqrt(3.0));
  all.reference = {std::move(points),
                   Vector::Constant(options.points, 1.0 / static_cast<double>(options.points))};
  return all;
}

}  // namespace

MeasuresSize size_of(const EmbeddingTask::Problem& problem, const DataSet& data) {
  if (const auto* options = std::get_if<DrawnMeasures>(&problem.measures)) {
    return {options->classes * options->per_class, options->points, options->dim};
  }
  const auto& options = std::get<ImageMeasures>(problem.measures);
  const DiscreteMeasure* images = data.find(options.images);
  const DiscreteMeasure* labels = options.labels ? data.find(*options.labels) : nullptr;
  if (images == nullptr || (options.labels && labels == nullptr)) return {0, 0, 0};
  if (labels != nullptr && labels->size() != images->size()) return {0, 0, 0};
  return {static_cast<Index>(taken(options, *images, labels).size()), images->dim(), 2};
}

void validate_measures(const EmbeddingTask::Problem& problem, const DataSet& data,
                       ConfigProblems& problems) {
  const auto* options = std::get_if<ImageMeasures>(&problem.measures);
  if (options == nullptr) return;
  const DiscreteMeasure* images = data.find(options->images);
  if (images == nullptr) return;
  const std::string at = "/problem/measures";
  if (images->dim() % options->width != 0) {
    problems.add(at + "/width",
                 "does not divide the number of pixels, " + std::to_string(images->dim()));
  }
  const DiscreteMeasure* labels = options->labels ? data.find(*options->labels) : nullptr;
  if (labels != nullptr && (labels->dim() != 1 || labels->size() != images->size())) {
    problems.add(at + "/labels", "must hold one number for each of the " +
                                     std::to_string(images->size()) + " images");
  } else if (size_of(problem, data).count == 0) {
    problems.add(at + "/classes", "no image has one of these labels");
  }
}

EmbeddedMeasures make_measures(const EmbeddingTask::Problem& problem, const RunContext& context) {
  if (const auto* options = std::get_if<ImageMeasures>(&problem.measures)) {
    return of_images(*options, context);
  }
  return drawn(std::get<DrawnMeasures>(problem.measures), context);
}

Matrix plane_map(const Matrix& discrepancies) {
  const Index k = discrepancies.rows();
  if (k < 3) return Matrix::Zero(2, k);
  const Vector mean = discrepancies.rowwise().mean();
  Matrix centred = discrepancies;
  centred.colwise() -= mean;
  centred.rowwise() -= mean.transpose();
  centred.array() += mean.mean();
  const auto pairs = pushforward::detail::symmetric_eigenpairs(-0.5 * centred);
  Matrix map(2, k);
  for (Index r = 0; r < 2; ++r) {
    const Index column = k - 1 - r;
    Vector axis = pairs.vectors.col(column);
    // An eigenvector has no sign of its own: its largest entry is made positive.
    Index largest = 0;
    axis.cwiseAbs().maxCoeff(&largest);
    if (axis[largest] < 0.0) axis = -axis;
    map.row(r) = std::sqrt(std::max(0.0, pairs.values[column])) * axis.transpose();
  }
  return map;
}

PrincipalPlane principal_plane(const Matrix& mass, const Matrix& displacement) {
  const Index count = mass.cols(), dim = displacement.rows() / mass.rows();
  Matrix vectors = displacement;
  for (Index k = 0; k < count; ++k) {
    for (Index i = 0; i < mass.rows(); ++i) {
      vectors.col(k).segment(i * dim, dim) *= std::sqrt(mass(i, k));
    }
  }
  const Vector mean = vectors.rowwise().mean();
  vectors.colwise() -= mean;
  Matrix squares(count, count);
  for (Index i = 0; i < count; ++i) {
    for (Index j = 0; j < count; ++j) {
      squares(i, j) = (vectors.col(i) - vectors.col(j)).squaredNorm();
    }
  }
  // Classical scaling of squared distances between vectors is their principal components.
  PrincipalPlane plane{plane_map(squares), 0.0};
  plane.share = plane.coordinates.squaredNorm() / std::max(1e-300, vectors.squaredNorm());
  return plane;
}

double nearest_mean_accuracy(const Matrix& points, const std::vector<int>& classes) {
  const auto count = static_cast<Index>(classes.size());
  Index right = 0;
  for (Index i = 0; i < count; ++i) {
    std::map<int, std::pair<Vector, Index>> sums;
    for (Index j = 0; j < count; ++j) {
      if (j == i) continue;
      auto [at, fresh] = sums.try_emplace(classes[static_cast<std::size_t>(j)],
                                          Vector::Zero(points.rows()), Index{0});
      at->second.first += points.col(j);
      ++at->second.second;
    }
    double least = std::numeric_limits<double>::infinity();
    int nearest = -1;
    for (const auto& [label, sum] : sums) {
      const double distance =
          (points.col(i) - sum.first / static_cast<double>(sum.second)).squaredNorm();
      if (distance < least) {
        least = distance;
        nearest = label;
      }
    }
    right += nearest == classes[static_cast<std::size_t>(i)];
  }
  return static_cast<double>(right) / static_cast<double>(count);
}

Vector rasterised(const ot::WeightedPoints& points, int width, int height) {
  Vector pixels = Vector::Zero(Index{width} * height);
  for (Index k = 0; k < points.points.cols(); ++k) {
    const double x = std::clamp(points.points(0, k), 0.0, width - 1.0);
    const double y = std::clamp(points.points(1, k), 0.0, height - 1.0);
    const auto column = std::min(static_cast<int>(x), std::max(0, width - 2));
    const auto row = std::min(static_cast<int>(y), std::max(0, height - 2));
    const double right = x - column, down = y - row;
    const auto add = [&](int c, int r, double share) {
      if (share > 0.0) pixels[Index{r} * width + c] += share * points.masses[k];
    };
    add(column, row, (1.0 - right) * (1.0 - down));
    add(column + 1, row, right * (1.0 - down));
    add(column, row + 1, (1.0 - right) * down);
    add(column + 1, row + 1, right * down);
  }
  return pixels;
}

}  // namespace pushforward::runner
