#include "pushforward/ot/semidiscrete_domain.hpp"

#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/core/report.hpp"

#include "tests/ot/planar_sources.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using pushforward::testing::vec;

namespace {

IndexVector shape(Index columns, Index rows) {
  return (IndexVector(2) << columns, rows).finished();
}

Matrix square_corners() {
  Matrix p(2, 4);
  p << 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0;
  return p;
}

IndexMatrix two_triangles() {
  IndexMatrix t(3, 2);
  t << 0, 0, 1, 2, 2, 3;
  return t;
}

std::string geometry_error(const std::function<void()>& act) {
  try {
    act();
  } catch (const InvalidGeometry& error) {
    return error.what();
  }
  return "nothing thrown";
}

std::string argument_error(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing thrown";
}

// The mean of 40000 draws in each coordinate against `mean`, at 5 standard errors.
void check_mean(const LaguerreSource& source, VectorIn mean) {
  constexpr Index n = 40'000;
  const Matrix x = source.draws({.seed = 5}, n);
  const Matrix box = source.bounding_box();
  for (Index k = 0; k < x.rows(); ++k) {
    CHECK((x.row(k).array() >= box(k, 0)).all());
    CHECK((x.row(k).array() <= box(k, 1)).all());
    const double spread = std::sqrt((x.row(k).array() - x.row(k).mean()).square().mean());
    CHECK(std::abs(x.row(k).mean() - mean[k]) < 5.0 * spread / std::sqrt(static_cast<double>(n)));
  }
}

}  // namespace

TEST_CASE("domains: a bad box names its side") {
  CHECK(geometry_error([] { Box(vec(0, 0), vec(1, 0)); }) ==
        "Box: upper[1] is 0, expected a finite number above lower[1] = 0");
  CHECK(geometry_error([] { Box(vec(0, not_known), vec(1, 1)); }) ==
        "Box: lower[1] is nan, expected a finite number");
  CHECK(geometry_error([] { Box(vec(0, 0), Vector::Ones(3)); }) ==
        "Box: upper.size() is 3, expected 2, as lower has");
  CHECK(geometry_error([] { Box(Vector(0), Vector(0)); }) ==
        "Box: lower.size() is 0, expected at least 1");
  CHECK(geometry_error([] { GridDensity(vec(0, 0), vec(0, 1), shape(1, 1), Vector::Ones(1)); }) ==
        "GridDensity: upper[0] is 0, expected a finite number above lower[0] = 0");
}

TEST_CASE("domains: a polygon that is not convex names its vertex") {
  Matrix dart(2, 4);
  dart << 0, 1, 0.2, 0, 0, 0, 0.2, 1;
  CHECK(geometry_error([&] { ConvexPolygon{dart}; }) ==
        "ConvexPolygon: vertices[2] is (0.2, 0.2), expected a convex corner");
  Matrix bow(2, 4);
  bow << 0, 1, 0, 1.5, 0, 0, 1, 1;
  CHECK(geometry_error([&] { ConvexPolygon{bow}; }).find("expected a convex corner") !=
        std::string::npos);
  // A pentagram turns left at every corner, twice around.
  Matrix star(2, 5);
  for (Index k = 0; k < 5; ++k) {
    const double angle = 4.0 * std::acos(-1.0) * static_cast<double>(k) / 5.0;
    star.col(k) = vec(std::cos(angle), std::sin(angle));
  }
  CHECK(geometry_error([&] { ConvexPolygon{star}; }) ==
        "ConvexPolygon: boundary is wound more than once, expected one turn around the polygon");
  Matrix flat(2, 3);
  flat << 0, 1, 2, 0, 1, 2;
  CHECK(geometry_error([&] { ConvexPolygon{flat}; }) ==
        "ConvexPolygon: area is 0, expected vertices around a positive area");
  Matrix twice = square_corners();
  twice.col(1) = twice.col(0);
  CHECK(geometry_error([&] { ConvexPolygon{twice}; }) ==
        "ConvexPolygon: vertices[1] is (0, 0), expected to differ from the one before");
  CHECK(geometry_error([] { ConvexPolygon{Matrix::Zero(2, 2)}; }) ==
        "ConvexPolygon: vertices.cols() is 2, expected at least 3");
  CHECK(geometry_error([] { ConvexPolygon{Matrix::Zero(3, 4)}; }) ==
        "ConvexPolygon: vertices.rows() is 3, expected 2");
  Matrix hole = square_corners();
  hole(1, 2) = not_known;
  CHECK(geometry_error([&] { ConvexPolygon{hole}; }) ==
        "ConvexPolygon: vertices[1, 2] is nan, expected a finite number");
}

TEST_CASE("domains: a polygon is taken either way round, with corners on its sides") {
  Matrix corners(2, 5);
  corners << 0, 1, 1, 0.5, 0, 0, 0, 1, 1, 1;  // (0.5, 1) lies on the upper side
  const Matrix reversed = corners.rowwise().reverse();

  CHECK(ConvexPolygon{corners}.total_mass() == 1.0);
  CHECK(ConvexPolygon{reversed}.total_mass() == 1.0);
  check_mean(ConvexPolygon{reversed}, vec(0.5, 0.5));
  const Matrix inner = ConvexPolygon{corners}.inner_box();
  CHECK((inner.col(0).array() >= 0.0).all());
  CHECK((inner.col(1).array() <= 1.0).all());
}

