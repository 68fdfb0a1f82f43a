/// The loop of entropic problems whose marginals are not both exact.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "pushforward/core/report.hpp"

namespace pushforward::ot::detail {

/// Sweeps at falling epsilon until what `measure` finds is within the tolerance at the last one.
/// The solver has first_epsilon(), begin_stage(epsilon), measure(result), which sets the residual,
/// and sweep(last), where `last` says whether epsilon is the one asked for. A solver that is warm
/// begins with that at once.
template <class Solver, class Options, class Result>
void annealed_sweeps(Solver& solver, const Options& options, bool warm, std::string_view phase,
                     const Observer& observer, Result& result) {
  constexpr std::int64_t stage_sweeps = 30;  // a stage only has to come near
  double epsilon = options.epsilon;
  if (!warm && options.epsilon_scaling) epsilon = std::max(epsilon, solver.first_epsilon());
  solver.begin_stage(epsilon);
  std::int64_t in_stage = 0;
  for (;;) {
    solver.measure(result);
    const bool last = epsilon <= options.epsilon;
    if (!std::isfinite(result.residual)) {
      result.termination = Termination::non_finite;
      return;
    }
    if (last && result.residual <= options.tolerance) {
      result.converged = true;
      result.termination = Termination::converged;
      return;
    }
    if (result.iterations >= options.max_iterations) return;
    if (!last && (result.residual <= 1e-3 || in_stage >= stage_sweeps)) {
      epsilon = std::max(options.epsilon, 0.25 * epsilon);
      solver.begin_stage(epsilon);
      in_stage = 0;
      continue;
    }
    if (observer && !observer({.phase = phase,
                               .done = result.iterations,
                               .residual = result.residual,
                               .tolerance = options.tolerance})) {
      result.termination = Termination::interrupted;
      return;
    }
    solver.sweep(last);
    ++result.iterations;
    ++in_stage;
  }
}

}  // namespace pushforward::ot::detail
