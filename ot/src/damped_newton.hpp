/// Damped Newton on the weights of one set of sites: what semidiscrete_newton runs on each level.
#pragma once

#include <functional>
#include <vector>

#include "pushforward/ot/laguerre.hpp"
#include "pushforward/ot/semidiscrete_newton.hpp"

#include "ot/src/laplacian_solver.hpp"

namespace pushforward::ot::detail {

/// Largest |m_j - nu_j| / nu_j.
double relative_mass_error(const Vector& masses, const Vector& wanted);

class DampedNewton {
 public:
  /// @param sites  d x N, distinct. @param wanted  N, positive, of sum one.
  DampedNewton(const LaguerreSource& source, const Matrix& sites, const Vector& wanted,
               const SemidiscreteNewtonOptions& options);

  /// Measures `weights`, from where `solve` goes on. Returns whether every cell has mass.
  bool start(const Vector& weights, double uniform_share);

  struct Limits {
    double tolerance;
    int max_iterations;
    /// Asked before each step with the error so far; anything but `converged` ends the run.
    std::function<Termination(double mass_error)> stop;
  };
  /// Newton steps until the largest relative error is at most the tolerance.
  Termination solve(const Limits& limits);

  const Vector& weights() const { return weights_; }
  const CellMeasures& measures() const { return measures_; }
  /// Of the weights, which the last measures need not have been of.
  const LaguerreCells& cells() {
    cells_->measures(weights_, uniform_share_);
    return *cells_;
  }
  double error() const { return relative_mass_error(measures_.masses, wanted_); }
  int iterations() const { return iterations_; }
  int evaluations() const { return evaluations_; }
  const std::vector<NewtonRecord>& history() const { return history_; }

 private:
  Vector direction(double tolerance);
  bool advance(const Vector& direction, double& length);

  const Matrix& sites_;
  const Vector& wanted_;
  double system_residual_;
  bool tighten_systems_;
  std::unique_ptr<LaguerreCells> cells_;
  LaplacianSolver laplacian_;
  Vector weights_;
  CellMeasures measures_;
  double uniform_share_ = 0.0;
  double smallest_allowed_ = 0.0;  ///< Mass that no cell may fall below.
  double last_length_ = 1.0;
  int iterations_ = 0, evaluations_ = 0;
  std::vector<NewtonRecord> history_;
};

}  // namespace pushforward::ot::detail
