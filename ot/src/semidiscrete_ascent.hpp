/// One batch of the ascent on the heights: the averaged method and the published recipe.
#pragma once

#include "pushforward/ot/semidiscrete.hpp"

#include "ot/src/semidiscrete_levels.hpp"

namespace pushforward::ot::detail {

/// The natural scale of heights: the standard deviation of <x, y> for independent x and y.
double height_scale(const CentredProblem& problem);

void begin_averaged_ascent(const std::vector<Level>& levels, SemidiscreteState& state);
void averaged_ascent_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                           SemidiscreteState& state);

/// Cells of the averaged ascent whose smoothed mass is off by more than half.
Index lagging_cells(const CentredProblem& problem, const SemidiscreteState& state);

/// A failed certificate is a batch at the average: takes the step that its hits call for.
void correct_average(const CentredProblem& problem, SemidiscreteState& state);

void begin_mc_adam(const std::vector<Level>& levels, SemidiscreteState& state);
void mc_adam_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                   SemidiscreteState& state);

}  // namespace pushforward::ot::detail
