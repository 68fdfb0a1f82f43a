/// Semi-discrete transport from a density whose cell masses are integrals: damped Newton.
#pragma once

#include <limits>
#include <memory>
#include <vector>

#include "pushforward/core/measure.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/laguerre.hpp"
#include "pushforward/ot/semidiscrete.hpp"
#include "pushforward/ot/semidiscrete_report.hpp"

namespace pushforward::ot {

/// Transport from mu (`source`) to nu = sum_j nu_j delta_{y_j} (`target`), cost |x - y|^2.
struct LaguerreProblem {
  std::shared_ptr<const LaguerreSource> source;
  DiscreteMeasure target;

  /// The same problem for the stochastic solver.
  operator SemidiscreteProblem() const { return {source, target}; }
};

struct SemidiscreteNewtonOptions {
  double tolerance = 1e-9;   ///< On max_j |m_j - nu_j| / nu_j.
  int max_iterations = 500;  ///< Newton steps on the full problem.
  double time_limit_seconds = std::numeric_limits<double>::infinity();  ///< Wall time.
  double system_residual =
      1e-2;  ///< Of the linear systems, relative to their right sides: at most.
  /// And at most a tenth of the relative mass error: the last steps are then quadratic, where a
  /// fixed residual leaves them linear \cite dembo1982.
  bool tighten_systems = true;
  int threads = 0;  ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive,
          "largest relative mass error of a cell at which to stop");
    field("max_iterations", self.max_iterations, at_least(0), "Newton steps on the full problem");
    field("time_limit_seconds", self.time_limit_seconds, positive.or_infinite(),
          "wall time after which the best weights so far are returned");
    field("system_residual", self.system_residual, strictly_between(0.0, 1.0),
          "largest relative residual of a Newton step's linear system");
    field("tighten_systems", self.tighten_systems, any_value,
          "solve the systems to a tenth of the relative mass error, where that is less");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// One evaluation of the accepted weights.
struct NewtonRecord {
  double mass_error = not_known;  ///< max_j |m_j - nu_j| / nu_j.
  double step = not_known;        ///< t in (0, 1], by which the Newton step was shortened.
};

/// `residual` is `mass_error`; `iterations` counts Newton steps on the full problem.
struct SemidiscreteNewtonResult : SemidiscreteReport {
  Vector weights;       ///< N: power weights w; sum_j nu_j w_j = 0.
  Matrix mass_centres;  ///< d x N: of each cell, for maps that extend T; NaN for an empty one.
  /// [D(w), |m - nu|_1 / 2 times the largest cost + the integral of |x - T(x)|^2]: the left-over
  /// mass sent anywhere completes T to a coupling.
  DualityGap certificate;
  double mass_residual = not_known;  ///< |sum_j m_j - 1|.
  double uniform_share = 0.0;  ///< Of a uniform law mixed into the source, where it had to be.
  Index merged_sites = 0;      ///< Sites equal to another, or within 1e-12 of the diameter.
  int evaluations = 0;         ///< Diagrams of the full problem.
  std::vector<NewtonRecord> history;  ///< The start and each step.
};

/// Maximises the concave D(w) = integral of min_j(|x - y_j|^2 - w_j) dmu + <nu, w>, with
/// dD/dw_j = nu_j - m_j and max D = W_2^2(mu, nu), by Newton's method: a step solves the graph
/// Laplacian of the cells' facets, and is halved until no cell loses more than half of the smallest
/// mass seen at the start and the error falls as it should.
///
/// Converges from any start for a source whose density is bounded below on a connected domain, at
/// last quadratically. Starts from weights zero, or, should a cell be empty there, from the weights
/// whose cells are those of the sites shrunk into the domain. A source that vanishes on part of its
/// domain is reached through mixtures with the uniform law; if the support is not connected the run
/// may end `stalled`.
/// Equal sites are merged and get equal weights, and share their cell's mass in proportion to
/// their own; an atom of weight zero gets the largest weight that keeps its cell empty.
/// @throws std::invalid_argument for a null source, a dimension mismatch or a bad option.
/// Work O(N log N) and one sparse solve a step; memory O(N). Same bits for any number of threads.
/// Source: \cite merigot2021, damping \cite kitagawa2019.
SemidiscreteNewtonResult semidiscrete_newton(const LaguerreProblem& problem,
                                             const SemidiscreteNewtonOptions& options = {},
                                             const Observer& observer = {});

}  // namespace pushforward::ot
