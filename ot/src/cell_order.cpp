#include "ot/src/cell_order.hpp"

#include <algorithm>
#include <numeric>

namespace pushforward::ot::detail {
namespace {

void split(PointsIn points, std::vector<Index>& order, Index begin, Index end) {
  if (end - begin <= 1) return;
  Vector low = points.col(order[static_cast<std::size_t>(begin)]);
  Vector high = low;
  for (Index k = begin; k < end; ++k) {
    const auto point = points.col(order[static_cast<std::size_t>(k)]);
    low = low.cwiseMin(point);
    high = high.cwiseMax(point);
  }
  Index widest;
  (high - low).maxCoeff(&widest);
  const Index middle = begin + (end - begin) / 2;
  std::nth_element(order.begin() + begin, order.begin() + middle, order.begin() + end,
                   [&](Index p, Index q) {
                     const double x = points(widest, p);
                     const double y = points(widest, q);
                     return x != y ? x < y : p < q;
                   });
  split(points, order, begin, middle);
  split(points, order, middle, end);
}

}  // namespace

std::vector<Index> cell_order(PointsIn points) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), 0);
  split(points, order, 0, points.cols());
  return order;
}

}  // namespace pushforward::ot::detail
