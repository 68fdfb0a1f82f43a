#include "pushforward/core/densities/gaussian_mixture.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <Eigen/LU>
#include <doctest/doctest.h>

#include "pushforward/core/densities/presets.hpp"

using namespace pushforward;

namespace {

// Three components in R^3 with full, different covariances and unequal weights.
GaussianMixture full_mixture() {
  Matrix means(3, 3);
  means << 0.0, 2.0, -1.5,  //
      1.0, -1.0, 0.5,       //
      -0.5, 0.0, 2.0;
  Matrix root(3, 3);
  root << 0.9, 0.0, 0.0,  //
      0.4, 0.6, 0.0,      //
      -0.2, 0.3, 0.5;
  const Matrix c = root * root.transpose();
  return {(Vector(3) << 0.5, 0.2, 0.3).finished(),
          means,
          {c, Matrix(0.3 * Matrix::Identity(3, 3) + c), Matrix(2.0 * c)}};
}

GaussianMixture isotropic_mixture() {
  Matrix means(2, 4);
  means << 0.0, 3.0, -2.0, 0.5,  //
      0.0, 1.0, 2.0, -2.5;
  return GaussianMixture::isotropic((Vector(4) << 0.1, 0.4, 0.3, 0.2).finished(), means,
                                    (Vector(4) << 0.5, 1.0, 0.3, 0.8).finished());
}

// Straight from the definition, one point and one component at a time, with an LU inverse.
double log_density_from_definition(const GaussianMixture& p, const Vector& x) {
  double density = 0.0;
  for (Index k = 0; k < p.components(); ++k) {
    const Matrix c = p.component_covariance(k);
    const Vector centred = x - p.means().col(k);
    const double square = centred.dot(c.inverse() * centred);
    const double norm =
        std::pow(2.0 * std::numbers::pi, static_cast<double>(p.dim())) * c.determinant();
    density += p.weights()[k] * std::exp(-0.5 * square) / std::sqrt(norm);
  }
  return std::log(density);
}

Vector log_density(const GaussianMixture& p, PointsIn x) {
  Vector log_p(x.cols());
  p.log_density(x, log_p);
  return log_p;
}

}  // namespace

TEST_CASE("gaussian_mixture: the log-density agrees with the definition") {
  for (const auto& p : {full_mixture(), isotropic_mixture()}) {
    const Matrix x = p.draws({.seed = 3}, 300);
    const Vector log_p = log_density(p, x);
    for (Index i = 0; i < x.cols(); ++i) {
      // Both sides sum a handful of terms: rounding of order 1e-15, grown by the inverse.
      CHECK(log_p[i] == doctest::Approx(log_density_from_definition(p, x.col(i))).epsilon(1e-12));
    }
  }
}

TEST_CASE("gaussian_mixture: the score is the gradient of the log-density") {
  const double h = 1e-4;  // fourth-order differences: h^4 and eps/h are both below 1e-10
  for (const auto& p : {full_mixture(), isotropic_mixture()}) {
    const Matrix x = p.draws({.seed = 4}, 40);
    Matrix score(x.rows(), x.cols());
    Vector log_p(x.cols());
    p.log_density_and_score(x, log_p, score);
    CHECK(log_p == log_density(p, x));
    for (Index j = 0; j < x.rows(); ++j) {
      const auto at = [&](double step) {
        Matrix moved = x;
        moved.row(j).array() += step;
        return log_density(p, moved);
      };
      const Vector slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
      CHECK((slope.transpose() - score.row(j)).cwiseAbs().maxCoeff() < 1e-8);
    }
  }
}

TEST_CASE("gaussian_mixture: draws have the stated moments and labels within 5 standard errors") {
  const Index n = 200'000;
  const double root_n = std::sqrt(static_cast<double>(n));
  for (const auto& p : {full_mixture(), isotropic_mixture()}) {
    Matrix x(p.dim(), n);
    const IndexVector labels = p.draw_labelled({.seed = 5, .purpose = Draw::source}, x);
    const Matrix centred = x.colwise() - p.mean();
    for (Index i = 0; i < p.dim(); ++i) {
      CHECK(std::abs(centred.row(i).mean()) < 5.0 * std::sqrt(p.covariance()(i, i)) / root_n);
      for (Index j = 0; j < p.dim(); ++j) {
        const auto product = (centred.row(i).array() * centred.row(j).array()).eval();
        const double mean = product.mean();
        const double deviation = std::sqrt((product - mean).square().mean());
        CHECK(std::abs(mean - p.covariance()(i, j)) < 5.0 * deviation / root_n);
      }
    }
    for (Index k = 0; k < p.components(); ++k) {
      const double w = p.weights()[k];
      const double share =
          static_cast<double>((labels.array() == k).count()) / static_cast<double>(n);
      CHECK(std::abs(share - w) < 5.0 * std::sqrt(w * (1.0 - w)) / root_n);
    }
  }
}

