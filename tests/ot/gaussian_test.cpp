#include "pushforward/ot/gaussian.hpp"

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

// Full rank unless `rank` says less.
Gaussian random_gaussian(Splitmix& draws, Index d, Index rank = -1) {
  const Matrix factor = draws.uniform(d, rank < 0 ? d + 2 : rank).array() - 0.5;
  return {(draws.uniform(d, 1).array() - 0.5).matrix(), factor * factor.transpose()};
}

Gaussian line(double mean, double variance) {
  return {Vector::Constant(1, mean), Matrix::Constant(1, 1, variance)};
}

double largest(const Matrix& x) { return x.cwiseAbs().maxCoeff(); }

// Relaxed entropic transport between two normals on one fine grid, by scalings of the kernel.
// Trapezoid sums of analytic integrands that vanish at the ends are exact to rounding.
struct GridSolution {
  double mass = 0.0, value = 0.0, linear = 0.0;
};

GridSolution on_grid(double mean_a, double var_a, double mass_a, double mean_b, double var_b,
                     double mass_b, double epsilon, double rho) {
  constexpr Index n = 161;
  const double low = -6.0, step = 12.0 / (n - 1);
  Vector a(n), b(n);
  Matrix kernel(n, n), cost(n, n);
  const auto weight = [&](double x, double mean, double variance) {
    return step * std::exp(-0.5 * (x - mean) * (x - mean) / variance) /
           std::sqrt(2.0 * 3.141592653589793 * variance);
  };
  for (Index i = 0; i < n; ++i) {
    const double x = low + step * double(i);
    a[i] = mass_a * weight(x, mean_a, var_a);
    b[i] = mass_b * weight(x, mean_b, var_b);
    for (Index j = 0; j < n; ++j) {
      cost(i, j) = step * step * double((i - j) * (i - j));
      kernel(i, j) = std::exp(-cost(i, j) / epsilon);
    }
  }
  const double power = std::isinf(rho) ? 1.0 : rho / (rho + epsilon);
  Vector u = Vector::Ones(n), v = Vector::Ones(n);
  for (int sweep = 0; sweep < 400; ++sweep) {
    u = (kernel * b.cwiseProduct(v)).array().pow(-power);
    v = (kernel.transpose() * a.cwiseProduct(u)).array().pow(-power);
  }
  const Matrix plan = a.cwiseProduct(u).asDiagonal() * kernel * b.cwiseProduct(v).asDiagonal();
  GridSolution grid{plan.sum(), 0.0, plan.cwiseProduct(cost).sum()};
  const auto kl = [](double p, double q) { return (p > 0.0 ? p * std::log(p / q) : 0.0) - p + q; };
  grid.value = grid.linear;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) grid.value += epsilon * kl(plan(i, j), a[i] * b[j]);
    if (std::isinf(rho)) continue;
    grid.value += rho * (kl(plan.row(i).sum(), a[i]) + kl(plan.col(i).sum(), b[i]));
  }
  return grid;
}

template <class Call>
std::string message(Call&& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("gaussian: on the line the squared distance is that of means and deviations") {
  CHECK(gaussian_wasserstein_2_squared(line(1.0, 4.0), line(-2.0, 0.25)) ==
        doctest::Approx(9.0 + 1.5 * 1.5).epsilon(1e-15));
  CHECK(gaussian_wasserstein_2_squared(line(0.0, 0.0), line(0.0, 2.0)) ==
        doctest::Approx(2.0).epsilon(1e-15));
}

TEST_CASE("gaussian: the distance of equal laws is zero, not the root of rounding") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(seed);
    const Gaussian a = random_gaussian(draws, 1 + Index(seed % 6), seed % 2 ? 1 : -1);
    const double distance = gaussian_wasserstein_2_squared(a, a);
    CHECK(distance >= 0.0);
    CHECK(distance <= 1e-22 * (1.0 + a.covariance.trace()));
  }
}

TEST_CASE("gaussian: distances are symmetric, and commuting roots subtract") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(100 + seed);
    const Index d = 1 + Index(seed % 5);
    const Gaussian a = random_gaussian(draws, d), b = random_gaussian(draws, d);
    const double there = gaussian_wasserstein_2_squared(a, b);
    CHECK(std::abs(there - gaussian_wasserstein_2_squared(b, a)) <= 1e-14);
    // (p A + q)^2 and A^2 commute: their roots are p A + q and A.
    const Matrix root = a.covariance;
    const Matrix other = 0.7 * root + 0.3 * Matrix::Identity(d, d);
    const Gaussian p{a.mean, root * root}, q{a.mean, other * other};
    CHECK(std::abs(gaussian_wasserstein_2_squared(p, q) - (root - other).squaredNorm()) <= 1e-13);
  }
}

