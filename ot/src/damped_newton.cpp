#include "ot/src/damped_newton.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

namespace pushforward::ot::detail {
namespace {

// A cell shut in by its cluster starts with a share of its mass that is the square of the cluster's
// size; steps as short as that share let it double, and the next ones double with it.
constexpr double shortest_step = 0x1p-70;
constexpr double lengthening = 8.0;  // of the first step tried, over the last one taken

}  // namespace

double relative_mass_error(const Vector& masses, const Vector& wanted) {
  return ((masses - wanted).array().abs() / wanted.array()).maxCoeff();
}

DampedNewton::DampedNewton(const LaguerreSource& source, const Matrix& sites, const Vector& wanted,
                           const SemidiscreteNewtonOptions& options)
    : sites_(sites),
      wanted_(wanted),
      system_residual_(options.system_residual),
      tighten_systems_(options.tighten_systems),
      cells_(source.cells(sites, options.threads)) {}

bool DampedNewton::start(const Vector& weights, double uniform_share) {
  uniform_share_ = uniform_share;
  weights_ = weights;
  weights_.array() -= weights_.dot(wanted_);
  measures_ = cells_->measures(weights_, uniform_share_);
  ++evaluations_;
  smallest_allowed_ = 0.5 * std::min(measures_.masses.minCoeff(), wanted_.minCoeff());
  last_length_ = 1.0;
  history_.push_back({error(), not_known});
  return smallest_allowed_ > 0.0;
}

Termination DampedNewton::solve(const Limits& limits) {
  for (int step = 0;; ++step) {
    if (!measures_.masses.allFinite()) return Termination::non_finite;
    if (error() <= limits.tolerance) return Termination::converged;
    if (step == limits.max_iterations) return Termination::max_iterations;
    if (limits.stop) {
      const Termination asked = limits.stop(error());
      if (asked != Termination::converged) return asked;
    }
    double length = std::min(1.0, lengthening * last_length_);
    if (!advance(direction(limits.tolerance), length)) return Termination::stalled;
    last_length_ = length;
    ++iterations_;
    history_.push_back({error(), length});
  }
}

// m(w + dw) = m + L dw to first order, so that L dw = nu - m.
Vector DampedNewton::direction(double tolerance) {
  std::vector<LaplacianEdge> edges;
  edges.reserve(measures_.facets.size());
  for (const CellFacet& facet : measures_.facets) {
    const double distance = (sites_.col(facet.first) - sites_.col(facet.second)).norm();
    edges.push_back({facet.first, facet.second, 0.5 * facet.integral / distance});
  }
  // What the solve leaves is left of the masses too: it should be less than Newton's own error,
  // which is of the order of the square of this one, and less than any cell is to have; it need not
  // be less than the tolerance.
  const Vector missing = wanted_ - measures_.masses;
  const double error = missing.norm() / wanted_.norm(), smallest = wanted_.minCoeff();
  const double tight = tighten_systems_ ? 0.1 * error : system_residual_;
  Vector step;
  laplacian_.solve(sites_.cols(), edges, missing,
                   {.relative = std::min(system_residual_, tight),
                    .acceptable = 0.1 * smallest,
                    .negligible = 0.1 * tolerance * smallest},
                   step);
  return step;
}

bool DampedNewton::advance(const Vector& direction, double& length) {
  const double norm = (measures_.masses - wanted_).norm();
  if (!direction.allFinite()) return false;
  for (; length >= shortest_step; length *= 0.5) {
    Vector trial = weights_ + length * direction;
    trial.array() -= trial.dot(wanted_);
    std::optional<CellMeasures> measured = cells_->measures_if_full(trial, uniform_share_);
    ++evaluations_;
    if (!measured) continue;
    if (measured->masses.minCoeff() >= smallest_allowed_ &&
        (measured->masses - wanted_).norm() <= (1.0 - 0.5 * length) * norm) {
      weights_ = std::move(trial);
      measures_ = std::move(*measured);
      return true;
    }
  }
  return false;
}

}  // namespace pushforward::ot::detail
