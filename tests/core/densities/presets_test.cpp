#include "pushforward/core/densities/presets.hpp"

#include <cmath>

#include <doctest/doctest.h>

using namespace pushforward;

TEST_CASE("presets: the standard normal has mean 0 and covariance I") {
  const GaussianMixture p = standard_normal(3);
  CHECK(p.mean() == Vector::Zero(3));
  CHECK(p.covariance() == Matrix::Identity(3, 3));
}

TEST_CASE("presets: a ring has its components on the circle and the moments of one") {
  const GaussianMixture p = ring_of_gaussians(8, 4.0, 0.3);
  CHECK(p.components() == 8);
  CHECK((p.means().colwise().norm().array() - 4.0).abs().maxCoeff() < 1e-14);
  CHECK(p.means()(0, 0) == 4.0);
  CHECK(p.mean().norm() < 1e-14);
  // Equispaced points on a circle have second moments r^2 / 2.
  CHECK((p.covariance() - (8.0 + 0.09) * Matrix::Identity(2, 2)).norm() < 1e-13);
}

TEST_CASE("presets: a grid is centred and spaced as asked") {
  const GaussianMixture p = grid_of_gaussians(5, 2.0, 0.1);
  CHECK(p.components() == 25);
  CHECK(p.mean().norm() < 1e-14);
  CHECK(p.means().col(0) == Vector::Constant(2, -4.0));
  CHECK(p.means()(0, 1) - p.means()(0, 0) == 2.0);
  // Per axis: spacing^2 (m^2 - 1) / 12 = 8.
  CHECK((p.covariance() - 8.01 * Matrix::Identity(2, 2)).norm() < 1e-13);
}

TEST_CASE("presets: bad input is named") {
  CHECK_THROWS_WITH(standard_normal(0), "standard_normal: dim is 0, expected at least 1");
  CHECK_THROWS_WITH(ring_of_gaussians(0, 1.0, 1.0),
                    "ring_of_gaussians: components is 0, expected at least 1");
  CHECK_THROWS_WITH(ring_of_gaussians(2, -1.0, 1.0),
                    "ring_of_gaussians: radius is -1, expected a non-negative number");
  CHECK_THROWS_WITH(grid_of_gaussians(0, 1.0, 1.0),
                    "grid_of_gaussians: per_side is 0, expected at least 1");
  CHECK_THROWS_WITH(grid_of_gaussians(2, -1.0, 1.0),
                    "grid_of_gaussians: spacing is -1, expected a non-negative number");
  CHECK_THROWS_WITH(
      ring_of_gaussians(2, 1.0, -1.0),
      "GaussianMixture: standard_deviations[0] is -1, expected a non-negative number");
}
