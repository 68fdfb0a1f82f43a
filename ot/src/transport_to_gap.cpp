#include "pushforward/ot/transport_to_gap.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

namespace pushforward::ot {
namespace {

constexpr double first_share = 0.25;  // of the largest cost: the first epsilon
constexpr double finest_share = 1e-10;
// Marginal errors cost about as much as they are large, in units of the costs' spread.
constexpr double loosest_tolerance = 1e-3, tolerance_share = 0.05, tightest_tolerance = 1e-12;

double relative_gap(const DualityGap& certificate) {
  const double gap = certificate.gap();
  return gap <= 0.0 ? 0.0 : gap / std::max(std::abs(certificate.primal), 1e-300);
}

TransportToGapResult run(std::shared_ptr<const CostView> cost, VectorIn a, VectorIn b,
                         const TransportToGapOptions& options, const Observer& observer) {
  const auto start = std::chrono::steady_clock::now();
  options.validate();
  const double largest = std::max(cost->largest_magnitude(), 1e-300);
  const bool store = cost->rows() * cost->cols() <= options.stored_pairs;
  SinkhornOptions inner;
  inner.epsilon = first_share * largest;
  inner.method = store ? SinkhornMethod::sparse_newton : SinkhornMethod::truncated_newton;
  inner.tolerance =
      std::clamp(tolerance_share * options.gap, tightest_tolerance, loosest_tolerance);
  inner.max_passes = options.max_passes;
  inner.stored_pairs = options.stored_pairs;
  inner.threads = options.threads;
  SinkhornSolver solver(std::move(cost), a, b, inner);

  TransportToGapResult best;
  SinkhornState state = solver.init();
  for (;;) {
    while (!state.finished) solver.step(state);
    const SinkhornResult stage = solver.result(state);
    ++best.iterations;
    best.passes = state.passes;
    best.threads = stage.threads;
    const double gap = relative_gap(stage.certificate);
    if (!(gap >= best.residual)) {  // also where there is none yet
      best.residual = gap;
      best.f = stage.f;
      best.g = stage.g;
      best.transport_cost = stage.transport_cost;
      best.certificate = stage.certificate;
      best.epsilon = stage.epsilon;
    }
    best.converged = best.residual <= options.gap;
    best.termination = best.converged ? Termination::converged : state.termination;
    const bool goes_on = !observer || observer({.phase = "stages",
                                                .done = best.passes,
                                                .total = options.max_passes,
                                                .residual = best.residual,
                                                .tolerance = options.gap});
    if (best.converged || state.termination != Termination::converged) break;
    if (!goes_on) {
      best.termination = Termination::interrupted;
      break;
    }
    if (state.epsilon <= finest_share * largest) {
      best.termination = Termination::stalled;
      break;
    }
    solver.refine(state, 0.5 * state.epsilon);
  }
  best.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return best;
}

}  // namespace

void TransportToGapOptions::validate() const { validate_fields("TransportToGapOptions", *this); }

TransportToGapResult transport_to_gap(const TransportProblem& problem,
                                      const TransportToGapOptions& options,
                                      const Observer& observer) {
  return run(std::make_shared<PointCost>(problem.cost_view()), problem.source.weights(),
             problem.target.weights(), options, observer);
}

TransportToGapResult transport_to_gap(const CostView& cost, VectorIn a, VectorIn b,
                                      const TransportToGapOptions& options,
                                      const Observer& observer) {
  return run(std::shared_ptr<const CostView>(&cost, [](const CostView*) {}), a, b, options,
             observer);
}

}  // namespace pushforward::ot
