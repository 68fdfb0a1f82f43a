#include "pushforward/core/cost.hpp"

#include <cmath>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"

namespace pushforward {
namespace {

constexpr Index tile_columns = 16;

}  // namespace

Cost Cost::lp(double p) {
  require(p >= 1.0 && std::isfinite(p), "Cost::lp", "p", p, "a finite number of at least 1");
  return {CostKind::lp, p};
}

Cost Cost::user(Function function) {
  require(static_cast<bool>(function), "Cost::user", "function", false, "a callable function");
  Cost cost(CostKind::user, 1.0);
  cost.function_ = std::move(function);
  return cost;
}

double Cost::operator()(VectorIn x, VectorIn y) const {
  switch (kind_) {
    case CostKind::squared_euclidean:
      return (x - y).squaredNorm();
    case CostKind::half_squared_euclidean:
      return 0.5 * (x - y).squaredNorm();
    case CostKind::euclidean:
      return (x - y).norm();
    case CostKind::lp:
      return power_ == 1.0 ? (x - y).lpNorm<1>() : (x - y).array().abs().pow(power_).sum();
    case CostKind::negative_dot:
      return -x.dot(y);
    case CostKind::user:
      break;
  }
  return function_(x, y);
}

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
