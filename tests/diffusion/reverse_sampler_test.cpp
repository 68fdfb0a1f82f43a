#include "pushforward/diffusion/reverse_sampler.hpp"

#include <cmath>
#include <limits>
#include <mutex>

#include <doctest/doctest.h>

#include "pushforward/diffusion/quantile_flow.hpp"

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

constexpr SamplerMethod all_methods[] = {SamplerMethod::ddim,     SamplerMethod::euler,
                                         SamplerMethod::heun,     SamplerMethod::ancestral,
                                         SamplerMethod::dpmpp_2m, SamplerMethod::multistep};

// Counts evaluated points independently of the sampler.
class CountingDenoiser final : public Denoiser {
 public:
  explicit CountingDenoiser(const Denoiser& inner) : inner_(inner) {}
  Index dim() const override { return inner_.dim(); }
  void denoise(PointsIn x, double a, double s, PointsOut d) const override {
    {
      const std::lock_guard lock(mutex_);
      points_ += x.cols();
    }
    inner_.denoise(x, a, s, d);
  }
  Index points() const { return points_; }

 private:
  const Denoiser& inner_;
  mutable std::mutex mutex_;
  mutable Index points_ = 0;
};

Matrix normals(Index dim, Index n, std::uint64_t seed = 1) {
  Matrix x(dim, n);
  fill_normal({.seed = seed, .purpose = Draw::initial}, x);
  return x;
}

const MixtureDenoiser line_denoiser{line_mixture()};
const NoisePath edm{Edm{}};

}  // namespace

TEST_CASE("reverse_sampler: calls per sample are those counted outside and those planned") {
  const Matrix start = 10.0 * normals(1, 600);
  for (const bool to_zero : {false, true}) {
    for (const auto method : all_methods) {
      for (int k = 1; k <= max_order; ++k) {
        for (const auto start_up : {StartUp::ramp, StartUp::single}) {
          for (const Index steps : {1, 2, 5, 9}) {
            const ReverseSamplerOptions options{.method = method, .order = k, .start = start_up};
            CAPTURE(name(method));
            CAPTURE(k);
            CAPTURE(steps);
            const CountingDenoiser counting(line_denoiser);
            const auto run = reverse_sampler(
                counting, edm, time_grid(KarrasGrid{}, edm, steps, {10.0, 0.1, to_zero}), start, {},
                options);
            CHECK(run.nfe * start.cols() == counting.points());
            CHECK(run.nfe == planned_nfe(options, steps, to_zero));
            CHECK(run.iterations == steps);
            CHECK(run.converged);
          }
        }
      }
    }
  }
  // The customary counts: one call a step; Heun two, but one into level 0.
  CHECK(planned_nfe({.method = SamplerMethod::heun}, 10, true) == 19);
  CHECK(planned_nfe({.method = SamplerMethod::multistep, .order = 3}, 10, true) == 10);
  CHECK(planned_nfe({.order = 4, .start = StartUp::single}, 10, true) == 16);
}

TEST_CASE("reverse_sampler: the order of every step is reported") {
  const Matrix start = normals(1, 2);
  const Vector levels = time_grid(KarrasGrid{}, edm, 6, {10.0, 0.1, true});
  const auto orders = [&](const ReverseSamplerOptions& options) {
    return reverse_sampler(line_denoiser, edm, levels, start, {}, options).orders;
  };
  using Orders = std::vector<int>;
  CHECK(orders({.order = 3}) == Orders{1, 2, 3, 3, 3, 1});
  CHECK(orders({.order = 3, .start = StartUp::single}) == Orders{2, 2, 3, 3, 3, 1});
  CHECK(orders({.order = 4, .start = StartUp::single}) == Orders{3, 3, 3, 4, 4, 1});
  CHECK(orders({.order = 4, .lower_final = true}) == Orders{1, 2, 3, 4, 2, 1});
  CHECK(orders({.method = SamplerMethod::dpmpp_2m}) == Orders{1, 2, 2, 2, 2, 1});
  CHECK(orders({.method = SamplerMethod::heun}) == Orders{2, 2, 2, 2, 2, 1});
}

