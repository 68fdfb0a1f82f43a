#include "pushforward/ot/quantization.hpp"

#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::ot {
namespace {

template <class V, class X>
void append(V& values, X value) {
  values.conservativeResize(values.size() + 1);
  values[values.size() - 1] = value;
}

Termination ended_by(const LloydState& state) { return static_cast<Termination>(state.transport); }

}  // namespace

void LloydOptions::validate() const { validate_fields("LloydOptions", *this); }

LloydSolver::LloydSolver(LaguerreProblem problem, const LloydOptions& options)
    : problem_(std::move(problem)), options_(options) {
  options_.validate();
  require(problem_.source != nullptr, "LloydSolver", "problem.source", "null", "a source");
  require(problem_.source->dim() == problem_.target.dim(), "LloydSolver", "problem.source->dim()",
          problem_.source->dim(), std::to_string(problem_.target.dim()) + ", as the sites have");
  const Vector& nu = problem_.target.weights();
  for (Index j = 0; j < nu.size(); ++j) {
    require(nu[j] > 0.0, "LloydSolver", "problem.target.weights()[" + std::to_string(j) + "]",
            nu[j], "positive: a cell without mass has no centre");
  }
}

SemidiscreteNewtonResult LloydSolver::transport(PointsIn sites, const Observer& observer) const {
  const DiscreteMeasure target(sites, problem_.target.weights(), Mass::normalise);
  return semidiscrete_newton({problem_.source, target},
                             {.tolerance = options_.mass_tolerance, .threads = options_.threads},
                             observer);
}

void LloydSolver::move(LloydState& state, Matrix sites, const Observer& observer) const {
  const SemidiscreteNewtonResult now = transport(sites, observer);
  const Vector& nu = problem_.target.weights();
  state.sites = std::move(sites);
  state.centres = now.mass_centres;
  state.transport = static_cast<std::int64_t>(now.termination);
  append(state.costs, now.primal.value);
  append(state.moves, (state.sites - state.centres).colwise().squaredNorm().dot(nu));
  append(state.steps, now.iterations);
}

LloydState LloydSolver::init(const Observer& observer) const {
  LloydState state;
  move(state, problem_.target.points(), observer);
  return state;
}

void LloydSolver::step(LloydState& state, const Observer& observer) const {
  move(state, state.centres, observer);
}

double LloydSolver::residual(const LloydState& state) const {
  const Index last = state.iteration();
  return std::sqrt(state.moves[last] / state.costs[last]);
}

bool LloydSolver::finished(const LloydState& state) const {
  if (ended_by(state) != Termination::converged) return true;
  return residual(state) <= options_.tolerance || state.iteration() >= options_.max_iterations;
}

Progress LloydSolver::progress(const LloydState& state) const {
  return {"lloyd", state.iteration(), options_.max_iterations, residual(state), options_.tolerance};
}

void LloydSolver::check(const LloydState& state) const {
  const Index d = problem_.target.dim(), n = problem_.target.size();
  const auto places = std::to_string(d) + " x " + std::to_string(n);
  const auto shape = [](const Matrix& x) {
    return std::to_string(x.rows()) + " x " + std::to_string(x.cols());
  };
  require(state.sites.rows() == d && state.sites.cols() == n, "LloydSolver", "state.sites",
          shape(state.sites), places);
  require(state.centres.rows() == d && state.centres.cols() == n, "LloydSolver", "state.centres",
          shape(state.centres), places);
  require(state.costs.size() > 0, "LloydSolver", "state.costs.size()", state.costs.size(),
          "at least 1");
  require(state.moves.size() == state.costs.size(), "LloydSolver", "state.moves.size()",
          state.moves.size(), "one for each of state.costs");
  require(state.steps.size() == state.costs.size(), "LloydSolver", "state.steps.size()",
          state.steps.size(), "one for each of state.costs");
}

SolveReport LloydSolver::report(const LloydState& state) const {
  SolveReport out;
  out.residual = residual(state);
  out.iterations = state.iteration();
  out.threads = pushforward::detail::thread_count(options_.threads);
  out.termination = ended_by(state);
  out.converged = out.termination == Termination::converged && out.residual <= options_.tolerance;
  if (out.termination == Termination::converged && !out.converged) {
    out.termination = Termination::max_iterations;
  }
  return out;
}

LloydResult LloydSolver::result(const LloydState& state) const {
  check(state);
  LloydResult out;
  static_cast<SolveReport&>(out) = report(state);
  out.sites = state.sites;
  out.transport = transport(state.sites, {});
  out.costs = state.costs;
  out.moves = state.moves;
  out.steps = state.steps;
  return out;
}

LloydResult lloyd_quantization(const LaguerreProblem& problem, const LloydOptions& options,
                               const Observer& observer) {
  const auto start = std::chrono::steady_clock::now();
  const LloydSolver solver(problem, options);
  bool interrupted = false;
  LloydState state = solver.init();
  while (!solver.finished(state)) {
    if (observer && !observer(solver.progress(state))) {
      interrupted = true;
      break;
    }
    solver.step(state);
  }
  LloydResult out = solver.result(state);
  if (interrupted) out.termination = Termination::interrupted;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

}  // namespace pushforward::ot
