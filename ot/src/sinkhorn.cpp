#include "pushforward/ot/sinkhorn.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/entropic_steps.hpp"
#include "ot/src/sinkhorn_backend.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "SinkhornSolver";

// Below this share of the spread of the costs, scores no longer tell neighbours apart in doubles.
constexpr double finest = 1e-14;
// 1 / epsilon is far from overflow.
constexpr double least_epsilon = 1e-290;
// From this share of a typical cost on, plain iterations need tens of passes.
constexpr double coarse = 0.05;
// Automatic: predicted passes from which Newton steps are the shorter way.
constexpr double patience = 60.0;
// Of single precision: beyond, scores are computed in double.
constexpr double largest_score_error = 1e-3;
// Iterations without gain after which its rounding is taken to be reached.
constexpr std::int64_t patience_in_single = 150;
constexpr double first_share = 0.25;  // of the spread of the costs: Newton's first epsilon

std::int64_t pairs(const detail::SinkhornBackend& backend) {
  return std::int64_t{backend.rows()} * std::int64_t{backend.cols()};
}

// Marginal errors that are measured exactly rather than to first order: sum |a expm1(x)|.
double marginal_error(const Vector& weights, const Vector& potential, const Vector& soft,
                      double epsilon) {
  double error = 0.0;
  for (Index i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0.0) continue;
    error += weights[i] * std::abs(std::expm1(std::min(700.0, (potential[i] - soft[i]) / epsilon)));
  }
  return error;
}

Vector marginal(const Vector& weights, const Vector& potential, const Vector& soft,
                double epsilon) {
  Vector result = Vector::Zero(weights.size());
  for (Index i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0.0) {
      result[i] = weights[i] * std::exp(std::min(700.0, (potential[i] - soft[i]) / epsilon));
    }
  }
  return result;
}

double negative_entropy(const Vector& weights) {
  double sum = 0.0;
  for (const double w : weights) sum += w > 0.0 ? w * std::log(w) : 0.0;
  return sum;
}

bool has_zeros(const Vector& weights) { return (weights.array() == 0.0).any(); }

}  // namespace

void SinkhornOptions::validate() const { validate_fields("SinkhornOptions", *this); }

SinkhornSolver::SinkhornSolver(std::shared_ptr<const CostView> cost, VectorIn a, VectorIn b,
                               const SinkhornOptions& options)
    : options_(options), cost_(std::move(cost)) {
  options_.validate();
  require(cost_->rows() >= 1, here, "cost.rows()", cost_->rows(), "at least one source");
  require(cost_->cols() >= 1, here, "cost.cols()", cost_->cols(), "at least one target");
  require(dynamic_cast<const SparseCost*>(cost_.get()) == nullptr, here, "cost",
          std::string("sparse"), "a cost without forbidden arcs");
  masses_ = balanced_masses(a, b, cost_->rows(), cost_->cols(), here);
  const auto* grid = dynamic_cast<const GridCost*>(cost_.get());
  if (grid != nullptr) options_.stored_pairs = 0;  // passes axis by axis are cheaper than any
  const bool store = cost_->rows() * cost_->cols() <= options_.stored_pairs;
  require(store || options_.method != SinkhornMethod::sparse_newton, here, "stored_pairs",
          options_.stored_pairs,
          "at least n m = " + std::to_string(cost_->rows() * cost_->cols()) + " for sparse_newton");
  const auto make_backend = [&](Precision precision) {
    return detail::make_sinkhorn_backend(cost_, masses_.a / masses_.total,
                                         masses_.b / masses_.total, precision, options_.threads);
  };
  const bool single = !store && options_.precision == Precision::mixed;
  backend_ = make_backend(single ? Precision::mixed : Precision::f64);
  // Scores are sums of numbers up to a quarter of the spread over epsilon, rounded to 24 bits.
  if (single && 0x1p-25 * backend_->cost_range() > largest_score_error * options_.epsilon) {
    backend_ = make_backend(Precision::f64);
    escalated_ = true;
  }
  single_ = single && !escalated_;
  if (store) {
    backend_ = detail::make_stored_plan_backend(std::move(backend_), options_.threads);
  }
  options_.epsilon = std::max({options_.epsilon, finest * backend_->cost_range(), least_epsilon});
  fine_ = options_.epsilon < coarse * typical_cost(*cost_);
}

