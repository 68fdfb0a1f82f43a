#include "pushforward/diffusion/convergence.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "pushforward/diffusion/quantile_flow.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;

namespace {

struct Problem {
  GaussianMixture law = GaussianMixture::isotropic((Vector(2) << 0.4, 0.6).finished(),
                                                   (Matrix(1, 2) << -1.0, 1.5).finished(),
                                                   (Vector(2) << 0.8, 1.0).finished());
  MixtureDenoiser denoiser{law};
  NoisePath path{Edm{}};
  FlowPairs pairs{.range = {10.0, 0.05, false}};

  Problem() {
    pairs.start = Eigen::RowVectorXd::LinSpaced(21, -15.0, 15.0);
    pairs.end = quantile_flow(law, path, 10.0, 0.05, pairs.start);
  }

  ConvergenceStudy study(std::vector<Index> steps, const ReverseSamplerOptions& options) const {
    return convergence_study(denoiser, path, LogSnrGrid{}, pairs, steps, options);
  }
};

}  // namespace

TEST_CASE("convergence_study: reports errors, calls and the order of a second-order method") {
  const auto study = Problem().study({16, 32, 64, 128}, {.method = SamplerMethod::heun});
  CHECK(study.nfe == std::vector<Index>{32, 64, 128, 256});
  CHECK(study.errors[0] > 8.0 * study.errors[2]);
  CHECK(study.fit.slope == doctest::Approx(2.0).epsilon(0.06));
  CHECK(study.fit.slope_standard_error < 0.06);
}

TEST_CASE("convergence_study: first order is not taken for second") {
  const auto study = Problem().study({16, 32, 64, 128}, {.method = SamplerMethod::ddim});
  CHECK(study.fit.slope == doctest::Approx(1.0).epsilon(0.06));
}

TEST_CASE("convergence_study: no error, no order") {
  // Data that is one point: the noise prediction is constant, and DDIM exact up to rounding.
  const auto point = make_denoiser(
      1, [](PointsIn x, double, double) { return Matrix::Zero(x.rows(), x.cols()).eval(); });
  FlowPairs pairs{.start = Matrix::Zero(1, 3), .end = Matrix::Zero(1, 3), .range = {1, 0.5, false}};
  const auto study = convergence_study(*point, NoisePath(Edm{}), LogSnrGrid{}, pairs, {1, 2, 3},
                                       {.method = SamplerMethod::ddim});
  CHECK(study.errors == Vector::Zero(3));
  CHECK(std::isnan(study.fit.slope));
}

TEST_CASE("convergence_study: bad arguments are named") {
  Problem problem;
  CHECK_THROWS_WITH(problem.study({8, 16}, {}),
                    "convergence_study: steps.size() is 2, expected at least 3");
  CHECK_THROWS_WITH(problem.study({0, 8, 16}, {}),
                    "convergence_study: steps[0] is 0, expected at least 1");
  CHECK_THROWS_WITH(problem.study({8, 16, 16}, {}),
                    "convergence_study: steps[2] is 16, expected at least 17");
  problem.pairs.range.to_zero = true;
  CHECK_THROWS_WITH(problem.study({8, 16, 32}, {}),
                    "convergence_study: range.to_zero is true, expected false");
  problem.pairs.end = Matrix::Zero(1, 3);
  CHECK_THROWS_WITH(problem.study({8, 16, 32}, {}),
                    "convergence_study: end.cols() is 3, expected that of start, 21");
  problem.pairs.end = Matrix::Zero(2, 21);
  CHECK_THROWS_WITH(problem.study({8, 16, 32}, {}),
                    "convergence_study: end.rows() is 2, expected that of start, 1");
  problem.pairs.start = Matrix();
  CHECK_THROWS_WITH(problem.study({8, 16, 32}, {}),
                    "convergence_study: start.size() is 0, expected at least 1");
}
