#include "ot/src/semidiscrete_ascent.hpp"

#include <algorithm>
#include <cmath>

#include "ot/src/semidiscrete_balance.hpp"
#include "ot/src/semidiscrete_certificate.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr double no_error_yet = 1e300;  // finite, so that a state survives any file format

// The averaged method. Draws an atom in a batch: enough that few cells of the right size stay empty
// (exp(-8)), few enough that many steps fit into the draws that the certificate calls for.
constexpr Index draws_per_atom = 8;
constexpr Index smallest_batch = 512;
// Diagonal preconditioning leaves the spectrum of the Hessian, a graph Laplacian, in [0, 2].
constexpr double relaxation = 0.7;
constexpr double forgetting = 0.9;    // of smoothed masses and boundary densities, per batch
constexpr double prior_weight = 0.3;  // of the mean boundary density, in cells of the right mass
constexpr double gap_quantile = 0.25;
constexpr double settled = 0.4;       // relative error, root mean square, at which the gain falls
constexpr double lagging = 0.5;       // smoothed relative error beyond which a cell lags behind
constexpr double far = 0.25;          // ratio of masses beyond which densities say nothing
constexpr std::int64_t patience = 8;  // batches without a better error until it falls anyway
constexpr std::int64_t level_batches = 40;
constexpr double gain_exponent = 0.6;

// The published recipe.
constexpr Index adam_draws_per_atom = 10;
constexpr std::int64_t adam_patience = 50;
constexpr std::int64_t adam_doublings = 3;
constexpr double adam_shrink = 0.8;

struct Batch {
  IndexVector hits;
  Vector boundaries;     // density of draws about the boundary of each cell, per unit of height
  double density = 0.0;  // its sum over the cells
  Vector balancing;      // balancing_steps(), if asked for
};

RngKey batch_key(const SemidiscreteOptions& options, const SemidiscreteState& state) {
  return {.seed = options.seed,
          .step = static_cast<std::uint32_t>(state.iteration),
          .purpose = Draw::source};
}

// Raising h_k by t moves to k the draws of cell j with runner-up k and a gap below t. So draws with
// a gap below b, divided by b, estimate the boundary densities; counted from both sides and halved.
Batch draw_batch(const CentredProblem& problem, const SemidiscreteOptions& options,
                 const SemidiscreteState& state, Index n, bool balances) {
  CellAssignment cells(problem.atoms);
  cells.set_heights(state.heights);
  Batch batch{IndexVector::Zero(problem.size()), Vector::Zero(problem.size())};
  std::vector<CellDraw> draws;
  std::vector<double> gaps;
  draws.reserve(static_cast<std::size_t>(n));
  gaps.reserve(static_cast<std::size_t>(n));
  visit_draws(problem, cells, batch_key(options, state), n, false, options.threads,
              [&](const CellDraw& draw) {
                if (draw.label < 0) return;
                ++batch.hits[draw.label];
                draws.push_back(draw);
                gaps.push_back(draw.gap);
              });
  if (gaps.empty()) return batch;
  const auto place =
      gaps.begin() + static_cast<std::ptrdiff_t>(gap_quantile * static_cast<double>(gaps.size()));
  std::nth_element(gaps.begin(), place, gaps.end());
  // Cells far from balance can have arbitrarily wide or narrow gaps: keep to the problem's scale.
  const double scale = height_scale(problem);
  const double width = std::clamp(*place, 1e-9 * scale, scale);
  const double share = 0.5 / (static_cast<double>(n) * width);
  for (const CellDraw& draw : draws) {
    if (!(draw.gap < width) || draw.second < 0) continue;
    batch.boundaries[draw.label] += share;
    batch.boundaries[draw.second] += share;
  }
  batch.density = gap_quantile / width;
  if (balances) {
    batch.balancing =
        balancing_steps(problem, cells, state.heights, draws, batch_key(options, state));
  }
  return batch;
}

// The iterate's own error, unbiased because its batch is fresh.
double squared_error(const IndexVector& hits, Index n, VectorIn weights) {
  const double value = chi_squared(hits, n, weights).value;
  return std::isnan(value) ? no_error_yet : std::max(0.0, value);
}

void enter_level(const CentredProblem& problem, SemidiscreteState& state) {
  const Index n = problem.size();
  state.average = state.heights;
  state.masses = Vector::Zero(n);
  state.boundaries = Vector::Zero(n);
  state.error_history = Vector::Constant(2, no_error_yet);
  state.gain_samples = state.averaged_samples = state.stalled = state.level_batches = 0;
}

}  // namespace

double height_scale(const CentredProblem& problem) {
  const double scale =
      problem.source_spread * problem.atom_spread * std::sqrt(static_cast<double>(problem.dim()));
  return scale > 0.0 ? scale : 1.0;
}

Index lagging_cells(const CentredProblem& problem, const SemidiscreteState& state) {
  const double batches = state.masses.sum();
  if (batches == 0.0) return 0;
  const Vector masses = state.masses / batches;
  return ((masses - problem.weights).array().abs() > lagging * problem.weights.array()).count();
}

void begin_averaged_ascent(const std::vector<Level>& levels, SemidiscreteState& state) {
  state.level = 0;
  state.heights = Vector::Zero(1);
  enter_level(levels.front().problem, state);
}

