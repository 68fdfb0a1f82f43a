// Annealed Newton steps on F(u, v) = sum P - <a, u> - <b, v>, u = f / epsilon, v = g / epsilon,
// whose gradient is (P 1 - a, P^T 1 - b). The Hessian [[diag r, P], [P^T, diag c]] is taken with
// most of P dropped but r and c exact, so that it stays positive definite and every step descends.
#include <algorithm>
#include <cmath>

#include "core/src/parallel.hpp"
#include "ot/src/entropic_steps.hpp"
#include "ot/src/sparse_system.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr Index row_block = 64;
constexpr int warm_sweeps = 10;
constexpr double stage_tolerance = 1e-3;
constexpr double dense = 0.5;  // share of entries from which plain iterations are as good
constexpr double armijo = 1e-4;
constexpr double longest_step = 25.0;  // of a potential, in units of epsilon
constexpr int most_backtracks = 25;
constexpr double least_damping = 1e-3, largest_damping = 1e3;

struct Marginals {
  Vector r, c;
  double error(const SinkhornBackend& backend) const {
    return (r - backend.a()).lpNorm<1>() + (c - backend.b()).lpNorm<1>();
  }
};

Marginals marginals_of(const Matrix& plan, int threads) {
  const Index blocks = pushforward::detail::block_count(plan.cols(), row_block);
  Marginals sums{Vector(plan.cols()), Vector::Zero(plan.rows())};
  Matrix parts = Matrix::Zero(plan.rows(), blocks);
  pushforward::detail::parallel_blocks(plan.cols(), row_block, threads,
                                       [&](Index begin, Index end, Index b) {
                                         for (Index i = begin; i < end; ++i) {
                                           sums.r[i] = plan.col(i).sum();
                                           parts.col(b) += plan.col(i);
                                         }
                                       });
  for (Index b = 0; b < blocks; ++b) sums.c += parts.col(b);
  return sums;
}

// Rows and columns without mass have no equation.
Vector positive(const Vector& diagonal, double factor) {
  return (diagonal.array() > 0.0).select(factor * diagonal.array(), 1.0);
}

}  // namespace

void sparse_newton_step(SinkhornBackend& backend, const SinkhornOptions& options,
                        SinkhornState& state) {
  backend.set_epsilon(state.epsilon);
  const bool last = in_last_stage(options, state);
  const double epsilon = state.epsilon;
  const double goal = last ? options.tolerance : std::max(stage_tolerance, options.tolerance);
  if (state.stage_iterations == 0) {
    for (int sweep = 0; sweep < warm_sweeps; ++sweep) {
      const double error = backend.sweep(1.0, state.f, state.g);
      ++state.iterations;
      ++state.stage_iterations;
      if (error <= 0.5 * goal) break;
    }
  }
  const Matrix& plan = backend.plan(state.f, state.g);
  const Marginals now = marginals_of(plan, options.threads);
  state.residual = now.error(backend);
  state.columns_exact = false;
  if (!std::isfinite(state.residual)) return finish(state, Termination::non_finite);
  if (state.residual <= goal) {
    if (last) return finish(state, Termination::converged);
    return next_stage(options, state, state.stage_factor);
  }

  const double small = 0.01 * std::min(1.0, state.residual);
  SparseSystem system(plan, backend.a(), small, options.threads);
  state.density = system.density();
  if (last && state.density > dense && options.method == SinkhornMethod::automatic) {
    state.method = SinkhornMethod::sinkhorn;
    return restart_relaxation(state, 1.0);
  }
  const double damping = state.damping * small;
  Vector du, dv;
  const Vector x = backend.a() - now.r, y = backend.b() - now.c;
  system.solve(positive(now.r, 1.0 + damping), positive(now.c, 1.0 + damping), x, y,
               std::min(0.05, state.residual), du, dv);
  if (!du.allFinite() || !dv.allFinite()) {
    state.damping = std::min(largest_damping, 16.0 * state.damping);
    backend.sweep(1.0, state.f, state.g);
    ++state.iterations;
    return;
  }
  ++state.newton_steps;
  ++state.iterations;
  ++state.stage_iterations;

  const double slope = -(x.dot(du) + y.dot(dv));
  const double linear = backend.a().dot(du) + backend.b().dot(dv);
  const double mass = now.r.sum();
  const double reach = std::max(du.cwiseAbs().maxCoeff(), dv.cwiseAbs().maxCoeff());
  double t = std::min(1.0, longest_step / std::max(reach, 1e-300));
  for (int trial = 0; trial < most_backtracks; ++trial, t *= 0.5) {
    const Vector f = state.f + (t * epsilon) * du, g = state.g + (t * epsilon) * dv;
    const Marginals then = marginals_of(backend.plan(f, g), options.threads);
    const double change = (then.r.sum() - mass) - t * linear;
    const double rounding =
        1e-15 * (mass + t * (std::abs(linear) + backend.a().dot(du.cwiseAbs())));
    if (std::isfinite(change) && (change <= armijo * t * slope + rounding)) {
      // Ten steps that gain nothing: the rounding of the scores is reached.
      const double error = then.error(backend);
      state.failures = error <= 0.9 * state.residual ? 0 : state.failures + 1;
      if (state.failures >= 10) return finish(state, Termination::stalled);
      state.f = f;
      state.g = g;
      state.residual = error;
      state.backtracks += trial;
      state.damping = trial == 0 && t == 1.0 ? std::max(least_damping, 0.5 * state.damping)
                                             : std::min(largest_damping, 4.0 * state.damping);
      return;
    }
  }
  finish(state, Termination::stalled);
}

}  // namespace pushforward::ot::detail