TEST_CASE("reverse_sampler: deterministic methods agree on all paths in y = x / a") {
  const MixtureDenoiser denoiser(correlated_gaussian());
  const Matrix y = 12.0 * normals(3, 20);
  const Vector levels = time_grid(KarrasGrid{}, edm, 9, {12.0, 0.05, false});
  for (const auto method : {SamplerMethod::ddim, SamplerMethod::heun, SamplerMethod::dpmpp_2m,
                            SamplerMethod::multistep}) {
    const Matrix reference =
        reverse_sampler(denoiser, edm, levels, y, {}, {.method = method}).samples;
    for (const NoisePathOptions& options :
         {NoisePathOptions(VpLinear{}), NoisePathOptions(VpCosine{}),
          NoisePathOptions(VeGeometric{}), NoisePathOptions(FlowLinear{})}) {
      const NoisePath path(options);
      CAPTURE(path.type_name());
      CAPTURE(name(method));
      const auto run =
          reverse_sampler(denoiser, path, levels, path.scales(12.0).a * y, {}, {.method = method});
      // Rounding of values of size 40, carried through nine steps.
      CHECK((run.samples / path.scales(0.05).a - reference).cwiseAbs().maxCoeff() < 1e-12);
    }
  }
}

TEST_CASE("reverse_sampler: first-order choices of prediction and variable coincide") {
  const Matrix start = 10.0 * normals(1, 30);
  const Matrix reference =
      reverse_sampler(line_denoiser, edm, log_levels(7), start, {}, {.method = SamplerMethod::ddim})
          .samples;
  for (const auto predict : {Prediction::noise, Prediction::data}) {
    for (const auto variable :
         {Interpolation::lambda, Interpolation::rho, Interpolation::alpha_bar}) {
      const ReverseSamplerOptions options{.order = 1, .predict = predict, .variable = variable};
      const auto run = reverse_sampler(line_denoiser, edm, log_levels(7), start, {}, options);
      CHECK((run.samples - reference).cwiseAbs().maxCoeff() < 1e-12);
    }
  }
  const auto euler = reverse_sampler(line_denoiser, edm, log_levels(7), start, {},
                                     {.method = SamplerMethod::euler});
  CHECK((euler.samples - reference).cwiseAbs().maxCoeff() < 1e-12);  // t = rho on this path
}

TEST_CASE("reverse_sampler: ddim shrinks a Gaussian by the product of cosines of the angles") {
  const double deviation = 1.7;
  const GaussianMixture law = centred_gaussian(2, deviation);
  const MixtureDenoiser denoiser(law);
  const Matrix start = 20.0 * normals(2, 10);
  for (const Index steps : {1, 2, 5, 40}) {
    const Vector levels = log_levels(steps, 20.0, 0.1);
    double product = 1.0;
    for (Index i = 0; i < steps; ++i) {
      product *= std::cos(std::atan(levels[i] / deviation) - std::atan(levels[i + 1] / deviation));
    }
    const auto run =
        reverse_sampler(denoiser, edm, levels, start, {}, {.method = SamplerMethod::ddim});
    const Matrix exact = product * gaussian_flow(law, edm, 20.0, 0.1, start);
    CHECK((run.samples - exact).cwiseAbs().maxCoeff() < 1e-12 * exact.cwiseAbs().maxCoeff());
  }
}

TEST_CASE("reverse_sampler: equal angles shrink a Gaussian least") {
  const MixtureDenoiser denoiser(centred_gaussian(1, 1.0));
  const Matrix start = point(80.0);
  const auto size = [&](const TimeGrid& grid) {
    const Vector levels = time_grid(grid, edm, 12);
    return reverse_sampler(denoiser, edm, levels, start, {}, {.method = SamplerMethod::ddim})
        .samples(0, 0);
  };
  CHECK(size(AngleGrid{}) > size(KarrasGrid{}));
  CHECK(size(AngleGrid{}) > size(LogSnrGrid{}));
  CHECK(size(AngleGrid{}) > size(UniformGrid{}));
  CHECK(size(AngleGrid{}) == doctest::Approx(80.0 / std::hypot(1.0, 80.0) *
                                             std::pow(std::cos(std::atan(80.0) / 12.0), 12))
                                 .epsilon(1e-12));
}

