#include "pushforward/ot/semidiscrete.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/semidiscrete_ascent.hpp"
#include "ot/src/semidiscrete_certificate.hpp"

namespace pushforward::ot {
namespace {

enum Phase : std::int64_t { in_ascent, in_certificate, over };

// The averaged heights after S draws are off by about sqrt(1 / (S nu_j)) in relative mass, the
// statistical floor of S draws, times this (measured; docs/semidiscrete.md).
constexpr double floor_excess = 1.05;
// The share of the tolerance that the ascent may use up: least draws in all (docs/semidiscrete.md).
constexpr double ascent_share = 0.48;
constexpr double certificate_parts = 4.0;  // batches that a certificate is drawn in
// Of the cost and the dual value of a trial and their squares; of 1 / nu_j over ordered pairs of a
// draw and its mirror image that share cell j.
constexpr Index sums = 5;

}  // namespace

struct SemidiscreteSolver::Implementation {
  SemidiscreteProblem problem;
  SemidiscreteOptions options;
  std::vector<detail::Level> levels;

  const detail::CentredProblem& centred() const { return levels.back().problem; }
  bool is_newton() const { return options.method == SemidiscreteMethod::stochastic_newton; }
  double smallest_weight() const { return centred().weights.minCoeff(); }

  // The relative deviation of masses in the smallest cell that the ascent should have reached.
  double wanted_deviation() const {
    return ascent_share * options.tolerance / detail::typical_maximum(centred().size());
  }

  double wanted_samples(const SemidiscreteState& state) const {
    const double ratio = floor_excess / wanted_deviation();
    return std::max(ratio * ratio / smallest_weight(), static_cast<double>(state.required_samples));
  }

  double deviation(const SemidiscreteState& state) const {
    if (centred().size() == 1) return 0.0;
    if (is_newton()) {
      if (state.averaged_samples == 0) return std::numeric_limits<double>::infinity();
      return floor_excess /
             std::sqrt(static_cast<double>(state.averaged_samples) * smallest_weight());
    }
    return std::sqrt(std::max(0.0, state.error_history[0]) /
                     (static_cast<double>(centred().size()) * smallest_weight()));
  }

  double next_failure(const SemidiscreteState& state) const {
    return detail::look_failure(options.failure_probability, state.looks + 1);
  }

  void begin_certificate(SemidiscreteState& state) const {
    state.phase = in_certificate;
    state.hits = state.first_hits = IndexVector::Zero(centred().size());
    state.sums = Vector::Zero(sums);
    state.certificate_samples = 0;
    state.planned_samples = planned(wanted_deviation(), state);
  }

  std::int64_t planned(double deviation, const SemidiscreteState& state) const {
    const double hits = detail::certificate_hits(options.tolerance, deviation, next_failure(state),
                                                 centred().size());
    return static_cast<std::int64_t>(std::min(1e15, std::ceil(hits / smallest_weight())));
  }

  // Draws that make one trial: two if half of them are mirror images.
  std::int64_t draws_a_trial() const { return centred().has_circles ? 2 : 1; }

  detail::DependentPairs mirrored_pairs(const SemidiscreteState& state) const {
    if (draws_a_trial() == 1) return {};
    return {static_cast<double>(state.certificate_samples), state.sums[4]};
  }

  detail::BinomialCounts binomial_counts(const SemidiscreteState& state) const {
    const detail::CentredProblem& target = centred();
    const std::int64_t trials = state.certificate_samples / draws_a_trial();
    if (draws_a_trial() == 1) {
      return {trials, state.hits, IndexVector::Ones(target.size())};
    }
    // The score at the mean is the height. Points as far out as any draw may be sorted wrongly.
    detail::CellAssignment cells(target.atoms);
    cells.set_heights(state.average);
    const double farthest = 100.0 * static_cast<double>(target.dim()) * target.source_spread;
    const double holds_mean = state.average.maxCoeff() - 2.0 * cells.score_error(farthest);
    detail::BinomialCounts counts{trials, state.hits, IndexVector::Constant(target.size(), 2)};
    for (Index j = 0; j < target.size(); ++j) {
      if (state.average[j] < holds_mean) continue;
      counts.hits[j] = state.first_hits[j];
      counts.chances[j] = 1;
    }
    return counts;
  }

