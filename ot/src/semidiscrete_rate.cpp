#include "pushforward/ot/semidiscrete_rate.hpp"

#include <cmath>
#include <memory>
#include <numbers>
#include <string>

#include "pushforward/core/densities/uniform_box.hpp"
#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

constexpr double most_sites = 1e7;

Index sites(const char* where, Index dim, Index per_side) {
  require(dim >= 1, where, "dim", dim, "at least 1");
  require(per_side >= 1, where, "per_side", per_side, "at least 1");
  const double count = std::pow(static_cast<double>(per_side), static_cast<double>(dim));
  require(count <= most_sites, where, "per_side^dim", count, "at most 1e7");
  return static_cast<Index>(std::llround(count));
}

// Digit `axis` of j in base `per_side`.
Index place(Index j, Index axis, Index per_side) {
  for (Index a = 0; a < axis; ++a) j /= per_side;
  return j % per_side;
}

Matrix grid_points(Index dim, Index per_side, Index count) {
  Matrix points(dim, count);
  for (Index j = 0; j < count; ++j) {
    for (Index a = 0; a < dim; ++a) {
      points(a, j) =
          (static_cast<double>(place(j, a, per_side)) + 0.5) / static_cast<double>(per_side);
    }
  }
  return points;
}

}  // namespace

SemidiscreteProblem unit_grid_problem(Index dim, Index per_side) {
  const Index count = sites("unit_grid_problem", dim, per_side);
  return {.source = std::make_shared<UniformBox>(UniformBox::unit(dim)),
          .target = DiscreteMeasure::uniform(grid_points(dim, per_side, count))};
}

double unit_grid_height_error(VectorIn heights, Index dim, Index per_side) {
  const Index count = sites("unit_grid_height_error", dim, per_side);
  require(heights.size() == count, "unit_grid_height_error", "heights.size()", heights.size(),
          "one per site, " + std::to_string(count));
  Vector half_weights =
      heights + 0.5 * grid_points(dim, per_side, count).colwise().squaredNorm().transpose();
  half_weights.array() -= half_weights.mean();
  return half_weights.squaredNorm();
}

double unit_grid_height_variance(Index dim, Index per_side) {
  const Index count = sites("unit_grid_height_variance", dim, per_side);
  const auto k = static_cast<double>(per_side);
  const double facet = std::pow(k, 2.0 - static_cast<double>(dim));
  // Cosines diagonalise the Laplacian, and Sigma = (I - 1 1^T / N) / N commutes with it.
  double sum = 0.0;
  for (Index j = 1; j < count; ++j) {
    double eigenvalue = 0.0;
    for (Index a = 0; a < dim; ++a) {
      const double frequency = static_cast<double>(place(j, a, per_side)) / k;
      eigenvalue += 2.0 - 2.0 * std::cos(std::numbers::pi * frequency);
    }
    eigenvalue *= facet;
    sum += 1.0 / (eigenvalue * eigenvalue);
  }
  return sum / static_cast<double>(count);
}

}  // namespace pushforward::ot