TEST_CASE("domains: a bad grid names its entry") {
  const auto grid = [](const IndexVector& pixels, const Vector& values) {
    return argument_error([&] { GridDensity(vec(0, 0), vec(1, 1), pixels, values); });
  };
  CHECK(grid(shape(2, 0), Vector::Ones(4)) == "GridDensity: shape[1] is 0, expected at least 1");
  CHECK(grid(shape(2, 3), Vector::Ones(4)) ==
        "GridDensity: values.size() is 4, expected one a pixel");
  CHECK(grid(shape(2, 2), Vector::Ones(5)) ==
        "GridDensity: values.size() is 5, expected 4, one a pixel");
  CHECK(grid(shape(2, 1), vec(1.0, -1e-18)) ==
        "GridDensity: values[1] is -1e-18, expected finite and at least 0");
  CHECK(grid(shape(2, 1), vec(not_known, 1.0)) ==
        "GridDensity: values[0] is nan, expected finite and at least 0");
  CHECK(grid(shape(2, 1), vec(0.0, 0.0)) ==
        "GridDensity: sum of values is 0, expected a positive, finite mass");
  CHECK(grid(IndexVector::Ones(1), Vector::Ones(1)) ==
        "GridDensity: shape.size() is 1, expected 2, as lower has");
}

TEST_CASE("domains: a bad mesh names its entry") {
  const auto mesh = [](const IndexMatrix& triangles, const Matrix& coefficients) {
    return argument_error([&] { TriangleMesh(square_corners(), triangles, coefficients); });
  };
  CHECK(mesh(two_triangles(), Matrix::Ones(2, 2)) ==
        "TriangleMesh: coefficients.rows() is 2, expected 1, 3, 6, 10 or 15");
  CHECK(mesh(two_triangles(), Matrix::Ones(1, 3)) ==
        "TriangleMesh: coefficients.cols() is 3, expected 2, one a triangle");
  CHECK(mesh(two_triangles(), Matrix::Constant(3, 2, -1.0)) ==
        "TriangleMesh: coefficients[0, 0] is -1, expected finite and at least 0");
  CHECK(mesh(two_triangles(), Matrix::Zero(1, 2)) ==
        "TriangleMesh: mass is 0, expected positive and finite");
  IndexMatrix outside = two_triangles();
  outside(2, 1) = 4;
  CHECK(mesh(outside, Matrix::Ones(1, 2)) ==
        "TriangleMesh: triangles[2, 1] is 4, expected an index below 4");
  IndexMatrix flat = two_triangles();
  flat(2, 1) = flat(1, 1);
  CHECK(mesh(flat, Matrix::Ones(1, 2)) ==
        "TriangleMesh: area of triangle 1 is 0, expected a positive area");
  CHECK(mesh(IndexMatrix(3, 0), Matrix::Ones(1, 0)) ==
        "TriangleMesh: triangles.cols() is 0, expected at least 1");
}

TEST_CASE("domains: draws have the means of their densities") {
  check_mean(Box(vec(-1, 2), vec(3, 5)), vec(1.0, 3.5));
  // Pixels of 1 : 3 side by side: mean (1/4) 0.25 + (3/4) 0.75.
  check_mean(GridDensity(vec(0, 0), vec(1, 2), shape(2, 1), vec(1.0, 3.0)), vec(0.625, 1.0));
  check_mean(TriangleMesh::uniform(square_corners(), two_triangles()), vec(0.5, 0.5));
  // x on the unit square, as corner values: mean of x is (1/3) / (1/2).
  Matrix linear(3, 2);
  linear << 0, 0, 1, 1, 1, 0;
  const TriangleMesh ramp(square_corners(), two_triangles(), linear);
  CHECK(ramp.total_mass() == doctest::Approx(0.5).epsilon(1e-15));
  check_mean(ramp, vec(2.0 / 3.0, 0.5));
  // The same x as a polynomial of degree 2: coefficients are x at corners and middles of sides.
  Matrix quadratic(6, 2);
  quadratic << 0, 0, 0.5, 0.5, 0.5, 0, 1, 1, 1, 0.5, 1, 0;
  const TriangleMesh same(square_corners(), two_triangles(), quadratic);
  CHECK(same.total_mass() == doctest::Approx(0.5).epsilon(1e-15));
  check_mean(same, vec(2.0 / 3.0, 0.5));
}

TEST_CASE("domains: a mesh is taken with its triangles either way round") {
  IndexMatrix mixed = two_triangles();
  std::swap(mixed(1, 0), mixed(2, 0));
  Matrix linear(3, 2);
  linear << 0, 0, 1, 1, 1, 0;  // triangle 0 is now (0, 2, 1): x is 0, 1, 1 there too

  const TriangleMesh ramp(square_corners(), mixed, linear);

  CHECK(ramp.triangles()(1, 0) == 1);
  check_mean(ramp, vec(2.0 / 3.0, 0.5));
}
