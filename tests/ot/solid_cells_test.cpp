#include <cmath>
#include <memory>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"
#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/solid_domain.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

Matrix solid_grid(Index k, double width = 1.0, double offset = 0.0) {
  Matrix y(3, k * k * k);
  for (Index j = 0; j < k * k * k; ++j) {
    const Index at[3] = {j % k, (j / k) % k, j / (k * k)};
    for (Index i = 0; i < 3; ++i) {
      y(i, j) = offset + width * (static_cast<double>(at[i]) + 0.5) / static_cast<double>(k);
    }
  }
  return y;
}

// The cube in six elements about a diagonal, refined k times an axis.
struct Mesh {
  Matrix points;
  IndexMatrix elements;
};

Mesh cube_mesh(Index k) {
  Mesh mesh{Matrix(3, (k + 1) * (k + 1) * (k + 1)), IndexMatrix(4, 6 * k * k * k)};
  const auto vertex = [&](Index a, Index b, Index c) { return a + (k + 1) * (b + (k + 1) * c); };
  for (Index c = 0; c <= k; ++c) {
    for (Index b = 0; b <= k; ++b) {
      for (Index a = 0; a <= k; ++a) {
        mesh.points.col(vertex(a, b, c)) << static_cast<double>(a) / static_cast<double>(k),
            static_cast<double>(b) / static_cast<double>(k),
            static_cast<double>(c) / static_cast<double>(k);
      }
    }
  }
  const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  Index t = 0;
  for (Index c = 0; c < k; ++c) {
    for (Index b = 0; b < k; ++b) {
      for (Index a = 0; a < k; ++a) {
        for (const auto& order : orders) {
          Index at[3] = {a, b, c};
          mesh.elements(0, t) = vertex(at[0], at[1], at[2]);
          for (Index s = 0; s < 3; ++s) {
            ++at[order[s]];
            mesh.elements(s + 1, t) = vertex(at[0], at[1], at[2]);
          }
          ++t;
        }
      }
    }
  }
  return mesh;
}

void check_equal(const CellMeasures& a, const CellMeasures& b, double tolerance) {
  CHECK((a.masses - b.masses).cwiseAbs().maxCoeff() < tolerance);
  CHECK((a.first_moments - b.first_moments).cwiseAbs().maxCoeff() < tolerance);
  CHECK((a.second_moments - b.second_moments).cwiseAbs().maxCoeff() < tolerance);
  Matrix facets = Matrix::Zero(a.masses.size(), a.masses.size());
  for (const CellFacet& f : a.facets) facets(f.first, f.second) += f.integral;
  for (const CellFacet& f : b.facets) facets(f.first, f.second) -= f.integral;
  CHECK(facets.cwiseAbs().maxCoeff() < tolerance);
}

Vector small_weights(std::uint64_t seed, Index n, double size) {
  return size * Vector(Splitmix(seed).uniform(n, 1));
}

}  // namespace

TEST_CASE("solid cells: a grid of sites has cubes for cells") {
  for (const Index k : {1, 2, 5, 9}) {
    const CellMeasures m = laguerre_measures(Box::unit(3), solid_grid(k), Vector::Zero(k * k * k));
    const double n = static_cast<double>(k * k * k), side = 1.0 / static_cast<double>(k);
    CHECK((m.masses.array() - 1 / n).abs().maxCoeff() < 1e-15);
    CHECK(m.second_moments.sum() == doctest::Approx(3 * side * side / 12).epsilon(1e-14));
    CHECK(m.first_moments.cwiseAbs().maxCoeff() < 1e-16);
    CHECK(m.mass_residual < 1e-14);
    CHECK(m.empty_cells == 0);
    double inner = 0.0;
    for (const CellFacet& f : m.facets) {
      CHECK(f.first < f.second);
      inner += f.integral;
    }
    CHECK(inner == doctest::Approx(3.0 * static_cast<double>(k - 1)).epsilon(1e-13));
  }
}