TEST_CASE("gaussian: the map pushes source onto target and costs the distance") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(200 + seed);
    const Index d = 1 + Index(seed % 5);
    const Gaussian a = random_gaussian(draws, d), b = random_gaussian(draws, d, 1 + seed % d);
    const AffineMap map = gaussian_map(a, b);
    CHECK(largest(map.slope * a.covariance * map.slope - b.covariance) <= 1e-10);
    CHECK(largest(map(a.mean) - b.mean) <= 1e-10);
    // E |X - T X|^2 with T symmetric.
    const Matrix move = map.slope - Matrix::Identity(d, d);
    const double cost = (move * a.covariance * move).trace() + (a.mean - b.mean).squaredNorm();
    CHECK(std::abs(cost - gaussian_wasserstein_2_squared(a, b)) <= 1e-10);
  }
}

TEST_CASE("gaussian: singular sources have a map within their range, and only there") {
  Matrix flat = Matrix::Zero(3, 3), flatter = Matrix::Zero(3, 3);
  flat.topLeftCorner(2, 2) << 2.0, 0.5, 0.5, 1.0;
  flatter(0, 0) = 3.0;
  const Gaussian wide{Vector::Zero(3), flat}, thin{Vector::Ones(3), flatter};
  const AffineMap map = gaussian_map(wide, thin);
  CHECK(largest(map.slope * flat * map.slope - flatter) <= 1e-12);
  CHECK(contains(message([&] { gaussian_map(thin, wide); }),
                 "target.covariance off the range of source.covariance is"));
}

TEST_CASE("gaussian: the geodesic has constant speed, through singular laws too") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(300 + seed);
    const Index d = 1 + Index(seed % 4);
    const Gaussian a = random_gaussian(draws, d), b = random_gaussian(draws, d, 1);
    const double whole = std::sqrt(gaussian_wasserstein_2_squared(a, b));
    const Gaussian early = gaussian_geodesic(a, b, 0.25), late = gaussian_geodesic(a, b, 0.75);
    CHECK(std::abs(std::sqrt(gaussian_wasserstein_2_squared(a, early)) - 0.25 * whole) <= 1e-7);
    CHECK(std::abs(std::sqrt(gaussian_wasserstein_2_squared(early, late)) - 0.5 * whole) <= 1e-7);
    CHECK(largest(gaussian_geodesic(a, b, 1.0).covariance - b.covariance) <= 1e-14);
  }
}

TEST_CASE("gaussian: barycenters of commuting covariances average their roots") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Splitmix draws(400 + seed);
    const Index d = 1 + Index(seed % 4);
    const Matrix root = random_gaussian(draws, d).covariance;
    const Vector weights = Eigen::Vector3d(1.0, 2.0, 5.0);
    std::vector<Gaussian> laws;
    Matrix mean_root = Matrix::Zero(d, d);
    for (Index k = 0; k < 3; ++k) {
      const Matrix r = double(k) * root + (1.0 + double(k)) * Matrix::Identity(d, d);
      laws.push_back({Vector::Constant(d, double(k)), r * r});
      mean_root += weights[k] / 8.0 * r;
    }
    const GaussianBarycenter result = gaussian_barycenter(laws, weights);
    CHECK(result.converged);
    CHECK(largest(result.barycenter.covariance - mean_root * mean_root) <= 1e-10);
    CHECK(largest(result.barycenter.mean - Vector::Constant(d, 12.0 / 8.0)) <= 1e-14);
  }
}

TEST_CASE("gaussian: at a barycenter the maps to the laws average to the identity") {
  Splitmix draws(5);
  std::vector<Gaussian> laws;
  for (int k = 0; k < 4; ++k) laws.push_back(random_gaussian(draws, 3));
  const Vector weights = Vector::Constant(4, 0.25);
  const GaussianBarycenter result = gaussian_barycenter(laws, weights);
  REQUIRE(result.converged);
  Matrix mean_slope = Matrix::Zero(3, 3);
  double mean_distance = 0.0;
  for (const Gaussian& law : laws) {
    mean_slope += 0.25 * gaussian_map(result.barycenter, law).slope;
    mean_distance += 0.25 * gaussian_wasserstein_2_squared(result.barycenter, law);
  }
  CHECK(largest(mean_slope - Matrix::Identity(3, 3)) <= 1e-9);
  CHECK(std::abs(mean_distance - result.mean_squared_distance) <= 1e-14);
  const GaussianBarycenter stopped = gaussian_barycenter(laws, weights, {.max_iterations = 0});
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.termination == Termination::max_iterations);
}

