/// What tasks with an entropic solve share: the unit of epsilon, what is kept of a solve, and how
/// it converged.
#pragma once

#include <array>
#include <string_view>

#include "pushforward/ot/sinkhorn.hpp"

#include "runner/context.hpp"

namespace pushforward::runner {

enum class EpsilonUnit {
  cost,          ///< epsilon is in units of the cost.
  typical_cost,  ///< epsilon is a share of the median cost between a source and a target.
};
constexpr std::array<std::string_view, 2> enum_names(EpsilonUnit) {
  return {"cost", "typical_cost"};
}

/// What epsilon is multiplied by to be in units of the cost.
double epsilon_scale(EpsilonUnit unit, const ot::CostView& cost);

/// Keeps report, certificate, potentials, costs, epsilon and counts of a solve that ended in
/// `state`, which is returned in full.
ot::SinkhornResult keep_sinkhorn(Bundle& outcome, ot::SinkhornSolver& solver,
                                 const ot::SinkhornState& state);

/// Residual against passes, and epsilon where it fell on the way.
/// @param trace  3 x steps: passes, residual and epsilon.
Figure convergence_figure(const Matrix& trace, double tolerance);

}  // namespace pushforward::runner
