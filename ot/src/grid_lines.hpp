/// Loops over the lines of a product grid.
#pragma once

#include "pushforward/ot/grid_cost.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::ot::detail {

/// Calls body(first, stride) for every line along axis k: its nodes are first + r * stride.
template <class Body>
void for_lines(const GridCost& grid, Index k, int threads, Body&& body) {
  constexpr Index lines_at_once = 16;
  const Index stride = grid.stride(k), length = grid.axis(k).size();
  pushforward::detail::parallel_blocks(
      grid.rows() / length, lines_at_once, threads, [&](Index begin, Index end, Index) {
        for (Index line = begin; line < end; ++line) {
          body(line / stride * stride * length + line % stride, stride);
        }
      });
}

}  // namespace pushforward::ot::detail
