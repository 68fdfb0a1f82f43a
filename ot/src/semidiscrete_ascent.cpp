#include "ot/src/semidiscrete_ascent.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "ot/src/semidiscrete_balance.hpp"
#include "ot/src/semidiscrete_certificate.hpp"
#include "ot/src/semidiscrete_crossings.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr double no_error_yet = 1e300;  // finite, so that a state survives any file format

// The stochastic Newton method.
// In the plane a cell has six neighbours; once the average is good, few of them matter.
constexpr Index list_slots = 8, near_list_slots = 6, near_draws_per_atom = 64;
constexpr Index draws_per_atom = 16;
constexpr Index smallest_batch = 1024;
// Memory and the time between two looks at the clock are bounded by batches of at most the larger:
constexpr Index largest_batch = Index{1} << 20, most_draws_per_atom = 256;
constexpr double growth = 4.0;   // of the draws in all, by one batch
constexpr double settled = 0.4;  // relative error, root mean square, that ends a coarse level
constexpr std::int64_t level_batches = 12;
constexpr double hopeless = 1.0;  // chi^2 of the direct start beyond which levels are descended
constexpr double solved = 0.3;    // excess of a batch whose optimum was found

// The published recipe.
constexpr Index adam_draws_per_atom = 10;
constexpr std::int64_t adam_patience = 50;
constexpr std::int64_t adam_doublings = 3;
constexpr double adam_shrink = 0.8;

RngKey batch_key(const SemidiscreteOptions& options, const SemidiscreteState& state) {
  return {.seed = options.seed,
          .step = static_cast<std::uint32_t>(state.iteration),
          .purpose = Draw::source};
}

void enter_level(const CentredProblem& problem, SemidiscreteState& state) {
  const Index n = problem.size();
  state.average = state.heights;
  state.first_moments = Vector::Zero(n);
  state.second_moments = Vector::Zero(n);
  state.error_history = Vector::Constant(2, no_error_yet);
  state.adam_steps = state.averaged_samples = state.stalled = state.level_batches = 0;
  state.was_raised = 0;
}

Index trial_draws(const CentredProblem& problem) {
  return std::max(smallest_batch, draws_per_atom * problem.size());
}

Index whole_circles(const CentredProblem& problem, Index draws) {
  const Index size = circle_size(problem);
  return (draws + size - 1) / size * size;
}

Index batch_size(const CentredProblem& problem, bool is_last, double wanted_samples,
                 const SemidiscreteState& state) {
  const double least_weight = problem.weights.minCoeff();
  const double most_draws =
      static_cast<double>(std::max(largest_batch, most_draws_per_atom * problem.size()));
  const bool is_far = !(state.error_history[0] < settled * settled);
  if (!is_last || is_far) return trial_draws(problem);
  // Every cell is to be seen.
  const Index least = std::max(
      trial_draws(problem),
      static_cast<Index>(std::min(static_cast<double>(draws_per_atom) / least_weight, most_draws)));
  const auto have = static_cast<double>(state.averaged_samples);
  if (have == 0.0) return whole_circles(problem, least);
  const double missing = std::max(wanted_samples - have, have / 4.0);
  const double most = std::min(growth * std::max(have, static_cast<double>(least)), most_draws);
  return whole_circles(problem,
                       std::max(least, static_cast<Index>(std::ceil(std::min(missing, most)))));
}

// The draws that the average is worth: those behind it, unless fresh draws tell another story.
double worth(double chi, double claimed, Index cells, double fresh) {
  const double freedom = std::max(1.0, static_cast<double>(cells - 1));
  const double noise = std::sqrt(2.0 * freedom) / fresh;
  if (claimed > 0.0 && chi < 1.5 * freedom / claimed + 3.0 * noise) return claimed;
  return freedom / std::max(chi + noise, 1e-300);
}

// What the draws at hand say of the masses at the average: those of a failed certificate, made at
// the same heights, beside those of the batch.
struct Evidence {
  IndexVector hits;
  double draws;
  double worth;  // as many independent draws
};

