#include "runner/tasks/semidiscrete_stage.hpp"

#include <type_traits>

namespace pushforward::runner {
namespace {

Bundle to_bundle(const ot::SemidiscreteState& state) {
  Bundle bundle;
  ot::SemidiscreteState::describe(
      state, [&](std::string_view field, const auto& value, const auto&, std::string_view) {
        if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(value)>>) {
          bundle.counts[std::string(field)] = value;
        } else {  // counts of draws stay below 2^53, where doubles are exact
          bundle.arrays[std::string(field)] = value.template cast<double>();
        }
      });
  return bundle;
}

ot::SemidiscreteState from_bundle(const Bundle& bundle) {
  ot::SemidiscreteState state;
  ot::SemidiscreteState::describe(
      state, [&](std::string_view field, auto& value, const auto&, std::string_view) {
        using Value = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_integral_v<Value>) {
          value = bundle.counts.at(std::string(field));
        } else {
          const Matrix& stored = bundle.arrays.at(std::string(field));
          value = Vector(stored.reshaped()).template cast<typename Value::Scalar>();
        }
      });
  return state;
}

}  // namespace

ot::SemidiscreteResult semidiscrete_stage(RunContext& context, const std::string& stage,
                                          const ot::SemidiscreteProblem& problem,
                                          const ot::SemidiscreteOptions& options,
                                          OnNotConverged on_not_converged) {
  const ot::SemidiscreteSolver solver(problem, options);
  const Bundle& outcome = context.stage(stage, [&](Stage& progress) {
    ot::SemidiscreteState state =
        progress.restored() ? from_bundle(*progress.restored()) : solver.init();
    solver.check(state);
    while (!solver.finished(state)) {
      progress.poll(solver.progress(state), [&] { return to_bundle(state); });
      solver.step(state);
    }
    return to_bundle(state);
  });
  ot::SemidiscreteResult result = solver.result(from_bundle(outcome));
  if (!result.converged) {
    const std::string text = "the transport of " + stage + " stopped without its certificate (" +
                             std::string(name(result.termination)) +
                             "): its bound on the largest relative mass error is " +
                             pushforward::detail::shortest(result.mass_error_bound) +
                             ", asked was " + pushforward::detail::shortest(options.tolerance);
    if (on_not_converged == OnNotConverged::error) context.finish(result);
    context.warn(text);
  }
  return result;
}

}  // namespace pushforward::runner