TEST_CASE("gaussian: entropic costs are those of a grid to 1e-8") {
  for (const double epsilon : {0.3, 1.0, 4.0}) {
    const EntropicGaussian closed = gaussian_entropic(line(0.3, 0.5), line(-0.4, 0.3), epsilon);
    const GridSolution grid = on_grid(0.3, 0.5, 1.0, -0.4, 0.3, 1.0, epsilon, INFINITY);
    CHECK(std::abs(closed.kl_cost - grid.value) <= 1e-8);
    CHECK(std::abs(closed.linear_cost - grid.linear) <= 1e-8);
  }
}

TEST_CASE("gaussian: entropic limits are the distance and independence") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(600 + seed);
    const Index d = 1 + Index(seed % 4);
    const Gaussian a = random_gaussian(draws, d, seed % 3 == 0 ? 1 : -1);
    const Gaussian b = random_gaussian(draws, d);
    const double exact = gaussian_wasserstein_2_squared(a, b);
    const double means = (a.mean - b.mean).squaredNorm();
    // The cost exceeds the exact one by about epsilon d / 2 log(1 / epsilon).
    CHECK(std::abs(gaussian_entropic(a, b, 1e-10).kl_cost - exact) <= 1e-7);
    CHECK(std::abs(gaussian_sinkhorn_divergence(a, b, 1e-9) - exact) <= 1e-7);
    CHECK(std::abs(gaussian_sinkhorn_divergence(a, b, 1e9) - means) <= 1e-7);
    CHECK(std::abs(gaussian_sinkhorn_divergence(a, a, 0.3)) <= 1e-14);
    CHECK(gaussian_sinkhorn_divergence(a, b, 0.3) >= means - 1e-14);
    const double combined = gaussian_entropic(a, b, 0.3).kl_cost -
                            0.5 * gaussian_entropic(a, a, 0.3).kl_cost -
                            0.5 * gaussian_entropic(b, b, 0.3).kl_cost;
    CHECK(std::abs(gaussian_sinkhorn_divergence(a, b, 0.3) - combined) <= 1e-13);
    CHECK(largest(gaussian_entropic(a, b, 1e12).cross_covariance) <= 1e-11);
  }
}

TEST_CASE("gaussian: the cross-covariance solves its fixed-point equation") {
  // C^T A^{-1} C + (epsilon / 2) A^{-1} C = B: the conditional law of Y has precision from C.
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(700 + seed);
    const Index d = 1 + Index(seed % 4);
    const Gaussian a = random_gaussian(draws, d), b = random_gaussian(draws, d);
    const double epsilon = 0.4;
    const EntropicGaussian result = gaussian_entropic(a, b, epsilon);
    const Matrix& slope = result.conditional_mean.slope;  // C^T A^{-1}
    CHECK(largest(slope * a.covariance - result.cross_covariance.transpose()) <= 1e-12);
    CHECK(largest(slope * result.cross_covariance + 0.5 * epsilon * slope.transpose() -
                  b.covariance) <= 1e-10);
    CHECK(largest(result.conditional_mean(a.mean) - b.mean) <= 1e-12);
  }
}

TEST_CASE("gaussian: unbalanced values and masses are those of a grid to 1e-8") {
  for (const double epsilon : {0.5, 1.0, 3.0}) {
    for (const double rho : {0.7, 5.0}) {
      const UnbalancedGaussian closed =
          gaussian_unbalanced(line(0.3, 0.5), 1.3, line(-0.4, 0.3), 0.6, epsilon, rho);
      const GridSolution grid = on_grid(0.3, 0.5, 1.3, -0.4, 0.3, 0.6, epsilon, rho);
      CHECK(std::abs(closed.mass - grid.mass) <= 1e-8);
      CHECK(std::abs(closed.value - grid.value) <= 1e-8);
    }
  }
}

