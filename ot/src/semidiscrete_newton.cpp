#include "pushforward/ot/semidiscrete_newton.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/damped_newton.hpp"
#include "ot/src/semidiscrete_sites.hpp"

namespace pushforward::ot {
namespace {

using detail::DampedNewton;
using detail::MergedSites;

/// z = scale (y - from) + to. The optimal map to the z is that to the y, scaled and moved, so that
/// the cells are the same: z are sites inside of the domain where y may be anywhere.
struct Frame {
  double scale = 1.0;
  Vector from, to;
  bool is_identity = true;

  Matrix apply(const Matrix& y) const {
    if (is_identity) return y;
    return (scale * (y.colwise() - from)).colwise() + to;
  }
};

// Into 90 % of the inner box.
Frame shrinking_frame(const LaguerreSource& source, const Matrix& y) {
  constexpr double share = 0.9;
  const Vector low = y.rowwise().minCoeff(), high = y.rowwise().maxCoeff();
  const Matrix box = source.inner_box();
  Frame frame{1.0, 0.5 * low + 0.5 * high, 0.5 * box.col(0) + 0.5 * box.col(1), false};
  double scale = std::numeric_limits<double>::infinity();
  for (Index k = 0; k < y.rows(); ++k) {
    if (high[k] > low[k]) {
      scale = std::min(scale, share * (box(k, 1) - box(k, 0)) / (high[k] - low[k]));
    }
  }
  if (std::isfinite(scale)) frame.scale = scale;
  return frame;
}

class NewtonSolve {
 public:
  NewtonSolve(const LaguerreProblem& problem, const SemidiscreteNewtonOptions& options,
              const Observer& observer)
      : problem_(problem),
        options_(options),
        observer_(observer),
        sites_(detail::merged_sites(problem.target)) {}

  SemidiscreteNewtonResult run() {
    sites_in_frame_ = sites_.points;
    newton_ = make_newton();
    const Vector zero = Vector::Zero(sites_.masses.size());
    bool has_start = newton_->start(zero, 0.0);
    if (!has_start) {
      frame_ = shrinking_frame(*problem_.source, sites_.points);
      sites_in_frame_ = frame_.apply(sites_.points);
      newton_ = make_newton();
      has_start = newton_->start(zero, 0.0);
    }
    Termination end = has_start ? newton_->solve(limits(options_.tolerance)) : Termination::stalled;
    if (end == Termination::stalled && !is_close()) end = solve_by_mixtures();
    return result(end);
  }

 private:
  std::unique_ptr<DampedNewton> make_newton() const {
    return std::make_unique<DampedNewton>(*problem_.source, sites_in_frame_, sites_.masses,
                                          options_);
  }

  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  DampedNewton::Limits limits(double tolerance) {
    return {tolerance, options_.max_iterations - newton_->iterations(), [this](double error) {
              if (seconds() > options_.time_limit_seconds) return Termination::time_limit;
              const Progress progress{"newton", newton_->iterations(), options_.max_iterations,
                                      error, options_.tolerance};
              if (observer_ && !observer_(progress)) return Termination::interrupted;
              return Termination::converged;
            }};
  }

  // A run that stalls this near its end has met rounding, not a hole in the density.
  bool is_close() const { return newton_->error() < 1e-4; }

  // Towards the source through its mixtures with the uniform law, whose cells all have mass.
  Termination solve_by_mixtures() {
    constexpr double mixture_tolerance = 0.01;
    constexpr double least_share = 1e-7;
    Vector best = Vector::Zero(sites_.masses.size());
    for (double share = 0.5; share >= least_share; share *= 0.1) {
      if (!newton_->start(best, share)) break;
      const Termination end = newton_->solve(limits(mixture_tolerance));
      if (end != Termination::converged && end != Termination::stalled) return finish_at(0.0, end);
      best = newton_->weights();
      uniform_share_ = share;
      if (!newton_->start(best, 0.0) || newton_->error() > 0.5) continue;
      const Termination last = newton_->solve(limits(options_.tolerance));
      uniform_share_ = 0.0;
      if (last != Termination::stalled || is_close()) return last;
      uniform_share_ = share;
    }
    newton_->start(best, 0.0);
    return Termination::stalled;
  }

  Termination finish_at(double share, Termination end) {
    newton_->start(newton_->weights(), share);
    return end;
  }

  SemidiscreteNewtonResult result(Termination end) const;
  double largest_cost() const;

