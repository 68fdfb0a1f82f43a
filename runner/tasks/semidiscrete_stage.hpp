/// A semi-discrete transport solve as one stage of a run: progress, checkpoints, resume.
#pragma once

#include <string>

#include "pushforward/ot/semidiscrete.hpp"

#include "runner/context.hpp"

namespace pushforward::runner {

/// Solves, saving the solver's whole state whenever a checkpoint is due; a resumed run goes on
/// from it to the same bits.
ot::SemidiscreteResult semidiscrete_stage(RunContext& context, const std::string& name,
                                          const ot::SemidiscreteProblem& problem,
                                          const ot::SemidiscreteOptions& options);

}  // namespace pushforward::runner
