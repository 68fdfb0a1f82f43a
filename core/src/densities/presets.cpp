#include "pushforward/core/densities/presets.hpp"

#include <cmath>
#include <numbers>

#include "pushforward/core/errors.hpp"

namespace pushforward {
namespace {

GaussianMixture equal_components(const Matrix& means, double standard_deviation) {
  const Index k = means.cols();
  return GaussianMixture::isotropic(Vector::Constant(k, 1.0 / static_cast<double>(k)), means,
                                    Vector::Constant(k, standard_deviation));
}

}  // namespace

GaussianMixture standard_normal(Index dim) {
  require(dim >= 1, "standard_normal", "dim", dim, "at least 1");
  return equal_components(Matrix::Zero(dim, 1), 1.0);
}

GaussianMixture ring_of_gaussians(Index components, double radius, double standard_deviation) {
  require(components >= 1, "ring_of_gaussians", "components", components, "at least 1");
  require(std::isfinite(radius) && radius >= 0.0, "ring_of_gaussians", "radius", radius,
          "a non-negative number");
  Matrix means(2, components);
  for (Index k = 0; k < components; ++k) {
    const double angle =
        2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(components);
    means.col(k) << radius * std::cos(angle), radius * std::sin(angle);
  }
  return equal_components(means, standard_deviation);
}

GaussianMixture grid_of_gaussians(Index per_side, double spacing, double standard_deviation) {
  require(per_side >= 1, "grid_of_gaussians", "per_side", per_side, "at least 1");
  require(std::isfinite(spacing) && spacing >= 0.0, "grid_of_gaussians", "spacing", spacing,
          "a non-negative number");
  const double middle = 0.5 * static_cast<double>(per_side - 1);
  Matrix means(2, per_side * per_side);
  for (Index row = 0; row < per_side; ++row) {
    for (Index column = 0; column < per_side; ++column) {
      means.col(row * per_side + column) << spacing * (static_cast<double>(column) - middle),
          spacing * (static_cast<double>(row) - middle);
    }
  }
  return equal_components(means, standard_deviation);
}

}  // namespace pushforward