// The masses that the batch's draws, with `hits`, are to have after its step: of the error in the
// evidence the share that averaging gives it, but all where it is beyond doubt.
Vector wanted_masses(const CentredProblem& problem, const IndexVector& hits, double n,
                     const Evidence& evidence, double before) {
  const double doubt = typical_maximum(problem.size()) + 1.0;
  Vector wanted(problem.size());
  for (Index j = 0; j < problem.size(); ++j) {
    const double nu = problem.weights[j];
    const double error = nu - static_cast<double>(evidence.hits[j]) / evidence.draws;
    // Bernstein's deviation, for cells of few draws.
    const double noise = doubt * std::sqrt(nu * (1.0 / evidence.worth + 1.0 / before)) +
                         doubt * doubt / (3.0 * evidence.worth);
    const double gain = std::abs(error) > noise ? 1.0 : evidence.worth / (evidence.worth + before);
    wanted[j] = std::max(0.25 * nu, static_cast<double>(hits[j]) / n + gain * error);
  }
  return wanted / wanted.sum();
}

IndexVector hits_of(const CandidateLists& lists, Index cells) {
  IndexVector hits = IndexVector::Zero(cells);
  for (Index i = 0; i < lists.size(); ++i) {
    const std::int32_t label = lists.labels[static_cast<std::size_t>(i * lists.slots)];
    if (label >= 0) ++hits[label];
  }
  return hits;
}

}  // namespace

double height_scale(const CentredProblem& problem) {
  const double scale =
      problem.source_spread * problem.atom_spread * std::sqrt(static_cast<double>(problem.dim()));
  return scale > 0.0 ? scale : 1.0;
}

void begin_stochastic_newton(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                             SemidiscreteState& state) {
  const CentredProblem& problem = levels.back().problem;
  state.level = static_cast<std::int64_t>(levels.size()) - 1;
  state.heights = extend_heights(
      {problem, IndexVector::Zero(problem.size())}, levels.front().problem, Vector::Zero(1),
      {.seed = options.seed, .purpose = Draw::resample}, options.threads);
  enter_level(problem, state);
}

namespace {

// One batch of the level that `state` is on.
void level_batch(const CentredProblem& problem, bool is_last, bool may_descend,
                 const SemidiscreteOptions& options, double wanted_samples,
                 SemidiscreteState& state) {
  const Index atoms = problem.size();
  const Index n = batch_size(problem, is_last, wanted_samples, state);
  const Index trial = std::min(n, trial_draws(problem));
  CellAssignment cells(problem.atoms);
  cells.set_heights(state.average);
  const RngKey key = batch_key(options, state);
  const bool is_fine = state.averaged_samples > near_draws_per_atom * atoms;
  CandidateLists lists{std::min(is_fine ? near_list_slots : list_slots, atoms), {}, {}};
  IndexVector hits;
  DependentPairs pairs;
  ++state.level_batches;
  for (const Index draws : {trial, n}) {  // cells without mass show before all draws are made
    if (draws == lists.size()) break;
    state.ascent_samples += draws - lists.size();
    draw_candidates(problem, cells, key, draws, options.threads, lists);
    hits = hits_of(lists, atoms);
    if (hits.sum() < draws) {
      state.heights.setConstant(not_known);
      return;
    }
    pairs = pairs_on_circles(lists, circle_size(problem), problem.weights);
    state.error_history[0] = std::max(0.0, chi_squared(hits, draws, problem.weights, pairs).value);
    if (may_descend && state.error_history[0] > hopeless) return;
    const std::vector<Index> starved = starved_cells(hits, problem.weights, draws);
    if (starved.empty() || state.was_raised == 1) continue;
    const Vector raises = half_weight_raises(problem, cells, state.average, starved, draws, key);
    for (std::size_t a = 0; a < starved.size(); ++a) {
      state.average[starved[a]] += raises[static_cast<Index>(a)];
    }
    state.was_raised = 1;
    if (is_last) state.certificate_samples = 0;  // its draws were made at other heights
    return;
  }
  state.was_raised = 0;
  double error = state.error_history[0];
  state.error_history[1] = std::min(error, state.error_history[1]);
  const bool is_far = !(error < settled * settled);
  const GraphLaplacian hidden =
      hidden_laplacian(problem, cells, lists, key, trial, options.threads);
  Evidence evidence{hits, static_cast<double>(n), 0.0};
  if (is_last && state.certificate_samples > 0) {
    evidence.hits += state.hits;
    const auto draws = static_cast<double>(state.certificate_samples);
    evidence.draws += draws;
    if (problem.has_circles) {  // half of those draws are mirror images
      pairs.count += draws;
      pairs.coincidences += state.sums[4];
    }
    state.certificate_samples = 0;
    error = chi_squared(evidence.hits, static_cast<std::int64_t>(evidence.draws), problem.weights,
                        pairs)
                .value;
  }
  evidence.worth = independent_draws(evidence.draws, pairs, atoms);
  const double before =
      worth(error, static_cast<double>(state.averaged_samples), atoms, evidence.worth);
  const BatchStep step =
      is_far ? approach(problem, cells, state.average, hidden, key, trial, options.threads)
             : solve_batch(lists,
                           wanted_masses(problem, hits, static_cast<double>(n), evidence, before),
                           hidden, options.threads);
  state.average += step.change;
  const bool is_solved = !is_far && step.excess < solved;
  state.averaged_samples = is_solved ? static_cast<std::int64_t>(before + evidence.worth) : 0;
  state.average.array() -= state.average.dot(problem.weights);
  state.heights = state.average;
}

}  // namespace