TEST_CASE("solid cells: cells tile the domain for random sites and weights") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Matrix y = Splitmix(seed).uniform(3, 300);
    const auto cells = Box::unit(3).cells(y, 1);
    // From the tree, from neighbours, and from neighbours of other weights.
    for (const double size : {0.0, 0.005, 0.3, 0.0}) {
      const CellMeasures m = cells->measures(small_weights(seed, 300, size));
      CHECK(m.mass_residual < 1e-13);
      CHECK(m.empty_cells == (m.masses.array() == 0.0).count());
      if (size == 0.0) CHECK(m.empty_cells == 0);
      const CellMeasures anew = laguerre_measures(Box::unit(3), y, small_weights(seed, 300, size));
      check_equal(m, anew, 1e-14);
    }
  }
}

TEST_CASE("solid cells: masses agree with draws assigned one by one") {
  const Index n = 40, draws = 20'000;
  const Matrix y = Splitmix(3).uniform(3, n);
  const Vector w = small_weights(4, n, 0.05);
  const Mesh mesh = cube_mesh(2);
  Matrix corner_values(4, mesh.elements.cols());
  for (Index t = 0; t < mesh.elements.cols(); ++t) {
    for (Index k = 0; k < 4; ++k) corner_values(k, t) = mesh.points.col(mesh.elements(k, t)).sum();
  }
  Matrix normals(3, 5);
  normals << 1, -1, 0, 0, 1, 1, 0, -1, 0, 1, 1, 0, 0, -1, 2;
  Vector offsets(5);
  offsets << 2, 0, 0, 0, 2.5;
  const std::vector<std::shared_ptr<const LaguerreSource>> sources{
      std::make_shared<Box>(Box::unit(3)),
      std::make_shared<TetrahedralMesh>(mesh.points, mesh.elements, corner_values),
      std::make_shared<TetrahedralMesh>(mesh.points, mesh.elements,
                                        Splitmix(5).uniform(35, mesh.elements.cols())),
      std::make_shared<ConvexPolyhedron>(normals, offsets),
      std::make_shared<GridDensity>(Vector::Zero(3), Vector::Ones(3),
                                    (IndexVector(3) << 3, 4, 5).finished(),
                                    Vector(Splitmix(6).uniform(60, 1)))};
  for (const auto& source : sources) {
    const CellMeasures m = laguerre_measures(*source, y, w);
    CHECK(m.mass_residual < 1e-13);
    Matrix x(3, draws);
    source->draw({.seed = 11}, x);
    Vector hits = Vector::Zero(n), squares = Vector::Zero(n);
    Matrix firsts = Matrix::Zero(3, n);
    for (Index i = 0; i < draws; ++i) {
      Index best = 0;
      const Vector costs = (y.colwise() - x.col(i)).colwise().squaredNorm().transpose() - w;
      costs.minCoeff(&best);
      hits[best] += 1.0;
      firsts.col(best) += x.col(i) - y.col(best);
      squares[best] += (x.col(i) - y.col(best)).squaredNorm();
    }
    for (Index j = 0; j < n; ++j) {
      const double p = m.masses[j], count = static_cast<double>(draws);
      const double deviation = std::sqrt(p * (1 - p) / count) + 1e-12;
      CHECK(std::abs(hits[j] / count - p) < 5 * deviation);
      // Arms are shorter than 1 for these cells, second moments about 1/10.
      CHECK(std::abs(squares[j] / count - m.second_moments[j]) < 5 * deviation);
      for (Index i = 0; i < 3; ++i) {
        CHECK(std::abs(firsts(i, j) / count - m.first_moments(i, j)) < 5 * deviation);
      }
    }
  }
}

TEST_CASE("solid cells: a mesh, voxels and planes of the cube give what the box gives") {
  const Matrix y = Splitmix(7).uniform(3, 60);
  const Vector w = small_weights(8, 60, 0.02);
  const CellMeasures box = laguerre_measures(Box::unit(3), y, w);
  const Mesh mesh = cube_mesh(2);
  check_equal(laguerre_measures(TetrahedralMesh::uniform(mesh.points, mesh.elements), y, w), box,
              1e-14);
  for (const Index kinds : {4, 10, 20, 35}) {
    check_equal(laguerre_measures(TetrahedralMesh(mesh.points, mesh.elements,
                                                  Matrix::Ones(kinds, mesh.elements.cols())),
                                  y, w),
                box, 1e-13);
  }
  const GridDensity voxels(Vector::Zero(3), Vector::Ones(3), (IndexVector(3) << 3, 2, 4).finished(),
                           Vector::Constant(24, 7.0));
  check_equal(laguerre_measures(voxels, y, w), box, 1e-14);
  Matrix normals(3, 6);
  normals << 2, -1, 0, 0, 0, 0, 0, 0, 3, -1, 0, 0, 0, 0, 0, 0, 4, -1;
  Vector offsets(6);
  offsets << 2, 0, 3, 0, 4, 0;
  const ConvexPolyhedron planes(normals, offsets);
  CHECK(planes.total_mass() == doctest::Approx(1).epsilon(1e-15));
  check_equal(laguerre_measures(planes, y, w), box, 1e-14);
}

