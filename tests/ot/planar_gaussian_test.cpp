#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <boost/math/quadrature/gauss.hpp>
#include <doctest/doctest.h>

#include "pushforward/ot/semidiscrete_domain.hpp"
#include "pushforward/ot/semidiscrete_line.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

#include "tests/ot/planar_sources.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

Matrix identity() { return Matrix::Identity(2, 2); }

/// Integrals of x - a and (x - a)^2 over [s, t] under the standard normal law, by quadrature.
struct Interval {
  double mass, first, second;
};
Interval interval(double s, double t, double a) {
  const auto integral = [&](int power) {
    const auto f = [&](double x) {
      return std::pow(x - a, power) * std::exp(-0.5 * x * x) / std::sqrt(2.0 * std::numbers::pi);
    };
    double sum = 0.0;
    for (int k = 0; k < 8; ++k) {
      sum += boost::math::quadrature::gauss<double, 30>::integrate(f, s + (t - s) * k / 8.0,
                                                                   s + (t - s) * (k + 1) / 8.0);
    }
    return sum;
  };
  return {integral(0), integral(1), integral(2)};
}

/// k x k sites in the middle of the squares into which [-half, half]^2 is cut.
Matrix squares(Index k, double half) { return (square_grid(k).array() - 0.5) * (2.0 * half); }

void check_squares(Index k, double half, double tolerance) {
  CAPTURE(k);
  const Matrix y = squares(k, half);
  const CellMeasures cells =
      laguerre_measures(PlanarGaussian(vec(0, 0), identity()), y, Vector::Zero(y.cols()));
  CHECK(cells.mass_residual < 1e-14);
  std::vector<Interval> parts;
  for (Index i = 0; i < k; ++i) {
    const double width = 2.0 * half / static_cast<double>(k);
    const double low = i == 0 ? -10.0 : -half + width * static_cast<double>(i);
    const double high = i + 1 == k ? 10.0 : -half + width * static_cast<double>(i + 1);
    parts.push_back(interval(low, high, y(0, i)));
  }
  for (Index j = 0; j < y.cols(); ++j) {
    const Interval &p = parts[static_cast<std::size_t>(j % k)],
                   &q = parts[static_cast<std::size_t>(j / k)];
    CHECK(std::abs(cells.masses[j] - p.mass * q.mass) <= tolerance);
    CHECK(std::abs(cells.first_moments(0, j) - p.first * q.mass) <= tolerance);
    CHECK(std::abs(cells.first_moments(1, j) - p.mass * q.first) <= tolerance);
    // About a site s, an error of the mass counts |s|^2 times.
    CHECK(std::abs(cells.second_moments[j] - (p.second * q.mass + p.mass * q.second)) <=
          tolerance * (1.0 + y.col(j).squaredNorm()));
  }
  for (const CellFacet& facet : cells.facets) {
    // Facets are sides of squares: density at a line times the mass of an interval along it.
    const Index axis = facet.second - facet.first == 1 ? 0 : 1;
    if (axis == 1 && facet.second - facet.first != k) continue;  // a corner
    const double at = 0.5 * (y(axis, facet.first) + y(axis, facet.second));
    const Index other = axis == 0 ? facet.first / k : facet.first % k;
    const double expected = std::exp(-0.5 * at * at) / std::sqrt(2.0 * std::numbers::pi) *
                            parts[static_cast<std::size_t>(other)].mass;
    CHECK(std::abs(facet.integral - expected) <= tolerance);
  }
}

}  // namespace

TEST_CASE("planar_gaussian: cells that are rectangles are products of intervals") {
  // Three ways to integrate: few large cells by their sides, small ones by triangles.
  check_squares(1, 1.0, 4e-15);
  check_squares(2, 1.0, 2e-15);
  check_squares(5, 3.0, 2e-15);
  check_squares(24, 4.0, 2e-15);
  check_squares(101, 4.0, 2e-15);
}

TEST_CASE("planar_gaussian: small cells keep their relative digits, in the tail too") {
  constexpr Index k = 81;
  const Matrix y = squares(k, 8.0);
  const CellMeasures cells =
      laguerre_measures(PlanarGaussian(vec(0, 0), identity()), y, Vector::Zero(y.cols()));
  for (Index i = 0; i < k; ++i) {
    const double width = 16.0 / static_cast<double>(k);
    const Interval p = interval(y(0, i) - 0.5 * width, y(0, i) + 0.5 * width, y(0, i));
    const Interval q = interval(-0.5 * width, 0.5 * width, 0.0);
    if (i == 0 || i + 1 == k || std::abs(y(0, i)) > 4.0) continue;  // cells over which it varies
    CHECK(cells.masses[i + k * (k / 2)] == doctest::Approx(p.mass * q.mass).epsilon(1e-13));
  }
}