TEST_CASE("gaussian_mixture: a draw depends on its chain alone") {
  const GaussianMixture p = full_mixture();
  const RngKey key{.seed = 6, .chain = 10, .step = 2, .purpose = Draw::certificate};
  const Matrix all = p.draws(key, 50);
  CHECK(p.draws(key.at_chain(10 + 37), 1) == all.col(37));
}

TEST_CASE("gaussian_mixture: the noised law has the moments of a X + s e") {
  const GaussianMixture p = full_mixture();
  const double a = 0.6, s = 0.8;
  const GaussianMixture q = p.noised(a, s);
  CHECK((q.mean() - a * p.mean()).norm() < 1e-14);
  const Matrix covariance = a * a * p.covariance() + s * s * Matrix::Identity(3, 3);
  CHECK((q.covariance() - covariance).norm() < 1e-14);
}

TEST_CASE("gaussian_mixture: denoise satisfies Tweedie's formula at every noise level") {
  for (const auto& p : {full_mixture(), isotropic_mixture()}) {
    for (double a : {1.0, 0.3}) {
      for (double s : {1e-4, 1e-2, 1.0, 1e2, 1e4}) {
        const GaussianMixture q = p.noised(a, s);
        const Matrix x = q.draws({.seed = 7}, 100);
        Matrix d(x.rows(), x.cols()), score(x.rows(), x.cols());
        Vector log_p(x.cols());
        p.denoise(x, a, s, d);
        q.log_density_and_score(x, log_p, score);
        const Matrix tweedie = (x + s * s * score) / a;
        // At large s Tweedie's own form subtracts numbers of size s / a; `denoise` does not.
        const double scale = 10.0 + s / a;
        CHECK((d - tweedie).cwiseAbs().maxCoeff() < 1e-13 * scale);
      }
    }
  }
}

TEST_CASE("gaussian_mixture: denoise tends to the mean and to x / a at the ends") {
  const GaussianMixture p = full_mixture();
  const Matrix e = p.draws({.seed = 8}, 20);
  Matrix d(3, 20);
  // E[X | x] = mean + a C x / s^2 + O(s^-2): 1e-4 * |C| * |e| here.
  p.denoise(1e4 * e, 1.0, 1e4, d);
  CHECK((d.colwise() - p.mean()).cwiseAbs().maxCoeff() < 1e-2);
  p.denoise(e, 0.5, 0.0, d);
  CHECK(d == Matrix(e / 0.5));
  p.denoise(e, 0.0, 1.0, d);
  // Components see |x|^2 through axes of their own, each orthogonal to d ulps: odds of 1 +- d ulps
  // |x|^2.
  const double rounding = 2.2e-16 * 3.0 * e.colwise().squaredNorm().maxCoeff();
  CHECK((d.colwise() - p.mean()).cwiseAbs().maxCoeff() < rounding);
}

TEST_CASE("gaussian_mixture: responsibilities sum to one and follow Bayes") {
  const GaussianMixture p = full_mixture();
  const Matrix x = p.draws({.seed = 9}, 30);
  Matrix r(3, 30);
  p.responsibilities(x, r);
  CHECK((r.colwise().sum().array() - 1.0).abs().maxCoeff() < 1e-15);
  for (Index k = 0; k < 3; ++k) {
    const GaussianMixture one(Vector::Ones(1), p.means().col(k), {p.component_covariance(k)});
    const Vector bayes = p.weights()[k] * (log_density(one, x) - log_density(p, x)).array().exp();
    CHECK((bayes.transpose() - r.row(k)).cwiseAbs().maxCoeff() < 1e-13);
  }
}

