/// Sources in the plane that the tests of exact cells share.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/rng.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"

#include "tests/support/splitmix.hpp"

namespace pushforward::testing {

inline Vector vec(double x, double y) { return (Vector(2) << x, y).finished(); }

inline std::shared_ptr<const ot::Box> unit_square() {
  return std::make_shared<ot::Box>(ot::Box::unit(2));
}

inline Matrix uniforms(Index n, std::uint64_t seed) {
  Matrix y(2, n);
  fill_uniform({.seed = seed}, y, 1);
  return y;
}

inline Vector random_masses(Index n, std::uint64_t seed) {
  return Splitmix(seed).uniform(n, 1).array() + 0.1;
}

inline Matrix square_grid(Index k) {
  Matrix y(2, k * k);
  for (Index j = 0; j < k * k; ++j) {
    y(0, j) = (static_cast<double>(j % k) + 0.5) / static_cast<double>(k);
    y(1, j) = (static_cast<double>(j / k) + 0.5) / static_cast<double>(k);
  }
  return y;
}

/// A triangulation of [0, 1]^2 into 2 k^2 triangles.
inline std::pair<Matrix, ot::IndexMatrix> square_mesh(Index k) {
  Matrix points(2, (k + 1) * (k + 1));
  for (Index j = 0; j < points.cols(); ++j) {
    points.col(j) = vec(static_cast<double>(j % (k + 1)), static_cast<double>(j / (k + 1))) /
                    static_cast<double>(k);
  }
  ot::IndexMatrix triangles(3, 2 * k * k);
  for (Index j = 0; j < k * k; ++j) {
    const Index corner = j % k + (k + 1) * (j / k);
    triangles.col(2 * j) << corner, corner + 1, corner + k + 2;
    triangles.col(2 * j + 1) << corner, corner + k + 2, corner + k + 1;
  }
  return {std::move(points), std::move(triangles)};
}

inline ot::TriangleMesh random_mesh(int degree, std::uint64_t seed) {
  const auto [points, triangles] = square_mesh(3);
  return {points, triangles,
          Splitmix(seed).uniform((degree + 1) * (degree + 2) / 2, triangles.cols())};
}

inline ot::GridDensity random_grid(Index columns, Index rows, std::uint64_t seed) {
  return {vec(0, 0), vec(1, 1), (IndexVector(2) << columns, rows).finished(),
          Splitmix(seed).uniform(columns * rows, 1)};
}

inline ot::ConvexPolygon hexagon() {
  Matrix corners(2, 6);
  for (Index k = 0; k < 6; ++k) {
    const double angle = std::acos(-1.0) / 3.0 * static_cast<double>(k);
    corners.col(k) = vec(0.5 + 0.5 * std::cos(angle), 0.5 + 0.4 * std::sin(angle));
  }
  return ot::ConvexPolygon(corners);
}

inline Matrix tilted_covariance() { return (Matrix(2, 2) << 0.09, 0.03, 0.03, 0.04).finished(); }

struct NamedSource {
  std::string name;
  std::shared_ptr<const ot::LaguerreSource> source;
};

/// One of each kind, around the unit square.
inline std::vector<NamedSource> planar_sources() {
  return {{"box", std::make_shared<ot::Box>(ot::Box::unit(2))},
          {"polygon", std::make_shared<ot::ConvexPolygon>(hexagon())},
          {"grid", std::make_shared<ot::GridDensity>(random_grid(7, 5, 1))},
          {"mesh, constant", std::make_shared<ot::TriangleMesh>(random_mesh(0, 2))},
          {"mesh, linear", std::make_shared<ot::TriangleMesh>(random_mesh(1, 3))},
          {"mesh, degree 4", std::make_shared<ot::TriangleMesh>(random_mesh(4, 4))},
          {"Gaussian", std::make_shared<ot::PlanarGaussian>(vec(0.5, 0.4), tilted_covariance())}};
}

}  // namespace pushforward::testing
