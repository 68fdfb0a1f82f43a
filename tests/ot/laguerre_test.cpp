#include "pushforward/ot/laguerre.hpp"

#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/semidiscrete_domain.hpp"

#include "tests/ot/planar_sources.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

// Weights that leave cells of all sizes, some empty.
Vector rough_weights(Index n, std::uint64_t seed) {
  return Splitmix(seed).uniform(n, 1) * (0.5 / static_cast<double>(n));
}

// A cell's mass is what the largest of the masses allows to be lost to rounding.
void check_equal(const CellMeasures& a, const CellMeasures& b, double tolerance) {
  CHECK((a.masses - b.masses).cwiseAbs().maxCoeff() <= tolerance);
  CHECK((a.first_moments - b.first_moments).cwiseAbs().maxCoeff() <= tolerance);
  CHECK((a.second_moments - b.second_moments).cwiseAbs().maxCoeff() <= tolerance);
}

Matrix facet_matrix(const CellMeasures& cells) {
  const Index n = cells.masses.size();
  Matrix m = Matrix::Zero(n, n);
  for (const CellFacet& f : cells.facets) m(f.first, f.second) += f.integral;
  return m;
}

}  // namespace

TEST_CASE("laguerre: masses and moments are those of a million draws") {
  constexpr Index n = 12, draws = 1'000'000;
  for (const auto& [name, source] : planar_sources()) {
    CAPTURE(name);
    const Matrix y = Splitmix(11).uniform(2, n);
    const Vector w = rough_weights(n, 12);
    const CellMeasures cells = laguerre_measures(*source, y, w);

    const Matrix x = source->draws({.seed = 3}, draws);
    Vector hits = Vector::Zero(n), second = Vector::Zero(n), fourth = Vector::Zero(n);
    Matrix first = Matrix::Zero(2, n);
    for (Index i = 0; i < draws; ++i) {
      Index j = 0;
      double best = std::numeric_limits<double>::infinity();
      for (Index k = 0; k < n; ++k) {
        const double a = x(0, i) - y(0, k), b = x(1, i) - y(1, k);
        const double power = a * a + b * b - w[k];
        if (power < best) {
          best = power;
          j = k;
        }
      }
      const double cost = best + w[j];
      hits[j] += 1.0;
      first(0, j) += x(0, i) - y(0, j);
      first(1, j) += x(1, i) - y(1, j);
      second[j] += cost;
      fourth[j] += cost * cost;
    }
    // Five standard errors; each coordinate of x - y squares to less than the cost.
    const double count = draws;
    for (Index j = 0; j < n; ++j) {
      CHECK(std::abs(hits[j] / count - cells.masses[j]) <=
            5.0 * std::sqrt(cells.masses[j] / count) + 1e-12);
      CHECK(std::abs(second[j] / count - cells.second_moments[j]) <=
            5.0 * std::sqrt(fourth[j] / count / count) + 1e-12);
      for (Index k = 0; k < 2; ++k) {
        CHECK(std::abs(first(k, j) / count - cells.first_moments(k, j)) <=
              5.0 * std::sqrt(second[j] / count / count) + 1e-12);
      }
    }
  }
}

TEST_CASE("laguerre: facets are the derivatives of masses in weights") {
  constexpr Index n = 10;
  constexpr double step = 1e-6;
  for (const auto& [name, source] : planar_sources()) {
    CAPTURE(name);
    const Matrix y = Splitmix(21).uniform(2, n);
    const Vector w = rough_weights(n, 22) * 0.2;
    const auto cells = source->cells(y, 1);
    const Matrix facets = facet_matrix(cells->measures(w));
    for (Index k = 0; k < n; ++k) {
      Vector up = w, down = w;
      up[k] += step;
      down[k] -= step;
      const Vector slope = (cells->measures(up).masses - cells->measures(down).masses) / (2 * step);
      double diagonal = 0.0;
      for (Index j = 0; j < n; ++j) {
        if (j == k) continue;
        const double facet = facets(std::min(j, k), std::max(j, k));
        const double expected = -0.5 * facet / (y.col(j) - y.col(k)).norm();
        // Central differences: the second derivative of a facet in w, of order 1 / |y_j - y_k|^3,
        // times step^2; and rounding 1e-16 / step. A corner of a pixel or triangle that the facet
        // passes within the step adds a jump times step.
        CHECK(slope[j] == doctest::Approx(expected).epsilon(1e-5).scale(1.0));
        diagonal -= expected;
      }
      CHECK(slope[k] == doctest::Approx(diagonal).epsilon(1e-5).scale(1.0));
    }
  }
}