TEST_CASE("gaussian_mixture: far points and zero weights give finite scores, NaN gives NaN") {
  Matrix means(1, 3);
  means << -1.0, 0.0, 1.0;
  const auto p = GaussianMixture::isotropic((Vector(3) << 0.5, 0.0, 0.5).finished(), means,
                                            Vector::Constant(3, 1e-3));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Matrix x = (Matrix(1, 4) << 1e6, -1e6, 0.0, nan).finished();
  Matrix score(1, 4);
  Vector log_p(4);
  p.log_density_and_score(x, log_p, score);
  CHECK(score(0, 0) == doctest::Approx((1.0 - 1e6) * 1e6).epsilon(1e-14));
  CHECK(score(0, 1) == doctest::Approx((1e6 - 1.0) * 1e6).epsilon(1e-14));
  CHECK(std::abs(score(0, 2)) < 1e-6);
  CHECK(std::isnan(score(0, 3)));
  CHECK(std::isnan(log_p[3]));
}

TEST_CASE("gaussian_mixture: singular covariances draw and denoise, but have no density") {
  Matrix flat = Matrix::Zero(2, 2);
  flat(0, 0) = 1.0;
  const GaussianMixture p(Vector::Ones(1), Matrix::Zero(2, 1), {flat});
  CHECK(p.draws({}, 10).row(1).cwiseAbs().maxCoeff() == 0.0);
  Matrix d(2, 1);
  p.denoise(Matrix::Ones(2, 1), 1.0, 1.0, d);
  CHECK(d(0, 0) == doctest::Approx(0.5).epsilon(1e-15));
  CHECK(d(1, 0) == 0.0);
  Vector log_p(1);
  CHECK_THROWS_WITH_AS(p.log_density(d, log_p),
                       "GaussianMixture::log_density: the smallest variance is 0, expected "
                       "greater than 0 for a law with a density",
                       std::invalid_argument);
  CHECK_NOTHROW(p.noised(1.0, 0.1).log_density(d, log_p));
}

TEST_CASE("gaussian_mixture: bad input is named") {
  const Matrix means = Matrix::Zero(2, 2);
  const Matrix id = Matrix::Identity(2, 2);
  const Vector half = Vector::Constant(2, 0.5);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto with_weights = [&](double u, double v) {
    return GaussianMixture((Vector(2) << u, v).finished(), means, {id, id});
  };
  const auto with_covariance = [&](const Matrix& c) {
    return GaussianMixture(half, means, {id, c});
  };
  const auto with_entry = [&](double off_diagonal, double last) {
    return with_covariance((Matrix(2, 2) << 1.0, off_diagonal, 0.0, last).finished());
  };

  CHECK_THROWS_WITH(with_weights(1.5, -0.5),
                    "GaussianMixture: weights[1] is -0.5, expected a non-negative number");
  CHECK_THROWS_WITH(with_weights(nan, 1.0),
                    "GaussianMixture: weights[0] is nan, expected a non-negative number");
  CHECK_THROWS_WITH(with_weights(0.0, 0.0),
                    "GaussianMixture: the sum of weights is 0, expected 1 within 1e-9");
  CHECK_THROWS_WITH(with_weights(0.5, 0.75),
                    "GaussianMixture: the sum of weights is 1.25, expected 1 within 1e-9");
  CHECK_THROWS_WITH(GaussianMixture(Vector::Ones(1), means, {id, id}),
                    "GaussianMixture: weights.size() is 1, expected one per column of means");
  CHECK_THROWS_WITH(GaussianMixture(Vector(0), Matrix(2, 0), {}),
                    "GaussianMixture: means.cols() is 0, expected at least 1");
  CHECK_THROWS_WITH(GaussianMixture(Vector::Ones(1), Matrix(0, 1), {id}),
                    "GaussianMixture: means.rows() is 0, expected at least 1");
  CHECK_THROWS_WITH(GaussianMixture(half, Matrix::Constant(2, 2, nan), {id, id}),
                    "GaussianMixture: means(0, 0) is nan, expected a finite number");
  CHECK_THROWS_WITH(GaussianMixture(half, means, {id}),
                    "GaussianMixture: covariances.size() is 1, expected one per column of means");
  CHECK_THROWS_WITH(with_covariance(Matrix::Identity(3, 3)),
                    "GaussianMixture: covariances[1].rows() is 3, expected the dimension of the "
                    "means");
  CHECK_THROWS_WITH(with_covariance(Matrix::Identity(2, 3)),
                    "GaussianMixture: covariances[1].cols() is 3, expected the dimension of the "
                    "means");
  CHECK_THROWS_WITH(with_covariance(Matrix::Constant(2, 2, nan)),
                    "GaussianMixture: covariances[1] is \"not finite\", expected finite entries");
  CHECK_THROWS_WITH(with_entry(0.5, 1.0),
                    "GaussianMixture: the asymmetry of covariances[1] is 0.5, expected a symmetric "
                    "matrix");
  CHECK_THROWS_WITH(with_entry(0.0, -1.0),
                    "GaussianMixture: the smallest eigenvalue of covariances[1] is -1, expected at "
                    "least 0");
  CHECK_THROWS_WITH(GaussianMixture::isotropic(half, means, Vector::Ones(1)),
                    "GaussianMixture: standard_deviations.size() is 1, expected one per column of "
                    "means");
  CHECK_THROWS_WITH(
      GaussianMixture::isotropic(half, means, (Vector(2) << 1.0, -1.0).finished()),
      "GaussianMixture: standard_deviations[1] is -1, expected a non-negative number");
}

