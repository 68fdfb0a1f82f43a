/// One step of each entropic method on a SinkhornState. The state holds all that the next step
/// needs; the backend only caches.
#pragma once

#include "pushforward/ot/sinkhorn.hpp"

#include "ot/src/sinkhorn_backend.hpp"

namespace pushforward::ot::detail {

void sinkhorn_step(SinkhornBackend& backend, const SinkhornOptions& options, SinkhornState& state);
void sparse_newton_step(SinkhornBackend& backend, const SinkhornOptions& options,
                        SinkhornState& state);
void truncated_newton_step(SinkhornBackend& backend, const SinkhornOptions& options,
                           SinkhornState& state);

inline bool in_last_stage(const SinkhornOptions& options, const SinkhornState& state) {
  return state.epsilon <= options.epsilon;
}

/// Goes on to the next epsilon, `factor` times this one, but not below the options'.
void next_stage(const SinkhornOptions& options, SinkhornState& state, double factor);

/// Forgets what was learnt about the rate of convergence.
void restart_relaxation(SinkhornState& state, double omega);

/// Passes that `sinkhorn` still needs in its last stage at its measured rate, with what relaxation
/// will do for it; 0 before there is a rate.
double predicted_passes(const SinkhornOptions& options, const SinkhornState& state);

/// Starts annealed Newton steps at `epsilon`: on a sparse system where most of the coupling can be
/// dropped, else truncated ones.
void switch_to_newton(SinkhornBackend& backend, const SinkhornOptions& options,
                      SinkhornState& state, double epsilon);

void finish(SinkhornState& state, Termination termination);

}  // namespace pushforward::ot::detail
