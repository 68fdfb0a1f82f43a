#include "pushforward/core/stats.hpp"

#include <cmath>
#include <limits>

#include <Eigen/QR>
#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

using namespace pushforward;

namespace {

Vector normals(Index n, std::uint32_t step) {
  Matrix x(1, n);
  fill_normal({.seed = 21, .step = step}, x);
  return x.transpose();
}

}  // namespace

TEST_CASE("stats: running moments agree with two passes, far from zero too") {
  const Vector x = normals(1000, 0).array() + 1e8;
  RunningMoments moments;
  moments.add(x);
  const double mean = x.mean();
  const double variance = (x.array() - mean).square().sum() / 999.0;
  CHECK(moments.count() == 1000);
  CHECK(moments.mean() == doctest::Approx(mean).epsilon(1e-15));
  // Each value is rounded to 1e-8 before either method sees it; both see the same numbers.
  CHECK(moments.variance() == doctest::Approx(variance).epsilon(1e-9));
  CHECK(moments.standard_error() == doctest::Approx(std::sqrt(variance / 1000.0)).epsilon(1e-9));
}

TEST_CASE("stats: merged moments are those of all values") {
  const Vector x = normals(700, 1);
  RunningMoments all, first, second, none;
  all.add(x);
  first.add(x.head(123));
  second.add(x.tail(577));
  first.merge(second);
  first.merge(none);
  none.merge(first);
  for (const RunningMoments& merged : {first, none}) {
    CHECK(merged.count() == 700);
    CHECK(merged.mean() == doctest::Approx(all.mean()).epsilon(1e-13));
    CHECK(merged.variance() == doctest::Approx(all.variance()).epsilon(1e-13));
  }
}

TEST_CASE("stats: what is not known yet is NaN") {
  RunningMoments moments;
  CHECK(std::isnan(moments.mean()));
  moments.add(2.0);
  CHECK(moments.mean() == 2.0);
  CHECK(std::isnan(moments.variance()));
  CHECK(std::isnan(moments.standard_error()));
}

TEST_CASE("stats: quantiles interpolate between order statistics") {
  const Vector x = (Vector(5) << 4.0, 0.0, 3.0, 1.0, 2.0).finished();
  const Vector q = quantiles(x, (Vector(5) << 0.0, 0.25, 0.5, 0.6, 1.0).finished());
  CHECK(q.isApprox((Vector(5) << 0.0, 1.0, 2.0, 2.4, 4.0).finished(), 1e-15));
  CHECK(quantile(Vector::Constant(1, 7.0), 0.3) == 7.0);
  CHECK_THROWS_WITH(quantile(Vector(0), 0.5), "quantiles: values.size() is 0, expected at least 1");
  CHECK_THROWS_WITH(quantile(x, 1.1), "quantiles: p[0] is 1.1, expected between 0 and 1");
  CHECK_THROWS_WITH(quantile(Vector::Constant(2, std::nan("")), 0.5),
                    "quantiles: values[0] is nan, expected a number");
}

TEST_CASE("stats: a fitted line solves the weighted least squares problem") {
  const Vector x = normals(12, 2);
  const Vector sigma = normals(12, 3).cwiseAbs().array() + 0.1;
  const Vector y = 2.0 * x + normals(12, 4).cwiseProduct(sigma) + Vector::Constant(12, 5.0);
  Eigen::MatrixXd design(12, 2);
  design << Vector::Ones(12), x;
  const Eigen::VectorXd w = sigma.cwiseInverse();
  const Eigen::MatrixXd scaled = w.asDiagonal() * design;
  const Eigen::VectorXd solution = scaled.colPivHouseholderQr().solve(w.asDiagonal() * y);
  const LineFit fit = fit_line(x, y, sigma);
  CHECK(fit.intercept == doctest::Approx(solution[0]).epsilon(1e-12));
  CHECK(fit.slope == doctest::Approx(solution[1]).epsilon(1e-12));
  CHECK(fit.chi_squared ==
        doctest::Approx((scaled * solution - w.asDiagonal() * y).squaredNorm()).epsilon(1e-11));
}

