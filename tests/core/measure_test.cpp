#include "pushforward/core/measure.hpp"

#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

using namespace pushforward;

namespace {

Matrix three_points() {
  Matrix points(2, 3);
  points << 0, 1, 2,  //
      5, 3, 1;
  return points;
}

Vector weights(double a, double b, double c) {
  Vector w(3);
  w << a, b, c;
  return w;
}

}  // namespace

TEST_CASE("measure: keeps points and weights, zero weights and repeated points included") {
  Matrix points = three_points();
  points.col(2) = points.col(0);
  const DiscreteMeasure measure(points, weights(0.25, 0.0, 0.75));
  CHECK(measure.size() == 3);
  CHECK(measure.dim() == 2);
  CHECK(measure.points() == points);
  CHECK(measure.weights() == weights(0.25, 0.0, 0.75));
  CHECK_FALSE(measure.has_uniform_weights());
}

TEST_CASE("measure: uniform weights are 1 / n, and moments are those of the atoms") {
  const auto measure = DiscreteMeasure::uniform(three_points());
  CHECK(measure.has_uniform_weights());
  CHECK(measure.weights()[0] == 1.0 / 3.0);
  CHECK(measure.mean()[0] == doctest::Approx(1.0).epsilon(1e-15));
  CHECK(measure.mean()[1] == doctest::Approx(3.0).epsilon(1e-15));
  CHECK(measure.covariance()(0, 0) == doctest::Approx(2.0 / 3.0).epsilon(1e-14));
  CHECK(measure.covariance()(0, 1) == doctest::Approx(-4.0 / 3.0).epsilon(1e-14));
  CHECK(measure.covariance()(1, 1) == doctest::Approx(8.0 / 3.0).epsilon(1e-14));
}

TEST_CASE("measure: a sum that is one within 1e-9 is brought to one, beyond it is refused") {
  const DiscreteMeasure near(three_points(), weights(0.25, 0.25, 0.5 + 5e-10));
  CHECK(near.weights().sum() == doctest::Approx(1.0).epsilon(1e-15));
  CHECK_THROWS_AS(DiscreteMeasure(three_points(), weights(0.25, 0.25, 0.5 + 2e-9)),
                  std::invalid_argument);
  CHECK_THROWS_WITH_AS(DiscreteMeasure(three_points(), weights(0.25, 0.25, 0.75)),
                       "DiscreteMeasure: sum of weights is 1.25, expected 1 within 1e-9; pass "
                       "Mass::normalise to divide by the sum",
                       std::invalid_argument);
}

TEST_CASE("measure: normalise takes any positive sum, also at the ends of the double range") {
  for (double scale : {1e-300, 1e-3, 1.0, 7.0, 8e307}) {
    const DiscreteMeasure measure(three_points(), weights(scale, 2 * scale, 0.0), Mass::normalise);
    CHECK(measure.weights()[0] == doctest::Approx(1.0 / 3.0).epsilon(1e-15));
    CHECK(measure.weights()[1] == doctest::Approx(2.0 / 3.0).epsilon(1e-15));
    CHECK(measure.weights()[2] == 0.0);
  }
}

TEST_CASE("measure: ten million equal weights have sum one") {
  // Each 1e-7 is off by at most half an ulp, so is their exact sum by 1e7 of these; a naive sum
  // would lose several 1e-10 more.
  Matrix line = Matrix::Zero(1, 10'000'000);
  CHECK_NOTHROW(DiscreteMeasure(std::move(line), Vector::Constant(10'000'000, 1e-7)));
}

TEST_CASE("measure: bad input is refused with the entry, its value and what was expected") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  const auto message = [](const Matrix& points, const Vector& w, Mass mass = Mass::exact) {
    try {
      DiscreteMeasure(points, w, mass);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const Matrix points = three_points();
  CHECK(message(Matrix(2, 0), Vector(0)) ==
        "DiscreteMeasure: points.cols() is 0, expected at least one point");
  CHECK(message(Matrix(0, 3), weights(0.5, 0.5, 0)) ==
        "DiscreteMeasure: points.rows() is 0, expected at least one dimension");
  CHECK(message(points, Vector::Constant(4, 0.25)) ==
        "DiscreteMeasure: weights.size() is 4, expected 3, one per point");
  CHECK(message(points, weights(0.5, -0.5, 1.0)) ==
        "DiscreteMeasure: weights[1] is -0.5, expected a finite number of at least 0");
  CHECK(message(points, weights(0.5, 0.5, -1e-18)) ==
        "DiscreteMeasure: weights[2] is -1e-18, expected a finite number of at least 0");
  CHECK(message(points, weights(nan, 0.5, 0.5), Mass::normalise) ==
        "DiscreteMeasure: weights[0] is nan, expected a finite number of at least 0");
  CHECK(message(points, weights(0, inf, 0), Mass::normalise) ==
        "DiscreteMeasure: weights[1] is inf, expected a finite number of at least 0");
  CHECK(message(points, weights(0, 0, 0), Mass::normalise) ==
        "DiscreteMeasure: sum of weights is 0, expected a positive sum");
  Matrix holed = points;
  holed(1, 2) = nan;
  CHECK(message(holed, weights(0.5, 0.5, 0)) ==
        "DiscreteMeasure: points(1, 2) is nan, expected a finite coordinate");
  holed(0, 1) = -inf;
  CHECK(message(holed, weights(0.5, 0.5, 0)) ==
        "DiscreteMeasure: points(0, 1) is -inf, expected a finite coordinate");
  CHECK_THROWS_WITH_AS(DiscreteMeasure::uniform(Matrix(2, 0)),
                       "DiscreteMeasure: points.cols() is 0, expected at least one point",
                       std::invalid_argument);
}
