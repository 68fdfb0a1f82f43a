#include "pushforward/diffusion/exact_score.hpp"

#include <cmath>

#include <doctest/doctest.h>

#include "pushforward/diffusion/quantile_flow.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

Matrix normals(Index dim, Index n, std::uint64_t seed) {
  Matrix x(dim, n);
  fill_normal({.seed = seed, .purpose = Draw::reference}, x);
  return x;
}

DiscreteMeasure weighted_cloud(Index dim, Index n) {
  Vector weights(n);
  for (Index j = 0; j < n; ++j) weights[j] = 1.0 + static_cast<double>(j % 5);
  return {normals(dim, n, 11), weights, Mass::normalise};
}

// The posterior mean by its definition in long double, one query at a time.
Vector naive_denoised(const DiscreteMeasure& data, const Vector& x, double a, double s) {
  std::vector<long double> logits;
  long double largest = -INFINITY;
  for (Index j = 0; j < data.size(); ++j) {
    long double distance = 0.0L;
    for (Index i = 0; i < data.dim(); ++i) {
      const long double gap =
          static_cast<long double>(x[i]) - static_cast<long double>(a) * data.points()(i, j);
      distance += gap * gap;
    }
    logits.push_back(std::log(static_cast<long double>(data.weights()[j])) -
                     distance / (2.0L * s * s));
    largest = std::max(largest, logits.back());
  }
  long double total = 0.0L;
  std::vector<long double> mean(static_cast<std::size_t>(data.dim()), 0.0L);
  for (Index j = 0; j < data.size(); ++j) {
    const long double w = std::exp(logits[static_cast<std::size_t>(j)] - largest);
    total += w;
    for (Index i = 0; i < data.dim(); ++i)
      mean[static_cast<std::size_t>(i)] += w * data.points()(i, j);
  }
  Vector result(data.dim());
  for (Index i = 0; i < data.dim(); ++i) {
    result[i] = static_cast<double>(mean[static_cast<std::size_t>(i)] / total);
  }
  return result;
}

double largest_gap(const EmpiricalDenoiser& denoiser, const Matrix& x, double a, double s) {
  const Matrix d = denoiser.denoised(x, a, s);
  double gap = 0.0;
  for (Index i = 0; i < x.cols(); ++i) {
    gap = std::max(
        gap, (d.col(i) - naive_denoised(denoiser.data(), x.col(i), a, s)).cwiseAbs().maxCoeff());
  }
  return gap;
}

}  // namespace

TEST_CASE("empirical denoiser: agrees with the definition in long double at every noise level") {
  for (const auto& [dim, n] :
       {std::pair<Index, Index>{1, 1}, {2, 7}, {3, 33}, {5, 64}, {17, 131}, {64, 300}}) {
    const EmpiricalDenoiser denoiser(weighted_cloud(dim, n));
    for (const double a : {1.0, 0.3}) {
      for (const double s : {1e-2, 0.1, 0.5, 3.0, 80.0}) {
        CAPTURE(dim);
        CAPTURE(n);
        CAPTURE(s);
        const Matrix x = a * normals(dim, 9, 5) + s * normals(dim, 9, 6);
        // Logits of size |x|^2 / s^2 carry a relative rounding; at small s the winner is clear.
        CHECK(largest_gap(denoiser, x, a, s) < 1e-11);
      }
    }
  }
}

TEST_CASE("empirical denoiser: keeps its digits when nearby points compete at small noise") {
  // Two points 1e-5 apart, far from the origin, and noise as small as their distance: the squared
  // distances differ in the 12th digit of |x|^2.
  Matrix points(3, 3);
  points.col(0) << 50.0, -20.0, 10.0;
  points.col(1) = points.col(0) + Vector::Constant(3, 1e-5);
  points.col(2) = -points.col(0);
  const EmpiricalDenoiser denoiser(DiscreteMeasure::uniform(points));
  const Matrix x = points.leftCols(1) + Matrix::Constant(3, 1, 4e-6);
  const double gap = largest_gap(denoiser, x, 1.0, 1e-5);
  CHECK(gap < 1e-14 * 50.0);
}

TEST_CASE("empirical denoiser: tiny noise returns the nearest data point, ties are shared") {
  const DiscreteMeasure data = weighted_cloud(4, 50);
  const EmpiricalDenoiser denoiser(data);
  const Matrix x = normals(4, 20, 8);
  const Matrix d = denoiser.denoised(x, 1.0, 1e-4);
  for (Index i = 0; i < x.cols(); ++i) {
    Index nearest = 0;
    (data.points().colwise() - x.col(i)).colwise().squaredNorm().minCoeff(&nearest);
    CHECK((d.col(i) - data.points().col(nearest)).norm() < 1e-15);
  }
  Matrix pair(1, 2);
  pair << -1.0, 1.0;
  const EmpiricalDenoiser two(DiscreteMeasure(pair, vector({0.25, 0.75})));
  const Matrix origin = Matrix::Zero(1, 1);
  CHECK(two.denoised(origin, 1.0, 1e-3)(0, 0) == doctest::Approx(0.5).epsilon(1e-14));
}

TEST_CASE("empirical denoiser: points of weight zero are never returned") {
  Matrix points(1, 2);
  points << 0.0, 1.0;
  const EmpiricalDenoiser denoiser(DiscreteMeasure(points, vector({0.0, 1.0})));
  const Matrix origin = Matrix::Zero(1, 1);
  CHECK(denoiser.denoised(origin, 1.0, 1e-3)(0, 0) == 1.0);
}

