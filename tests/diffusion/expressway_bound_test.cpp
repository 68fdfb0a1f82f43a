#include "pushforward/diffusion/expressway_bound.hpp"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/diffusion/expressway.hpp"
#include "pushforward/diffusion/start_points.hpp"
#include "pushforward/diffusion/time_grid.hpp"
#include "pushforward/ot/semidiscrete_bounds.hpp"

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

const NoisePath edm{Edm{}};

// W_2 between n points on the line and N >= n points of equal weight, N a multiple of n: by
// sorting.
double line_w2(const Matrix& few, const Matrix& many) {
  std::vector<double> x(few.data(), few.data() + few.size());
  std::vector<double> y(many.data(), many.data() + many.size());
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  const std::size_t ratio = y.size() / x.size();
  double sum = 0.0;
  for (std::size_t i = 0; i < y.size(); ++i) sum += std::pow(y[i] - x[i / ratio], 2);
  return std::sqrt(sum / static_cast<double>(y.size()));
}

GaussianMixture random_line_mixture(std::uint64_t seed) {
  Matrix u(9, 1);
  fill_uniform({.seed = seed, .purpose = Draw::user}, u);
  const Matrix means = (8.0 * u.topRows(3).array() - 4.0).matrix().transpose();
  Vector weights = u.block(3, 0, 3, 1).array() + 0.2;
  weights /= weights.sum();
  const Vector deviations = 0.3 + 0.7 * u.bottomRows(3).array();
  return GaussianMixture::isotropic(weights, means, deviations);
}

}  // namespace

