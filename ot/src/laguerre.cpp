#include "pushforward/ot/laguerre.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

namespace pushforward::ot {
namespace {

void require_distinct(PointsIn sites) {
  std::vector<Index> order(static_cast<std::size_t>(sites.cols()));
  std::iota(order.begin(), order.end(), 0);
  const auto compare = [&](Index p, Index q) {
    for (Index k = 0; k < sites.rows(); ++k) {
      if (sites(k, p) != sites(k, q)) return sites(k, p) < sites(k, q);
    }
    return false;
  };
  std::stable_sort(order.begin(), order.end(), compare);
  const auto twin = std::adjacent_find(order.begin(), order.end(),
                                       [&](Index p, Index q) { return !compare(p, q); });
  if (twin == order.end()) return;
  pushforward::detail::throw_invalid("laguerre_measures",
                                     "sites.col(" + std::to_string(*std::next(twin)) + ")",
                                     "that of column " + std::to_string(*twin), "distinct sites");
}

}  // namespace

CellMeasures laguerre_measures(const LaguerreSource& source, PointsIn sites, VectorIn weights,
                               int threads) {
  const char* where = "laguerre_measures";
  require(sites.rows() == source.dim(), where, "sites.rows()", sites.rows(),
          std::to_string(source.dim()) + ", as the source has");
  require(sites.cols() >= 1, where, "sites.cols()", sites.cols(), "at least 1");
  require(weights.size() == sites.cols(), where, "weights.size()", weights.size(),
          std::to_string(sites.cols()) + ", one a site");
  require(threads >= 0, where, "threads", threads, "at least 0");
  pushforward::detail::require_finite(sites, where, "sites");
  for (Index j = 0; j < weights.size(); ++j) {
    require(std::isfinite(weights[j]), where, "weights[" + std::to_string(j) + "]", weights[j],
            "a finite number");
  }
  require_distinct(sites);
  return source.cells(sites, threads)->measures(weights);
}

}  // namespace pushforward::ot