TEST_CASE("gaussian_mixture: calls of the wrong shape are named") {
  const GaussianMixture p = isotropic_mixture();
  Matrix x(2, 5), three(3, 5), four(2, 4), r(4, 5);
  Vector log_p(5), short_log_p(4);
  x.setZero();
  CHECK_THROWS_WITH(p.log_density(three, log_p),
                    "GaussianMixture::log_density: x.rows() is 3, expected the dimension of the "
                    "mixture");
  CHECK_THROWS_WITH(p.log_density(x, short_log_p),
                    "GaussianMixture::log_density: log_p.size() is 4, expected one per point");
  CHECK_THROWS_WITH(p.log_density_and_score(x, short_log_p, x),
                    "GaussianMixture::log_density_and_score: log_p.size() is 4, expected one per "
                    "point");
  CHECK_THROWS_WITH(p.log_density_and_score(x, log_p, three),
                    "GaussianMixture::log_density_and_score: score.rows() is 3, expected the "
                    "dimension of the mixture");
  CHECK_THROWS_WITH(p.log_density_and_score(x, log_p, four),
                    "GaussianMixture::log_density_and_score: score.cols() is 4, expected one per "
                    "point");
  CHECK_THROWS_WITH(p.responsibilities(x, three),
                    "GaussianMixture::responsibilities: r.rows() is 3, expected one per component");
  CHECK_THROWS_WITH(p.responsibilities(four, r),
                    "GaussianMixture::responsibilities: r.cols() is 5, expected one per point");
  CHECK_THROWS_WITH(p.denoise(x, 1.0, 1.0, three),
                    "GaussianMixture::denoise: d.rows() is 3, expected the dimension of the "
                    "mixture");
  CHECK_THROWS_WITH(p.denoise(x, 1.0, 1.0, four),
                    "GaussianMixture::denoise: d.cols() is 4, expected one per point");
  CHECK_THROWS_WITH(p.denoise(x, -1.0, 1.0, x),
                    "GaussianMixture::denoise: a is -1, expected a non-negative number");
  CHECK_THROWS_WITH(p.denoise(x, 1.0, -1.0, x),
                    "GaussianMixture::denoise: s is -1, expected 0 or at least 1e-100");
  CHECK_THROWS_WITH(p.denoise(x, 0.0, 0.0, x),
                    "GaussianMixture::denoise: a is 0, expected greater than 0 where s is 0");
  CHECK_THROWS_WITH(p.noised(1.0, std::numeric_limits<double>::infinity()),
                    "GaussianMixture::noised: s is inf, expected 0 or at least 1e-100");
  CHECK_THROWS_WITH(p.component_covariance(4),
                    "GaussianMixture::component_covariance: k is 4, expected a component");
  CHECK_THROWS_WITH(p.draw({}, three),
                    "GaussianMixture::draw: x.rows() is 3, expected the dimension of the mixture");
}
