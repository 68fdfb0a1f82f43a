#include "pushforward/diffusion/quantile_flow.hpp"

#include <cmath>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

const NoisePath vp{VpLinear{}};

// P(X <= x) of a mixture on the line with the accuracy of Boost's normal distribution.
double cdf(const GaussianMixture& law, double x) {
  double sum = 0.0;
  for (Index k = 0; k < law.components(); ++k) {
    const boost::math::normal component(law.means()(0, k),
                                        std::sqrt(law.component_covariance(k)(0, 0)));
    sum += law.weights()[k] * boost::math::cdf(component, x);
  }
  return sum;
}

}  // namespace

TEST_CASE("quantile_flow: ranks are kept at both ends") {
  const GaussianMixture law = line_mixture();
  const Matrix x = Eigen::RowVectorXd::LinSpaced(31, -3.0, 3.0);
  const Matrix image = quantile_flow(law, vp, 10.0, 0.05, x);
  const Scales begin = vp.scales(10.0);
  const Scales end = vp.scales(0.05);
  for (Index i = 0; i < x.cols(); ++i) {
    CHECK(cdf(law.noised(end.a, end.s), image(0, i)) ==
          doctest::Approx(cdf(law.noised(begin.a, begin.s), x(0, i))).epsilon(1e-12));
  }
}

TEST_CASE("quantile_flow: one component gives the affine map, ten deviations out too") {
  Matrix mean(1, 1);
  mean << 1.0;
  const auto law = GaussianMixture::isotropic(vector({1.0}), mean, vector({0.5}));
  const Matrix x = Eigen::RowVectorXd::LinSpaced(21, -10.0, 10.0) +
                   Eigen::RowVectorXd::Constant(21, vp.scales(20.0).a);
  const Matrix exact = gaussian_flow(law, vp, 20.0, 0.0, x);
  CHECK((quantile_flow(law, vp, 20.0, 0.0, x) - exact).cwiseAbs().maxCoeff() < 1e-12);
}

TEST_CASE("quantile_flow: there and back is the identity") {
  const GaussianMixture law = line_mixture();
  const Matrix x = Eigen::RowVectorXd::LinSpaced(31, -3.0, 3.0);
  const Matrix back = quantile_flow(law, vp, 0.05, 10.0, quantile_flow(law, vp, 10.0, 0.05, x));
  CHECK((back - x).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("gaussian_flow: the law at one level goes to the law at another") {
  // A x + b maps N(m, S) to N(A m + b, A S A^T): read A and b off the images of 0 and the axes.
  const GaussianMixture law = correlated_gaussian();
  Matrix points = Matrix::Zero(3, 4);
  points.rightCols(3).setIdentity();
  const Matrix images = gaussian_flow(law, vp, 3.0, 0.2, points);
  const Vector b = images.col(0);
  const Matrix a = images.rightCols(3).colwise() - b;
  const GaussianMixture begin = law.noised(vp.scales(3.0).a, vp.scales(3.0).s);
  const GaussianMixture end = law.noised(vp.scales(0.2).a, vp.scales(0.2).s);
  CHECK((a * begin.means() + b - end.means()).norm() < 1e-13);
  CHECK((a * begin.component_covariance(0) * a.transpose() - end.component_covariance(0)).norm() <
        1e-13);
}

TEST_CASE("flow maps: bad input is named") {
  const Matrix x = Matrix::Zero(1, 2);
  CHECK_THROWS_WITH_AS(quantile_flow(correlated_gaussian(), vp, 1.0, 0.5, Matrix::Zero(3, 1)),
                       "quantile_flow: data.dim() is 3, expected 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(quantile_flow(line_mixture(), vp, 1.0, 0.5, Matrix::Zero(2, 1)),
                       "quantile_flow: x.rows() is 2, expected the dimension of the data, 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(quantile_flow(line_mixture(), vp, -1.0, 0.5, x),
                       "quantile_flow: from is -1, expected a finite level of at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(quantile_flow(line_mixture(), vp, 1.0, std::nan(""), x),
                       "quantile_flow: to is nan, expected a finite level of at least 0",
                       std::invalid_argument);
  const auto points = GaussianMixture::isotropic(vector({1.0}), Matrix::Zero(1, 1), vector({0.0}));
  CHECK_THROWS_WITH_AS(
      quantile_flow(points, vp, 1.0, 0.0, x),
      "quantile_flow: the variance of component 0 is 0, expected positive at a level of 0",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(gaussian_flow(line_mixture(), vp, 1.0, 0.5, x),
                       "gaussian_flow: data.components() is 3, expected 1", std::invalid_argument);
}
