#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/densities/gaussian_mixture.hpp"

using namespace pushforward;

namespace {

struct Shape {
  Index d, components;
  double spread, deviation, offset;
};

GaussianMixture mixture(const Shape& shape) {
  Matrix means(shape.d, shape.components);
  fill_uniform({.seed = 31}, means);
  means = shape.spread * (2.0 * means.array() - 1.0) + shape.offset;
  Matrix u(2, shape.components);
  fill_uniform({.seed = 32}, u);
  const Vector weights = u.row(0).transpose() / u.row(0).sum();
  const Vector deviations = shape.deviation * (0.5 + u.row(1).transpose().array());
  return GaussianMixture::isotropic(weights, means, deviations);
}

// The same law with a further component of weight zero that is not isotropic, so that it takes the
// path through eigenvectors and Eigen's exponential.
GaussianMixture as_full(const GaussianMixture& p) {
  const Index k = p.components();
  Vector weights = Vector::Zero(k + 1);
  weights.head(k) = p.weights();
  Matrix means = Matrix::Zero(p.dim(), k + 1);
  means.leftCols(k) = p.means();
  std::vector<Matrix> covariances;
  for (Index i = 0; i < k; ++i) covariances.push_back(p.component_covariance(i));
  covariances.push_back(Matrix::Identity(p.dim(), p.dim()));
  covariances.back()(0, 0) = 2.0;
  return {weights, means, covariances};
}

double largest(const Matrix& x) { return x.cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("isotropic_mixture: the vector kernels agree with the general path") {
  // Both forms of the distance, one component to more than a panel, rows on either side of four,
  // and means far from the origin.
  const Shape shapes[] = {{2, 40, 4.0, 1.0, 0.0},   {50, 40, 4.0, 1.0, 0.0},
                          {50, 40, 4.0, 0.05, 0.0}, {2, 1, 1.0, 0.5, 0.0},
                          {5, 3, 2.0, 0.7, 0.0},    {7, 6, 3.0, 1.0, 100.0},
                          {64, 5, 1.0, 0.01, 0.0},  {3, 4, 2.0, 1e-3, 0.0}};
  for (const Shape& shape : shapes) {
    const GaussianMixture fast = mixture(shape), plain = as_full(fast);
    REQUIRE(fast.is_isotropic());
    REQUIRE_FALSE(plain.is_isotropic());
    for (Index n : {1, 7, 8, 9, 100}) {
      const Matrix x = fast.draws({.seed = 33}, n);
      Matrix a(shape.d, n), b(shape.d, n);
      Vector log_a(n), log_b(n), log_only(n);
      fast.log_density_and_score(x, log_a, a);
      plain.log_density_and_score(x, log_b, b);
      fast.log_density(x, log_only);
      // A rounding of x moves the score by eps |x| / v: the scale in which both are accurate.
      const double v = std::pow(0.5 * shape.deviation, 2);
      CHECK(largest(a - b) < 1e-12 * largest(b) + 4e-16 * largest(x) / v);
      CHECK(largest(log_a - log_b) < 1e-12 * (largest(log_b) + largest(x) / shape.deviation));
      CHECK(log_only == log_a);
      for (double s : {1e-4, 0.3, 3.0, 1e4}) {
        const Matrix y = fast.noised(0.8, s).draws({.seed = 34}, n);
        fast.denoise(y, 0.8, s, a);
        plain.denoise(y, 0.8, s, b);
        CHECK(largest(a - b) < 1e-12 * (largest(b) + 1.0));
      }
    }
  }
}

TEST_CASE("isotropic_mixture: a point has the same value in any company") {
  for (const Shape& shape : {Shape{2, 40, 4.0, 1.0, 0.0}, Shape{50, 10, 4.0, 1.0, 0.0}}) {
    const GaussianMixture p = mixture(shape);
    const Matrix x = p.draws({.seed = 35}, 41);
    Matrix all(shape.d, 41), one(shape.d, 1);
    p.denoise(x, 0.9, 0.5, all);
    for (Index i : {0, 7, 8, 23, 40}) {
      p.denoise(x.col(i), 0.9, 0.5, one);
      CHECK(one == all.col(i));
    }
  }
}

TEST_CASE("isotropic_mixture: a sharp component pulls with a share that others could neglect") {
  // From a distance of 20 of its deviations of 2^-20 in ten dimensions the second component has a
  // share of about 2^-90, times a gain of 2^40. At its own mean the first does not pull.
  Matrix means = Matrix::Zero(10, 2);
  const double deviation = std::ldexp(1.0, -20);
  means(3, 1) = 20.1 * deviation;
  const GaussianMixture fast =
      GaussianMixture::isotropic(Vector::Constant(2, 0.5), means, Vector{{1.0, deviation}});
  const Matrix x = Matrix::Zero(10, 1);
  Matrix a(10, 1), b(10, 1);
  Vector log_p(1);
  fast.log_density_and_score(x, log_p, a);
  as_full(fast).log_density_and_score(x, log_p, b);
  REQUIRE(b(3, 0) > 0.0);
  REQUIRE(b(3, 0) < 1e-15);
  CHECK(a(3, 0) == doctest::Approx(b(3, 0)).epsilon(1e-10));
}

TEST_CASE("isotropic_mixture: points may be overwritten by their denoised selves") {
  const GaussianMixture p = mixture({3, 6, 2.0, 1.0, 0.0});
  Matrix x = p.draws({.seed = 36}, 19), d(3, 19);
  p.denoise(x, 0.9, 0.5, d);
  p.denoise(x, 0.9, 0.5, x);
  CHECK(x == d);
}