SinkhornSolver::~SinkhornSolver() = default;
SinkhornSolver::SinkhornSolver(SinkhornSolver&&) noexcept = default;
SinkhornSolver& SinkhornSolver::operator=(SinkhornSolver&&) noexcept = default;

SinkhornState SinkhornSolver::init() {
  SinkhornState state;
  const double range = backend_->cost_range();
  const bool store = pairs(*backend_) <= options_.stored_pairs;
  state.method = options_.method;
  state.epsilon = options_.epsilon;
  if (options_.method == SinkhornMethod::automatic) {
    state.method = fine_ && !store && options_.tolerance <= 1e-6 ? SinkhornMethod::truncated_newton
                                                                 : SinkhornMethod::sinkhorn;
  }
  if (state.method != SinkhornMethod::sinkhorn) {
    state.epsilon = std::max(options_.epsilon, first_share * range);
  } else if (options_.epsilon_scaling && (options_.method == SinkhornMethod::sinkhorn || !store)) {
    state.epsilon = std::max(options_.epsilon, range);
  }
  state.f = Vector::Zero(backend_->rows());
  state.g = Vector::Zero(backend_->cols());
  backend_->set_epsilon(state.epsilon);
  const std::int64_t before = backend_->passes();
  backend_->soft_columns(state.f, state.g);
  state.passes = backend_->passes() - before;
  return state;
}

SinkhornState SinkhornSolver::init(VectorIn f) {
  require(f.size() == backend_->rows(), here, "f.size()", f.size(),
          std::to_string(backend_->rows()));
  for (Index i = 0; i < f.size(); ++i) {
    require(std::isfinite(f[i]), here, "f[" + std::to_string(i) + "]", f[i], "a finite number");
  }
  SinkhornState state;
  state.f = f;
  if (backend_->row_offset().size() > 0) state.f -= backend_->row_offset();
  state.g = Vector::Zero(backend_->cols());
  state.epsilon = options_.epsilon;
  state.method =
      options_.method == SinkhornMethod::automatic ? SinkhornMethod::sinkhorn : options_.method;
  // A sparse Newton stage begins with plain iterations, which a warm start does without.
  state.stage_iterations = state.method == SinkhornMethod::sparse_newton ? 1 : 0;
  backend_->set_epsilon(state.epsilon);
  const std::int64_t before = backend_->passes();
  backend_->soft_columns(state.f, state.g);
  state.passes = backend_->passes() - before;
  return state;
}

void SinkhornSolver::refine(SinkhornState& state, double epsilon) {
  require(epsilon > 0.0 && epsilon < state.epsilon, here, "epsilon", epsilon,
          "positive and smaller than the state's, " + pushforward::detail::shown(state.epsilon));
  options_.epsilon = std::max({epsilon, finest * backend_->cost_range(), least_epsilon});
  detail::next_stage(options_, state, epsilon / state.epsilon);
  state.finished = false;
  state.failures = 0;
}

void SinkhornSolver::step(SinkhornState& state) {
  if (state.finished) return;
  const std::int64_t before = backend_->passes();
  switch (state.method) {
    case SinkhornMethod::sparse_newton:
      detail::sparse_newton_step(*backend_, options_, state);
      break;
    case SinkhornMethod::truncated_newton:
      detail::truncated_newton_step(*backend_, options_, state);
      break;
    default:
      detail::sinkhorn_step(*backend_, options_, state);
      if (options_.method == SinkhornMethod::automatic && fine_ && !state.finished &&
          pairs(*backend_) <= options_.stored_pairs && state.newton_steps == 0 &&
          detail::predicted_passes(options_, state) > patience) {
        detail::switch_to_newton(*backend_, options_, state, first_share * backend_->cost_range());
      }
  }
  state.passes += backend_->passes() - before;
  if (single_ && !(state.residual >= 0.9 * state.least_residual)) {
    state.least_residual = state.residual;
    state.least_at = state.iterations;
  }
  if (single_ && !state.finished && detail::in_last_stage(options_, state) &&
      state.iterations - state.least_at >= patience_in_single) {
    detail::finish(state, Termination::stalled);
  }
  if (!state.finished && state.passes >= options_.max_passes) {
    detail::finish(state, Termination::max_iterations);
  }
}

