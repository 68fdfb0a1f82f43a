/// Potentials from outside, for exact solvers to start from.
#pragma once

#include <optional>

#include "pushforward/ot/certificate.hpp"

#include "ot/src/shortlist.hpp"

namespace pushforward::ot::detail {

/// @throws std::invalid_argument naming `where` for no potential, one of another size or with a
/// number that is not finite.
void check_start(const Potentials& start, Index n, Index m, const char* where);

/// f as given, or the transform of g, with the highest feasible g; nothing if on some columns of
/// the cost they prove no more than f = 0 does: then a start without them is better.
/// @param a, b  positive masses. @param search  of the cost; its potentials change.
std::optional<Potentials> useful_start(const Potentials& start, const CostView& cost, VectorIn a,
                                       VectorIn b, ArcSearch& search, int threads);

}  // namespace pushforward::ot::detail