TEST_CASE("laguerre: cells tile, whatever the position of the sites") {
  const auto check_tiles = [](const LaguerreSource& source, const Matrix& y, const Vector& w) {
    const CellMeasures cells = laguerre_measures(source, y, w);
    CHECK(cells.mass_residual < 1e-12);
    CHECK((cells.masses.array() >= 0.0).all());
    CHECK((cells.second_moments.array() >= 0.0).all());
  };
  const Box box = Box::unit(2);
  for (const Index n : {1, 2, 3, 17, 400}) {
    const double count = static_cast<double>(n);
    CAPTURE(n);
    Matrix line(2, n), diagonal(2, n), circle(2, n), lattice(2, n);
    for (Index j = 0; j < n; ++j) {
      const double t = (static_cast<double>(j) + 0.5) / count, angle = 2.0 * std::acos(-1.0) * t;
      line.col(j) = vec(t, 0.5);
      diagonal.col(j) = vec(t, 1.0 - t);
      circle.col(j) = vec(0.5 + 0.4 * std::cos(angle), 0.5 + 0.4 * std::sin(angle));
      lattice.col(j) = vec(static_cast<double>(j % 20) / 20.0, static_cast<double>(j / 20) / 20.0);
    }
    for (const Matrix& y : {line, diagonal, circle, lattice}) {
      check_tiles(box, y, Vector::Zero(n));
      check_tiles(box, y, rough_weights(n, 5));
      check_tiles(hexagon(), y, rough_weights(n, 6));
      check_tiles(random_grid(16, 16, 3), y, Vector::Zero(n));
      check_tiles(random_mesh(1, 3), y, Vector::Zero(n));
      // Far from the domain all cells but a few are empty.
      check_tiles(box, y.array() + 50.0, rough_weights(n, 7));
    }
  }
}

TEST_CASE("laguerre: clusters 1e-12 apart, and everything at an offset of 1e8") {
  // Ten clusters of ten sites; the cells of a cluster are cones about it, which tile its cell.
  Matrix y(2, 100);
  Splitmix uniform(31);
  for (Index j = 0; j < 100; ++j) {
    if (j % 10 == 0) {
      y.col(j) = vec(uniform.uniform(), uniform.uniform());
    } else {
      y.col(j) = y.col(j - j % 10) + 1e-12 * vec(uniform.uniform(), uniform.uniform());
    }
  }
  const CellMeasures cells = laguerre_measures(Box::unit(2), y, Vector::Zero(100));
  CHECK(cells.mass_residual < 1e-12);
  Matrix centres(2, 10);
  for (Index k = 0; k < 10; ++k) centres.col(k) = y.col(10 * k);
  const CellMeasures coarse = laguerre_measures(Box::unit(2), centres, Vector::Zero(10));
  for (Index k = 0; k < 10; ++k) {
    CHECK(cells.masses.segment(10 * k, 10).sum() ==
          doctest::Approx(coarse.masses[k]).epsilon(1e-9));
  }

  // The grid 2^-26 holds 1e8 + y exactly, so that the moved problem is the same to the last bit.
  constexpr double offset = 1e8;
  Matrix near = Splitmix(32).uniform(2, 200);
  near = (near.array() * 0x1p26).round() * 0x1p-26;
  const Matrix far = near.array() + offset;
  const CellMeasures here = laguerre_measures(Box::unit(2), near, Vector::Zero(200));
  const CellMeasures there = laguerre_measures(
      Box(Vector::Constant(2, offset), Vector::Constant(2, offset + 1.0)), far, Vector::Zero(200));
  check_equal(here, there, 1e-15);
  CHECK(there.mass_residual < 1e-12);
}

TEST_CASE("laguerre: cells that follow their weights are the cells found anew") {
  constexpr Index n = 300;
  for (const auto& [name, source] : planar_sources()) {
    CAPTURE(name);
    const Matrix y = Splitmix(41).uniform(2, n);
    const auto cells = source->cells(y, 1);
    Vector w = Vector::Zero(n);
    for (int step = 0; step < 12; ++step) {
      // Small steps keep neighbours, large ones change them all and empty cells.
      const double size = std::pow(10.0, -5.0 + 0.35 * step);
      w += size * Vector(Splitmix(50 + static_cast<std::uint64_t>(step)).uniform(n, 1));
      const CellMeasures followed = cells->measures(w);
      const CellMeasures fresh = laguerre_measures(*source, y, w);
      check_equal(followed, fresh, 1e-14);
      CHECK(followed.empty_cells == fresh.empty_cells);
      CHECK((facet_matrix(followed) - facet_matrix(fresh)).cwiseAbs().maxCoeff() < 1e-11);
      const auto full = cells->measures_if_full(w, 0.0);
      CHECK(full.has_value() == (fresh.empty_cells == 0));
    }
  }
}

