#include "pushforward/diffusion/mode_mixture.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "pushforward/core/densities/presets.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;

namespace {

const RngKey exact{.seed = 5, .purpose = Draw::reference};

}  // namespace

TEST_CASE(
    "mode mixture: exact draws have no excess, points half way between modes are all outside") {
  const GaussianMixture ring = ring_of_gaussians(8, 4.0, 0.15);
  const ShareExcess own = outside_share(ring, ring.draws({.seed = 9}, 20'000), exact);
  CHECK(std::abs(own.excess) < 5.0 * own.standard_error);
  // The ellipsoids do not overlap, so the exact share is 1 - mass.
  CHECK(std::abs(own.expected - 0.001) < 5.0 * std::sqrt(0.001 / 1e5));

  Matrix between(2, 8);
  for (Index k = 0; k < 8; ++k) {
    between.col(k) = 0.5 * (ring.means().col(k) + ring.means().col((k + 1) % 8));
  }
  CHECK(outside_share(ring, between, exact).share == 1.0);
}

TEST_CASE("mode mixture: the ellipsoid is that of the component's own covariance") {
  const std::vector<Matrix> covariance{(Matrix(2, 2) << 4.0, 0.0, 0.0, 0.01).finished()};
  const GaussianMixture flat(Vector::Ones(1), Matrix::Zero(2, 1), covariance);
  const Matrix along = (Matrix(2, 1) << 6.0, 0.0).finished();
  const Matrix across = (Matrix(2, 1) << 0.0, 0.6).finished();
  CHECK(outside_share(flat, along, exact).share == 0.0);   // 3 standard deviations
  CHECK(outside_share(flat, across, exact).share == 1.0);  // 6 standard deviations
}

TEST_CASE(
    "mode mixture: a point between two equal components is ambiguous, one near a mean is not") {
  const GaussianMixture pair = GaussianMixture::isotropic(
      Vector::Constant(2, 0.5), (Matrix(1, 2) << -2.0, 2.0).finished(), Vector::Ones(2));
  // log odds at x are 4 x: below log 9 in absolute value inside |x| < 0.549.
  CHECK(ambiguous_share(pair, (Matrix(1, 2) << 0.5, -0.5).finished(), exact).share == 1.0);
  CHECK(ambiguous_share(pair, (Matrix(1, 2) << 0.6, -0.6).finished(), exact).share == 0.0);
  const ShareExcess own = ambiguous_share(pair, pair.draws({.seed = 4}, 50'000), exact);
  CHECK(std::abs(own.excess) < 5.0 * own.standard_error);
}

TEST_CASE("mode mixture: labels drawn from the posterior follow the weights, overlap or not") {
  // Four standard deviations apart and half of one apart: the second pair is hardly two modes.
  for (const double distance : {4.0, 0.5}) {
    const GaussianMixture pair = GaussianMixture::isotropic(
        (Vector(3) << 0.3, 0.7, 0.0).finished(), (Matrix(1, 3) << 0.0, distance, 100.0).finished(),
        Vector::Ones(3));
    const ComponentCounts own = component_counts(pair, pair.draws({.seed = 11}, 50'000), exact);
    CHECK(own.counts.sum() == 50'000);
    CHECK(own.counts[2] == 0);
    CHECK(own.degrees_of_freedom == 1.0);
    CHECK(own.fit.p_value > 5.7e-7);  // five standard errors
  }
}

TEST_CASE("mode mixture: a sampler that misses modes fails the test of component frequencies") {
  const GaussianMixture ring = ring_of_gaussians(8, 4.0, 0.15);
  const Matrix collapsed = ring.means().col(3).replicate(1, 1000);
  CHECK(outside_share(ring, collapsed, exact).excess <= 0.0);  // the share sees nothing
  const ComponentCounts counts = component_counts(ring, collapsed, exact);
  CHECK(counts.counts[3] == 1000);
  // All n draws in one of K equal classes: the statistic is n (K - 1).
  CHECK(counts.fit.statistic == doctest::Approx(7000.0).epsilon(1e-12));
  CHECK(counts.fit.p_value < 1e-12);

  const Matrix means = ring.means();
  const ComponentCounts even = component_counts(ring, means, exact);
  CHECK(even.fit.statistic == 0.0);
  CHECK_THROWS_WITH(component_counts(ring, Matrix(3, 0), exact),
                    "component_counts: samples.cols() is 0, expected at least 1");
  CHECK_THROWS_WITH(
      component_counts(ring, Matrix::Zero(3, 1), exact),
      "component_counts: samples.rows() is 3, expected the dimension of the mixture, 2");
}

TEST_CASE("mode mixture: neighbours vote, and a draw on the border of two classes is split") {
  Matrix data(1, 20);
  IndexVector labels(20);
  for (Index i = 0; i < 20; ++i) {
    data(0, i) = static_cast<double>(i);
    labels[i] = i < 10 ? 0 : 3;
  }
  const Matrix samples = (Matrix(1, 3) << 0.0, 9.4, 19.0).finished();
  const Vector agreement = neighbour_agreement(samples, data, labels, 10);
  CHECK(agreement[0] == 1.0);
  CHECK(agreement[1] == 0.5);
  CHECK(agreement[2] == 1.0);
  for (int threads : {1, 2, 3, 8}) {
    CHECK(neighbour_agreement(samples, data, labels, 10, threads) == agreement);
  }
  const ShareExcess excess =
      class_ambiguity(samples, (Matrix(1, 2) << 1.0, 18.0).finished(), data, labels);
  CHECK(excess.share == doctest::Approx(1.0 / 3.0).epsilon(1e-15));
  CHECK(excess.expected == 0.0);
}

TEST_CASE("mode mixture: a share of zero keeps a standard error") {
  const ShareExcess none = share_excess(0, 100, 0, 1000);
  CHECK(none.excess == 0.0);
  CHECK(none.standard_error > 1.0 / 102.0 / 11.0);
}

TEST_CASE("mode mixture: bad input is named") {
  const GaussianMixture ring = ring_of_gaussians(8, 4.0, 0.15);
  CHECK_THROWS_WITH(outside_share(ring, Matrix(2, 0), exact),
                    "outside_share: samples.cols() is 0, expected at least 1");
  CHECK_THROWS_WITH(outside_share(ring, Matrix::Zero(3, 1), exact),
                    "outside_share: samples.rows() is 3, expected the dimension of the mixture, 2");
  CHECK_THROWS_WITH(outside_share(ring, Matrix::Zero(2, 1), exact, 1.0),
                    "outside_share: mass is 1, expected strictly between 0 and 1");
  CHECK_THROWS_WITH(
      neighbour_agreement(Matrix::Zero(1, 1), Matrix::Zero(1, 3), IndexVector::Zero(3), 4),
      "neighbour_agreement: neighbours is 4, expected between 1 and the number of data points, 3");
  CHECK_THROWS_WITH(
      neighbour_agreement(Matrix::Zero(1, 1), Matrix::Zero(1, 3), IndexVector::Zero(2), 1),
      "neighbour_agreement: labels.size() is 2, expected one per data point, 3");
}