TEST_CASE("gaussian: unbalanced transport of points, of products, and for large rho") {
  const double p = 1.3, q = 0.6, rho = 0.8, epsilon = 0.5, cost = 0.49;
  const double mass = std::pow(p * q, (rho + epsilon) / (2.0 * rho + epsilon)) *
                      std::exp(-cost / (2.0 * rho + epsilon));
  const UnbalancedGaussian points =
      gaussian_unbalanced(line(0.3, 0.0), p, line(-0.4, 0.0), q, epsilon, rho);
  CHECK(std::abs(points.mass - mass) <= 1e-14);
  CHECK(std::abs(points.value - (rho * (p + q) + epsilon * p * q - (2.0 * rho + epsilon) * mass)) <=
        1e-14);
  // A point beside each makes a product: the log of the mass adds up over the axes, for p = q = 1.
  Gaussian a{Vector::Zero(2), Matrix::Zero(2, 2)}, b = a;
  a.covariance.diagonal() << 0.5, 0.2;
  b.covariance.diagonal() << 0.3, 0.9;
  b.mean << 0.3, -0.6;
  const double first =
      gaussian_unbalanced(line(0.0, 0.5), 1.0, line(0.3, 0.3), 1.0, epsilon, rho).mass;
  const double second =
      gaussian_unbalanced(line(0.0, 0.2), 1.0, line(-0.6, 0.9), 1.0, epsilon, rho).mass;
  CHECK(std::abs(gaussian_unbalanced(a, 1.0, b, 1.0, epsilon, rho).mass - first * second) <= 1e-14);
  const UnbalancedGaussian rigid = gaussian_unbalanced(a, 1.0, b, 1.0, epsilon, 1e7);
  CHECK(std::abs(rigid.mass - 1.0) <= 1e-6);
  CHECK(std::abs(rigid.value - gaussian_entropic(a, b, epsilon).kl_cost) <= 1e-6);
}

TEST_CASE("gaussian: bad input is named") {
  const Gaussian good = line(0.0, 1.0);
  Gaussian bad = good;
  bad.covariance(0, 0) = -1e-3;
  const auto distance = [&](const Gaussian& a, const Gaussian& b) {
    return message([&] { gaussian_wasserstein_2_squared(a, b); });
  };
  CHECK(contains(distance(good, bad), "least eigenvalue of target.covariance is -0.001"));
  bad = good;
  bad.mean[0] = NAN;
  CHECK(contains(distance(bad, good), "source.mean"));
  bad = good;
  bad.covariance(0, 0) = INFINITY;
  CHECK(contains(distance(bad, good), "source.covariance"));
  CHECK(contains(distance({Vector(), Matrix()}, good), "source.mean.size() is 0"));
  const Gaussian plane{Vector::Zero(2), Matrix::Identity(2, 2)};
  CHECK(contains(distance(good, plane), "target.mean.size() is 2"));
  CHECK(contains(distance(good, {Vector::Zero(1), Matrix::Identity(2, 2)}),
                 "target.covariance.rows() is 2"));
  CHECK(contains(distance(good, {Vector::Zero(1), Matrix::Ones(1, 2)}),
                 "target.covariance.cols() is 2"));
  Gaussian skew = plane;
  skew.covariance(0, 1) = 0.1;
  CHECK(contains(distance(skew, plane), "asymmetry of source.covariance is 0.1"));
  CHECK(contains(message([&] { gaussian_entropic(good, good, 0.0); }), "epsilon is 0"));
  CHECK(
      contains(message([&] { gaussian_sinkhorn_divergence(good, good, -1.0); }), "epsilon is -1"));
  CHECK(
      contains(message([&] { gaussian_unbalanced(good, 1.0, good, 1.0, 1.0, 0.0); }), "rho is 0"));
  CHECK(contains(message([&] { gaussian_unbalanced(good, 0.0, good, 1.0, 1.0, 1.0); }),
                 "source_mass is 0"));
  CHECK(contains(message([&] { gaussian_unbalanced(good, 1.0, good, NAN, 1.0, 1.0); }),
                 "target_mass is nan"));
  CHECK(contains(message([&] { gaussian_geodesic(good, good, 1.5); }), "t is 1.5"));
  const Vector none, zero = Vector::Zero(1), below = Vector::Constant(1, -1e-18);
  const Vector one = Vector::Ones(1), ones = Vector::Ones(2);
  const auto barycenter = [&](const std::vector<Gaussian>& laws, const Vector& weights) {
    return message([&] { gaussian_barycenter(laws, weights); });
  };
  CHECK(contains(barycenter({}, none), "gaussians.size() is 0"));
  CHECK(contains(barycenter({good}, none), "weights.size() is 0"));
  CHECK(contains(barycenter({good}, below), "weights[0] is -1e-18"));
  CHECK(contains(barycenter({good}, zero), "sum of weights is 0"));
  CHECK(contains(barycenter({good, plane}, ones), "gaussians[1].mean.size() is 2"));
  CHECK(contains(message([&] { gaussian_barycenter({good}, one, {.tolerance = 0.0}); }),
                 "tolerance is 0"));
  const Matrix tall = Matrix::Zero(2, 1);
  CHECK(contains(message([&] { gaussian_map(good, good)(tall); }), "x.rows() is 2"));
}