TEST_CASE("solid cells: voxels and elements that end where cells do") {
  // Every facet lies between two voxels, of densities 1 and 3: the Hessian sees their mean.
  Vector values(8);
  for (Index k = 0; k < 8; ++k) values[k] = k % 2 == 0 ? 1.0 : 3.0;
  const GridDensity voxels(Vector::Zero(3), Vector::Ones(3), (IndexVector(3) << 2, 2, 2).finished(),
                           values);
  const CellMeasures m = laguerre_measures(voxels, solid_grid(2), Vector::Zero(8));
  CHECK(m.mass_residual < 1e-15);
  int facets = 0;
  for (const CellFacet& f : m.facets) {
    if (f.integral < 1e-20) continue;  // sites across an edge or a vertex, by rounding
    ++facets;
    CHECK(m.masses[f.first] == doctest::Approx(values[f.first] / 16).epsilon(1e-14));
    const double mean = 0.5 * (values[f.first] + values[f.second]) / 2;
    CHECK(f.integral == doctest::Approx(0.25 * mean).epsilon(1e-14));
  }
  CHECK(facets == 12);
  const Mesh mesh = cube_mesh(2);
  const CellMeasures same = laguerre_measures(TetrahedralMesh::uniform(mesh.points, mesh.elements),
                                              solid_grid(2), Vector::Zero(8));
  check_equal(same, laguerre_measures(Box::unit(3), solid_grid(2), Vector::Zero(8)), 1e-15);
}

TEST_CASE("solid cells: the Hessian is the derivative of the masses") {
  const Index n = 25;
  const Matrix y = Splitmix(9).uniform(3, n);
  const Vector w = small_weights(10, n, 0.02);
  const Mesh mesh = cube_mesh(1);
  const std::vector<std::shared_ptr<const LaguerreSource>> sources{
      std::make_shared<Box>(Box::unit(3)),
      std::make_shared<TetrahedralMesh>(mesh.points, mesh.elements,
                                        Splitmix(12).uniform(10, mesh.elements.cols())),
      std::make_shared<GridDensity>(Vector::Zero(3), Vector::Ones(3),
                                    (IndexVector(3) << 3, 3, 3).finished(),
                                    Vector(Splitmix(13).uniform(27, 1)))};
  for (const auto& source : sources) {
    const auto cells = source->cells(y, 1);
    const CellMeasures m = cells->measures(w);
    Matrix hessian = Matrix::Zero(n, n);
    for (const CellFacet& f : m.facets) {
      const double slope = 0.5 * f.integral / (y.col(f.first) - y.col(f.second)).norm();
      hessian(f.first, f.second) -= slope;
      hessian(f.second, f.first) -= slope;
      hessian(f.first, f.first) += slope;
      hessian(f.second, f.second) += slope;
    }
    // Central differences err by step^2 times third derivatives, and by rounding over the step;
    // densities with jumps have second derivatives of one side only: first order in the step.
    const double step = 1e-6;
    for (Index k = 0; k < n; ++k) {
      Vector up = w, down = w;
      up[k] += step;
      down[k] -= step;
      const Vector slope = (cells->measures(up).masses - cells->measures(down).masses) / (2 * step);
      CHECK((slope - hessian.col(k)).cwiseAbs().maxCoeff() < 1e-5);
    }
  }
}