void averaged_ascent_batch(const std::vector<Level>& levels, const SemidiscreteOptions& options,
                           SemidiscreteState& state) {
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  const CentredProblem& problem = levels[static_cast<std::size_t>(state.level)].problem;
  const Index atoms = problem.size();
  const bool is_last = state.level == last;
  if (atoms > 1) {
    // Batches grow with the average, but a cell that lags behind needs steps, not draws.
    const bool lags_somewhere = lagging_cells(problem, state) > 0;
    const Index grown = lags_somewhere ? 0 : state.averaged_samples / 8;
    const Index n = std::max({smallest_batch, draws_per_atom * atoms, grown});
    const Batch batch =
        draw_batch(problem, options, state, n, state.gain_samples == 0 || lags_somewhere);
    const double error = squared_error(batch.hits, n, problem.weights);
    state.ascent_samples += n;
    const bool better = error < 0.9 * state.error_history[1];
    state.stalled = better ? 0 : state.stalled + 1;
    state.error_history[0] = error;
    state.error_history[1] = std::min(error, state.error_history[1]);
    const bool is_settled = error < settled * settled || state.stalled >= patience;
    double gain = 1.0;
    if (is_last && (is_settled || state.gain_samples > 0)) {
      state.gain_samples += n;
      gain =
          std::pow(static_cast<double>(n) / static_cast<double>(state.gain_samples), gain_exponent);
    }
    const Vector masses = batch.hits.cast<double>() / static_cast<double>(n);
    state.masses = forgetting * state.masses + masses;
    state.boundaries = forgetting * state.boundaries + batch.boundaries;
    const bool averages = state.gain_samples > 0;
    if (averages) state.averaged_samples += n;
    const double average_gain =
        averages ? static_cast<double>(n) / static_cast<double>(state.averaged_samples) : 1.0;
    const double batches = state.masses.sum();  // smoothed: the masses of each batch sum to one
    for (Index j = 0; j < atoms; ++j) {
      const double nu = problem.weights[j];
      // Boundary density for each unit of mass: the inverse of the height that changes a cell by
      // its own size. Relative errors are measured against the larger mass, which bounds the step.
      const double rate = (state.boundaries[j] + prior_weight * batch.density * nu) /
                          (state.masses[j] + prior_weight * nu);
      const double against = averages ? std::max(nu, 0.5 * masses[j]) : std::max(nu, masses[j]);
      // A cell that is still far off when the rest has settled keeps its full gain.
      const bool lags = std::abs(state.masses[j] / batches - nu) > lagging * nu;
      // Ranked gaps are right at any distance but noisier than smoothed densities are nearby.
      const bool is_far = masses[j] < far * nu || far * masses[j] > nu;
      const bool balances = batch.balancing.size() > 0 && (averages ? lags : is_far);
      const double step = balances ? -relaxation * batch.balancing[j]
                                   : relaxation * gain * (masses[j] - nu) / (against * rate);
      state.heights[j] -= step;
      state.average[j] += (lags ? 1.0 : average_gain) * (state.heights[j] - state.average[j]);
    }
    const double shift = state.heights.dot(problem.weights);
    state.heights.array() -= shift;
    state.average.array() -= shift;
    if (!is_last && !is_settled && ++state.level_batches < level_batches) return;
  }
  if (is_last) return;
  ++state.level;
  const RngKey key{.seed = options.seed,
                   .step = static_cast<std::uint32_t>(state.level),
                   .purpose = Draw::resample};
  const Vector coarse = state.heights;
  state.heights = extend_heights(levels[static_cast<std::size_t>(state.level)], problem, coarse,
                                 key, options.threads);
  enter_level(levels[static_cast<std::size_t>(state.level)].problem, state);
}

void correct_average(const CentredProblem& problem, SemidiscreteState& state) {
  const auto draws = static_cast<double>(state.certificate_samples);
  const double gain = draws / (draws + static_cast<double>(state.averaged_samples));
  const double density = state.boundaries.sum() / state.masses.sum();
  for (Index j = 0; j < problem.size(); ++j) {
    const double nu = problem.weights[j];
    const double mass = static_cast<double>(state.hits[j]) / draws;
    const double rate =
        (state.boundaries[j] + prior_weight * density * nu) / (state.masses[j] + prior_weight * nu);
    // Off by more than noise explains: what came before says nothing about this cell.
    const double noise = std::sqrt(nu / draws + nu / static_cast<double>(state.averaged_samples));
    const bool is_off = std::abs(mass - nu) > 4.0 * noise;
    state.average[j] -= (is_off ? 1.0 : gain) * (mass - nu) / (std::max(nu, mass) * rate);
    if (is_off) state.heights[j] = state.average[j];
  }
  state.averaged_samples += state.certificate_samples;
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
  ++state.gain_samples;  // Adam's own step count
  const auto t = static_cast<double>(state.gain_samples);
  state.masses = beta1 * state.masses + (1.0 - beta1) * gradient;
  state.boundaries = beta2 * state.boundaries + (1.0 - beta2) * gradient.cwiseAbs2();
  const double rate = options.learning_rate * height_scale(problem) *
                      std::pow(adam_shrink, static_cast<double>(state.shrinks));
  const Vector first = state.masses / (1.0 - std::pow(beta1, t));
  const Vector second = state.boundaries / (1.0 - std::pow(beta2, t));
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