TEST_CASE("reverse_sampler: an ancestral step has the stated multiplier and variance deficit") {
  // y_T = m y_S + n z on data N(0, c^2): the law's variance misses c^2 + T^2 by
  // c^2 (S^2 - T^2)^2 / ((c^2 + S^2) S^2).
  const double c = 1.3, from = 2.0, to = 0.7;
  const MixtureDenoiser denoiser(centred_gaussian(1, c));
  const Vector levels = vector({from, to});
  const RngKey key{.seed = 5, .chain = 3, .step = 2};
  const Matrix start = normals(1, 300);
  const auto run =
      reverse_sampler(denoiser, edm, levels, start, key, {.method = SamplerMethod::ancestral});
  const auto still = reverse_sampler(denoiser, edm, levels, Matrix::Zero(1, 300), key,
                                     {.method = SamplerMethod::ancestral});
  const double multiplier = (c * c + to * to) / (c * c + from * from);
  CHECK((run.samples - still.samples - multiplier * start).cwiseAbs().maxCoeff() < 1e-14);

  Matrix z(1, 300);
  fill_normal(key, z);
  const double noise = still.samples(0, 0) / z(0, 0);
  CHECK((still.samples - noise * z).cwiseAbs().maxCoeff() < 1e-14);
  const double variance = multiplier * multiplier * (c * c + from * from) + noise * noise;
  const double gap = from * from - to * to;
  const double deficit = c * c * gap * gap / ((c * c + from * from) * from * from);
  CHECK(c * c + to * to - variance == doctest::Approx(deficit).epsilon(1e-12));
}

TEST_CASE("reverse_sampler: the large ancestral variance is exact for standard normal data on VP") {
  const MixtureDenoiser denoiser(centred_gaussian(1, 1.0));
  const NoisePath vp(VpLinear{});
  const RngKey key{.seed = 6};
  const Matrix zero = point(0.0);
  const ReverseSamplerOptions options{.method = SamplerMethod::ancestral,
                                      .variance = AncestralVariance::large};
  const Vector levels = vector({2.0, 0.7});
  const auto at = [&](double x) {
    return reverse_sampler(denoiser, vp, levels, point(x), key, options).samples(0, 0);
  };
  Matrix z(1, 1);
  fill_normal(key, z);
  const double multiplier = at(1.0) - at(0.0);
  const double noise = at(0.0) / z(0, 0);
  CHECK(multiplier * multiplier + noise * noise == doctest::Approx(1.0).epsilon(1e-13));
}

TEST_CASE("reverse_sampler: ancestral draws converge weakly with order 1") {
  // The variance recursion on N(0, 1) data, read off the multiplier and noise of each step.
  const MixtureDenoiser denoiser(centred_gaussian(1, 1.0));
  const ReverseSamplerOptions options{.method = SamplerMethod::ancestral};
  const double order = fitted_order({32, 64, 128, 256}, [&](Index steps) {
    const Vector levels = log_levels(steps);
    double variance = 1.0 + 100.0;
    for (Index i = 0; i < steps; ++i) {
      const Vector pair = levels.segment(i, 2);
      const RngKey key{.seed = 7};
      Matrix z(1, 1);
      fill_normal(key, z);
      const auto at = [&](double x) {
        return reverse_sampler(denoiser, edm, pair, point(x), key, options).samples(0, 0);
      };
      const double multiplier = at(1.0) - at(0.0);
      const double noise = at(0.0) / z(0, 0);
      variance = multiplier * multiplier * variance + noise * noise;
    }
    return std::abs(variance - (1.0 + 0.05 * 0.05));
  });
  CHECK(std::abs(order - 1.0) < 0.15);
}

TEST_CASE("reverse_sampler: a step into level 0 returns the denoiser's value") {
  const Matrix start = normals(1, 20);
  const Matrix expected = line_denoiser.denoised(start, 1.0, 3.0);
  for (const auto method : all_methods) {
    const auto run =
        reverse_sampler(line_denoiser, edm, vector({3.0, 0.0}), start, {}, {.method = method});
    CHECK(run.samples == expected);
    CHECK(run.nfe == 1);
    CHECK(run.level == 0.0);
  }
}