TEST_CASE("solid cells: lattices, spheres, lines, clusters and shifted weights tile too") {
  Splitmix draws(14);
  std::vector<Matrix> sets;
  sets.push_back(solid_grid(6));  // eight sites about every vertex
  Matrix jitter = solid_grid(6);
  for (Index k = 0; k < jitter.size(); ++k) jitter.data()[k] += 1e-15 * draws.uniform();
  sets.push_back(jitter);
  Matrix sphere(3, 60);
  for (Index k = 0; k < 60; ++k) {
    const Eigen::Vector3d v = draws.uniform(3, 1).array() - 0.5;
    sphere.col(k) = (0.3 * v.normalized()).array() + 0.5;
  }
  sets.push_back(sphere);
  Matrix line = Matrix::Constant(3, 50, 0.5);
  for (Index k = 0; k < 50; ++k) line(0, k) = (static_cast<double>(k) + 0.5) / 50;
  sets.push_back(line);
  Matrix plane = solid_grid(7).leftCols(49);
  sets.push_back(plane);
  Matrix cluster = draws.uniform(3, 100);
  for (Index k = 50; k < 100; ++k) {
    const Eigen::Vector3d away = draws.uniform(3, 1);
    cluster.col(k) = cluster.col(k - 50) + 1e-12 * away;
  }
  sets.push_back(cluster);
  Matrix outside = 100 * draws.uniform(3, 60).array() + 1000;
  sets.push_back(outside);
  for (const Matrix& y : sets) {
    for (const double size : {0.0, 1e-15, 1e-3}) {
      const CellMeasures m = laguerre_measures(Box::unit(3), y, small_weights(15, y.cols(), size));
      CHECK(m.mass_residual < 1e-12);
      CHECK(m.masses.minCoeff() >= 0.0);
    }
  }
  // Far from zero, clusters one unit in the last place apart.
  const double far = 1e8;
  Matrix y = solid_grid(4, 1.0, far);
  for (Index k = 0; k < y.cols(); k += 2) y.col(k).array() += std::ldexp(1.0, -26);
  const Box box(Vector::Constant(3, far), Vector::Constant(3, far + 1));
  CHECK(laguerre_measures(box, y, Vector::Zero(64)).mass_residual < 1e-12);
}

TEST_CASE("solid cells: an added site has a cell above its largest empty weight, none below") {
  const Index n = 80;
  const Matrix y = Splitmix(16).uniform(3, n);
  const Vector w = small_weights(17, n, 0.01);
  const auto cells = Box::unit(3).cells(y, 1);
  cells->measures(w);
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Vector site = 2 * Vector(Splitmix(seed).uniform(3, 1)).array() - 0.5;
    const double limit = cells->largest_empty_weight(site);
    Matrix more(3, n + 1);
    more << y, site;
    for (const double shift : {-1e-9, 1e-3}) {
      Vector all(n + 1);
      all << w, limit + shift;
      const CellMeasures m = laguerre_measures(Box::unit(3), more, all);
      CHECK((m.masses[n] > 0.0) == (shift > 0.0));
    }
  }
}

TEST_CASE("solid cells: same bits for any number of threads") {
  const Matrix y = Splitmix(18).uniform(3, 3000);
  const Vector w = small_weights(19, 3000, 1e-3);
  const CellMeasures one = laguerre_measures(Box::unit(3), y, w, 1);
  for (const int threads : {2, 3, 8}) {
    const CellMeasures many = laguerre_measures(Box::unit(3), y, w, threads);
    CHECK(many.masses == one.masses);
    CHECK(many.second_moments == one.second_moments);
    REQUIRE(many.facets.size() == one.facets.size());
    for (std::size_t k = 0; k < one.facets.size(); ++k) {
      CHECK(many.facets[k].integral == one.facets[k].integral);
    }
  }
}

