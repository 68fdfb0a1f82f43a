// Annealed Newton steps on the semi-dual <a, f> + <b, g(f)>, g(f) the soft minimum of f: its
// gradient is a - r and its negative Hessian (diag r - P diag(1/c) P^T) / epsilon with c = b. The
// system is solved by conjugate gradients as far as the step is worth, two products an iteration.
#include <algorithm>
#include <cmath>

#include "ot/src/entropic_steps.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr double stage_tolerance = 1e-2;
// Chi-square distance of the row marginal beyond which Newton's quadratic model is not trusted.
constexpr double trusted = 0.05;
constexpr double armijo = 1e-4;
constexpr int most_gradients = 300;
constexpr int most_backtracks = 12;
constexpr double boldest = 0.25, mildest = 0.8;  // factors from one epsilon to the next

double value(const SinkhornBackend& backend, const Vector& f, const Vector& g) {
  return backend.a().dot(f) + backend.b().dot(g);
}

Vector row_marginal(const SinkhornBackend& backend, const Vector& f, const Vector& soft) {
  const auto exponent = ((f - soft).array() / backend.epsilon()).min(50.0);
  return (backend.a().array() > 0.0).select(backend.a().array() * exponent.exp(), 0.0);
}

// The potentials are nearly linear in epsilon, so f / epsilon is in 1 / epsilon.
void extrapolate(SinkhornBackend& backend, SinkhornState& state, const Vector& older_f,
                 double older_epsilon) {
  if (older_epsilon == 0.0) return;
  const double before = 1.0 / older_epsilon, here = 1.0 / state.last_epsilon;
  const double there = 1.0 / state.epsilon;
  const Vector z = state.f * here;
  const Vector guess =
      state.epsilon * (z + (there - here) / (here - before) * (z - older_f * before));
  const auto error_of = [&](const Vector& f, Vector& g) {
    backend.soft_columns(f, g);
    Vector soft = f;
    backend.soft_rows(g, soft);
    return (row_marginal(backend, f, soft) - backend.a()).lpNorm<1>();
  };
  Vector guess_g = state.g, g = state.g;
  const double guessed = error_of(guess, guess_g);
  // A good guess needs no comparison.
  if (guessed < 0.2 || guessed < error_of(state.f, g)) {
    state.f = guess;
    state.g = guess_g;
  } else {
    state.g = g;
  }
  state.columns_exact = true;
}

void finish_stage(SinkhornBackend& backend, const SinkhornOptions& options, SinkhornState& state) {
  if (state.step_quality > 0.9) {
    state.stage_factor = std::max(boldest, state.stage_factor * state.stage_factor);
  } else if (state.step_quality < 0.5) {
    state.stage_factor = std::min(mildest, std::sqrt(state.stage_factor));
  }
  state.step_quality = 1.0;
  state.predicted_residual = not_known;
  const Vector older_f = state.last_f;
  const double older_epsilon = state.last_epsilon;
  next_stage(options, state, state.stage_factor);
  backend.set_epsilon(state.epsilon);
  state.columns_exact = false;
  extrapolate(backend, state, older_f, older_epsilon);
}

}  // namespace

void truncated_newton_step(SinkhornBackend& backend, const SinkhornOptions& options,
                           SinkhornState& state) {
  backend.set_epsilon(state.epsilon);
  const Vector& a = backend.a();
  const Vector& b = backend.b();
  const double epsilon = state.epsilon;
  const bool last = in_last_stage(options, state);
  if (!state.columns_exact) backend.soft_columns(state.f, state.g);
  state.columns_exact = true;
  Vector soft = state.f;
  backend.soft_rows(state.g, soft);
  ++state.iterations;
  ++state.stage_iterations;
  const Vector r = row_marginal(backend, state.f, soft);
  const double error = (r - a).lpNorm<1>();
  const double before = state.residual;
  state.residual = error;
  if (!std::isfinite(error)) return finish(state, Termination::non_finite);
  if (std::isfinite(state.predicted_residual)) {
    const double quality = (before - error) / (before - state.predicted_residual);
    state.step_quality = std::min(state.step_quality, quality);
  }
  if (error <= (last ? options.tolerance : std::max(stage_tolerance, options.tolerance))) {
    if (last) return finish(state, Termination::converged);
    return finish_stage(backend, options, state);
  }
  state.predicted_residual = not_known;
  const auto plain_step = [&] {
    state.f = soft;
    backend.soft_columns(state.f, state.g);
  };
  const double chi_square =
      (r.array() > 0.0).select((r - a).array().square() / r.array(), 0.0).sum();
  if (chi_square > trusted) return plain_step();

  const Vector weight = (b.array() > 0.0).select(1.0 / b.array(), 0.0);
  Matrix image(1, backend.rows()), back(1, backend.cols());
  backend.apply(state.f, state.g, weight.transpose(), image, true);
  const Vector regular = r * state.regularisation;
  const Vector diagonal =
      (r.array() > 0.0)
          .select((r - image.row(0).transpose()).array().max(1e-12 * r.array()) + regular.array(),
                  1.0);
  const auto product = [&](const Vector& s) {
    backend.apply_transposed(state.f, state.g, s.transpose(), back);
    const Vector scaled = back.row(0).transpose().cwiseProduct(weight);
    backend.apply(state.f, state.g, scaled.transpose(), image, false);
    return Vector((r + regular).cwiseProduct(s) - image.row(0).transpose());
  };
  const double forcing = std::min(0.5, std::sqrt(error));
  Vector s = Vector::Zero(backend.rows()), residual = a - r;
  Vector direction = residual.cwiseQuotient(diagonal);
  double rho = residual.dot(direction);
  bool curved = true;
  for (int step = 0; step < most_gradients && residual.lpNorm<1>() > forcing * error; ++step) {
    const Vector q = product(direction);
    const double curvature = direction.dot(q);
    curved = curvature > 0.0;
    if (!curved) break;
    s += (rho / curvature) * direction;
    residual -= (rho / curvature) * q;
    const Vector z = residual.cwiseQuotient(diagonal);
    const double next = residual.dot(z);
    direction = z + (next / rho) * direction;
    rho = next;
  }
  ++state.newton_steps;
  const double slope = epsilon * (a - r).dot(s);
  const double now = value(backend, state.f, state.g);
  const double rounding = 1e-15 * (a.dot(state.f.cwiseAbs()) + b.dot(state.g.cwiseAbs()) + epsilon);
  if (curved && slope > 0.0) {
    double t = 1.0;
    for (int trial = 0; trial < most_backtracks; ++trial, t *= 0.5) {
      const Vector f = state.f + (t * epsilon) * s;
      Vector g = state.g;
      backend.soft_columns(f, g);
      if (!(value(backend, f, g) >= now + armijo * t * slope - rounding)) continue;
      state.f = f;
      state.g = g;
      state.backtracks += trial;
      state.failures = 0;
      state.regularisation = trial == 0 ? 0.1 * state.regularisation : state.regularisation;
      if (trial == 0) state.predicted_residual = forcing * error;
      return;
    }
  }
  // Negative curvature or no ascent: more regular, and one plain step on.
  state.regularisation = std::max(10.0 * state.regularisation, 1e-8);
  if (++state.failures > 5) return finish(state, Termination::stalled);
  plain_step();
}

}  // namespace pushforward::ot::detail