  void draw_certificate(std::int64_t wanted, SemidiscreteState& state) const {
    const detail::CentredProblem& target = centred();
    const std::int64_t a_trial = draws_a_trial();
    const std::int64_t n = a_trial == 1 ? wanted : (wanted + 3) / 4 * 4;
    detail::CellAssignment cells(target.atoms);
    cells.set_heights(state.average);
    const Vector w = target.power_weights(state.average);
    const RngKey key{.seed = options.seed,
                     .step = static_cast<std::uint32_t>(state.iteration),
                     .purpose = Draw::certificate};
    const double share = 1.0 / static_cast<double>(a_trial);
    double cost = 0.0, dual = 0.0;  // of the trial so far
    std::int32_t first = -1;        // the cell of its first draw
    std::int64_t i = 0;
    detail::visit_draws(target, cells, key, n, true, options.threads,
                        [&](const detail::CellDraw& draw) {
                          const bool is_first = i % a_trial == 0, is_last = ++i % a_trial == 0;
                          if (draw.label < 0) {
                            state.sums.setConstant(not_known);
                            return;
                          }
                          ++state.hits[draw.label];
                          if (is_first) {
                            ++state.first_hits[draw.label];
                            first = draw.label;
                            cost = dual = 0.0;
                          } else if (draw.label == first) {
                            state.sums[4] += 2.0 / target.weights[first];
                          }
                          cost += share * draw.cost;
                          dual += share * (draw.cost - w[draw.label]);
                          if (!is_last) return;
                          state.sums[0] += cost;
                          state.sums[1] += cost * cost;
                          state.sums[2] += dual;
                          state.sums[3] += dual * dual;
                        });
    state.certificate_samples += n;
  }

  // The next batch takes up the draws of the failed certificate.
  void return_to_ascent(SemidiscreteState& state) const {
    state.phase = in_ascent;
    if (is_newton()) {
      state.required_samples = state.averaged_samples + state.averaged_samples / 4;
    } else {
      state.required_samples = state.ascent_samples + state.ascent_samples / 4;
    }
  }

