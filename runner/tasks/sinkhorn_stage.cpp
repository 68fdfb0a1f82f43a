#include "runner/tasks/sinkhorn_stage.hpp"

#include <cmath>
#include <type_traits>
#include <vector>

#include "pushforward/core/options.hpp"

namespace pushforward::runner {

namespace {

/// Every field of a state, once: storing and restoring cannot differ.
template <class State, class Field>
void fields(State& s, Field&& field) {
  field("f", s.f);
  field("g", s.g);
  field("epsilon", s.epsilon);
  field("residual", s.residual);
  field("iterations", s.iterations);
  field("passes", s.passes);
  field("stages", s.stages);
  field("method", s.method);
  field("finished", s.finished);
  field("termination", s.termination);
  field("stage_iterations", s.stage_iterations);
  field("omega", s.omega);
  field("omega_cap", s.omega_cap);
  field("omega_since", s.omega_since);
  field("residuals", s.residuals);
  field("columns_exact", s.columns_exact);
  field("closing", s.closing);
  field("damping", s.damping);
  field("regularisation", s.regularisation);
  field("failures", s.failures);
  field("step_quality", s.step_quality);
  field("predicted_residual", s.predicted_residual);
  field("stage_factor", s.stage_factor);
  field("last_f", s.last_f);
  field("last_g", s.last_g);
  field("last_epsilon", s.last_epsilon);
  field("newton_steps", s.newton_steps);
  field("backtracks", s.backtracks);
  field("density", s.density);
}

Matrix as_row(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::RowVectorXd>(values.data(), static_cast<Index>(values.size()));
}

Bundle stored(const ot::SinkhornState& state, const std::vector<double>& trace) {
  Bundle bundle;
  const auto keep = [&](const std::string& key, Matrix values) {
    if (values.size() > 0) bundle.arrays[key] = std::move(values);
  };
  fields(state, [&](const char* key, const auto& value) {
    using V = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<V, Vector>) {
      keep(key, value);
    } else if constexpr (std::is_same_v<V, std::vector<double>>) {
      keep(key, as_row(value));
    } else if constexpr (std::is_same_v<V, double>) {
      bundle.numbers[key] = value;
    } else {
      bundle.counts[key] = static_cast<std::int64_t>(value);
    }
  });
  keep("trace", as_row(trace));
  return bundle;
}

std::vector<double> row_of(const Bundle& bundle, const std::string& key) {
  const auto at = bundle.arrays.find(key);
  if (at == bundle.arrays.end()) return {};
  return {at->second.data(), at->second.data() + at->second.size()};
}

ot::SinkhornState restored(const Bundle& bundle) {
  ot::SinkhornState state;
  fields(state, [&](const char* key, auto& value) {
    using V = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_same_v<V, Vector>) {
      const auto at = bundle.arrays.find(key);
      if (at != bundle.arrays.end()) value = at->second.col(0);
    } else if constexpr (std::is_same_v<V, std::vector<double>>) {
      value = row_of(bundle, key);
    } else if constexpr (std::is_same_v<V, double>) {
      value = bundle.numbers.at(key);
    } else {
      value = static_cast<V>(bundle.counts.at(key));
    }
  });
  return state;
}

}  // namespace

SinkhornRun sinkhorn_stage(RunContext& context, const std::string& name,
                           ot::SinkhornSolver& solver) {
  const Bundle& end = context.stage(name, [&](Stage& stage) {
    // A stored kernel of plain iterations keeps rounding of earlier steps that a state does not:
    // for the same bits these begin again.
    const auto method = solver.options().method;
    const bool resumable = method == ot::SinkhornMethod::sparse_newton ||
                           method == ot::SinkhornMethod::truncated_newton;
    const auto saved = [&](const ot::SinkhornState& state, const std::vector<double>& trace) {
      return resumable ? stored(state, trace) : Bundle();
    };
    const Bundle* before = stage.restored();
    ot::SinkhornState state = before ? restored(*before) : solver.init();
    std::vector<double> trace = before ? row_of(*before, "trace") : std::vector<double>();
    const std::int64_t most = solver.options().max_passes;
    while (!state.finished && state.passes < most) {
      stage.poll({.phase = pushforward::name(state.method),
                  .done = state.passes,
                  .total = most,
                  .residual = state.residual,
                  .tolerance = solver.options().tolerance},
                 [&] { return saved(state, trace); });
      const double epsilon = state.epsilon;
      solver.step(state);
      trace.insert(trace.end(), {static_cast<double>(state.passes), state.residual, epsilon});
      if (std::isfinite(state.residual)) {
        stage.record({{"passes", static_cast<double>(state.passes)},
                      {"marginal error", state.residual},
                      {"epsilon", epsilon}});
      }
      // Out of budget is not an end of the state's own: with more passes it goes on.
      if (state.termination == Termination::max_iterations) state.finished = false;
    }
    if (!state.finished) stage.budget_spent(saved(state, trace));
    stage.calls("passes over all pairs", static_cast<double>(state.passes));
    return stored(state, trace);
  });
  const std::vector<double> trace = row_of(end, "trace");
  return {restored(end),
          Eigen::Map<const Matrix>(trace.data(), 3, static_cast<Index>(trace.size() / 3))};
}

}  // namespace pushforward::runner
