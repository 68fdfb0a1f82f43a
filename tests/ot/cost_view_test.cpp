#include "pushforward/ot/cost_view.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

IndexVector indices(std::initializer_list<Index> values) {
  IndexVector v(static_cast<Index>(values.size()));
  Index k = 0;
  for (const Index value : values) v[k++] = value;
  return v;
}

Vector numbers(std::initializer_list<double> values) {
  Vector v(static_cast<Index>(values.size()));
  Index k = 0;
  for (const double value : values) v[k++] = value;
  return v;
}

}  // namespace

TEST_CASE("cost view: columns and tiles of points are the costs of pairs, for every cost") {
  Splitmix draws(1);
  const Matrix x = draws.uniform(5, 43), y = draws.uniform(5, 21);
  const Cost user = Cost::user([](VectorIn p, VectorIn q) { return std::cos((p - q).sum()); });
  for (const Cost& cost :
       {Cost::squared_euclidean(), Cost::half_squared_euclidean(), Cost::euclidean(), Cost::lp(1.0),
        Cost::lp(2.0), Cost::lp(3.5), Cost::negative_dot(), user}) {
    const PointCost view(x, y, cost);
    CHECK(view.is_lazy());
    const double largest = view.largest_magnitude();
    Matrix tile(40, 20);
    view.tile(2, 1, tile);
    for (Index j = 0; j < 20; ++j) {
      for (Index i = 0; i < 40; ++i) {
        // d additions in another order.
        const double one = cost(x.col(i + 2), y.col(j + 1));
        CHECK(std::abs(tile(i, j) - one) <= 1e-15 * (1.0 + std::abs(one)));
        CHECK(view.entry(i + 2, j + 1) == tile(i, j));
        CHECK(std::abs(tile(i, j)) <= largest * (1.0 + 1e-15));
      }
    }
  }
  CHECK(PointCost(x, x).entry(3, 3) == 0.0);
}

TEST_CASE("cost view: a stored matrix is read in place, a block of one too") {
  Splitmix draws(2);
  const Matrix whole = draws.uniform(9, 7);
  const MatrixCost view(whole.block(1, 2, 6, 4));
  CHECK_FALSE(view.is_lazy());
  CHECK(view.column(1, 2, 5, nullptr) == &whole(3, 3));
  CHECK(view.entry(5, 3) == whole(6, 5));
  CHECK(view.largest_magnitude() == whole.block(1, 2, 6, 4).maxCoeff());
}

TEST_CASE("cost view: sparse costs know their arcs, all others are forbidden") {
  const SparseCost view(3, 4, indices({2, 0, 1, 0}), indices({1, 1, 3, 0}),
                        numbers({5.0, -7.0, 2.0, infinite}));
  CHECK(view.arcs() == 3);
  CHECK(view.entry(0, 1) == -7.0);
  CHECK(view.entry(2, 1) == 5.0);
  CHECK(view.entry(1, 1) == infinite);
  CHECK(view.entry(0, 0) == infinite);
  CHECK(view.largest_magnitude() == 7.0);
  Matrix all(3, 4);
  view.tile(0, 0, all);
  CHECK(all(1, 3) == 2.0);
  CHECK(all(0, 3) == infinite);
  const SparseCost again = SparseCost::from_matrix(all);
  CHECK(again.arcs() == 3);
  CHECK(again.entry(2, 1) == 5.0);
}

TEST_CASE("cost view: the typical cost ignores one huge entry and many zeros") {
  Matrix cost = Matrix::Constant(5, 5, 2.0);
  cost(3, 3) = 1e32;
  CHECK(typical_cost(MatrixCost(cost)) == 2.0);
  Matrix zeros = Matrix::Zero(4, 4);
  CHECK(typical_cost(MatrixCost(zeros)) == 0.0);
  zeros(1, 2) = 8.0;
  CHECK(typical_cost(MatrixCost(zeros)) == 0.5);
  Splitmix draws(3);
  const Matrix x = draws.uniform(2, 900), y = draws.uniform(2, 700);
  // The median of |x - y|^2 in the unit square is 0.263; 4096 pairs know it to a few percent.
  CHECK(typical_cost(PointCost(x, y)) == doctest::Approx(0.263).epsilon(0.1));
}

TEST_CASE("cost view: bad costs are refused by name") {
  CHECK_THROWS_WITH_AS(Cost::lp(0.5), "Cost::lp: p is 0.5, expected a finite number of at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(Cost::user({}),
                       "Cost::user: function is false, expected a callable function",
                       std::invalid_argument);
  Matrix cost = Matrix::Ones(2, 3);
  cost(1, 2) = infinite;
  CHECK_THROWS_WITH_AS(MatrixCost{cost}, "MatrixCost: cost(1, 2) is inf, expected a finite number",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(MatrixCost{Matrix(0, 3)},
                       "MatrixCost: cost.rows() is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(MatrixCost{Matrix(3, 0)},
                       "MatrixCost: cost.cols() is 0, expected at least 1", std::invalid_argument);
  cost(1, 2) = not_a_number;
  CHECK_THROWS_WITH_AS(
      SparseCost::from_matrix(cost),
      "SparseCost: cost(1, 2) is nan, expected a finite number, or inf for a forbidden arc",
      std::invalid_argument);
  CHECK_THROWS_WITH_AS(PointCost(Matrix::Ones(2, 3), Matrix::Ones(1, 3)),
                       "PointCost: y.rows() is 1, expected 2, the dimension of x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(PointCost(Matrix(0, 3), Matrix(0, 3)),
                       "PointCost: x.rows() is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(PointCost(Matrix(2, 0), Matrix::Ones(2, 1)),
                       "PointCost: x.cols() is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(PointCost(Matrix::Ones(2, 1), Matrix::Constant(2, 1, not_a_number)),
                       "PointCost: y(0, 0) is nan, expected a finite coordinate",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(SparseCost(2, 2, indices({0, 2}), indices({0, 1}), numbers({1, 1})),
                       "SparseCost: row[1] is 2, expected between 0 and 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(SparseCost(2, 2, indices({0}), indices({-1}), numbers({1})),
                       "SparseCost: col[0] is -1, expected between 0 and 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(SparseCost(2, 2, indices({1, 0, 1}), indices({0, 0, 0}), numbers({1, 2, 3})),
                       "SparseCost: row[2] is 1, expected an arc not named before",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(SparseCost(2, 2, indices({1}), indices({0, 1}), numbers({1})),
                       "SparseCost: col.size() is 2, expected 1, the size of row",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      SparseCost(2, 2, indices({1}), indices({0}), numbers({-infinite})),
      "SparseCost: cost[0] is -inf, expected a finite number, or inf for a forbidden arc",
      std::invalid_argument);
}
