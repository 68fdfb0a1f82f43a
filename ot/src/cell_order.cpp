#include "ot/src/cell_order.hpp"

#include <algorithm>
#include <numeric>

namespace pushforward::ot::detail {
namespace {

class Splitter {
 public:
  Splitter(PointsIn points, std::vector<Index>& order) : points_(points), order_(order) {}

  void split(Index begin, Index end) {
    if (end - begin <= 1) return;
    const Index side = widest_side(begin, end);
    const auto precedes = [&](Index p, Index q) {
      const double x = points_(side, p);
      const double y = points_(side, q);
      return x != y ? x < y : p < q;
    };
    const auto first = order_.begin() + begin, last = order_.begin() + end;
    const auto middle = first + (end - begin) / 2;
    // Points that come in this order already, as those of another tree, need not be moved.
    const Index below = *std::max_element(first, middle, precedes);
    const bool is_split =
        std::all_of(middle, last, [&](Index other) { return precedes(below, other); });
    if (!is_split) std::nth_element(first, middle, last, precedes);
    split(begin, begin + (end - begin) / 2);
    split(begin + (end - begin) / 2, end);
  }

 private:
  Index widest_side(Index begin, Index end) {
    low_ = high_ = points_.col(order_[static_cast<std::size_t>(begin)]);
    for (Index k = begin; k < end; ++k) {
      const auto point = points_.col(order_[static_cast<std::size_t>(k)]);
      low_ = low_.cwiseMin(point);
      high_ = high_.cwiseMax(point);
    }
    Index widest;
    (high_ - low_).maxCoeff(&widest);
    return widest;
  }

  PointsIn points_;
  std::vector<Index>& order_;
  Vector low_, high_;
};

}  // namespace

std::vector<Index> cell_order(PointsIn points) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), 0);
  Splitter(points, order).split(0, points.cols());
  return order;
}

}  // namespace pushforward::ot::detail
