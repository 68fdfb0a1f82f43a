#include "pushforward/ot/sliced.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/QR>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/stats.hpp"
#include "pushforward/ot/univariate.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "sliced_wasserstein_2_squared";

void check_points(PointsIn x, PointsIn y) {
  require(x.rows() >= 1, here, "x.rows()", x.rows(), "at least 1");
  require(y.rows() == x.rows(), here, "y.rows()", y.rows(), "the dimension of x");
  require(x.cols() >= 1, here, "x.cols()", x.cols(), "at least one point");
  require(y.cols() >= 1, here, "y.cols()", y.cols(), "at least one point");
  pushforward::detail::require_finite(x, here, "x");
  pushforward::detail::require_finite(y, here, "y");
}

SlicedDistance averaged(PointsIn x, PointsIn y, PointsIn directions, Index block, int threads) {
  SlicedDistance result;
  result.per_direction.resize(directions.cols());
  pushforward::detail::parallel_blocks(
      directions.cols(), 1, threads, [&](Index begin, Index, Index) {
        const Vector on_x = x.transpose() * directions.col(begin);
        const Vector on_y = y.transpose() * directions.col(begin);
        result.per_direction[begin] = univariate_wasserstein_power(on_x, on_y, 2.0);
      });
  RunningMoments means;
  for (Index k = 0; k + block <= directions.cols(); k += block) {
    means.add(result.per_direction.segment(k, block).mean());
  }
  result.squared = result.per_direction.mean();
  result.standard_error = means.standard_error();
  return result;
}

}  // namespace

Matrix random_directions(const RngKey& key, Index dim, Index count, int threads) {
  require(dim >= 1, "random_directions", "dim", dim, "at least 1");
  require(count >= 0, "random_directions", "count", count, "at least 0");
  Matrix directions(dim, pushforward::detail::block_count(count, dim) * dim);
  fill_normal(key, directions, threads);
  pushforward::detail::parallel_blocks(
      directions.cols(), dim, threads, [&](Index begin, Index, Index) {
        auto block = directions.middleCols(begin, dim);
        const Eigen::HouseholderQR<Matrix> factors(block);
        block = factors.householderQ() * Matrix::Identity(dim, dim);
      });
  return directions.leftCols(count);
}

SlicedDistance sliced_wasserstein_2_squared(PointsIn x, PointsIn y, const RngKey& key,
                                            const SlicedOptions& options) {
  validate_fields("SlicedOptions", options);
  check_points(x, y);
  const Index dim = x.rows();
  // On the line there is one direction, and nothing random about it.
  if (dim == 1) {
    SlicedDistance result = averaged(x, y, Matrix::Ones(1, 1), 1, options.threads);
    result.standard_error = 0.0;
    return result;
  }
  const Index count = pushforward::detail::block_count(options.directions, dim) * dim;
  const Matrix directions = random_directions(key, dim, count, options.threads);
  return averaged(x, y, directions, dim, options.threads);
}

SlicedDistance sliced_wasserstein_2_squared(PointsIn x, PointsIn y, PointsIn directions,
                                            int threads) {
  check_points(x, y);
  require(directions.rows() == x.rows(), here, "directions.rows()", directions.rows(),
          "the dimension of x");
  require(directions.cols() >= 1, here, "directions.cols()", directions.cols(), "at least 1");
  for (Index k = 0; k < directions.cols(); ++k) {
    const double length = directions.col(k).norm();
    require(std::abs(length - 1.0) <= 1e-9, here,
            "the length of directions[" + std::to_string(k) + "]", length, "1 within 1e-9");
  }
  return averaged(x, y, directions, 1, threads);
}

}  // namespace pushforward::ot
