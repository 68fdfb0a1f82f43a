/// A problem without the points that have no mass, large clouds sorted by place.
#pragma once

#include <memory>
#include <vector>

#include "pushforward/ot/cost_view.hpp"
#include "pushforward/ot/problem.hpp"

namespace pushforward::ot::detail {

struct PositivePart {
  std::vector<Index> rows, cols;         ///< Kept, in order.
  Masses masses;                         ///< Of those.
  std::shared_ptr<const CostView> cost;  ///< Theirs; the given one, not owned, if all are kept.
};

/// @param cost  must outlive the result.
PositivePart positive_part(const CostView& cost, const Masses& masses);

}  // namespace pushforward::ot::detail
