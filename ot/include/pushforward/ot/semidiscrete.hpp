/// Semi-discrete optimal transport: from any law that can be drawn from to N weighted atoms.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "pushforward/core/density.hpp"
#include "pushforward/core/isa.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/semidiscrete_report.hpp"

namespace pushforward::ot {

/// Transport from mu (`source`) to nu = sum_j nu_j delta_{y_j} (`target`), cost |x - y|^2.
struct SemidiscreteProblem {
  std::shared_ptr<const Sampler> source;
  DiscreteMeasure target;
};

/// How the heights are found.
enum class SemidiscreteMethod {
  stochastic_newton,  ///< Newton steps on growing fresh batches, averaged.
  mc_adam  ///< Adam on Monte Carlo masses, 10 N fresh draws a step: the published recipe.
};

constexpr std::array<std::string_view, 2> enum_names(SemidiscreteMethod) {
  return {"stochastic_newton", "mc_adam"};
}

struct SemidiscreteOptions {
  SemidiscreteMethod method = SemidiscreteMethod::stochastic_newton;
  double tolerance = 0.25;            ///< On the certified bound of max_j |m_j - nu_j| / nu_j.
  double failure_probability = 1e-3;  ///< That the certified bound is wrong, over all atoms.
  int max_iterations = 10'000;        ///< Batches drawn, for the ascent and for certificates.
  double time_limit_seconds = std::numeric_limits<double>::infinity();  ///< Wall time.
  double learning_rate = 0.03;  ///< Of mc_adam, times the scale of <x, y>.
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("method", self.method, any_value, "how the heights are found");
    field("tolerance", self.tolerance, positive,
          "certified bound on the largest relative mass error at which to stop");
    field("failure_probability", self.failure_probability, strictly_between(0.0, 1.0),
          "probability that the certified bound is wrong, over all atoms at once");
    field("max_iterations", self.max_iterations, at_least(0),
          "batches drawn, for the ascent and for certificates");
    field("time_limit_seconds", self.time_limit_seconds, positive.or_infinite(),
          "wall time after which the best heights so far are returned");
    field("learning_rate", self.learning_rate, positive,
          "of mc_adam, in units of the spread of <x, y> about the means");
    field("seed", self.seed, any_value, "of every random draw");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is `mass_error_bound`; `iterations` counts batches. Masses, errors and values are
/// those of the certifying draws: estimates, the L1 error biased upwards by noise.
struct SemidiscreteResult : SemidiscreteReport {
  double mass_error_bound = not_known;     ///< Of `mass_error`, fails with `failure_probability`.
  double mass_l1_error_bound = not_known;  ///< Of `mass_l1_error`, at the same level.
  MonteCarloEstimate chi_squared;       ///< sum_j (m_j - nu_j)^2 / nu_j, debiased: may be negative.
  double w2_squared_bound = not_known;  ///< diam(Y)^2 |m - nu|_1 / 2 >= W_2^2(T#mu, nu).
  std::int64_t ascent_samples = 0;
  std::int64_t certificate_samples = 0;  ///< Those behind the final certificate.
  Isa isa = Isa::base;                   ///< Instruction set of the assignment kernel.
};

/// All that a solve carries from one step to the next: plain vectors and integers, so a run that is
/// stored, read back and continued gives the same bits as one that was never stopped.
struct SemidiscreteState {
  Vector heights;          ///< The iterate: one height an atom of the level, for centred clouds.
  Vector average;          ///< Of the iterates, weighted by the draws behind them.
  Vector first_moments;    ///< Of the gradient, for mc_adam.
  Vector second_moments;   ///< Of the gradient, for mc_adam.
  Vector sums;             ///< Of certificate costs, dual values, their squares, coincidences.
  Vector error_history;    ///< chi^2 as the last batch found it, best so far.
  IndexVector hits;        ///< Certificate draws in each cell ...
  IndexVector first_hits;  ///< ... and those of them that are not a mirror image of another.
  std::int64_t phase = 0;  ///< 0 ascent, 1 certificate, 2 finished.
  std::int64_t level = 0;  ///< Of the hierarchy of atoms; the last is the problem.
  std::int64_t level_batches = 0;        ///< Batches on this level.
  std::int64_t descends = 0;             ///< 1 once the levels are being gone through.
  std::int64_t iteration = 0;            ///< Batches so far.
  std::int64_t ascent_samples = 0;       ///< Draws of the ascent, all levels.
  std::int64_t adam_steps = 0;           ///< Steps of mc_adam.
  std::int64_t averaged_samples = 0;     ///< Draws that the average is worth.
  std::int64_t required_samples = 0;     ///< Draws due before the next certificate.
  std::int64_t certificate_samples = 0;  ///< Draws of the current certificate ...
  std::int64_t planned_samples = 0;      ///< ... and how many it is to have.
  std::int64_t looks = 0;                ///< Times that a bound was worked out.
  std::int64_t was_raised = 0;           ///< 1 if the last batch raised starved cells.
  std::int64_t stalled = 0;              ///< Batches without a better error.
  std::int64_t shrinks = 0;              ///< mc_adam: times that the batch was doubled.
  std::int64_t termination = 1;          ///< A Termination; meaningful once finished.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("heights", self.heights, any_value, "iterate");
    field("average", self.average, any_value, "running average of the iterates");
    field("first_moments", self.first_moments, any_value, "of mc_adam's gradient");
    field("second_moments", self.second_moments, any_value, "of mc_adam's gradient");
    field("sums", self.sums, any_value, "certificate sums");
    field("error_history", self.error_history, any_value, "smoothed and best error");
    field("hits", self.hits, any_value, "certificate draws in each cell");
    field("first_hits", self.first_hits, any_value, "those that are no mirror images");
    field("phase", self.phase, any_value, "0 ascent, 1 certificate, 2 finished");
    field("level", self.level, any_value, "of the hierarchy of atoms");
    field("level_batches", self.level_batches, any_value, "batches on this level");
    field("descends", self.descends, any_value, "1 once the levels are being gone through");
    field("iteration", self.iteration, any_value, "batches so far");
    field("ascent_samples", self.ascent_samples, any_value, "draws of the ascent");
    field("adam_steps", self.adam_steps, any_value, "steps of mc_adam");
    field("averaged_samples", self.averaged_samples, any_value, "draws that the average is worth");
    field("required_samples", self.required_samples, any_value, "draws before a certificate");
    field("certificate_samples", self.certificate_samples, any_value, "draws of the certificate");
    field("planned_samples", self.planned_samples, any_value, "draws it is to have");
    field("looks", self.looks, any_value, "times that a bound was worked out");
    field("was_raised", self.was_raised, any_value, "1 if the last batch raised starved cells");
    field("stalled", self.stalled, any_value, "batches without a better error");
    field("shrinks", self.shrinks, any_value, "times that mc_adam doubled its batch");
    field("termination", self.termination, any_value, "why the run ended");
  }
};

/// The solver, one batch at a time:
///
///   for (auto state = solver.init(); !solver.finished(state);) solver.step(state);
class SemidiscreteSolver {
 public:
  /// @throws std::invalid_argument for a null source, a dimension mismatch, an atom with a
  /// coordinate above 1e150 in size, or a bad option.
  SemidiscreteSolver(SemidiscreteProblem problem, const SemidiscreteOptions& options);
  ~SemidiscreteSolver();
  SemidiscreteSolver(SemidiscreteSolver&&) noexcept;
  SemidiscreteSolver& operator=(SemidiscreteSolver&&) noexcept;

