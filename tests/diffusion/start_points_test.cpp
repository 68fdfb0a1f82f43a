#include "pushforward/diffusion/start_points.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

const NoisePath vp{VpLinear{}};
constexpr Index n = 40'000;

// Largest deviation of sample moments from those of a Gaussian law, in standard errors.
double worst_moment(const Matrix& x, const Vector& mean, const Matrix& covariance) {
  const double root_n = std::sqrt(static_cast<double>(x.cols()));
  const Vector sample_mean = x.rowwise().mean();
  const Matrix centred = x.colwise() - mean;
  const Matrix sample_covariance = centred * centred.transpose() / static_cast<double>(x.cols());
  double worst = 0.0;
  for (Index i = 0; i < x.rows(); ++i) {
    worst =
        std::max(worst, std::abs(sample_mean[i] - mean[i]) * root_n / std::sqrt(covariance(i, i)));
    for (Index j = 0; j <= i; ++j) {
      const double deviation =
          std::sqrt(covariance(i, i) * covariance(j, j) + covariance(i, j) * covariance(i, j));
      worst = std::max(worst,
                       std::abs(sample_covariance(i, j) - covariance(i, j)) * root_n / deviation);
    }
  }
  return worst;
}

}  // namespace

TEST_CASE("noised_draws: mean and covariance are those of the noised law") {
  const GaussianMixture law = correlated_gaussian();
  const Scales scales = vp.scales(1.3);
  const GaussianMixture noised = law.noised(scales.a, scales.s);
  const Matrix x = noised_draws(law, vp, 1.3, {.seed = 4, .purpose = Draw::source}, n);
  CHECK(worst_moment(x, noised.means().col(0), noised.component_covariance(0)) < 5.0);
}

TEST_CASE("noised_draws: a measure gives its points at level 0, at their weights") {
  Matrix points(1, 2);
  points << -1.0, 3.0;
  const DiscreteMeasure data(points, vector({0.25, 0.75}));
  const Matrix x = noised_draws(data, vp, 0.0, {.seed = 4}, n);
  Index first = 0;
  for (Index i = 0; i < n; ++i) {
    const bool is_first = x(0, i) == -1.0;
    CHECK((is_first || x(0, i) == 3.0));
    first += is_first;
  }
  const double deviation = std::sqrt(0.25 * 0.75 * static_cast<double>(n));
  CHECK(std::abs(static_cast<double>(first) - 0.25 * static_cast<double>(n)) < 5.0 * deviation);
}

TEST_CASE("noise_draws: the law is N(0, s^2 I)") {
  const double s = vp.scales(80.0).s;
  const Matrix x = noise_draws(3, vp, 80.0, {.seed = 5, .purpose = Draw::initial}, n);
  CHECK(worst_moment(x, Vector::Zero(3), s * s * Matrix::Identity(3, 3)) < 5.0);
}

TEST_CASE("start points: a column does not depend on the others") {
  const GaussianMixture law = correlated_gaussian();
  const RngKey key{.seed = 6, .purpose = Draw::source};
  CHECK(noised_draws(law, vp, 1.0, key, 50).middleCols(20, 7) ==
        noised_draws(law, vp, 1.0, key.at_chain(20), 7));
  CHECK(noise_draws(3, vp, 1.0, key, 50).middleCols(20, 7) ==
        noise_draws(3, vp, 1.0, key.at_chain(20), 7));
}

TEST_CASE("start points: bad input is named") {
  const GaussianMixture law = correlated_gaussian();
  CHECK_THROWS_WITH_AS(noised_draws(law, vp, 1.0, {}, 0),
                       "noised_draws: n is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(noised_draws(law, vp, -1.0, {}, 5),
                       "noised_draws: rho is -1, expected a finite level of at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(noise_draws(0, vp, 1.0, {}, 5), "noise_draws: dim is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(noise_draws(2, vp, std::nan(""), {}, 5),
                       "noise_draws: rho is nan, expected a finite level of at least 0",
                       std::invalid_argument);
}
