/// An entropic solve as one stage of a run: progress, checkpoints, resume, and how it converged.
#pragma once

#include <string>

#include "pushforward/ot/sinkhorn.hpp"

#include "runner/context.hpp"

namespace pushforward::runner {

/// How a solve went and where it ended.
struct SinkhornRun {
  ot::SinkhornState state;
  Matrix trace;  ///< 3 x steps: passes so far, residual, epsilon, at the end of each step.
};

/// Solves. Newton methods save the solver's whole state whenever a checkpoint is due and go on from
/// it, or from the end of their budget with a larger one; other methods begin again. Either way a
/// resumed run has the bits of one that was never stopped.
SinkhornRun sinkhorn_stage(RunContext& context, const std::string& name,
                           ot::SinkhornSolver& solver);

}  // namespace pushforward::runner
