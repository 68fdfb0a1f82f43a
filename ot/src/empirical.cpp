#include "pushforward/ot/empirical.hpp"

#include <algorithm>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/stats.hpp"
#include "pushforward/ot/assignment.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::ot {

double wasserstein_2_squared(PointsIn x, PointsIn y, int threads) {
  return assignment_squared_euclidean(x, y, {.threads = threads}).mean_cost;
}

EmpiricalDistance empirical_wasserstein_2_squared(PointsIn x, PointsIn y,
                                                  const EmpiricalOptions& options) {
  validate_fields("EmpiricalOptions", options);
  constexpr const char* here = "empirical_wasserstein_2_squared";
  require(x.rows() >= 1, here, "x.rows()", x.rows(), "at least 1");
  require(y.rows() == x.rows(), here, "y.rows()", y.rows(), "the dimension of x");
  const Index block = options.block;
  const Index filled = std::min(x.cols(), y.cols()) / block;
  const Index blocks = options.blocks > 0 ? options.blocks : filled;
  const std::string needed = std::to_string(std::max<Index>(blocks, 1)) + " blocks of " +
                             std::to_string(block) + " points";
  require(blocks >= 1 && blocks <= x.cols() / block, here, "x.cols()", x.cols(), needed);
  require(blocks <= y.cols() / block, here, "y.cols()", y.cols(), needed);
  pushforward::detail::require_finite(x, here, "x");
  pushforward::detail::require_finite(y, here, "y");

  EmpiricalDistance result;
  result.per_block.resize(blocks);
  pushforward::detail::parallel_blocks(blocks, 1, options.threads, [&](Index b, Index, Index) {
    result.per_block[b] =
        wasserstein_2_squared(x.middleCols(b * block, block), y.middleCols(b * block, block), 1);
  });
  RunningMoments moments;
  moments.add(result.per_block);
  result.squared = moments.mean();
  result.standard_error = moments.standard_error();
  return result;
}

PairedDifference paired_difference(const EmpiricalDistance& a, const EmpiricalDistance& b) {
  require(a.per_block.size() == b.per_block.size(), "paired_difference", "b.per_block.size()",
          b.per_block.size(), std::to_string(a.per_block.size()) + ", the blocks of a");
  RunningMoments moments;
  moments.add(a.per_block - b.per_block);
  return {moments.mean(), moments.standard_error()};
}

}  // namespace pushforward::ot
