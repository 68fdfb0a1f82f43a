/// One batch of the ascent on the heights: Newton's method and the published recipe.
#pragma once

#include "pushforward/ot/semidiscrete.hpp"

#include "ot/src/semidiscrete_levels.hpp"

namespace pushforward::ot::detail {

/// The natural scale of heights: the standard deviation of <x, y> for independent x and y.
double height_scale(const CentredProblem& problem);

void begin_stochastic_newton(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                             SemidiscreteState& state);
/// @param wanted_samples  draws that are to stand behind the average in the end.
void stochastic_newton_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                             double wanted_samples, SemidiscreteState& state);

void begin_mc_adam(const std::vector<Level>& levels, SemidiscreteState& state);
void mc_adam_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                   SemidiscreteState& state);

}  // namespace pushforward::ot::detail
