#include "pushforward/core/cost.hpp"

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"

namespace pushforward {
namespace {

constexpr Index tile_columns = 16;

}  // namespace

void squared_euclidean(PointsIn x, PointsIn y, PointsOut cost, int threads) {
  require(y.rows() == x.rows(), "squared_euclidean", "y.rows()", y.rows(), "the rows of x");
  require(cost.rows() == x.cols(), "squared_euclidean", "cost.rows()", cost.rows(),
          "the columns of x");
  require(cost.cols() == y.cols(), "squared_euclidean", "cost.cols()", cost.cols(),
          "the columns of y");
  // One coordinate of all x beside the other: the inner loop runs along contiguous memory.
  const Matrix coordinates = x.transpose();
  detail::parallel_blocks(y.cols(), tile_columns, threads, [&](Index begin, Index end, Index) {
    for (Index j = begin; j < end; ++j) {
      auto column = cost.col(j).array();
      column.setZero();
      for (Index k = 0; k < x.rows(); ++k) {
        column += (coordinates.col(k).array() - y(k, j)).square();
      }
    }
  });
}

}  // namespace pushforward