TEST_CASE("stats: standard errors of a slope cover its spread over repetitions") {
  // The standard error is compared with the spread of 2000 fits, itself known to 1.6%.
  const Vector x = Vector::LinSpaced(6, 0.0, 5.0);
  const Vector sigma = (Vector(6) << 0.1, 0.2, 0.3, 0.1, 0.4, 0.2).finished();
  RunningMoments slope, intercept, stated_variance;
  LineFit fit{};
  for (std::uint32_t t = 0; t < 2000; ++t) {
    const Vector noise = normals(6, 100 + t);
    fit = fit_line(x, 3.0 * x + noise.cwiseProduct(sigma), sigma);
    slope.add(fit.slope);
    intercept.add(fit.intercept);
    const double e = fit_line(x, 3.0 * x + noise).slope_standard_error;
    stated_variance.add(e * e);
  }
  CHECK(std::abs(slope.mean() - 3.0) < 5.0 * slope.standard_error());
  CHECK(std::sqrt(slope.variance()) ==
        doctest::Approx(fit.slope_standard_error).epsilon(5.0 * 0.016));
  CHECK(std::sqrt(intercept.variance()) ==
        doctest::Approx(fit.intercept_standard_error).epsilon(5.0 * 0.016));
  // Unknown errors of variance 1: the squared standard error estimates 1 / sum (x - mean)^2.
  CHECK(std::abs(stated_variance.mean() - 1.0 / 17.5) < 5.0 * stated_variance.standard_error());
}

TEST_CASE("stats: fit_power finds the order, and two points leave its error unknown") {
  const Vector h = (Vector(4) << 0.1, 0.05, 0.025, 0.0125).finished();
  const Vector error = 7.0 * h.array().pow(3);
  CHECK(fit_power(h, error).slope == doctest::Approx(3.0).epsilon(1e-13));
  CHECK(std::exp(fit_power(h, error, 0.1 * error).intercept) ==
        doctest::Approx(7.0).epsilon(1e-12));
  // Equal relative errors of 10% at log h = -log 10 - j log 2: spread log(2)^2 * 5.
  CHECK(fit_power(h, error, 0.1 * error).slope_standard_error ==
        doctest::Approx(0.1 / (std::log(2.0) * std::sqrt(5.0))).epsilon(1e-12));
  CHECK(std::isnan(fit_power(h.head(2), error.head(2)).slope_standard_error));
}

TEST_CASE("stats: fits name their bad input") {
  const Vector x = Vector::LinSpaced(3, 0.0, 1.0);
  CHECK_THROWS_WITH(fit_line(x.head(1), x.head(1)), "fit_line: x.size() is 1, expected at least 2");
  CHECK_THROWS_WITH(fit_line(x, x.head(2)), "fit_line: y.size() is 2, expected one per entry of x");
  CHECK_THROWS_WITH(fit_line(Vector::Ones(3), x),
                    "fit_line: x is 1, expected two different values");
  CHECK_THROWS_WITH(fit_line(x, Vector::Constant(3, std::nan(""))),
                    "fit_line: y[0] is nan, expected a finite number");
  CHECK_THROWS_WITH(fit_line(x, x, x),
                    "fit_line: standard_errors[0] is 0, expected a positive number");
  CHECK_THROWS_WITH(fit_line(x, x, x.head(2)),
                    "fit_line: standard_errors.size() is 2, expected one per entry of x");
  CHECK_THROWS_WITH(fit_power(x, x), "fit_power: h[0] is 0, expected a positive number");
  CHECK_THROWS_WITH(fit_power(Vector::Ones(3), -x.array() - 1.0),
                    "fit_power: error[0] is -1, expected a positive number");
  CHECK_THROWS_WITH(fit_power(Vector::Ones(3), Vector::Ones(3), x.head(2)),
                    "fit_power: standard_errors.size() is 2, expected one per entry of error");
}
