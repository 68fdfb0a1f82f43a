#include "pushforward/ot/semidiscrete_map.hpp"

#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/densities/uniform_box.hpp"
#include "pushforward/ot/semidiscrete_bounds.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

std::shared_ptr<const Sampler> normal_source(Index d) {
  return std::make_shared<GaussianMixture>(standard_normal(d));
}

Matrix normals(Index rows, Index cols, std::uint64_t seed) {
  Matrix x(rows, cols);
  fill_normal({.seed = seed}, x, 1);
  return x;
}

Vector voronoi_heights(const Matrix& y) { return -0.5 * y.colwise().squaredNorm().transpose(); }

// k^2 atoms at the centres of a grid in the unit square.
Matrix square_grid(Index k) {
  Matrix y(2, k * k);
  for (Index j = 0; j < k * k; ++j) {
    y(0, j) = (static_cast<double>(j % k) + 0.5) / static_cast<double>(k);
    y(1, j) = (static_cast<double>(j / k) + 0.5) / static_cast<double>(k);
  }
  return y;
}

}  // namespace

TEST_CASE("semidiscrete map: nearest is the atom of the highest plane") {
  const Matrix y = normals(3, 50, 1), x = normals(3, 700, 2);
  const Vector h = 0.3 * normals(50, 1, 3);
  const SemidiscreteMap map({normal_source(3), DiscreteMeasure::uniform(y)}, h);
  const IndexVector cells = map.cells(x);
  Matrix image(3, 700);
  map.nearest(x, image);
  for (Index i = 0; i < x.cols(); ++i) {
    Index best;
    (y.transpose() * x.col(i) + h).maxCoeff(&best);
    CHECK(cells[i] == best);
    CHECK(image.col(i) == y.col(best));
  }
}

TEST_CASE("semidiscrete map: an angle of zero reproduces the map") {
  const Matrix y = normals(4, 60, 4), x = normals(4, 500, 5);
  const SemidiscreteMap map({normal_source(4), DiscreteMeasure::uniform(y)}, voronoi_heights(y),
                            {.neighbours = 5, .max_angle = 0.0});
  Matrix nearest(4, 500), extended(4, 500);
  map.nearest(x, nearest);
  const auto report = map.extend(x, extended);
  CHECK(extended == nearest);
  CHECK(report.singular_share == 1.0);
  CHECK(report.displacement_bound == 0.0);
}

TEST_CASE("semidiscrete map: on a grid the extension is the identity to the order of the step") {
  const auto source = std::make_shared<UniformBox>(UniformBox::unit(2));
  double previous = 1.0;
  for (const Index k : {4, 8, 16}) {
    const Matrix y = square_grid(k);
    const SemidiscreteMap map({source, DiscreteMeasure::uniform(y)}, voronoi_heights(y),
                              {.max_angle = std::numbers::pi});
    const Matrix x = source->draws({.seed = 6}, 2000);
    Matrix image(2, 2000);
    map.extend(x, image);
    const double error = std::sqrt((image - x).colwise().squaredNorm().mean());
    // the mixed atoms are within two steps of x
    CHECK(error < 2.0 / static_cast<double>(k));
    CHECK(error < 0.7 * previous);
    previous = error;
  }
}

TEST_CASE("semidiscrete map: values stay in the hull of kept atoms and apart from other clusters") {
  // Two tight clusters far apart: the angle between clusters exceeds the limit, inside it does not.
  Matrix y = 0.1 * normals(2, 40, 7);
  y.leftCols(20).row(0).array() += 5.0;
  y.rightCols(20).row(0).array() -= 5.0;
  const SemidiscreteProblem problem{normal_source(2), DiscreteMeasure::uniform(y)};
  const auto solved = semidiscrete(problem, {.tolerance = 0.5, .max_iterations = 300});
  const SemidiscreteMap map(problem, solved.heights, {.neighbours = 8, .max_angle = 0.5});
  const Matrix x = normals(2, 3000, 8);
  Matrix image(2, 3000);
  const auto report = map.extend(x, image);
  CHECK(report.mean_kept > 1.0);
  double closest = 1e9;
  for (Index i = 0; i < x.cols(); ++i) closest = std::min(closest, std::abs(image(0, i)));
  CHECK(closest > 4.0);  // no value between the clusters, which end about 0.4 from +-5
  CHECK(image.row(0).maxCoeff() <= y.row(0).maxCoeff());
  CHECK(image.row(1).maxCoeff() <= y.row(1).maxCoeff());
  CHECK(image.row(1).minCoeff() >= y.row(1).minCoeff());
}

TEST_CASE("semidiscrete map: the displacement of the extension is within its bound") {
  const Matrix y = normals(3, 80, 9), x = normals(3, 1000, 10);
  const SemidiscreteMap map({normal_source(3), DiscreteMeasure::uniform(y)}, voronoi_heights(y),
                            {.neighbours = 4, .max_angle = 1.0});
  Matrix nearest(3, 1000), extended(3, 1000);
  map.nearest(x, nearest);
  const auto report = map.extend(x, extended);
  const Vector moved = (extended - nearest).colwise().norm();
  CHECK(moved.maxCoeff() > 0.0);
  CHECK(extension_w2_bound(moved) <= report.displacement_bound);
}

