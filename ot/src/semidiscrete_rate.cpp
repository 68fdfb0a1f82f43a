#include "pushforward/ot/semidiscrete_rate.hpp"

#include <cmath>
#include <memory>
#include <numbers>
#include <string>

#include "pushforward/core/densities/uniform_box.hpp"
#include "pushforward/core/errors.hpp"
#include "pushforward/ot/assignment.hpp"

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

Vector batch_heights(const DiscreteMeasure& target, PointsIn draws, int threads) {
  constexpr auto where = "batch_heights";
  const Matrix& y = target.points();
  require(draws.rows() == target.dim(), where, "draws.rows()", draws.rows(),
          "the dimension of the atoms, " + std::to_string(target.dim()));
  require(draws.cols() > 0 && draws.cols() % y.cols() == 0, where, "draws.cols()", draws.cols(),
          "a positive multiple of the number of atoms, " + std::to_string(y.cols()));
  const double spread = target.weights().maxCoeff() - target.weights().minCoeff();
  require(spread <= 1e-12, where, "the spread of the atoms' weights", spread, "0");
  const Index copies = draws.cols() / y.cols();
  const auto result =
      assignment_squared_euclidean(draws, y.replicate(1, copies), {.threads = threads});
  // Copies of an atom have one price. Power weights w_j = 2 h_j + |y_j|^2 are the prices.
  return 0.5 * (result.g.head(y.cols()) - y.colwise().squaredNorm().transpose());
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
