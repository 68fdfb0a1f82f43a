/// Numbers that bracket the truth and can be checked without trusting the solver.
#pragma once

#include "pushforward/core/report.hpp"

namespace pushforward::ot {

/// Values of a feasible coupling and of feasible potentials: by weak duality the optimal cost lies
/// in [dual, primal], up to rounding.
struct DualityGap {
  double primal = not_known;
  double dual = not_known;

  double gap() const { return primal - dual; }
};

}  // namespace pushforward::ot