  void certificate_batch(SemidiscreteState& state) const {
    const double parts = certificate_parts;
    const auto part =
        static_cast<std::int64_t>(std::ceil(static_cast<double>(state.planned_samples) / parts));
    const std::int64_t n =
        std::min({part, state.planned_samples - state.certificate_samples, std::int64_t{1} << 30});
    draw_certificate(n, state);
    const detail::CentredProblem& target = centred();
    const auto chi = detail::chi_squared(state.hits, state.certificate_samples, target.weights,
                                         mirrored_pairs(state));
    // A look at the estimate costs nothing: only bounds that may end the run are counted.
    const double squared = std::max(0.0, chi.value - chi.standard_error) /
                           (static_cast<double>(target.size()) * smallest_weight());
    const std::int64_t needed = planned(std::sqrt(squared), state);
    const double noise =
        detail::typical_maximum(target.size()) /
        std::sqrt(static_cast<double>(state.certificate_samples) * smallest_weight());
    const Vector masses =
        state.hits.cast<double>() / static_cast<double>(state.certificate_samples);
    const double worst =
        ((masses - target.weights).array() / target.weights.array()).abs().maxCoeff();
    const bool hopeless = needed > 3 * planned(wanted_deviation(), state) / 2 ||
                          worst - 1.5 * noise > options.tolerance;
    if (state.certificate_samples < state.planned_samples) {
      if (hopeless) return_to_ascent(state);
      return;
    }
    ++state.looks;
    const auto bounds =
        detail::mass_bounds(binomial_counts(state), target.weights,
                            detail::look_failure(options.failure_probability, state.looks));
    if (bounds.relative_bound <= options.tolerance) {
      state.phase = over;
      state.termination = static_cast<std::int64_t>(Termination::converged);
    } else if (hopeless) {
      return_to_ascent(state);
    } else {
      // More draws help if the bound would meet the tolerance soon were the worst estimate to stay.
      const double hits = detail::hits_for_error(options.tolerance, worst, next_failure(state));
      state.planned_samples += state.planned_samples / 12;
      const double most = 1.5 * static_cast<double>(planned(wanted_deviation(), state));
      if (std::max(hits / smallest_weight(), static_cast<double>(state.planned_samples)) > most) {
        return_to_ascent(state);
      }
    }
  }
};

void SemidiscreteOptions::validate() const { validate_fields("SemidiscreteOptions", *this); }

SemidiscreteSolver::SemidiscreteSolver(SemidiscreteProblem problem,
                                       const SemidiscreteOptions& options) {
  options.validate();
  require(problem.source != nullptr, "semidiscrete", "source", std::string_view("null"),
          "a sampler");
  require(problem.source->dim() == problem.target.dim(), "semidiscrete", "source.dim()",
          problem.source->dim(), "the dimension of the target's atoms");
  detail::CentredProblem centred(problem, options.seed);
  auto levels = detail::build_levels(centred, options.seed);
  implementation_ = std::make_unique<const Implementation>(
      Implementation{std::move(problem), options, std::move(levels)});
}

SemidiscreteSolver::~SemidiscreteSolver() = default;
SemidiscreteSolver::SemidiscreteSolver(SemidiscreteSolver&&) noexcept = default;
SemidiscreteSolver& SemidiscreteSolver::operator=(SemidiscreteSolver&&) noexcept = default;

SemidiscreteState SemidiscreteSolver::init() const {
  SemidiscreteState state;
  const Implementation& self = *implementation_;
  state.sums = Vector::Zero(sums);
  state.hits = state.first_hits = IndexVector::Zero(self.centred().size());
  if (self.is_newton()) {
    detail::begin_stochastic_newton(self.levels, self.options, state);
  } else {
    detail::begin_mc_adam(self.levels, state);
  }
  return state;
}

bool SemidiscreteSolver::finished(const SemidiscreteState& state) const {
  return state.phase == Phase::over;
}

void SemidiscreteSolver::check(const SemidiscreteState& state) const {
  const Implementation& self = *implementation_;
  const auto levels = static_cast<std::int64_t>(self.levels.size());
  require(state.level >= 0 && state.level < levels, "SemidiscreteState", "level", state.level,
          "a level of this problem");
  const Index atoms = self.levels[static_cast<std::size_t>(state.level)].problem.size();
  const auto size = [&](std::string_view name, Index actual, Index wanted) {
    require(actual == wanted, "SemidiscreteState", std::string(name) + ".size()", actual,
            std::to_string(wanted) + ", as this problem has");
  };
  size("heights", state.heights.size(), atoms);
  size("average", state.average.size(), atoms);
  size("first_moments", state.first_moments.size(), atoms);
  size("second_moments", state.second_moments.size(), atoms);
  size("sums", state.sums.size(), sums);
  size("error_history", state.error_history.size(), 2);
  size("hits", state.hits.size(), self.centred().size());
  size("first_hits", state.first_hits.size(), self.centred().size());
}

void SemidiscreteSolver::step(SemidiscreteState& state) const {
  if (finished(state)) return;
  const Implementation& self = *implementation_;
  if (state.iteration >= self.options.max_iterations) {
    finish(state, Termination::max_iterations);
    return;
  }
  if (state.phase == in_certificate) {
    self.certificate_batch(state);
  } else {
    if (self.is_newton()) {
      detail::stochastic_newton_batch(self.levels, self.options, self.wanted_samples(state), state);
    } else {
      detail::mc_adam_batch(self.levels, self.options, state);
    }
    if (!state.heights.allFinite()) finish(state, Termination::non_finite);
    const bool is_last = state.level + 1 == static_cast<std::int64_t>(self.levels.size());
    const std::int64_t done = self.is_newton() ? state.averaged_samples : state.ascent_samples;
    if (!finished(state) && is_last && done >= state.required_samples &&
        self.deviation(state) <= self.wanted_deviation()) {
      self.begin_certificate(state);
    }
  }
  ++state.iteration;
}

void SemidiscreteSolver::finish(SemidiscreteState& state, Termination termination) const {
  if (finished(state)) return;
  const Implementation& self = *implementation_;
  state.termination = static_cast<std::int64_t>(termination);
  const auto last = static_cast<std::int64_t>(self.levels.size()) - 1;
  while (state.level < last) {
    const auto& coarse = self.levels[static_cast<std::size_t>(state.level)].problem;
    ++state.level;
    const RngKey key{.seed = self.options.seed,
                     .step = static_cast<std::uint32_t>(state.level),
                     .purpose = Draw::resample};
    const Vector heights = state.heights;
    state.heights = detail::extend_heights(self.levels[static_cast<std::size_t>(state.level)],
                                           coarse, heights, key, self.options.threads);
    state.average = state.first_moments = state.second_moments = state.heights;
  }
  if (state.phase == in_ascent) self.begin_certificate(state);
  if (state.certificate_samples == 0 && state.average.allFinite()) {
    self.draw_certificate(std::max<std::int64_t>(1024, 64 * self.centred().size()), state);
  }
  ++state.looks;  // the bound that the result holds is one of its own
  state.phase = Phase::over;
}

Progress SemidiscreteSolver::progress(const SemidiscreteState& state) const {
  const Implementation& self = *implementation_;
  Progress progress{.phase = state.phase == in_ascent        ? "ascent"
                             : state.phase == in_certificate ? "certificate"
                                                             : "finished",
                    .done = state.iteration,
                    .tolerance = self.options.tolerance};
  const double error = std::sqrt(std::max(0.0, state.error_history[0])) *
                       detail::typical_maximum(self.centred().size());
  if (error < 1e6) progress.residual = error;
  return progress;
}

SemidiscreteResult SemidiscreteSolver::result(const SemidiscreteState& state) const {
  const Implementation& self = *implementation_;
  const detail::CentredProblem& target = self.centred();
  SemidiscreteResult result;
  result.termination = static_cast<Termination>(state.termination);
  result.converged = finished(state) && result.termination == Termination::converged;
  result.iterations = state.iteration;
  result.threads = pushforward::detail::thread_count(self.options.threads);
  result.isa = active_isa();
  result.ascent_samples = state.ascent_samples;
  result.certificate_samples = state.certificate_samples;

  const bool is_last = state.level + 1 == static_cast<std::int64_t>(self.levels.size());
  const Vector w =
      is_last ? target.power_weights(state.average) : Vector::Constant(target.size(), not_known);
  const DiscreteMeasure& nu = self.problem.target;
  result.heights.resize(nu.size());
  result.masses = Vector::Zero(nu.size());
  const auto draws = static_cast<double>(state.certificate_samples);
  for (Index j = 0; j < nu.size(); ++j) {
    const Index m = target.merged[j];
    if (m < 0) continue;
    result.heights[j] = 0.5 * (w[m] - nu.points().col(j).squaredNorm());
    result.masses[j] =
        static_cast<double>(state.hits[m]) / draws * nu.weights()[j] / target.weights[m];
  }
  detail::fill_empty_heights(target, nu, self.options.seed, result.heights);
  if (state.certificate_samples == 0) {
    result.masses.setConstant(not_known);
    return result;
  }

  const auto bounds =
      detail::mass_bounds(self.binomial_counts(state), target.weights,
                          detail::look_failure(self.options.failure_probability,
                                               std::max<std::int64_t>(1, state.looks)));
  result.mass_error = bounds.relative_error;
  result.residual = result.mass_error_bound = bounds.relative_bound;
  result.mass_l1_error = bounds.l1_error;
  result.mass_l1_error_bound = bounds.l1_bound;
  result.chi_squared = detail::chi_squared(state.hits, state.certificate_samples, target.weights,
                                           self.mirrored_pairs(state));
  const double radius = std::sqrt(target.atoms.colwise().squaredNorm().maxCoeff());
  const double box = (target.atoms.rowwise().maxCoeff() - target.atoms.rowwise().minCoeff()).norm();
  const double diameter = std::min(2.0 * radius, box);
  result.w2_squared_bound = diameter * diameter * bounds.l1_bound / 2.0;
  const double trials = draws / static_cast<double>(self.draws_a_trial());
  const auto estimate = [&](double sum, double squares) {
    const double mean = sum / trials;
    return MonteCarloEstimate{
        mean, std::sqrt(std::max(0.0, squares / trials - mean * mean) / (trials - 1.0))};
  };
  result.primal = estimate(state.sums[0], state.sums[1]);
  result.dual = estimate(state.sums[2], state.sums[3]);
  result.empty_cells = (state.hits.array() == 0).count();
  return result;
}

SemidiscreteResult semidiscrete(const SemidiscreteProblem& problem,
                                const SemidiscreteOptions& options, const Observer& observer) {
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  const SemidiscreteSolver solver(problem, options);
  SemidiscreteState state = solver.init();
  while (!solver.finished(state)) {
    solver.step(state);
    if (solver.finished(state)) break;
    if (observer && !observer(solver.progress(state))) {
      solver.finish(state, Termination::interrupted);
    } else if (seconds() > options.time_limit_seconds) {
      solver.finish(state, Termination::time_limit);
    }
  }
  SemidiscreteResult result = solver.result(state);
  result.seconds = seconds();
  return result;
}

}  // namespace pushforward::ot