  const LaguerreProblem& problem_;
  const SemidiscreteNewtonOptions& options_;
  const Observer& observer_;
  MergedSites sites_;
  Frame frame_;
  Matrix sites_in_frame_;
  std::unique_ptr<DampedNewton> newton_;
  double uniform_share_ = 0.0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// max |x - y|^2 over the domain's box and the atoms.
double NewtonSolve::largest_cost() const {
  const Matrix box = problem_.source->bounding_box();
  const Matrix& y = problem_.target.points();
  double largest = 0.0;
  for (Index j = 0; j < y.cols(); ++j) {
    const auto away =
        (box.col(0) - y.col(j)).cwiseAbs().cwiseMax((box.col(1) - y.col(j)).cwiseAbs());
    largest = std::max(largest, away.squaredNorm());
  }
  return largest;
}

SemidiscreteNewtonResult NewtonSolve::result(Termination end) const {
  const CellMeasures& cells = newton_->measures();
  const Vector& v = newton_->weights();
  const Matrix& z = sites_in_frame_;
  const DiscreteMeasure& nu = problem_.target;
  const Index n = nu.size(), d = nu.dim();
  SemidiscreteNewtonResult out;
  out.termination = end;
  out.converged = end == Termination::converged;
  out.iterations = newton_->iterations();
  out.evaluations = newton_->evaluations();
  out.history = newton_->history();
  out.threads = pushforward::detail::thread_count(options_.threads);
  out.residual = out.mass_error = newton_->error();
  out.mass_l1_error = (cells.masses - sites_.masses).lpNorm<1>();
  out.mass_residual = cells.mass_residual;
  out.empty_cells = (cells.masses.array() <= 0.0).count();
  out.uniform_share = uniform_share_;
  out.merged_sites = sites_.merged;

  // w = |y|^2 - (|z|^2 - v) / s up to a constant.
  const auto weight = [&](Index j, const auto& at, double value) {
    if (frame_.is_identity) return value;
    return nu.points().col(j).squaredNorm() - (at.squaredNorm() - value) / frame_.scale;
  };
  out.weights.resize(n);
  out.masses = Vector::Zero(n);
  out.mass_centres = Matrix::Constant(d, n, not_known);
  detail::CompensatedSum cost, gap;
  const Matrix frame_points = frame_.apply(nu.points());
  for (Index j = 0; j < n; ++j) {
    const Index k = sites_.owner[j];
    if (k < 0) {
      const Vector at = frame_points.col(j);
      out.weights[j] = weight(j, at, newton_->cells().largest_empty_weight(at));
      continue;
    }
    const Vector at = z.col(k);
    out.weights[j] = weight(j, at, v[k]);
    const double share = nu.weights()[j] / sites_.masses[k];
    out.masses[j] = share * cells.masses[k];
    const Vector away = at - nu.points().col(j);
    cost.add(share * (cells.second_moments[k] + 2.0 * cells.first_moments.col(k).dot(away)));
    cost.add(out.masses[j] * away.squaredNorm());
    if (cells.masses[k] > 0.0) {
      out.mass_centres.col(j) = at + cells.first_moments.col(k) / cells.masses[k];
    }
  }
  out.weights.array() -= out.weights.dot(nu.weights());
  for (Index j = 0; j < n; ++j) gap.add(out.weights[j] * (out.masses[j] - nu.weights()[j]));
  out.heights = brenier_heights(nu.points(), out.weights);
  out.primal = {cost.value(), 0.0};
  out.dual = {cost.value() - gap.value(), 0.0};
  out.certificate = {cost.value() + 0.5 * out.mass_l1_error * largest_cost(), out.dual.value};
  out.seconds = seconds();
  return out;
}

}  // namespace

void SemidiscreteNewtonOptions::validate() const {
  validate_fields("SemidiscreteNewtonOptions", *this);
}

SemidiscreteNewtonResult semidiscrete_newton(const LaguerreProblem& problem,
                                             const SemidiscreteNewtonOptions& options,
                                             const Observer& observer) {
  options.validate();
  require(problem.source != nullptr, "semidiscrete_newton", "problem.source", "null", "a source");
  require(problem.source->dim() == problem.target.dim(), "semidiscrete_newton",
          "problem.source->dim()", problem.source->dim(),
          std::to_string(problem.target.dim()) + ", as the atoms have");
  return NewtonSolve(problem, options, observer).run();
}

}  // namespace pushforward::ot
