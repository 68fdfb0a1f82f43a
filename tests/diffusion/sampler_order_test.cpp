/// Convergence orders, as slopes against exact flow maps on common start points.
#include <string>

#include <doctest/doctest.h>

#include "pushforward/diffusion/quantile_flow.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

// Slopes over a factor of 8 in the number of steps; the asymptotic regime of a fourth-order method
// begins at about 64 steps of size 0.08 in log rho.
const std::vector<Index> step_counts{64, 128, 256, 512};
constexpr double slope_tolerance = 0.15;

// RMS error at level 0.05 against the quantile map; 41 start points over the bulk at level 10.
double order_on_line(const ReverseSamplerOptions& options, const NoisePath& path = NoisePath()) {
  const GaussianMixture law = line_mixture();
  const MixtureDenoiser denoiser(law);
  const Matrix start = path.scales(10.0).a * Eigen::RowVectorXd::LinSpaced(41, -20.0, 20.0);
  const Matrix truth = quantile_flow(law, path, 10.0, 0.05, start);
  return fitted_order(step_counts, [&](Index steps) {
    const auto run = reverse_sampler(denoiser, path, log_levels(steps), start, {}, options);
    return rms(run.samples - truth);
  });
}

}  // namespace

TEST_CASE("sampler order: ddim 1, euler 1 on every path, heun 2, dpmpp_2m 2") {
  CHECK(std::abs(order_on_line({.method = SamplerMethod::ddim}) - 1.0) < slope_tolerance);
  for (const NoisePathOptions& options :
       {NoisePathOptions(VpLinear{}), NoisePathOptions(VpCosine{}), NoisePathOptions(VeGeometric{}),
        NoisePathOptions(FlowLinear{})}) {
    const NoisePath path(options);
    CAPTURE(path.type_name());
    const double order = order_on_line({.method = SamplerMethod::euler}, path);
    CHECK(std::abs(order - 1.0) < slope_tolerance);
  }
  CHECK(std::abs(order_on_line({.method = SamplerMethod::heun}) - 2.0) < slope_tolerance);
  CHECK(std::abs(order_on_line({.method = SamplerMethod::dpmpp_2m}) - 2.0) < slope_tolerance);
}

TEST_CASE("sampler order: k nodes with exact weights and a start of order k - 1 reach order k") {
  for (const auto predict : {Prediction::noise, Prediction::data}) {
    for (const auto variable :
         {Interpolation::lambda, Interpolation::rho, Interpolation::alpha_bar}) {
      for (int k = 1; k <= max_order; ++k) {
        CAPTURE(name(predict));
        CAPTURE(name(variable));
        CAPTURE(k);
        const double order = order_on_line({.method = SamplerMethod::multistep,
                                            .order = k,
                                            .predict = predict,
                                            .variable = variable,
                                            .start = StartUp::single});
        CHECK(std::abs(order - k) < slope_tolerance);
      }
    }
  }
}

TEST_CASE("sampler order: a ramped start holds three and four nodes at order 2") {
  // The first step is of order 1 and leaves an error of second order in the step.
  for (const int k : {3, 4}) {
    CAPTURE(k);
    const double order = order_on_line({.method = SamplerMethod::multistep, .order = k});
    CHECK(order > 2.0 - slope_tolerance);
    CHECK(order < 2.4);
  }
}

TEST_CASE("sampler order: orders hold in three dimensions with correlated coordinates") {
  const GaussianMixture law = correlated_gaussian();
  const MixtureDenoiser denoiser(law);
  const NoisePath path(VpLinear{});
  Matrix start(3, 12);
  fill_normal({.seed = 3, .purpose = Draw::initial}, start);
  const Matrix truth = gaussian_flow(law, path, 10.0, 0.05, start);
  for (int k = 1; k <= max_order; ++k) {
    CAPTURE(k);
    const double order = fitted_order(step_counts, [&](Index steps) {
      const ReverseSamplerOptions options{.order = k, .start = StartUp::single};
      return rms(reverse_sampler(denoiser, path, log_levels(steps), start, {}, options).samples -
                 truth);
    });
    CHECK(std::abs(order - k) < slope_tolerance);
  }
}
