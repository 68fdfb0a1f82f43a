#include "pushforward/core/cost.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

using namespace pushforward;

TEST_CASE("cost: squared distances agree with one pair at a time, and equal points cost nothing") {
  Matrix x(5, 40), y(5, 23);
  fill_normal({.seed = 1}, x);
  fill_normal({.seed = 2}, y);
  y.col(7) = x.col(31);
  Matrix cost(40, 23);
  squared_euclidean(x, y, cost);
  for (Index j = 0; j < y.cols(); ++j) {
    for (Index i = 0; i < x.cols(); ++i) {
      CHECK(cost(i, j) ==
            doctest::Approx((x.col(i) - y.col(j)).squaredNorm()).epsilon(7 * 2.3e-16));
    }
  }
  CHECK(cost(31, 7) == 0.0);
}

TEST_CASE("cost: a tile has the bits of the whole, for 1, 2, 3 and 8 threads") {
  Matrix x(3, 50), y(3, 70);
  fill_normal({.seed = 1}, x);
  fill_normal({.seed = 2}, y);
  Matrix whole(50, 70);
  squared_euclidean(x, y, whole, 1);
  for (int threads : {2, 3, 8}) {
    Matrix cost(50, 70);
    squared_euclidean(x, y, cost, threads);
    CHECK(cost == whole);
  }
  Matrix tile(20, 9);
  squared_euclidean(x.middleCols(11, 20), y.middleCols(33, 9), tile);
  CHECK(tile == whole.block(11, 33, 20, 9));
}

TEST_CASE("cost: shapes that do not agree are refused") {
  Matrix cost(2, 3);
  CHECK_THROWS_WITH_AS(squared_euclidean(Matrix(2, 2), Matrix(1, 3), cost),
                       "squared_euclidean: y.rows() is 1, expected the rows of x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(squared_euclidean(Matrix(2, 4), Matrix(2, 3), cost),
                       "squared_euclidean: cost.rows() is 2, expected the columns of x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(squared_euclidean(Matrix(2, 2), Matrix(2, 4), cost),
                       "squared_euclidean: cost.cols() is 3, expected the columns of y",
                       std::invalid_argument);
}
