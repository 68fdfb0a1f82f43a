#include "pushforward/diffusion/probability_flow.hpp"

#include <doctest/doctest.h>

#include "pushforward/diffusion/quantile_flow.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;

namespace {

GaussianMixture line_law() {
  return GaussianMixture::isotropic((Vector(2) << 0.3, 0.7).finished(),
                                    (Matrix(1, 2) << -1.5, 1.0).finished(),
                                    (Vector(2) << 0.4, 0.8).finished());
}

// Largest distance to the quantile map, in units of a at the end, for 15 points of the bulk.
double error(const NoisePath& path, const Denoiser& denoiser, Index steps, int threads = 1) {
  const Matrix start = path.scales(20.0).a * Eigen::RowVectorXd::LinSpaced(15, -30.0, 30.0);
  const Matrix exact = quantile_flow(line_law(), path, 20.0, 0.05, start);
  const Matrix found = probability_flow(denoiser, path, 20.0, 0.05, start, steps, threads);
  return (found - exact).cwiseAbs().maxCoeff() / path.scales(0.05).a;
}

const std::vector<NoisePathOptions> all_paths = {VpLinear{}, VpCosine{}, VeGeometric{}, Edm{},
                                                 FlowLinear{}};

}  // namespace

TEST_CASE("probability_flow: is the quantile map on every path, with order 4") {
  const MixtureDenoiser denoiser(line_law());
  for (const auto& options : all_paths) {
    const NoisePath path(options);
    CAPTURE(path.type_name());
    const double coarse = error(path, denoiser, 100);
    const double fine = error(path, denoiser, 200);
    CHECK(fine < 2e-6);
    CHECK(coarse / fine > 12.0);  // 16 in the limit
    CHECK(coarse / fine < 20.0);
  }
}

TEST_CASE("probability_flow: a denoiser that is wrong by a percent is seen") {
  const MixtureDenoiser exact(line_law());
  const auto biased = make_denoiser(
      1, [&](PointsIn x, double a, double s) { return exact.denoised(x, a, 1.01 * s); });
  for (const auto& options : all_paths) CHECK(error(NoisePath(options), *biased, 200) > 1e-3);
}

TEST_CASE("probability_flow: same bits for any number of threads") {
  const MixtureDenoiser denoiser(line_law());
  const NoisePath path(Edm{});
  const Matrix start = Eigen::RowVectorXd::LinSpaced(1000, -30.0, 30.0);
  const Matrix one = probability_flow(denoiser, path, 20.0, 0.05, start, 5, 1);
  for (const int threads : {2, 3, 8}) {
    CHECK(probability_flow(denoiser, path, 20.0, 0.05, start, 5, threads) == one);
  }
}

TEST_CASE("probability_flow: bad arguments are named") {
  const MixtureDenoiser denoiser(line_law());
  const NoisePath path(Edm{});
  const Matrix x = Eigen::RowVectorXd::LinSpaced(2, -1.0, 1.0);
  CHECK_THROWS_WITH(probability_flow(denoiser, path, 20.0, 0.05, Matrix::Zero(2, 2), 5),
                    "probability_flow: x.rows() is 2, expected the dimension of the data, 1");
  CHECK_THROWS_WITH(probability_flow(denoiser, path, 100.0, 0.05, x, 5),
                    "probability_flow: from is 100, expected at most the largest level of the "
                    "path, 80");
  CHECK_THROWS_WITH(probability_flow(denoiser, path, 20.0, 0.001, x, 5),
                    "probability_flow: to is 0.001, expected at least the smallest level of the "
                    "path, 0.002");
  CHECK_THROWS_WITH(probability_flow(denoiser, path, 20.0, 20.0, x, 5),
                    "probability_flow: to is 20, expected below from, 20");
  CHECK_THROWS_WITH(probability_flow(denoiser, path, 20.0, 0.05, x, 0),
                    "probability_flow: steps is 0, expected at least 1");
}
