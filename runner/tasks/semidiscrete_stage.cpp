#include "runner/tasks/semidiscrete_stage.hpp"

#include <cmath>
#include <cstdint>

#include "runner/bundle_of.hpp"

namespace pushforward::runner {

namespace {

/// Draws of a certificate in one step, of which `before` were there: a new one counts from zero.
std::int64_t fresh(std::int64_t now, std::int64_t before) {
  return now >= before ? now - before : now;
}

}  // namespace

ot::SemidiscreteResult semidiscrete_stage(RunContext& context, const std::string& name,
                                          const ot::SemidiscreteProblem& problem,
                                          const ot::SemidiscreteOptions& options) {
  const ot::SemidiscreteSolver solver(problem, options);
  const Bundle& end = context.stage(name, [&](Stage& stage) {
    auto state =
        stage.restored() ? from_bundle<ot::SemidiscreteState>(*stage.restored()) : solver.init();
    solver.check(state);
    while (!solver.finished(state)) {
      stage.poll(solver.progress(state), [&] { return bundle_of(state); });
      if (state.iteration == options.max_iterations) stage.budget_spent(bundle_of(state));
      const std::int64_t ascent = state.ascent_samples, certificate = state.certificate_samples;
      solver.step(state);
      stage.calls("draws put into cells",
                  static_cast<double>(state.ascent_samples - ascent +
                                      fresh(state.certificate_samples, certificate)));
      const Progress now = solver.progress(state);
      if (!std::isfinite(now.residual)) continue;  // there is no estimate so far
      stage.record({{"iteration", static_cast<double>(now.done)}, {"mass error", now.residual}});
    }
    return bundle_of(state);
  });
  return solver.result(from_bundle<ot::SemidiscreteState>(end));
}

}  // namespace pushforward::runner
