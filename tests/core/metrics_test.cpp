#include "pushforward/core/metrics.hpp"

#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/stats.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using testing::Splitmix;

namespace {

Matrix normals(std::uint64_t seed, Index d, Index n, double mean = 0.0) {
  Matrix x(d, n);
  fill_normal({.seed = seed}, x);
  x.array() += mean;
  return x;
}

// E k(x, x') + E k(y, y') - 2 E k(x, y), pair by pair; `with_self` counts k(x_i, x_i) too.
double by_pairs(const Matrix& x, const Matrix& y, bool with_self,
                const std::function<double(double)>& kernel) {
  const auto mean = [&](const Matrix& a, const Matrix& b, bool same) {
    double sum = 0.0;
    double count = 0.0;
    for (Index i = 0; i < a.cols(); ++i) {
      for (Index j = 0; j < b.cols(); ++j) {
        if (same && i == j && !with_self) continue;
        sum += kernel((a.col(i) - b.col(j)).norm());
        count += 1.0;
      }
    }
    return sum / count;
  };
  return mean(x, x, true) + mean(y, y, true) - 2 * mean(x, y, false);
}

}  // namespace

TEST_CASE("metrics: both distances agree with a sum over pairs, whatever the tiling") {
  for (const Index d : {1, 2, 7}) {
    const Matrix x = normals(1, d, 301), y = normals(2, d, 67, 0.3);
    const double h = 0.8;
    CHECK(mmd_squared(x, y, {.bandwidth = h}).value ==
          doctest::Approx(by_pairs(x, y, false, [h](double r) {
            return std::exp(-r * r / (2 * h * h));
          })).epsilon(1e-12));
    CHECK(energy_distance(x, y).value ==
          doctest::Approx(by_pairs(x, y, false, [](double r) { return -r; })).epsilon(1e-12));
  }
}

TEST_CASE("metrics: energy distance and Kolmogorov-Smirnov agree with SciPy") {
  const CsvTable table =
      read_csv(std::filesystem::path(PUSHFORWARD_TEST_REFERENCE) / "samples.csv");
  REQUIRE(table.values.cols() == 3);
  for (Index row = 0; row < table.values.cols(); ++row) {
    Splitmix draws(static_cast<std::uint64_t>(table.values(0, row)));
    const Matrix x = draws.uniform(1, static_cast<Index>(table.values(1, row)));
    const Matrix y = draws.uniform(1, static_cast<Index>(table.values(2, row))).cwiseAbs2();
    // SciPy counts pairs of a point with itself; so must the oracle that the value is held against.
    const auto minus_distance = [](double r) { return -r; };
    CHECK(by_pairs(x, y, true, minus_distance) ==
          doctest::Approx(table.values(3, row)).epsilon(1e-12));
    CHECK(energy_distance(x, y).value ==
          doctest::Approx(by_pairs(x, y, false, minus_distance)).epsilon(1e-11));
    CHECK(kolmogorov_smirnov_two_sample(x.row(0).transpose(), y.row(0).transpose()).statistic ==
          doctest::Approx(table.values(4, row)).epsilon(1e-14));
  }
}

TEST_CASE("metrics: between Gaussians MMD and energy distance have their closed forms") {
  // N(0, I) and N(mu, I) in R^d: E k(x, x') = (h^2 / (h^2 + 2))^(d/2), and across the same times
  // exp(-|mu|^2 / (2 (h^2 + 2))).
  const Index d = 3, n = 1500;
  const double shift = 0.7, h = 1.3;
  const Matrix x = normals(11, d, n), y = normals(12, d, n, shift);
  const double self = std::pow(h * h / (h * h + 2), 0.5 * static_cast<double>(d));
  const double exact =
      2 * self * (1 - std::exp(-shift * shift * static_cast<double>(d) / (2 * (h * h + 2))));
  const Estimate mmd = mmd_squared(x, y, {.bandwidth = h});
  CHECK(std::abs(mmd.value - exact) < 5 * mmd.standard_error);
  CHECK(mmd.standard_error < 0.1 * exact);

  // On the line |x - y| is folded normal with standard deviation sqrt 2.
  const double s = std::sqrt(2.0), pi = std::acos(-1.0);
  const double across = s * std::sqrt(2 / pi) * std::exp(-shift * shift / (2 * s * s)) +
                        shift * std::erf(shift / (s * std::sqrt(2.0)));
  const double energy_exact = 2 * across - 2 * s * std::sqrt(2 / pi);
  const Estimate energy = energy_distance(normals(13, 1, 20'000), normals(14, 1, 20'000, shift));
  CHECK(std::abs(energy.value - energy_exact) < 5 * energy.standard_error);
  CHECK(energy.standard_error < 0.05 * energy_exact);
}

TEST_CASE("metrics: stated standard errors are the spread over fresh samples") {
  for (const double shift : {0.0, 1.0}) {
    RunningMoments mmd, energy, mmd_error, energy_error;
    const int repeats = 300;
    for (std::uint64_t r = 0; r < repeats; ++r) {
      const Matrix x = normals(1000 + 2 * r, 2, 60), y = normals(1001 + 2 * r, 2, 40, shift);
      const Estimate a = mmd_squared(x, y, {.bandwidth = 1.0, .threads = 1});
      const Estimate b = energy_distance(x, y, 1);
      mmd.add(a.value);
      energy.add(b.value);
      mmd_error.add(a.standard_error);
      energy_error.add(b.standard_error);
    }
    // A standard deviation from 300 values is known to 1 / sqrt(600) = 4%, five of which are 20%.
    // For equal laws the stated error may be too large by sqrt 2, and never too small.
    const double most = shift == 0.0 ? std::sqrt(2.0) * 1.2 : 1.2;
    for (const auto& [value, stated] : {std::pair{&mmd, &mmd_error}, {&energy, &energy_error}}) {
      const double ratio = stated->mean() / std::sqrt(value->variance());
      CHECK(ratio > 0.8);
      CHECK(ratio < most);
    }
    if (shift == 0.0) {
      CHECK(std::abs(mmd.mean()) < 5 * mmd.standard_error());
      CHECK(std::abs(energy.mean()) < 5 * energy.standard_error());
    }
  }
}