TEST_CASE("laguerre: the same bits for 1, 2, 3 and 8 threads") {
  constexpr Index n = 2000;
  const Matrix y = Splitmix(61).uniform(2, n);
  for (const auto& [name, source] : planar_sources()) {
    CAPTURE(name);
    const auto run = [&](int threads) {
      const auto cells = source->cells(y, threads);
      cells->measures(Vector::Zero(n));
      return cells->measures(rough_weights(n, 62) * 0.2);
    };
    const CellMeasures one = run(1);
    for (const int threads : {2, 3, 8}) {
      const CellMeasures more = run(threads);
      CHECK(more.masses == one.masses);
      CHECK(more.second_moments == one.second_moments);
      CHECK(facet_matrix(more) == facet_matrix(one));
      CHECK(more.mass_residual == one.mass_residual);
    }
  }
}

TEST_CASE("laguerre: a permutation of sites permutes cells") {
  constexpr Index n = 50;
  const Matrix y = Splitmix(71).uniform(2, n);
  const Vector w = rough_weights(n, 72);
  const CellMeasures cells = laguerre_measures(random_grid(9, 9, 1), y, w);
  const CellMeasures reversed =
      laguerre_measures(random_grid(9, 9, 1), y.rowwise().reverse(), w.reverse());
  CHECK((cells.masses - reversed.masses.reverse()).cwiseAbs().maxCoeff() < 1e-14);
}

TEST_CASE("laguerre: a uniform mesh, a grid of equal pixels and a polygon are the box") {
  constexpr Index n = 60;
  const Matrix y = Splitmix(81).uniform(2, n);
  const Vector w = rough_weights(n, 82);
  const CellMeasures box = laguerre_measures(Box::unit(2), y, w);
  Matrix corners(2, 4);
  corners << 0, 1, 1, 0, 0, 0, 1, 1;
  check_equal(laguerre_measures(ConvexPolygon(corners), y, w), box, 1e-15);
  const GridDensity grid(vec(0, 0), vec(1, 1), (IndexVector(2) << 8, 13).finished(),
                         Vector::Constant(104, 7.0));
  check_equal(laguerre_measures(grid, y, w), box, 1e-14);
  const auto [points, triangles] = square_mesh(5);
  check_equal(laguerre_measures(TriangleMesh::uniform(points, triangles), y, w), box, 1e-14);
  for (const int rows : {3, 6, 10, 15}) {
    const TriangleMesh same(points, triangles, Matrix::Ones(rows, triangles.cols()));
    check_equal(laguerre_measures(same, y, w), box, 1e-14);
  }
}

TEST_CASE("laguerre: facets on the borders of pixels and triangles count once") {
  // Cells of a lattice in step with pixels: every facet lies on a border.
  Matrix y(2, 16);
  for (Index j = 0; j < 16; ++j) {
    y.col(j) =
        vec(static_cast<double>(j % 4), static_cast<double>(j / 4)) / 4.0 + vec(0.125, 0.125);
  }
  const Matrix box = facet_matrix(laguerre_measures(Box::unit(2), y, Vector::Zero(16)));
  const GridDensity grid(vec(0, 0), vec(1, 1), (IndexVector(2) << 8, 8).finished(),
                         Vector::Ones(64));
  const auto [points, triangles] = square_mesh(8);
  const TriangleMesh mesh = TriangleMesh::uniform(points, triangles);
  CHECK((facet_matrix(laguerre_measures(grid, y, Vector::Zero(16))) - box).norm() < 1e-13);
  CHECK((facet_matrix(laguerre_measures(mesh, y, Vector::Zero(16))) - box).norm() < 1e-13);
}

TEST_CASE("laguerre: pixels are squares of two triangles, and a polynomial has its moments") {
  const GridDensity grid = random_grid(5, 5, 9);
  const auto [points, triangles] = square_mesh(5);
  Matrix density(1, 50);
  for (Index j = 0; j < 25; ++j) density(0, 2 * j) = density(0, 2 * j + 1) = grid.values()[j];
  const Matrix y = Splitmix(91).uniform(2, 40);
  check_equal(laguerre_measures(TriangleMesh(points, triangles, density), y, Vector::Zero(40)),
              laguerre_measures(grid, y, Vector::Zero(40)), 1e-14);

  // One site sees the moments of the law: of 5 x^4 on a triangle (0,0), (1,0), (0,1), where
  // x^4 is the Bernstein coefficient (0, 4, 0). Integrals of x^a y^b are a! b! / (a + b + 2)!.
  Matrix corners(2, 3);
  corners << 0, 1, 0, 0, 0, 1;
  Matrix quartic = Matrix::Zero(15, 1);
  quartic(10, 0) = 5.0;
  const IndexMatrix triangle = (IndexMatrix(3, 1) << 0, 1, 2).finished();
  const TriangleMesh mesh(corners, triangle, quartic);
  const CellMeasures cell = laguerre_measures(mesh, Matrix(vec(0, 0)), Vector::Zero(1));
  CHECK(mesh.total_mass() == doctest::Approx(5.0 / 30.0).epsilon(1e-15));
  CHECK(cell.first_moments(0, 0) == doctest::Approx(30.0 / 42.0).epsilon(1e-14));
  CHECK(cell.first_moments(1, 0) == doctest::Approx(30.0 * 24.0 / 5040.0).epsilon(1e-14));
  CHECK(cell.second_moments[0] ==
        doctest::Approx(30.0 * (1.0 / 56.0 + 24.0 * 2.0 / 40320.0)).epsilon(1e-14));
}