SinkhornResult SinkhornSolver::result(const SinkhornState& state) {
  SinkhornResult result;
  result.method = state.method;
  result.iterations = state.iterations;
  result.passes = state.passes;
  result.stages = state.stages;
  result.newton_steps = state.newton_steps;
  result.density = state.density;
  result.threads = pushforward::detail::thread_count(options_.threads);
  result.termination = state.termination;
  result.mass_rescaled = masses_.rescaled;
  result.precision_escalated = escalated_;
  result.epsilon = state.epsilon;
  result.f = state.f;
  result.g = state.g;

  const Vector& a = backend_->a();
  const Vector& b = backend_->b();
  backend_->set_epsilon(state.epsilon);
  Vector soft_f = result.f, soft_g = result.g;
  backend_->soft_rows(result.g, soft_f);
  backend_->soft_columns(result.f, soft_g);
  result.row_error = marginal_error(a, result.f, soft_f, state.epsilon);
  result.column_error = marginal_error(b, result.g, soft_g, state.epsilon);
  result.residual = result.row_error + result.column_error;
  // The canonical extension to points without weight.
  if (has_zeros(a)) result.f = (a.array() > 0.0).select(result.f, soft_f);
  if (has_zeros(b)) result.g = (b.array() > 0.0).select(result.g, soft_g);

  const double mass = marginal(a, result.f, soft_f, state.epsilon).sum();
  result.linear_cost = backend_->transport_cost(result.f, result.g);
  result.kl_cost = detail::compensated_dot(a, result.f) + detail::compensated_dot(b, result.g) -
                   state.epsilon * (mass - 1.0);
  if (options_.certificate) certify(result);
  if (backend_->row_offset().size() > 0) {
    const double offset = detail::compensated_dot(a, backend_->row_offset());
    result.f += backend_->row_offset();
    result.linear_cost += offset;
    result.kl_cost += offset;
    result.transport_cost += offset;
  }
  result.entropy_cost =
      result.kl_cost + state.epsilon * (negative_entropy(a) + negative_entropy(b) - 1.0);
  Potentials balanced{result.f, result.g};
  balance_gauge(a, b, balanced);
  result.f = std::move(balanced.f);
  result.g = std::move(balanced.g);
  for (double* cost : {&result.linear_cost, &result.kl_cost, &result.entropy_cost,
                       &result.transport_cost, &result.row_error, &result.column_error}) {
    *cost *= masses_.total;
  }
  // Measured again in the log domain: what the step saw may differ by rounding.
  result.converged = state.termination == Termination::converged &&
                     result.residual <= options_.tolerance * (1.0 + 1e-6) + 1e-14;
  if (state.termination == Termination::converged && !result.converged) {
    result.termination = Termination::stalled;
  }
  return result;
}

