// Soft minima by turns, over-relaxed.
#include "ot/src/entropic_steps.hpp"

#include <algorithm>
#include <cmath>

#include "ot/src/relaxation.hpp"
#include "ot/src/sparse_system.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr std::int64_t plain_iterations = 20;  // of a stage, before any relaxation
constexpr std::size_t rate_span = 10;          // iterations over which a rate is measured
constexpr double rate_agreement = 0.01;
constexpr double stage_tolerance = 1e-2;
constexpr double highest_omega = 1.98;
// Density up to which Newton systems are solved faster from a list of entries than by products with
// the whole coupling.
constexpr double sparse_enough = 0.03;
constexpr std::int64_t refine_every = 30;  // iterations at one omega before it is judged

double rate(const std::vector<double>& residuals, std::size_t last) {
  return std::pow(residuals[last] / residuals[last - rate_span], 1.0 / double(rate_span));
}

void choose_omega(SinkhornState& state) {
  const auto& errors = state.residuals;
  const std::size_t last = errors.size() - 1;
  if (state.omega > 1.0 && errors[last] > 10.0 * errors[0]) {
    state.omega_cap = 0.5 * (1.0 + state.omega);
    restart_relaxation(state, 1.0);
    return;
  }
  if (state.stage_iterations < plain_iterations || errors.size() < rate_span + 2) return;
  const double q = rate(errors, last);
  if (!(q < 1.0)) return;
  if (state.omega == 1.0) {
    if (std::abs(q - rate(errors, last - 1)) > rate_agreement) return;
    const double omega = std::min(state.omega_cap, best_omega(q));
    if (omega > 1.0) restart_relaxation(state, omega);
  } else if (state.stage_iterations - state.omega_since >= refine_every) {
    // Slower than omega - 1: the plain rate was worse than it looked among the transients.
    const double rho = std::pow(errors[last] / errors[last - 2 * rate_span], 0.05);
    state.omega_since = state.stage_iterations;
    if (rho < 1.0 && rho > state.omega - 1.0) {
      const double omega = std::min(state.omega_cap, best_omega(plain_rate(rho, state.omega)));
      if (omega > state.omega) restart_relaxation(state, omega);
    }
  }
}

}  // namespace

void restart_relaxation(SinkhornState& state, double omega) {
  state.omega = omega;
  state.omega_since = state.stage_iterations;
  state.residuals.clear();
}

void next_stage(const SinkhornOptions& options, SinkhornState& state, double factor) {
  state.last_f = state.f;
  state.last_g = state.g;
  state.last_epsilon = state.epsilon;
  state.epsilon = std::max(options.epsilon, state.epsilon * factor);
  // No last stage that is nearly the one before.
  if (state.epsilon < 1.2 * options.epsilon) state.epsilon = options.epsilon;
  ++state.stages;
  state.stage_iterations = 0;
  state.omega_cap = highest_omega;
  restart_relaxation(state, 1.0);
}

double predicted_passes(const SinkhornOptions& options, const SinkhornState& state) {
  const auto& errors = state.residuals;
  if (!in_last_stage(options, state) || errors.size() < rate_span + 2) return 0.0;
  const double q = rate(errors, errors.size() - 1);
  if (!(errors.back() > options.tolerance)) return 0.0;
  if (!(q < 1.0)) return state.stage_iterations > 2 * plain_iterations ? 1e9 : 0.0;
  return 2.0 * std::log(options.tolerance / errors.back()) / std::log(q);
}

void switch_to_newton(SinkhornBackend& backend, const SinkhornOptions& options,
                      SinkhornState& state, double epsilon) {
  const SparseSystem kept(backend.plan(state.f, state.g), backend.a(), 1e-3, options.threads);
  state.density = kept.density();
  state.method = state.density > sparse_enough ? SinkhornMethod::truncated_newton
                                               : SinkhornMethod::sparse_newton;
  restart_relaxation(state, 1.0);
  state.columns_exact = state.columns_exact && state.method == SinkhornMethod::truncated_newton;
  // Close to the solution the stages before would only lead away from it.
  if (state.residual < 0.01) {
    state.stage_iterations = 1;
    return;
  }
  state.columns_exact = state.columns_exact && epsilon <= state.epsilon;
  state.epsilon = std::max(state.epsilon, epsilon);
  state.stage_iterations = 0;
}

void finish(SinkhornState& state, Termination termination) {
  state.finished = true;
  state.termination = termination;
}

void sinkhorn_step(SinkhornBackend& backend, const SinkhornOptions& options, SinkhornState& state) {
  backend.set_epsilon(state.epsilon);
  const bool last = in_last_stage(options, state);
  const Vector f = state.f, g = state.g;
  // The columns of a pair are exact after a plain step; the tolerance is for such a pair.
  const double omega = state.closing ? 1.0 : state.omega;
  const double error = backend.sweep(omega, state.f, state.g);
  ++state.iterations;
  ++state.stage_iterations;
  if (!std::isfinite(error) || !state.f.allFinite() || !state.g.allFinite()) {
    state.f = f;
    state.g = g;
    if (state.omega == 1.0) return finish(state, Termination::non_finite);
    state.omega_cap = 0.5 * (1.0 + state.omega);
    return restart_relaxation(state, 1.0);
  }
  if (state.columns_exact) {
    state.residual = error;
    if (last && error <= options.tolerance) {
      state.f = f;
      state.g = g;
      return finish(state, Termination::converged);
    }
  }
  state.columns_exact = omega == 1.0;
  state.closing = last && omega > 1.0 && error <= options.tolerance;
  if (!last) {
    if (error <= stage_tolerance || state.stage_iterations >= plain_iterations) {
      next_stage(options, state, state.stage_factor);
    }
    return;
  }
  state.residuals.push_back(error);
  if (options.over_relaxation) choose_omega(state);
  if (state.residuals.size() > 4 * rate_span) {
    state.residuals.erase(state.residuals.begin() + 1, state.residuals.begin() + rate_span + 1);
  }
}

}  // namespace pushforward::ot::detail