TEST_CASE("planar_gaussian: two atoms, and atoms on any line, are the problem on that line") {
  Matrix two(2, 2);
  two << -1, 1, 0, 0;
  const auto standard = std::make_shared<PlanarGaussian>(vec(0, 0), identity());
  const auto pair = semidiscrete_newton({standard, DiscreteMeasure::uniform(two)});
  REQUIRE(pair.converged);
  CHECK(pair.primal.value == doctest::Approx(3.0 - 2.0 * std::sqrt(2.0 / std::numbers::pi)));
  CHECK(std::abs(pair.weights[0]) < 1e-14);

  // Across the line every point is as far from all atoms: its variance is added.
  Matrix covariance(2, 2);
  covariance << 2.0, 0.7, 0.7, 0.5;
  const Vector mean = vec(1.0, -2.0);
  for (const double angle : {0.0, 0.3, 1.2, 2.9}) {
    CAPTURE(angle);
    const Vector along = vec(std::cos(angle), std::sin(angle));
    const Vector across = vec(-along[1], along[0]);
    const Vector places = 3.0 * Splitmix(5).uniform(12, 1).array() - 1.5;
    const Vector masses = random_masses(12, 6);
    const Matrix sites = (along * places.transpose()).colwise() + mean;
    const auto plane = semidiscrete_newton({std::make_shared<PlanarGaussian>(mean, covariance),
                                            DiscreteMeasure(sites, masses, Mass::normalise)});
    const auto line =
        semidiscrete_line(gaussian_line_law(0.0, std::sqrt(along.dot(covariance * along))),
                          DiscreteMeasure(Matrix(places.transpose()), masses, Mass::normalise));
    REQUIRE(plane.converged);
    CHECK(plane.primal.value ==
          doctest::Approx(line.transport_cost + across.dot(covariance * across)).epsilon(1e-9));
    CHECK((plane.weights - line.weights).cwiseAbs().maxCoeff() < 1e-7);
  }
}

TEST_CASE("planar_gaussian: a similarity of the plane moves cells with it") {
  Matrix covariance(2, 2);
  covariance << 1.5, -0.4, -0.4, 0.3;
  const Matrix y = 2.0 * Splitmix(7).uniform(2, 40).array() - 1.0;
  const Vector w = Splitmix(8).uniform(40, 1) * 0.05;
  const CellMeasures here = laguerre_measures(PlanarGaussian(vec(0.1, 0.2), covariance), y, w);
  const double scale = 1e-3;
  Matrix turn(2, 2);
  turn << std::cos(1.0), -std::sin(1.0), std::sin(1.0), std::cos(1.0);
  const Vector shift = vec(5.0, -7.0);
  const Matrix moved = (scale * turn * y).colwise() + shift;
  const CellMeasures there =
      laguerre_measures(PlanarGaussian(scale * turn * vec(0.1, 0.2) + shift,
                                       scale * scale * turn * covariance * turn.transpose()),
                        moved, scale * scale * w);
  // Sites at an offset of 7000 of their distances have lost four digits.
  CHECK((here.masses - there.masses).cwiseAbs().maxCoeff() < 1e-11);
  CHECK((scale * turn * here.first_moments - there.first_moments).cwiseAbs().maxCoeff() <
        1e-11 * scale);
  CHECK((scale * scale * here.second_moments - there.second_moments).cwiseAbs().maxCoeff() <
        1e-11 * scale * scale);
}

TEST_CASE("planar_gaussian: sites of another law, in the tail, far away and in clusters") {
  const auto standard = std::make_shared<PlanarGaussian>(vec(0, 0), identity());
  Matrix normal(2, 600), wide(2, 600), clusters(2, 200);
  fill_normal({.seed = 1}, normal);
  fill_normal({.seed = 2}, wide, 1);
  wide *= 4.0;
  fill_normal({.seed = 3}, clusters);
  for (Index j = 0; j < 200; ++j) {
    clusters.col(j) = 1e-4 * clusters.col(j) + vec(static_cast<double>(j % 5), 3.0);
  }
  const Vector away = Vector::Constant(2, 300.0);
  const auto value = [&](const Matrix& y) {
    const DiscreteMeasure target(y, random_masses(y.cols(), 4), Mass::normalise);
    const auto result = semidiscrete_newton({standard, target});
    CHECK(result.converged);
    CHECK(result.mass_error <= 1e-9);
    CHECK(result.mass_residual < 1e-12);
    return result.primal.value;
  };
  value(wide);
  value(clusters);
  // Sites moved by a cost |a|^2 + 2 a . (their mean - that of the law) more.
  const Vector masses = random_masses(600, 4);
  const Vector mean = normal * masses / masses.sum();
  CHECK(value(normal.colwise() + away) ==
        doctest::Approx(value(normal) + away.squaredNorm() + 2.0 * away.dot(mean)).epsilon(1e-12));
}

TEST_CASE("planar_gaussian: what is not a law with a density in the plane is refused") {
  const auto message = [](const Vector& mean, const Matrix& covariance) -> std::string {
    try {
      PlanarGaussian(mean, covariance);
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
    return "accepted";
  };
  CHECK(message(Vector::Zero(3), identity()) == "PlanarGaussian: mean.size() is 3, expected 2");
  CHECK(message(vec(0, 0), Matrix::Identity(3, 3)) ==
        "PlanarGaussian: covariance.rows() is 3, expected 2");
  Matrix skew = identity();
  skew(0, 1) = 0.5;
  CHECK(message(vec(0, 0), skew) ==
        "PlanarGaussian: covariance(0, 1) - covariance(1, 0) is 0.5, expected 0: a symmetric "
        "matrix");
  Matrix flat = identity();
  flat(1, 1) = 0.0;
  CHECK(message(vec(0, 0), flat) ==
        "PlanarGaussian: least eigenvalue of covariance is 0, expected above 1e-14 of the "
        "largest: a law with a density");
  CHECK(message(vec(0, NAN), identity()) ==
        "PlanarGaussian: mean(1, 0) is nan, expected a finite coordinate");
}
