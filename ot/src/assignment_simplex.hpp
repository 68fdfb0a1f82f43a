/// Assignment with forbidden pairs or more columns than rows, as a transport problem.
#pragma once

#include "pushforward/ot/assignment.hpp"

namespace pushforward::ot::detail {

/// @param cost  n x m, n <= m, finite or +infinity; options are valid.
AssignmentResult assignment_by_simplex(const Potentials* start, PointsIn cost,
                                       const AssignmentOptions& options, const Observer& observer);

}  // namespace pushforward::ot::detail
