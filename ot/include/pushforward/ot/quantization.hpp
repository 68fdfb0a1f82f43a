/// Points of given masses that stand for a density as well as they can: Lloyd's method.
#pragma once

#include <cstdint>

#include "pushforward/core/measure.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

namespace pushforward::ot {

struct LloydOptions {
  /// On sqrt(sum_j nu_j |y_j - b_j|^2 / W_2^2), b_j the mass centre of cell j: half of the gradient
  /// of W_2^2 in the norm of nu, over its root. It falls slowly; pictures are done long before.
  double tolerance = 1e-3;
  int max_iterations = 100;      ///< Moves of the sites.
  double mass_tolerance = 1e-6;  ///< Largest relative mass error of a cell, at every move.
  int threads = 0;               ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive,
          "distance of sites from their cells' mass centres, over W_2, at which to stop");
    field("max_iterations", self.max_iterations, at_least(0), "moves of the sites");
    field("mass_tolerance", self.mass_tolerance, positive,
          "largest relative mass error of a cell, at every move");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// All that is carried from one move to the next: a run that is stored, read back and continued
/// gives the same bits as one that was never stopped.
struct LloydState {
  Matrix sites;                ///< d x N: y, where they are now.
  Matrix centres;              ///< d x N: b, of their cells.
  Vector costs;                ///< W_2^2 before each move so far and now, one more than moves.
  Vector moves;                ///< sum_j nu_j |y_j - b_j|^2, of the same sites.
  IndexVector steps;           ///< Newton steps for each.
  std::int64_t transport = 0;  ///< A Termination: how the last transport problem ended.

  Index iteration() const { return costs.size() - 1; }

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("sites", self.sites, any_value, "where they are");
    field("centres", self.centres, any_value, "mass centres of their cells");
    field("costs", self.costs, any_value, "at the start and after each move");
    field("moves", self.moves, any_value, "mean squared distance of sites to centres, likewise");
    field("steps", self.steps, any_value, "Newton steps, likewise");
    field("transport", self.transport, any_value, "how the last transport problem ended");
  }
};

/// `residual` is that of `LloydOptions::tolerance`, `iterations` the moves.
struct LloydResult : SolveReport {
  Matrix sites;                        ///< d x N.
  SemidiscreteNewtonResult transport;  ///< To these sites.
  Vector costs;  ///< W_2^2 at the start and after each move. Falls by at least `moves` each time.
  Vector moves;  ///< sum_j nu_j |y_j - b_j|^2 at the start and after each move.
  IndexVector steps;  ///< Newton steps, likewise.
};

/// One move at a time:
///
///   for (auto state = solver.init(); !solver.finished(state);) solver.step(state);
class LloydSolver {
 public:
  /// @param problem  the density, and the sites to start from with masses that they keep.
  /// @throws std::invalid_argument for a null source, a dimension mismatch, a mass of zero or a bad
  ///         option.
  LloydSolver(LaguerreProblem problem, const LloydOptions& options);

  /// `observer` sees the Newton steps of the transport problem within.
  LloydState init(const Observer& observer = {}) const;
  /// What leaves the observer by an exception leaves the state as it was; an observer that returns
  /// false ends the run.
  void step(LloydState& state, const Observer& observer = {}) const;
  bool finished(const LloydState& state) const;
  double residual(const LloydState& state) const;
  SolveReport report(const LloydState& state) const;
  Progress progress(const LloydState& state) const;
  /// @throws std::invalid_argument if the parts of `state` do not have this problem's sizes.
  void check(const LloydState& state) const;
  /// Solves the last transport problem once more.
  LloydResult result(const LloydState& state) const;

 private:
  SemidiscreteNewtonResult transport(PointsIn sites, const Observer& observer) const;
  void move(LloydState& state, Matrix sites, const Observer& observer) const;

  LaguerreProblem problem_;
  LloydOptions options_;
};

/// Local minimum over the places y of  F(y) = W_2^2(mu, sum_j nu_j delta_{y_j})  by moving each
/// site to the mass centre b_j of its Laguerre cell. Since dF/dy_j = 2 nu_j (y_j - b_j), and since
/// the old cells are admissible for the new sites,
///   F(b) <= F(y) - sum_j nu_j |y_j - b_j|^2.
///
/// With equal masses the sites end spread like blue noise of the density mu: stipples of an image.
/// @returns converged = false with the last sites when the moves run out, or when a transport
///          problem within does not converge, whose reason is then the termination.
/// @throws as the constructor of LloydSolver does.
/// Work: one semi-discrete problem a move. Same bits for any number of threads.
/// Source: \cite degoes2012, convergence of the method \cite merigot2021lloyd.
LloydResult lloyd_quantization(const LaguerreProblem& problem, const LloydOptions& options = {},
                               const Observer& observer = {});

}  // namespace pushforward::ot