TEST_CASE("posterior_covariance: is rho^2 times the Jacobian of the denoiser") {
  // Central differences of the denoiser: error about 1e-9.
  Matrix means(2, 2);
  means << -1.0, 1.5, 0.5, -0.7;
  Matrix wide(2, 2), narrow(2, 2);
  wide << 1.0, 0.4, 0.4, 0.8;
  narrow << 0.2, -0.05, -0.05, 0.3;
  const GaussianMixture law(vector({0.4, 0.6}), means, {wide, narrow});
  const double rho = 0.6;
  const Vector y = vector({0.3, -0.2});
  const Matrix covariance = posterior_covariance(law, y, rho);
  const double h = 1e-5;
  Matrix jacobian(2, 2);
  for (Index k = 0; k < 2; ++k) {
    Matrix pair(2, 2);
    pair.col(0) = y;
    pair.col(1) = y;
    pair(k, 0) += h;
    pair(k, 1) -= h;
    Matrix d(2, 2);
    law.denoise(pair, 1.0, rho, d);
    jacobian.col(k) = (d.col(0) - d.col(1)) / (2.0 * h);
  }
  CHECK((covariance / (rho * rho) - jacobian).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("ddim_step_lipschitz: on a Gaussian it is the multiplier of the step") {
  // N(0, c^2): the step multiplies by T/S + (1 - T/S) c^2 / (c^2 + S^2).
  const double c = 0.8, from = 1.5, to = 0.4;
  const double expected = to / from + (1.0 - to / from) * c * c / (c * c + from * from);
  CHECK(ddim_step_lipschitz(centred_gaussian(3, c), from, to, Matrix::Random(3, 4)) ==
        doctest::Approx(expected).epsilon(1e-13));
}

TEST_CASE("ddim_step_error: on a Gaussian it is the gap of two multipliers") {
  const double c = 0.8, from = 1.5;
  Matrix y(2, 500);
  fill_normal({.seed = 1}, y);
  const MixtureDenoiser denoiser(centred_gaussian(2, c));
  for (const double to : {0.4, 0.0}) {
    const double step = to / from + (1.0 - to / from) * c * c / (c * c + from * from);
    const double flow = std::sqrt((c * c + to * to) / (c * c + from * from));
    const double size = std::sqrt(y.squaredNorm() / 500.0);
    // Relative errors of the reference: 1e-9 at 100 steps of 0.013 in lambda, measured 1.1e-5 at
    // 100 steps of 0.09, where its order 4 shows.
    CHECK(ddim_step_error(denoiser, from, to, y) ==
          doctest::Approx(size * std::abs(step - flow)).epsilon(to > 0.0 ? 1e-6 : 5e-5));
  }
}

TEST_CASE("expressway_bound: errors are carried by the steps behind them") {
  CHECK(expressway_bound(1.0, 2.0, Vector(), Vector()) == 3.0);
  CHECK(expressway_bound(1.0, 2.0, vector({2.0, 3.0}), vector({0.5, 0.25})) ==
        doctest::Approx(2.0 * 3.0 * 3.0 + 3.0 * 0.5 + 0.25).epsilon(1e-15));
}

TEST_CASE("expressway_bound: holds on random mixtures on the line" * doctest::test_suite("slow")) {
  // All parts are measured against 16 times more exact draws, in one dimension by sorting.
  constexpr Index atoms = 100, samples = 1000, reference = 16'000;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const GaussianMixture law = random_line_mixture(seed);
    const Vector levels = vector({1.0, 0.5, 0.2, 0.0});
    const RngKey source{.seed = seed, .purpose = Draw::source};
    const ExpresswayProblem problem{
        .noise = std::make_shared<GaussianMixture>(standard_normal(1)),
        .atoms = DiscreteMeasure::uniform(noised_draws(law, edm, levels[0], source, atoms)),
        .denoiser = std::make_shared<MixtureDenoiser>(law),
        .path = edm,
        .levels = levels};
    const auto expressway = Expressway::fit(
        problem, {.map = ExpresswayMap::hard,
                  .transport = {.tolerance = 1.0, .max_iterations = 20, .seed = seed},
                  .tail = {.method = SamplerMethod::ddim}});
    const auto result = expressway.sample(samples, {.seed = seed});

    const RngKey fresh{.seed = seed, .purpose = Draw::reference};
    const double image = std::sqrt(ot::image_w2_squared_bound(
        ot::diameter_bound(problem.atoms.points()), expressway.transport().mass_l1_error));
    const double cloud =
        line_w2(problem.atoms.points(), noised_draws(law, edm, levels[0], fresh, reference));
    Vector lipschitz(3), errors(3);
    for (Index k = 0; k < 3; ++k) {
      const Matrix exact = noised_draws(law, edm, levels[k], fresh, 500);
      // On the line all segments between points lie in this interval.
      const Matrix cover = Eigen::RowVectorXd::LinSpaced(
          400, std::min(exact.minCoeff(), problem.atoms.points().minCoeff()),
          std::max(exact.maxCoeff(), problem.atoms.points().maxCoeff()));
      lipschitz[k] = ddim_step_lipschitz(law, levels[k], levels[k + 1], cover);
      errors[k] = ddim_step_error(*problem.denoiser, levels[k], levels[k + 1], exact, 50);
    }
    const double bound = expressway_bound(image, cloud, lipschitz, errors);
    const double measured = line_w2(result.samples, noised_draws(law, edm, 0.0, fresh, reference));
    CHECK(measured <= bound);
  }
}

TEST_CASE("expressway bounds: bad input is named") {
  const GaussianMixture law = line_mixture();
  const MixtureDenoiser denoiser(law);
  const Matrix y = point(0.5);
  CHECK_THROWS_WITH_AS(posterior_covariance(law, vector({1.0, 2.0}), 1.0),
                       "posterior_covariance: y.size() is 2, expected the dimension of the data, 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(posterior_covariance(law, vector({1.0}), 0.0),
                       "posterior_covariance: rho is 0, expected a positive level",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ddim_step_lipschitz(law, 1.0, 1.0, y),
                       "ddim_step_lipschitz: to is 1, expected at least 0 and less than from, "
                       "which is 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ddim_step_lipschitz(law, -1.0, -2.0, y),
                       "ddim_step_lipschitz: from is -1, expected a positive level",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ddim_step_lipschitz(law, 1.0, 0.5, Matrix(1, 0)),
                       "ddim_step_lipschitz: y.cols() is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ddim_step_error(denoiser, 1.0, 0.5, Matrix(2, 1)),
                       "ddim_step_error: y.rows() is 2, expected the dimension of the data, 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ddim_step_error(denoiser, 1.0, 0.5, y, 0),
                       "ddim_step_error: reference_steps is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(expressway_bound(-1.0, 0.0, Vector(), Vector()),
                       "expressway_bound: image is -1, expected a finite number of at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(expressway_bound(0.0, std::nan(""), Vector(), Vector()),
                       "expressway_bound: atoms is nan, expected a finite number of at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(expressway_bound(0.0, 0.0, vector({1.0}), Vector()),
                       "expressway_bound: step_errors.size() is 0, expected one per step, 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      expressway_bound(0.0, 0.0, vector({-1.0}), vector({0.0})),
      "expressway_bound: lipschitz[0] is -1, expected a finite number of at least 0",
      std::invalid_argument);
}