TEST_CASE("solid domains: bad input is named") {
  const auto throws = [](const auto& make, const char* message) {
    CHECK_THROWS_WITH_AS(make(), message, std::invalid_argument);
  };
  Matrix normals(3, 4);
  normals << 1, 0, 0, -1, 0, 1, 0, -1, 0, 0, 1, -1;
  const Vector ones = Vector::Ones(4);
  CHECK(ConvexPolyhedron(normals, ones).total_mass() == doctest::Approx(64.0 / 6).epsilon(1e-14));
  throws([&] { ConvexPolyhedron(normals.topRows(2), ones); },
         "ConvexPolyhedron: normals.rows() is 2, expected 3");
  throws([&] { ConvexPolyhedron(normals.leftCols(3), ones.head(3)); },
         "ConvexPolyhedron: normals.cols() is 3, expected at least 4");
  throws([&] { ConvexPolyhedron(normals, ones.head(3)); },
         "ConvexPolyhedron: offsets.size() is 3, expected one a normal, 4");
  throws([&] { ConvexPolyhedron(normals, Vector::Zero(4)); },
         "ConvexPolyhedron: offsets is zero, expected planes around a set with interior");
  throws([&] { ConvexPolyhedron(normals, -ones); },
         "ConvexPolyhedron: plane 3 is outside of the rest, expected a set with interior");
  throws([&] { ConvexPolyhedron(Matrix(-normals.cwiseAbs()), ones); },
         "ConvexPolyhedron: the set is without bound, expected planes all around it");
  Matrix zero = normals;
  zero.col(1).setZero();
  throws([&] { ConvexPolyhedron(zero, ones); },
         "ConvexPolyhedron: normals[1] is zero, expected a direction");
  throws([&] { ConvexPolyhedron(normals, Vector::Constant(4, NAN)); },
         "ConvexPolyhedron: offsets[0] is nan, expected a finite number");
  throws([&] { ConvexPolyhedron::tetrahedron(Matrix::Zero(3, 3)); },
         "ConvexPolyhedron: corners is 3 x 3, expected 3 x 4");
  throws([&] { ConvexPolyhedron::tetrahedron(Matrix::Ones(3, 4)); },
         "ConvexPolyhedron: corners is in one plane, expected four points around a volume");

  const Mesh mesh = cube_mesh(1);
  throws([&] { TetrahedralMesh(mesh.points.topRows(2), mesh.elements, Matrix::Ones(1, 6)); },
         "TetrahedralMesh: points.rows() is 2, expected 3");
  throws([&] { TetrahedralMesh(mesh.points, mesh.elements.topRows(3), Matrix::Ones(1, 6)); },
         "TetrahedralMesh: tetrahedra.rows() is 3, expected 4");
  throws([&] { TetrahedralMesh(mesh.points, mesh.elements.leftCols(0), Matrix::Ones(1, 0)); },
         "TetrahedralMesh: tetrahedra.cols() is 0, expected at least 1");
  throws([&] { TetrahedralMesh(mesh.points, mesh.elements, Matrix::Ones(1, 5)); },
         "TetrahedralMesh: coefficients.cols() is 5, expected 6, one an element");
  throws([&] { TetrahedralMesh(mesh.points, mesh.elements, Matrix::Ones(3, 6)); },
         "TetrahedralMesh: coefficients.rows() is 3, expected 1, 4, 10, 20 or 35");
  throws([&] { TetrahedralMesh(mesh.points, mesh.elements, Matrix::Zero(1, 6)); },
         "TetrahedralMesh: mass is 0, expected positive and finite");
  throws([&] { TetrahedralMesh(mesh.points, mesh.elements, -Matrix::Ones(1, 6)); },
         "TetrahedralMesh: coefficients[0, 0] is -1, expected finite and at least 0");
  IndexMatrix bad = mesh.elements;
  bad(2, 3) = 8;
  throws([&] { TetrahedralMesh::uniform(mesh.points, bad); },
         "TetrahedralMesh: tetrahedra[2, 3] is 8, expected an index below 8");
  bad(2, 3) = bad(1, 3);
  throws([&] { TetrahedralMesh::uniform(mesh.points, bad); },
         "TetrahedralMesh: volume of element 3 is 0, expected a positive volume");
  CHECK_THROWS_AS(TetrahedralMesh::uniform(mesh.points, bad), InvalidGeometry);
}

TEST_CASE("solid cells: a trial with an empty cell leaves the last measures as they were") {
  const Index n = 200;
  const Matrix y = Splitmix(20).uniform(3, n);
  const Vector w = small_weights(21, n, 1e-3);
  const auto cells = Box::unit(3).cells(y, 2);
  const CellMeasures before = cells->measures(w);
  Vector site(3);
  site << 0.4, 0.5, 0.6;
  const double limit = cells->largest_empty_weight(site);
  Vector bad = w;
  bad[17] -= 1.0;
  CHECK_FALSE(cells->measures_if_full(bad, 0.0).has_value());
  CHECK(cells->largest_empty_weight(site) == doctest::Approx(limit).epsilon(1e-13));
  const auto again = cells->measures_if_full(w, 0.0);
  REQUIRE(again.has_value());
  check_equal(*again, before, 1e-15);
}