  SemidiscreteState init() const;
  void step(SemidiscreteState& state) const;  ///< One batch of the ascent or of a certificate.
  bool finished(const SemidiscreteState& state) const;
  /// @throws std::invalid_argument if the vectors of `state` do not have this problem's sizes.
  void check(const SemidiscreteState& state) const;
  Progress progress(const SemidiscreteState& state) const;
  /// Ends the run early; heights without a certificate get a small one, so that errors are known.
  void finish(SemidiscreteState& state, Termination termination) const;
  /// What the state amounts to; the certified numbers are NaN before the first certificate batch.
  SemidiscreteResult result(const SemidiscreteState& state) const;

 private:
  struct Implementation;
  std::unique_ptr<const Implementation> implementation_;
};

/// Semi-discrete optimal transport by stochastic ascent on the heights of the Brenier potential
/// u(x) = max_j <x, y_j> + h_j, whose gradient is the map T(x) = y_j on cell j.
///
/// Minimises E(h) = E max_j(<x, y_j> + h_j) - <nu, h>, whose gradient is m - nu. In power weights
/// w_j = 2 h_j + |y_j|^2 this is the ascent of D(w) = E min_j(|x - y_j|^2 - w_j) + <nu, w>, with
/// max D = W_2^2(mu, nu).
///
/// Stops when fresh draws certify max_j |m_j - nu_j| / nu_j <= tolerance, by exact binomial bounds
/// at a level that all looks share (docs/semidiscrete.md has the formula).
/// A certificate at tolerance e takes about 100 / e^2 draws an atom, whatever the method.
/// Atoms of weight zero get the largest height that keeps their cell empty of the certifying draws;
/// equal atoms get equal heights and share their cell's mass in proportion to their weights.
/// @returns converged = false with the heights so far when iterations or time run out.
/// @throws std::invalid_argument for a null source, a dimension mismatch or a bad option.
/// Work O(N d) a draw, memory O(N d + batch). Same bits for any number of threads.
/// Source: \cite merigot2021, stochastic ascent \cite genevay2016, mc_adam \cite li2023.
SemidiscreteResult semidiscrete(const SemidiscreteProblem& problem,
                                const SemidiscreteOptions& options = {},
                                const Observer& observer = {});

}  // namespace pushforward::ot