// Rounds P onto the marginals by scaling rows and columns down and shipping what is missing as a
// product, and bounds the cost of that from above; the lower bound is of the potentials alone.
void SinkhornSolver::certify(SinkhornResult& result) {
  const Vector& a = backend_->a();
  const Vector& b = backend_->b();
  const double epsilon = result.epsilon;
  const auto scaled_down = [&](const Vector& weights, const Vector& potential, const Vector& soft) {
    // potential + epsilon log min(1, weight / marginal)
    return Vector((weights.array() > 0.0).select(potential.cwiseMin(soft), potential));
  };
  Vector soft = result.f;
  backend_->soft_rows(result.g, soft);
  const Vector f = scaled_down(a, result.f, soft);
  soft = result.g;
  backend_->soft_columns(f, soft);
  const Vector g = scaled_down(b, result.g, soft);
  const Vector db = (b - marginal(b, g, soft, epsilon)).cwiseMax(0.0);
  soft = f;
  backend_->soft_rows(g, soft);
  const Vector da = (a - marginal(a, f, soft, epsilon)).cwiseMax(0.0);
  const double missing = std::max(da.sum(), db.sum());
  result.transport_cost = backend_->transport_cost(f, g);
  if (missing > 0.0) result.transport_cost += backend_->product_cost(da, db) / missing;

  // Scores carry a few roundings of their size, and so does each entry of P and each marginal.
  const double magnitude = cost_->largest_magnitude();
  const double entry_error = 0x1p-50 * (8.0 + magnitude / epsilon);
  double offset = 0.0;
  if (backend_->row_offset().size() > 0) {
    offset = detail::compensated_dot(a, backend_->row_offset());
  }
  result.certificate.primal =
      (result.transport_cost + offset + std::min(1.0, entry_error) * magnitude) * masses_.total;
  const auto* grid = dynamic_cast<const GridCost*>(cost_.get());
  const Potentials feasible = grid != nullptr
                                  ? grid->feasible_potentials(result.g, options_.threads)
                                  : feasible_potentials(*cost_, result.g, options_.threads);
  double dual = lower_bound(a, b, feasible, entry_rounding(*cost_));
  dual -= 0x1p-50 * (8.0 + std::abs(dual));
  result.certificate.dual = dual * masses_.total;
}

PotentialCoupling SinkhornSolver::coupling(const SinkhornResult& result) const {
  return {cost_,    masses_.a,      masses_.b / masses_.total, result.f,
          result.g, result.epsilon, options_.threads};
}

namespace {

SinkhornResult run(SinkhornSolver& solver, SinkhornState state, double wanted_epsilon,
                   const Observer& observer) {
  const auto start = std::chrono::steady_clock::now();
  const SinkhornOptions& options = solver.options();
  if (state.passes >= options.max_passes) detail::finish(state, Termination::max_iterations);
  while (!state.finished) {
    solver.step(state);
    if (observer && !observer({.phase = name(state.method),
                               .done = state.passes,
                               .total = options.max_passes,
                               .residual = state.residual,
                               .tolerance = options.tolerance})) {
      if (!state.finished) detail::finish(state, Termination::interrupted);
    }
  }
  SinkhornResult result = solver.result(state);
  if (result.epsilon > wanted_epsilon && result.converged) {
    result.converged = false;
    result.termination = Termination::stalled;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

SinkhornSolver solver_of(const TransportProblem& problem, const SinkhornOptions& options) {
  return {std::make_shared<PointCost>(problem.cost_view()), problem.source.weights(),
          problem.target.weights(), options};
}

}  // namespace

SinkhornResult sinkhorn(const TransportProblem& problem, const SinkhornOptions& options,
                        const Observer& observer) {
  options.validate();
  SinkhornSolver solver = solver_of(problem, options);
  return run(solver, solver.init(), options.epsilon, observer);
}

SinkhornResult sinkhorn(const CostView& cost, VectorIn a, VectorIn b,
                        const SinkhornOptions& options, const Observer& observer) {
  SinkhornSolver solver(std::shared_ptr<const CostView>(&cost, [](const CostView*) {}), a, b,
                        options);
  return run(solver, solver.init(), options.epsilon, observer);
}

SinkhornResult sinkhorn_from(VectorIn f, const TransportProblem& problem,
                             const SinkhornOptions& options, const Observer& observer) {
  options.validate();
  SinkhornSolver solver = solver_of(problem, options);
  SinkhornResult warm = run(solver, solver.init(f), options.epsilon, observer);
  if (warm.termination != Termination::stalled) return warm;
  // Newton steps may not find back from a start far off, nor may any method below rounding.
  SinkhornState state = solver.init();
  state.passes += warm.passes;
  SinkhornResult cold = run(solver, std::move(state), options.epsilon, observer);
  cold.iterations += warm.iterations;
  cold.newton_steps += warm.newton_steps;
  cold.seconds += warm.seconds;
  if (cold.converged || cold.residual < warm.residual) return cold;
  warm.passes = cold.passes;
  return warm;
}

}  // namespace pushforward::ot