TEST_CASE("empirical denoiser: the noised law is a kernel density estimate") {
  // Its score (a D - x) / s^2 is that of the mixture of N(a y_i, s^2 I).
  const DiscreteMeasure data = weighted_cloud(3, 40);
  const EmpiricalDenoiser denoiser(data);
  const double a = 0.8, s = 0.35;
  const auto estimate = GaussianMixture::isotropic(data.weights(), a * data.points(),
                                                   Vector::Constant(data.size(), s));
  const Matrix x = normals(3, 25, 9);
  Vector log_p(x.cols());
  Matrix score(3, x.cols());
  estimate.log_density_and_score(x, log_p, score);
  CHECK(((a * denoiser.denoised(x, a, s) - x) / (s * s) - score).cwiseAbs().maxCoeff() < 1e-11);
}

TEST_CASE("empirical denoiser: the same bits for any number of threads and any batch") {
  const EmpiricalDenoiser denoiser(weighted_cloud(16, 700));
  const NoisePath path;
  const Matrix start = 10.0 * normals(16, 300, 10);
  const Vector levels = log_levels(4);
  const auto run = [&](PointsIn x, int threads) {
    return reverse_sampler(denoiser, path, levels, x, {}, {.threads = threads}).samples;
  };
  const Matrix one = run(start, 1);
  for (const int threads : {2, 3, 8}) CHECK(run(start, threads) == one);
  CHECK(denoiser.denoised(start, 1.0, 0.4).middleCols(37, 5) ==
        denoiser.denoised(start.middleCols(37, 5), 1.0, 0.4));
}

TEST_CASE("empirical sampling: to time zero it reproduces the data") {
  const DiscreteMeasure data = weighted_cloud(2, 30);
  const EmpiricalDenoiser denoiser(data);
  const NoisePath path;
  const Matrix start = 80.0 * normals(2, 200, 12);
  const Vector levels = time_grid(KarrasGrid{}, path, 40);
  const Matrix samples = reverse_sampler(denoiser, path, levels, start, {}).samples;
  for (Index i = 0; i < samples.cols(); ++i) {
    const double distance = (data.points().colwise() - samples.col(i)).colwise().norm().minCoeff();
    CHECK(distance < 1e-12);
  }
}

TEST_CASE("empirical sampling: stopped early it is the quantile map of the kernel estimate") {
  const Matrix points = normals(1, 12, 13);
  const EmpiricalDenoiser denoiser(DiscreteMeasure::uniform(points));
  const auto law =
      GaussianMixture::isotropic(Vector::Constant(12, 1.0 / 12.0), points, Vector::Zero(12));
  const NoisePath path;
  const Matrix start = Eigen::RowVectorXd::LinSpaced(41, -20.0, 20.0);
  const ReverseSamplerOptions options{.order = 4, .start = StartUp::single};
  const auto run = reverse_sampler(denoiser, path, log_levels(400, 10.0, 0.2), start, {}, options);
  // Measured 5e-9: the order-4 error at 400 steps.
  CHECK(rms(run.samples - quantile_flow(law, path, 10.0, 0.2, start)) < 1e-7);
}

TEST_CASE("empirical denoiser: bad input is named") {
  const EmpiricalDenoiser denoiser(weighted_cloud(2, 5));
  const Matrix x = normals(2, 3, 1);
  CHECK_THROWS_WITH_AS(denoiser.denoised(normals(3, 3, 1), 1.0, 1.0),
                       "EmpiricalDenoiser: x.rows() is 3, expected the dimension of the data, 2",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(denoiser.denoised(x, 0.0, 1.0),
                       "EmpiricalDenoiser: a is 0, expected greater than 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(denoiser.denoised(x, 1.0, 0.0),
                       "EmpiricalDenoiser: s is 0, expected at least 1e-100",
                       std::invalid_argument);
  Matrix narrow(2, 2);
  CHECK_THROWS_WITH_AS(denoiser.denoise(x, 1.0, 1.0, narrow),
                       "EmpiricalDenoiser: d.cols() is 2, expected the shape of x",
                       std::invalid_argument);
}

TEST_CASE("empirical denoiser: a point that is not a number stays one") {
  const EmpiricalDenoiser denoiser(weighted_cloud(2, 50));
  Matrix x = normals(2, 4, 1);
  x(0, 2) = std::nan("");
  const Matrix d = denoiser.denoised(x, 1.0, 0.5);
  CHECK(std::isnan(d(0, 2)));
  x(0, 2) = 0.0;
  CHECK(d.leftCols(2) == denoiser.denoised(x, 1.0, 0.5).leftCols(2));
}

TEST_CASE("make_denoiser: wrong shapes and missing functions are named") {
  CHECK_THROWS_WITH_AS(make_denoiser(0, [](PointsIn x, double, double) { return Matrix(x); }),
                       "make_denoiser: dim is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(make_denoiser(2, nullptr),
                       "make_denoiser: function is \"empty\", expected something to call",
                       std::invalid_argument);
  const auto short_one =
      make_denoiser(2, [](PointsIn x, double, double) { return Matrix::Zero(1, x.cols()); });
  CHECK_THROWS_WITH_AS(short_one->denoised(Matrix::Zero(2, 3), 1.0, 1.0),
                       "denoiser function: result.rows() is 1, expected the dimension, 2",
                       std::invalid_argument);
  const auto few = make_denoiser(2, [](PointsIn, double, double) { return Matrix::Zero(2, 1); });
  CHECK_THROWS_WITH_AS(few->denoised(Matrix::Zero(2, 3), 1.0, 1.0),
                       "denoiser function: result.cols() is 1, expected one per point, 3",
                       std::invalid_argument);
}
