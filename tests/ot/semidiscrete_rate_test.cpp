#include "pushforward/ot/semidiscrete_rate.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/stats.hpp"

using namespace pushforward;
using namespace pushforward::ot;

TEST_CASE("unit_grid_height_error: known heights have none, whatever their constant") {
  const auto problem = unit_grid_problem(3, 2);
  const Matrix& y = problem.target.points();
  CHECK(y.cols() == 8);
  CHECK(y.minCoeff() == 0.25);
  Vector heights = -0.5 * y.colwise().squaredNorm().transpose();
  heights.array() += 7.0;
  CHECK(unit_grid_height_error(heights, 3, 2) < 1e-28);
  heights[3] += 0.1;
  CHECK(unit_grid_height_error(heights, 3, 2) == doctest::Approx(0.01 * 7.0 / 8.0).epsilon(1e-12));
}

TEST_CASE("unit_grid_height_variance: two sites are one quantile") {
  // The boundary of the cells is the median of S draws, of variance 1 / (4 S) for density 1. Sites
  // are 1/2 apart, so heights differ by half the boundary, and each carries half of the difference:
  // 2 (1/2)^2 (1/2)^2 / 4.
  CHECK(unit_grid_height_variance(1, 2) == doctest::Approx(1.0 / 32.0).epsilon(1e-14));
}

TEST_CASE("unit_grid_height_variance: is what the quantiles of draws on the line have") {
  // On the line the solution for S draws is explicit: boundaries are their empirical quantiles.
  constexpr Index per_side = 5, draws = 4000, repeats = 400;
  const auto problem = unit_grid_problem(1, per_side);
  const Matrix& y = problem.target.points();
  const Vector levels = Vector::LinSpaced(per_side - 1, 0.2, 0.8);
  RunningMoments errors;
  for (std::uint32_t r = 0; r < repeats; ++r) {
    const Matrix x = problem.source->draws({.seed = 4, .step = r, .purpose = Draw::source}, draws);
    const Vector boundaries = quantiles(x.row(0).transpose(), levels);
    Vector heights = Vector::Zero(per_side);
    for (Index j = 0; j + 1 < per_side; ++j) {
      heights[j + 1] = heights[j] - boundaries[j] * (y(0, j + 1) - y(0, j));
    }
    errors.add(static_cast<double>(draws) * unit_grid_height_error(heights, 1, per_side));
  }
  const double expected = unit_grid_height_variance(1, per_side);
  CHECK(std::abs(errors.mean() - expected) < 5.0 * errors.standard_error());
  CHECK(errors.standard_error() < 0.1 * expected);
}

TEST_CASE("batch_heights: on the line they part the batch at its quantiles") {
  const auto problem = unit_grid_problem(1, 4);
  const Matrix& y = problem.target.points();
  const Matrix x = problem.source->draws({.seed = 8, .purpose = Draw::source}, 40);
  const Vector heights = batch_heights(problem.target, x);
  std::vector<double> sorted(x.data(), x.data() + x.size());
  std::sort(sorted.begin(), sorted.end());
  for (Index j = 0; j + 1 < 4; ++j) {
    const double cut = -(heights[j + 1] - heights[j]) / (y(0, j + 1) - y(0, j));
    const auto below = static_cast<std::size_t>(10 * (j + 1));
    CHECK(cut >= sorted[below - 1] - 1e-12);
    CHECK(cut <= sorted[below] + 1e-12);
  }
}

TEST_CASE("batch_heights: give each atom of a planar grid its share of the batch") {
  const auto problem = unit_grid_problem(2, 3);
  const Matrix& y = problem.target.points();
  const Matrix x = problem.source->draws({.seed = 8, .purpose = Draw::source}, 90);
  const Vector heights = batch_heights(problem.target, x);
  // A draw on a boundary of the batch's optimum belongs to any of the cells that meet there.
  const Matrix scores = (y.transpose() * x).colwise() + heights;
  IndexVector least = IndexVector::Zero(9), most = IndexVector::Zero(9);
  for (Index i = 0; i < x.cols(); ++i) {
    const double best = scores.col(i).maxCoeff();
    const Index tied = (scores.col(i).array() > best - 1e-12).count();
    for (Index j = 0; j < 9; ++j) {
      if (scores(j, i) <= best - 1e-12) continue;
      ++most[j];
      if (tied == 1) ++least[j];
    }
  }
  for (Index j = 0; j < 9; ++j) {
    CHECK(least[j] <= 10);
    CHECK(most[j] >= 10);
  }
}

TEST_CASE("batch_heights: bad arguments are named") {
  const auto problem = unit_grid_problem(2, 2);
  CHECK_THROWS_WITH(batch_heights(problem.target, Matrix::Zero(3, 4)),
                    "batch_heights: draws.rows() is 3, expected the dimension of the atoms, 2");
  CHECK_THROWS_WITH(batch_heights(problem.target, Matrix::Zero(2, 6)),
                    "batch_heights: draws.cols() is 6, expected a positive multiple of the number "
                    "of atoms, 4");
  const DiscreteMeasure uneven(problem.target.points(),
                               (Vector(4) << 0.5, 0.25, 0.125, 0.125).finished());
  CHECK_THROWS_WITH(batch_heights(uneven, Matrix::Zero(2, 4)),
                    "batch_heights: the spread of the atoms' weights is 0.375, expected 0");
}

TEST_CASE("unit grid: bad arguments are named") {
  CHECK_THROWS_WITH(unit_grid_problem(0, 2), "unit_grid_problem: dim is 0, expected at least 1");
  CHECK_THROWS_WITH(unit_grid_problem(2, 0),
                    "unit_grid_problem: per_side is 0, expected at least 1");
  CHECK_THROWS_WITH(unit_grid_height_variance(20, 10),
                    "unit_grid_height_variance: per_side^dim is 1e+20, expected at most 1e7");
  CHECK_THROWS_WITH(unit_grid_height_error(Vector::Zero(3), 2, 2),
                    "unit_grid_height_error: heights.size() is 3, expected one per site, 4");
}
