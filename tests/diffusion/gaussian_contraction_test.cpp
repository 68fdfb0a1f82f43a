#include "pushforward/diffusion/gaussian_contraction.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include "pushforward/diffusion/quantile_flow.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;

namespace {

Vector levels_of(std::initializer_list<double> values) {
  Vector levels(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), levels.begin());
  return levels;
}

}  // namespace

TEST_CASE("ddim_contraction: one step over 60 degrees halves the spread") {
  CHECK(ddim_contraction(levels_of({std::sqrt(3.0), 0.0}), 1.0) ==
        doctest::Approx(0.5).epsilon(1e-15));
  CHECK(ddim_contraction(levels_of({2.0 * std::sqrt(3.0), 0.0}), 2.0) ==
        doctest::Approx(0.5).epsilon(1e-15));
}

TEST_CASE("ddim_contraction: equal angles shrink least") {
  const NoisePath path(Edm{});
  const LevelRange range{20.0, 0.02, false};
  const double angle = ddim_contraction(time_grid(AngleGrid{}, path, 12, range), 1.0);
  const double step = (std::atan(20.0) - std::atan(0.02)) / 12.0;
  CHECK(angle == doctest::Approx(std::pow(std::cos(step), 12.0)).epsilon(1e-14));
  CHECK(angle > ddim_contraction(time_grid(KarrasGrid{}, path, 12, range), 1.0));
  CHECK(angle > ddim_contraction(time_grid(LogSnrGrid{}, path, 12, range), 1.0));
  CHECK(angle > ddim_contraction(time_grid(UniformGrid{}, path, 12, range), 1.0));
}

TEST_CASE("ddim_contraction: is what the sampler does, and not what Heun does") {
  const auto law = GaussianMixture::isotropic(Vector::Ones(1), Matrix::Constant(1, 1, 0.7),
                                              Vector::Constant(1, 1.3));
  const MixtureDenoiser denoiser(law);
  const NoisePath path(VpCosine{});
  const Vector levels = time_grid(KarrasGrid{}, path, 9, {30.0, 0.05, false});
  const Matrix start = path.scales(30.0).a * Eigen::RowVectorXd::LinSpaced(9, -40.0, 40.0);
  const Matrix exact = gaussian_flow(law, path, 30.0, 0.05, start);
  const double mean = path.scales(0.05).a * 0.7;
  const auto error = [&](SamplerMethod method) {
    const auto result = reverse_sampler(denoiser, path, levels, start, {}, {.method = method});
    const Matrix expected =
        (ddim_contraction(levels, 1.3) * (exact.array() - mean) + mean).matrix();
    return (result.samples - expected).cwiseAbs().maxCoeff();
  };
  CHECK(error(SamplerMethod::ddim) < 1e-13);
  CHECK(error(SamplerMethod::heun) > 1e-2);
}

TEST_CASE("ddim_contraction: bad arguments are named") {
  CHECK_THROWS_WITH(
      ddim_contraction(levels_of({1.0, 0.0}), 0.0),
      "ddim_contraction: standard_deviation is 0, expected greater than 0 and finite");
  CHECK_THROWS_WITH(ddim_contraction(levels_of({1.0}), 1.0),
                    "ddim_contraction: levels.size() is 1, expected at least 2");
  CHECK_THROWS_WITH(ddim_contraction(levels_of({1.0, 1.0}), 1.0),
                    "ddim_contraction: levels[1] is 1, expected finite, not negative and below "
                    "the level before");
}