void stochastic_newton_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                             double wanted_samples, SemidiscreteState& state) {
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  const CentredProblem& problem = levels[static_cast<std::size_t>(state.level)].problem;
  const bool is_last = state.level == last;
  if (problem.size() > 1) {
    const bool may_descend = is_last && state.descends == 0 && levels.size() > 2;
    level_batch(problem, is_last, may_descend, options, wanted_samples, state);
    if (may_descend && state.error_history[0] > hopeless) {
      state.descends = 1;
      state.level = 0;
      state.heights = Vector::Zero(1);
      enter_level(levels.front().problem, state);
      return;
    }
    if (!state.heights.allFinite()) return;
    const bool is_near = state.error_history[0] < settled * settled;
    if (!is_last && !is_near && state.level_batches < level_batches) return;
  }
  if (is_last) return;
  ++state.level;
  const RngKey key{.seed = options.seed,
                   .step = static_cast<std::uint32_t>(state.level),
                   .purpose = Draw::resample};
  state.heights = extend_heights(levels[static_cast<std::size_t>(state.level)], problem,
                                 Vector(state.average), key, options.threads);
  enter_level(levels[static_cast<std::size_t>(state.level)].problem, state);
}

void begin_mc_adam(const std::vector<Level>& levels, SemidiscreteState& state) {
  state.level = static_cast<std::int64_t>(levels.size()) - 1;
  state.heights = Vector::Zero(levels.back().problem.size());
  enter_level(levels.back().problem, state);
}

void mc_adam_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                   SemidiscreteState& state) {
  constexpr double beta1 = 0.9, beta2 = 0.999, tiny = 1e-8;
  const CentredProblem& problem = levels.back().problem;
  const Index n = adam_draws_per_atom * problem.size() * (Index{1} << state.shrinks);
  CellAssignment cells(problem.atoms);
  cells.set_heights(state.heights);
  IndexVector hits = IndexVector::Zero(problem.size());
  visit_draws(problem, cells, batch_key(options, state), n, false, options.threads,
              [&](const CellDraw& draw) {
                if (draw.label >= 0) ++hits[draw.label];
              });
  state.ascent_samples += n;
  const Vector gradient = hits.cast<double>() / static_cast<double>(n) - problem.weights;
  ++state.adam_steps;  // Adam's own step count
  const auto t = static_cast<double>(state.adam_steps);
  state.first_moments = beta1 * state.first_moments + (1.0 - beta1) * gradient;
  state.second_moments = beta2 * state.second_moments + (1.0 - beta2) * gradient.cwiseAbs2();
  const double rate = options.learning_rate * height_scale(problem) *
                      std::pow(adam_shrink, static_cast<double>(state.shrinks));
  const Vector first = state.first_moments / (1.0 - std::pow(beta1, t));
  const Vector second = state.second_moments / (1.0 - std::pow(beta2, t));
  state.heights.array() -= rate * first.array() / (second.array().sqrt() + tiny);
  state.heights.array() -= state.heights.mean();
  state.average = state.heights;
  const double residual = gradient.norm();
  state.stalled = residual < state.error_history[1] ? 0 : state.stalled + 1;
  state.error_history[1] = std::min(residual, state.error_history[1]);
  if (state.stalled >= adam_patience && state.shrinks < adam_doublings) {
    ++state.shrinks;
    state.stalled = 0;
    state.error_history[1] = no_error_yet;  // a larger batch has another noise floor
  }
  const double error = chi_squared(hits, n, problem.weights).value;
  state.error_history[0] =
      state.error_history[0] == no_error_yet ? error : 0.8 * state.error_history[0] + 0.2 * error;
}

}  // namespace pushforward::ot::detail
