#include "pushforward/ot/semidiscrete_bounds.hpp"

#include <algorithm>
#include <cmath>

#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

void require_bound_arguments(const char* where, double diameter, double mass_l1_error) {
  require(diameter >= 0.0, where, "diameter", diameter, "at least 0");
  require(mass_l1_error >= 0.0 && mass_l1_error <= 2.0, where, "mass_l1_error", mass_l1_error,
          "between 0 and 2");
}

}  // namespace

double diameter_bound(PointsIn points) {
  if (points.cols() < 2) return 0.0;
  const Vector mean = points.rowwise().mean();
  const double radius = std::sqrt((points.colwise() - mean).colwise().squaredNorm().maxCoeff());
  const double diagonal = (points.rowwise().maxCoeff() - points.rowwise().minCoeff()).norm();
  return std::min(2.0 * radius, diagonal);
}

double image_w2_squared_bound(double diameter, double mass_l1_error) {
  require_bound_arguments("image_w2_squared_bound", diameter, mass_l1_error);
  return diameter * diameter * mass_l1_error / 2.0;
}

double image_w1_bound(double diameter, double mass_l1_error) {
  require_bound_arguments("image_w1_bound", diameter, mass_l1_error);
  return diameter * mass_l1_error / 2.0;
}

W2Bracket w2_bracket(double cost, double image_w2_squared) {
  require(cost >= 0.0, "w2_bracket", "cost", cost, "at least 0");
  require(image_w2_squared >= 0.0, "w2_bracket", "image_w2_squared", image_w2_squared,
          "at least 0");
  const double distance = std::sqrt(cost), radius = std::sqrt(image_w2_squared);
  return {std::max(0.0, distance - radius), distance + radius};
}

double extension_w2_bound(VectorIn displacements) {
  require(displacements.size() > 0, "extension_w2_bound", "displacements.size()",
          displacements.size(), "at least 1");
  return std::sqrt(displacements.squaredNorm() / static_cast<double>(displacements.size()));
}

}  // namespace pushforward::ot