TEST_CASE("reverse_sampler: the same bits for 1, 2, 3 and 8 threads and for any split") {
  const MixtureDenoiser denoiser(correlated_gaussian());
  const Matrix start = 10.0 * normals(3, 1000);
  const RngKey key{.seed = 9};
  for (const auto method : all_methods) {
    CAPTURE(name(method));
    const auto run = [&](PointsIn x, const RngKey& k, int threads) {
      return reverse_sampler(denoiser, edm, log_levels(5), x, k,
                             {.method = method, .threads = threads})
          .samples;
    };
    const Matrix one = run(start, key, 1);
    for (const int threads : {2, 3, 8}) CHECK(run(start, key, threads) == one);
    CHECK(run(start.middleCols(300, 100), key.at_chain(300), 2) == one.middleCols(300, 100));
  }
}

TEST_CASE("reverse_sampler: an observer sees every step and can stop the run") {
  std::vector<std::int64_t> seen;
  const auto run = reverse_sampler(line_denoiser, edm, log_levels(6), normals(1, 4), {}, {},
                                   [&](const Progress& progress) {
                                     CHECK(progress.total == 6);
                                     seen.push_back(progress.done);
                                     return progress.done < 4;
                                   });
  CHECK(seen == std::vector<std::int64_t>{1, 2, 3, 4});
  CHECK_FALSE(run.converged);
  CHECK(run.termination == Termination::interrupted);
  CHECK(run.iterations == 4);
  CHECK(run.level == log_levels(6)[4]);
}

TEST_CASE("reverse_sampler: bad input is named") {
  const Matrix start = normals(1, 3);
  const Vector levels = vector({1.0, 0.5});
  const auto run = [&](const Vector& at, const Matrix& x, const ReverseSamplerOptions& options) {
    return reverse_sampler(line_denoiser, edm, at, x, {}, options);
  };
  CHECK_THROWS_WITH_AS(run(levels, start, {.order = 5}),
                       "reverse_sampler: order is 5, expected between 1 and 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(run(levels, start, {.order = 0}),
                       "reverse_sampler: order is 0, expected between 1 and 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(run(levels, start, {.threads = -1}),
                       "reverse_sampler: threads is -1, expected at least 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(run(vector({0.5, 1.0}), start, {}),
                       "reverse_sampler: levels[1] is 1, expected less than the level before, 0.5",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(run(levels, normals(2, 3), {}),
                       "reverse_sampler: start.rows() is 2, expected the dimension of the "
                       "denoiser, 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(run(levels, Matrix(1, 0), {}),
                       "reverse_sampler: start.cols() is 0, expected at least 1",
                       std::invalid_argument);
  Matrix bad = start;
  bad(0, 2) = std::numeric_limits<double>::infinity();
  CHECK_THROWS_WITH_AS(run(levels, bad, {}),
                       "reverse_sampler: start(0, 2) is inf, expected a finite number",
                       std::invalid_argument);
}

TEST_CASE("reverse_sampler: a denoiser that fails is named with sample, step and level") {
  const Vector levels = vector({2.0, 1.0, 0.5});
  const Matrix start = Eigen::RowVectorXd::LinSpaced(600, 0.0, 599.0) * 1e-3;
  const auto broken = make_denoiser(1, [](PointsIn x, double, double s) {
    Matrix d = x;
    if (s == 1.0 && x.cols() > 100) d(0, 44) = std::nan("");  // second step; last block is short
    return d;
  });
  CHECK_THROWS_WITH_AS(reverse_sampler(*broken, edm, levels, start, {}),
                       "reverse_sampler: the denoiser's value for sample 44 at step 1 (level 1) "
                       "is nan, expected a finite number",
                       std::invalid_argument);
  const auto short_one =
      make_denoiser(1, [](PointsIn x, double, double) -> Matrix { return x.leftCols(2); });
  CHECK_THROWS_WITH_AS(reverse_sampler(*short_one, edm, levels, start, {}),
                       "denoiser function: result.cols() is 2, expected one per point, 256 "
                       "(samples 0 to 255 at step 0 (level 2))",
                       std::invalid_argument);
}
