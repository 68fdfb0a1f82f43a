#include "pushforward/ot/line_law.hpp"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/special.hpp"

using namespace pushforward;
using namespace pushforward::ot;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double normal_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

// A quadratic, a gap, a hat: knots 0, 1, 2, 4.
LineLawPtr bumps() {
  Vector knots(4);
  knots << 0, 1, 2, 4;
  Matrix coefficients(3, 3);
  coefficients << 1, 0, 1, 0, 0, -1, -1, 0, 0;
  return piecewise_polynomial_line_law(knots, coefficients);
}

LineLawPtr two_bells() {
  Vector weights(2), deviations(2);
  weights << 0.25, 0.75;
  deviations << 0.5, 0.01;
  Matrix means(1, 2);
  means << -3, 2;
  return mixture_line_law(GaussianMixture::isotropic(weights, means, deviations));
}

}  // namespace

TEST_CASE("line law: quantiles invert masses, in both tails") {
  for (const LineLawPtr& law :
       {uniform_line_law(-3, 5), gaussian_line_law(2, 3), bumps(), two_bells(),
        quantile_line_law([](double t) { return t + t * t; })}) {
    for (const double t : {1e-3, 0.1, 0.24, 0.5, 0.77, 0.999}) {
      const MassSplit split = law->split(law->quantile({t, 1 - t}));
      CHECK(split.below == doctest::Approx(t).epsilon(1e-12));
      CHECK(split.above == doctest::Approx(1 - t).epsilon(1e-12));
    }
  }
  // A mass of 1e-200 at 30 deviations: one unit in the last place of the place moves it by 1e-13.
  for (const LineLawPtr& law : {uniform_line_law(0, 1), gaussian_line_law(0, 1)}) {
    CHECK(law->split(law->quantile({1e-200, 1})).below == doctest::Approx(1e-200).epsilon(1e-12));
  }
  CHECK(gaussian_line_law(7, 2)->split(gaussian_line_law(7, 2)->quantile({1, 1e-200})).above ==
        doctest::Approx(1e-200).epsilon(1e-12));
  CHECK(std::isfinite(gaussian_line_law(0, 1)->quantile({0, 1})));
  CHECK(std::isfinite(two_bells()->quantile({1, 0})));
}

TEST_CASE("line law: moments of a Gaussian's pieces are the closed forms") {
  const LineLawPtr law = gaussian_line_law(5, 2);  // places are from 5
  for (const auto& [low, high] : {std::pair{-infinity, infinity}, {-1.0, 3.0}, {2.0, infinity}}) {
    const double a = std::max(low / 2, -1e9), b = std::min(high / 2, 1e9);
    const double mass = normal_cdf(b) - normal_cdf(a);
    const double first = normal_density(a) - normal_density(b);
    const double second = mass + a * normal_density(a) - b * normal_density(b);
    const double c = 0.7;
    const LineMoments moments = law->moments(low, high, c);
    CHECK(moments.mass == doctest::Approx(mass).epsilon(1e-14));
    CHECK(std::abs(moments.first - (2 * first - c * mass)) < 1e-14);
    CHECK(moments.second ==
          doctest::Approx(4 * second - 4 * c * first + c * c * mass).epsilon(1e-14));
  }
  // A cell of width 1e-9 in the tail: constant density to 1e-8, variance width^2 / 12. The closed
  // form above would lose all digits.
  const LineMoments narrow = law->moments(8.0, 8.0 + 0x1p-30, 8.0 + 0x1p-31);
  CHECK(narrow.mass == doctest::Approx(normal_density(4.0) / 2 * 0x1p-30).epsilon(1e-8));
  CHECK(narrow.second == doctest::Approx(narrow.mass * 0x1p-60 / 12).epsilon(1e-8));
}

TEST_CASE("line law: moments add up over pieces and agree between descriptions of one law") {
  const LineLawPtr by_quantile =
      quantile_line_law([](double t) { return 1 + 2 * normal_quantile(t); });
  const LineLawPtr by_density = gaussian_line_law(1, 2);
  Vector edges(4), masses(3);
  edges << 0, 0.5, 0.6, 2;
  masses << 5, 1, 14;  // the uniform law on [0, 2]
  const LineLawPtr bins = histogram_line_law(edges, masses);
  const LineLawPtr whole = uniform_line_law(0, 2);
  for (const double cut : {-0.9, -0.2, 0.05, 0.8}) {
    for (const LineLawPtr& law : {by_density, bins, bumps(), two_bells()}) {
      const LineMoments left = law->moments(-infinity, cut, 3),
                        right = law->moments(cut, infinity, 3);
      const LineMoments all = law->moments(-infinity, infinity, 3);
      CHECK(all.mass == doctest::Approx(1).epsilon(1e-14));
      CHECK(left.mass + right.mass == doctest::Approx(all.mass).epsilon(1e-14));
      CHECK(left.first + right.first == doctest::Approx(all.first).epsilon(1e-14));
      CHECK(left.second + right.second == doctest::Approx(all.second).epsilon(1e-14));
      CHECK(left.mass == doctest::Approx(law->split(cut).below).epsilon(1e-14));
    }
    CHECK(bins->moments(cut, infinity, 1).second ==
          doctest::Approx(whole->moments(cut, infinity, 1).second).epsilon(1e-14));
    CHECK(by_quantile->moments(cut, infinity, 1).second ==
          doctest::Approx(by_density->moments(cut, infinity, 1).second).epsilon(1e-11));
  }
}