TEST_CASE("metrics: symmetric, blind to order, translation and (energy) scale") {
  const Matrix x = normals(21, 3, 90), y = normals(22, 3, 70, 0.5);
  const double mmd = mmd_squared(x, y).value;
  const double energy = energy_distance(x, y).value;
  CHECK(mmd_squared(y, x).value == doctest::Approx(mmd).epsilon(1e-11));
  CHECK(energy_distance(y, x).value == doctest::Approx(energy).epsilon(1e-11));
  const Matrix reversed = x.rowwise().reverse();
  CHECK(energy_distance(reversed, y).value == doctest::Approx(energy).epsilon(1e-11));
  const Vector far = Vector::Constant(3, 100.0);
  CHECK(energy_distance(x.colwise() + far, y.colwise() + far).value ==
        doctest::Approx(energy).epsilon(1e-10));
  CHECK(mmd_squared(7 * x, 7 * y).value == doctest::Approx(mmd).epsilon(1e-11));
  CHECK(energy_distance(7 * x, 7 * y).value == doctest::Approx(7 * energy).epsilon(1e-11));
  // On the line the sums are formed another way; far from the origin they must not cancel.
  const Matrix a = normals(23, 1, 200), b = normals(24, 1, 100, 0.5);
  const double line = energy_distance(a, b).value;
  CHECK(energy_distance((a.array() + 1e6).matrix(), (b.array() + 1e6).matrix()).value ==
        doctest::Approx(line).epsilon(1e-8));
}

TEST_CASE("metrics: the same bits for 1, 2, 3 and 8 threads") {
  const Matrix x = normals(31, 2, 300), y = normals(32, 2, 200, 0.1);
  const Estimate mmd = mmd_squared(x, y, {.threads = 1});
  const Estimate energy = energy_distance(x, y, 1);
  for (int threads : {2, 3, 8}) {
    CHECK(mmd_squared(x, y, {.threads = threads}).value == mmd.value);
    CHECK(mmd_squared(x, y, {.threads = threads}).standard_error == mmd.standard_error);
    CHECK(energy_distance(x, y, threads).value == energy.value);
  }
}

TEST_CASE("metrics: the median distance is that of the pairs") {
  Matrix x(1, 2), y(1, 2);
  x << 0, 1;
  y << 3, 7;  // distances 1 3 7 2 6 4: the upper of the two middle ones
  CHECK(median_distance(x, y) == 4.0);
  CHECK(median_distance(Matrix::Ones(2, 5), Matrix::Ones(2, 5)) == 1.0);
  // Between standard normals in R^2 the squared distance is 4 Exp(1), of median 4 log 2.
  CHECK(median_distance(normals(1, 2, 3000), normals(2, 2, 3000)) ==
        doctest::Approx(std::sqrt(4 * std::log(2.0))).epsilon(0.1));
}

TEST_CASE("metrics: Kolmogorov-Smirnov handles ties and its p-value is the limit law's") {
  Vector x(4), y(2);
  x << 1, 2, 2, 3;
  y << 2, 2;
  CHECK(kolmogorov_smirnov_two_sample(x, y).statistic == 0.25);
  CHECK(kolmogorov_smirnov_two_sample(x, x).statistic == 0.0);
  CHECK(kolmogorov_smirnov_two_sample(x, x).p_value == 1.0);
  CHECK(kolmogorov_smirnov_two_sample(x, (x.array() + 10).matrix()).statistic == 1.0);
  // The 95% point of the limit law is 1.3581: 200 against 200 points cross it between D n = 27, 28.
  Vector a = Vector::LinSpaced(200, 0, 199), b = a;
  b.array() += 27.5;
  CHECK(kolmogorov_smirnov_two_sample(a, b).statistic == 28.0 / 200);
  CHECK(kolmogorov_smirnov_two_sample(a, b).p_value < 0.05);
  b.array() -= 1.0;
  CHECK(kolmogorov_smirnov_two_sample(a, b).p_value > 0.05);
}

TEST_CASE("metrics: bad input is refused") {
  const Matrix two = Matrix::Ones(2, 3);
  CHECK_THROWS_WITH_AS(mmd_squared(Matrix(0, 3), two),
                       "mmd_squared: x.rows() is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(mmd_squared(two, Matrix::Ones(1, 3)),
                       "mmd_squared: y.rows() is 1, expected the dimension of x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(energy_distance(Matrix::Ones(2, 1), two),
                       "energy_distance: x.cols() is 1, expected at least two points",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(energy_distance(two, Matrix::Ones(2, 1)),
                       "energy_distance: y.cols() is 1, expected at least two points",
                       std::invalid_argument);
  Matrix holed = two;
  holed(1, 2) = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(median_distance(two, holed),
                       "median_distance: y(1, 2) is nan, expected a finite coordinate",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(mmd_squared(two, two, {.bandwidth = 0.0}),
                       "MmdOptions: bandwidth is 0, expected greater than 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kolmogorov_smirnov_two_sample(Vector(0), Vector::Ones(1)),
                       "kolmogorov_smirnov_two_sample: x.size() is 0, expected at least one number",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(kolmogorov_smirnov_two_sample(Vector::Ones(1), Vector(0)),
                       "kolmogorov_smirnov_two_sample: y.size() is 0, expected at least one number",
                       std::invalid_argument);
}