TEST_CASE("laguerre: a uniform share mixes the measures") {
  const GridDensity grid = random_grid(6, 6, 2);
  const Matrix y = Splitmix(95).uniform(2, 30);
  const Vector zero = Vector::Zero(30);
  const CellMeasures pure = laguerre_measures(grid, y, zero);
  const CellMeasures uniform = laguerre_measures(Box::unit(2), y, zero);
  const CellMeasures mixed = grid.cells(y, 1)->measures(zero, 0.25);
  CHECK((mixed.masses - 0.75 * pure.masses - 0.25 * uniform.masses).norm() < 1e-14);
  CHECK((facet_matrix(mixed) - 0.75 * facet_matrix(pure) - 0.25 * facet_matrix(uniform)).norm() <
        1e-13);
}

TEST_CASE("laguerre: a site at its largest empty weight is about to have a cell") {
  constexpr Index n = 40;
  const Matrix y = Splitmix(97).uniform(2, n);
  const Vector w = rough_weights(n, 98);
  const auto cells = Box::unit(2).cells(y, 1);
  cells->measures(w);
  for (const Vector& site : {vec(0.3, 0.6), vec(-0.5, 2.0), vec(0.99, 0.01)}) {
    const double weight = cells->largest_empty_weight(site);
    Matrix more(2, n + 1);
    more << y, site;
    const auto mass = [&](double at) {
      return laguerre_measures(Box::unit(2), more, (Vector(n + 1) << w, at).finished()).masses[n];
    };
    CHECK(mass(weight - 1e-9) == 0.0);
    CHECK(mass(weight + 1e-6) > 0.0);
  }
}

TEST_CASE("laguerre: polygons are the cells whose measures are reported") {
  constexpr Index n = 200;
  const ConvexPolygon window = hexagon();
  const Matrix y = Splitmix(101).uniform(2, n);
  const Vector w = rough_weights(n, 102);
  const CellMeasures cells = laguerre_measures(window, y, w);
  const std::vector<Matrix> polygons = laguerre_polygons(window, y, w);
  REQUIRE(polygons.size() == n);
  for (Index j = 0; j < n; ++j) {
    const Matrix& p = polygons[static_cast<std::size_t>(j)];
    double area = 0.0;
    for (Index e = 0; e < p.cols(); ++e) {
      const Index next = (e + 1) % p.cols();
      area += 0.5 * (p(0, e) * p(1, next) - p(1, e) * p(0, next));
      // Corners are as near, in power distance, to no other site.
      const Vector power = (y.colwise() - Vector(p.col(e))).colwise().squaredNorm().transpose() - w;
      CHECK(power[j] <= power.minCoeff() + 1e-12);
    }
    CHECK(area / window.total_mass() == doctest::Approx(cells.masses[j]).epsilon(1e-9));
  }
}

TEST_CASE("laguerre: bad input is named") {
  const Box box = Box::unit(2);
  const Matrix y = Splitmix(99).uniform(2, 3);
  const auto message = [](const LaguerreSource& source, const Matrix& sites, const Vector& w) {
    try {
      laguerre_measures(source, sites, w);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("nothing thrown");
  };
  CHECK(message(box, Matrix::Zero(3, 2), Vector::Zero(2)) ==
        "laguerre_measures: sites.rows() is 3, expected 2, as the source has");
  CHECK(message(box, Matrix(2, 0), Vector(0)) ==
        "laguerre_measures: sites.cols() is 0, expected at least 1");
  CHECK(message(box, y, Vector::Zero(2)) ==
        "laguerre_measures: weights.size() is 2, expected 3, one a site");
  Matrix bad = y;
  bad(1, 2) = std::numeric_limits<double>::infinity();
  CHECK(message(box, bad, Vector::Zero(3)).find("sites") != std::string::npos);
  Vector w = Vector::Zero(3);
  w[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK(message(box, y, w) == "laguerre_measures: weights[1] is nan, expected a finite number");
  Matrix twins(2, 6);
  twins << y, y;
  CHECK(message(box, twins.leftCols(4), Vector::Zero(4)) ==
        "laguerre_measures: sites.col(3) is that of column 0, expected distinct sites");
}