TEST_CASE("line law: a piecewise polynomial has its moments by hand") {
  // Masses before scaling: int (1 - s^2) / 2 ds = 2/3, none, int (1 - s) ds over [2, 4] = 2.
  const LineMoments first = bumps()->moments(-2, -1, -1.5);  // [0, 1], places from 2
  CHECK(first.mass == doctest::Approx(0.25).epsilon(1e-15));
  CHECK(std::abs(first.first) < 1e-16);
  CHECK(first.second == doctest::Approx(0.25 * 0.2 / 4).epsilon(1e-14));  // E s^2 = 1/5, arm s / 2
  CHECK(bumps()->moments(-1, 0, 0).mass == 0.0);
  // E of the triangle on [2, 4]: 2 + 2/3.
  CHECK(bumps()->moments(0, 2, 0).first == doctest::Approx(0.75 * 2.0 / 3).epsilon(1e-14));
}

TEST_CASE("line law: far from zero a law keeps its digits") {
  const LineLawPtr here = uniform_line_law(0, 1), there = uniform_line_law(1e8, 1e8 + 1);
  CHECK(there->origin() == 1e8 + 0.5);
  CHECK(there->quantile({1e-10, 1 - 1e-10}) == here->quantile({1e-10, 1 - 1e-10}));
  CHECK(there->moments(0.1, 0.2, 0.15).second == here->moments(0.1, 0.2, 0.15).second);
}

TEST_CASE("line law: bad input is named") {
  const auto throws = [](const auto& make, const char* message) {
    CHECK_THROWS_WITH_AS(make(), message, std::invalid_argument);
  };
  throws([] { uniform_line_law(1, 1); },
         "uniform_line_law: [low, high][1] is 1, expected more than the one before");
  throws([] { uniform_line_law(0, infinity); },
         "uniform_line_law: [low, high][1] is inf, expected a finite number");
  throws([] { gaussian_line_law(infinity, 1); },
         "gaussian_line_law: mean is inf, expected a finite number");
  throws([] { gaussian_line_law(0, 0); },
         "gaussian_line_law: deviation is 0, expected positive and finite");
  Vector knots(3);
  knots << 0, 1, 2;
  throws([&] { histogram_line_law(knots.head(1), Vector::Ones(1)); },
         "histogram_line_law: edges.size() is 1, expected at least two");
  throws([&] { histogram_line_law(knots, Vector::Ones(3)); },
         "histogram_line_law: masses.size() is 3, expected one per bin, 2");
  throws([&] { histogram_line_law(knots, Vector::Constant(2, -1e-18)); },
         "histogram_line_law: masses is -1e-18, expected finite and non-negative");
  throws([&] { histogram_line_law(knots, Vector::Zero(2)); },
         "histogram_line_law: masses.sum() is 0, expected positive");
  throws([&] { piecewise_polynomial_line_law(knots, Matrix::Zero(2, 2)); },
         "piecewise_polynomial_line_law: total mass is 0, expected positive and finite");
  throws([&] { piecewise_polynomial_line_law(knots, Matrix::Ones(8, 2)); },
         "piecewise_polynomial_line_law: coefficients.rows() is 8, expected between 1 and 7");
  throws([&] { piecewise_polynomial_line_law(knots, Matrix::Ones(2, 3)); },
         "piecewise_polynomial_line_law: coefficients.cols() is 3, expected one per piece, 2");
  throws([&] { piecewise_polynomial_line_law(knots, Matrix::Constant(1, 2, std::nan(""))); },
         "piecewise_polynomial_line_law: coefficients(0, 0) is nan, expected a finite number");
  Matrix dips(3, 2);  // s^2 - 0.01 is negative near the middle only
  dips << 1, -0.01, 0, 0, 0, 1;
  throws(
      [&] { piecewise_polynomial_line_law(knots, dips); },
      "piecewise_polynomial_line_law: the density of piece 1 is \"negative somewhere\", expected "
      "non-negative everywhere");
  throws([] { quantile_line_law(nullptr); },
         "quantile_line_law: quantile is \"empty\", expected a function");
  throws([] { quantile_line_law([](double t) { return -t; }); },
         "quantile_line_law: quantile(0.25) is -0.25, expected finite and no less than before");
  throws(
      [] {
        mixture_line_law(
            GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(2, 1), Vector::Ones(1)));
      },
      "mixture_line_law: mixture.dim() is 2, expected 1");
  throws(
      [] {
        mixture_line_law(
            GaussianMixture::isotropic(Vector::Ones(1), Matrix::Zero(1, 1), Vector::Zero(1)));
      },
      "mixture_line_law: the variance of component 0 is 0, expected positive");
}