TEST_CASE("semidiscrete map: more neighbours than atoms, weight zero, a fitted quantile, threads") {
  Matrix y = normals(2, 5, 11);
  Vector nu(5);
  nu << 0.25, 0.25, 0.0, 0.25, 0.25;
  const SemidiscreteProblem problem{normal_source(2), DiscreteMeasure(y, nu)};
  Vector h = voronoi_heights(y);
  h[2] = 100.0;  // would win everywhere
  const Matrix x = normals(2, 2000, 12);
  const SemidiscreteMapOptions options{.neighbours = 50, .angle_quantile = 0.5, .threads = 1};
  const SemidiscreteMap map(problem, h, options);
  CHECK((map.cells(x).array() != 2).all());
  CHECK(map.max_angle() > 0.0);
  Matrix one(2, 2000);
  const auto report = map.extend(x, one);
  CHECK(report.singular_share > 0.0);
  for (const int threads : {2, 3, 8}) {
    SemidiscreteMapOptions many = options;
    many.threads = threads;
    Matrix image(2, 2000);
    CHECK(SemidiscreteMap(problem, h, many).extend(x, image).mean_kept == report.mean_kept);
    CHECK(image == one);
  }
}

TEST_CASE("semidiscrete map: bad input is named") {
  const Matrix y = normals(2, 3, 13);
  const SemidiscreteProblem problem{normal_source(2), DiscreteMeasure::uniform(y)};
  CHECK_THROWS_WITH_AS(SemidiscreteMap(problem, Vector::Zero(2)),
                       "SemidiscreteMap: heights.size() is 2, expected one per atom",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(SemidiscreteMap(problem, Vector::Constant(3, not_known)),
                       "SemidiscreteMap: heights is \"not finite\", expected finite numbers",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(SemidiscreteMap({nullptr, problem.target}, Vector::Zero(3)),
                       "SemidiscreteMap: source is \"null\", expected a sampler",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      SemidiscreteMap({normal_source(3), problem.target}, Vector::Zero(3)),
      "SemidiscreteMap: source.dim() is 3, expected the dimension of the target's atoms",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(SemidiscreteMap(problem, Vector::Zero(3), {.max_angle = -1.0}),
                       "SemidiscreteMapOptions: max_angle is -1, expected between 0 and "
                       "3.141592653589793",
                       std::invalid_argument);
  const SemidiscreteMap map(problem, Vector::Zero(3));
  CHECK_THROWS_WITH_AS(map.cells(Matrix::Zero(3, 1)),
                       "SemidiscreteMap: x.rows() is 3, expected the map's dimension",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(map.cells(Matrix::Constant(2, 1, not_known)),
                       "SemidiscreteMap: x is \"not finite\", expected finite numbers",
                       std::invalid_argument);
  Matrix narrow(2, 1);
  CHECK_THROWS_WITH_AS(map.nearest(Matrix::Zero(2, 4), narrow),
                       "SemidiscreteMap: y.cols() is 1, expected the shape of x",
                       std::invalid_argument);
}

TEST_CASE("semidiscrete bounds: two atoms with unequal masses attain the image bound") {
  // nu = (1/2, 1/2) and m = (1/2 + e, 1/2 - e) on points a distance 3 apart: W_2^2 = 9 e.
  CHECK(image_w2_squared_bound(3.0, 2.0 * 0.1) == doctest::Approx(0.9).epsilon(1e-14));
  CHECK(image_w1_bound(3.0, 2.0 * 0.1) == doctest::Approx(0.3).epsilon(1e-14));
  const auto bracket = w2_bracket(4.0, 0.25);
  CHECK(bracket.low == 1.5);
  CHECK(bracket.high == 2.5);
  CHECK(w2_bracket(0.01, 1.0).low == 0.0);
  const Matrix y = normals(3, 100, 14);
  double diameter = 0.0;
  for (Index i = 0; i < 100; ++i) {
    diameter = std::max(diameter, (y.colwise() - y.col(i)).colwise().norm().maxCoeff());
  }
  CHECK(diameter_bound(y) >= diameter);
  CHECK(diameter_bound(y) <= 2.0 * diameter);
  CHECK(diameter_bound(y.leftCols(1)) == 0.0);
}

TEST_CASE("semidiscrete bounds: bad input is named") {
  CHECK_THROWS_WITH_AS(image_w2_squared_bound(-1.0, 0.0),
                       "image_w2_squared_bound: diameter is -1, expected at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(image_w1_bound(1.0, 3.0),
                       "image_w1_bound: mass_l1_error is 3, expected between 0 and 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(w2_bracket(-1.0, 0.0), "w2_bracket: cost is -1, expected at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(w2_bracket(1.0, -1.0),
                       "w2_bracket: image_w2_squared is -1, expected at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(extension_w2_bound(Vector(0)),
                       "extension_w2_bound: displacements.size() is 0, expected at least 1",
                       std::invalid_argument);
}
