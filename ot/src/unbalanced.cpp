#include "pushforward/ot/unbalanced.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/special.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/annealed_sweeps.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/marginal_penalty.hpp"
#include "ot/src/relaxation.hpp"
#include "ot/src/sinkhorn_backend.hpp"
#include "ot/src/unequal_masses.hpp"

namespace pushforward::ot {
namespace {

using detail::CompensatedSum;
using detail::PenaltyDual;

constexpr double half_pi = 1.5707963267948966;

// A matrix that lives as long as the view of it.
class OwnedMatrixCost final : public CostView {
 public:
  explicit OwnedMatrixCost(Matrix cost)
      : CostView(cost.rows(), cost.cols()), matrix_(std::move(cost)), view_(matrix_) {}

  double entry(Index i, Index j) const override { return matrix_(i, j); }
  const double* column(Index j, Index begin, Index, double*) const override {
    return matrix_.data() + j * matrix_.rows() + begin;
  }
  bool is_lazy() const override { return false; }
  double largest_magnitude() const override { return view_.largest_magnitude(); }

 private:
  Matrix matrix_;
  MatrixCost view_;
};

// Forbidden arcs at a cost so far above all others that what they carry vanishes: at the optimum a
// point with no other arc ships exp(-C / (rho + epsilon)) or, to one like it, the root of that.
std::shared_ptr<const CostView> finite_costs(const CostView& cost,
                                             const UnbalancedOptions& options) {
  if (dynamic_cast<const SparseCost*>(&cost) == nullptr) {
    return {std::shared_ptr<const CostView>(), &cost};  // not owned
  }
  Matrix dense(cost.rows(), cost.cols());
  cost.tile(0, 0, dense);
  const auto finite = [](double x) { return std::isfinite(x) ? x : 0.0; };
  const double far =
      2.0 * cost.largest_magnitude() +
      1500.0 * (options.epsilon + finite(options.source.rho) + finite(options.target.rho));
  dense = dense.array().isFinite().select(dense, far);
  return std::make_shared<OwnedMatrixCost>(std::move(dense));
}

constexpr const char* here = "unbalanced_transport";

class Solver {
 public:
  Solver(VectorIn a, VectorIn b, double mass_a, double mass_b, const CostView& cost,
         const UnbalancedOptions& options, bool symmetric)
      : a_(a),
        b_(b),
        options_(options),
        symmetric_(symmetric),
        source_(options.source),
        target_(options.target),
        backend_(detail::make_sinkhorn_backend(finite_costs(cost, options), a / mass_a, b / mass_b,
                                               Precision::f64, options.threads)),
        log_mass_a_(std::log(mass_a)),
        log_mass_b_(std::log(mass_b)),
        typical_(typical_cost(cost) * std::min(mass_a, mass_b)) {
    f_ = soft_rows_ = row_share_ = Vector::Zero(a.size());
    g_ = soft_columns_ = col_share_ = Vector::Zero(b.size());
    reference_mass_ = mass_a * mass_b;
    if (options.reference == EntropyReference::counting) {
      const auto positive = [](VectorIn w) {
        return static_cast<double>((w.array() > 0.0).count());
      };
      reference_mass_ = positive(a) * positive(b);
    }
  }

  /// @param start  f, or empty for a start from zero.
  void run(VectorIn start, const Observer& observer, UnbalancedResult& result) {
    warm_ = start.size() > 0;
    if (warm_) f_ = start;
    detail::annealed_sweeps(*this, options_, warm_, "unbalanced", observer, result);
    finish(result);
  }

  double first_epsilon() const { return 0.125 * backend_->cost_range(); }

  void begin_stage(double epsilon) {
    set_epsilon(epsilon);
    relaxation_ = {};
    if (warm_) update_columns(1.0);
    warm_ = false;
  }

  void sweep(bool last) {
    if (symmetric_) return average();
    const double omega = relaxation_.omega();
    double defect = 0.0;
    for (Index i = 0; i < f_.size(); ++i) {
      const double step = source_.best(soft_rows_[i], epsilon_) - f_[i];
      f_[i] = source_.admissible(f_[i] + omega * step);
      defect += a_[i] * std::min(1.0, std::abs(step) / epsilon_);
    }
    refresh_columns();
    update_columns(omega);
    if (last && options_.over_relaxation) relaxation_.observe(defect);
  }

  void measure(UnbalancedResult& result) {
    refresh_rows();
    if (symmetric_) soft_columns_ = soft_rows_;
    CompensatedSum dual, gap, mass;
    double violation = 0.0;
    const auto side = [&](const PenaltyDual& penalty, const Vector& w, const Vector& potential,
                          const Vector& soft, Vector& log_share, bool weigh) {
      for (Index i = 0; i < w.size(); ++i) {
        log_share[i] = (potential[i] - soft[i]) / epsilon_;
        if (w[i] == 0.0) continue;
        dual.add(w[i] * penalty.value(potential[i]));
        gap.add(w[i] * penalty.gap(potential[i], log_share[i]));
        violation += w[i] * penalty.violation(log_share[i]);
        if (weigh) mass.add(w[i] * std::exp(log_share[i]));
      }
    };
    side(source_, a_, f_, soft_rows_, row_share_, true);
    side(target_, b_, g_, soft_columns_, col_share_, false);
    result.mass = mass.value();
    result.violation = violation;
    result.certificate.dual = dual.value() - epsilon_ * (mass.value() - reference_mass_);
    const bool feasible = !source_.is_hard() && !target_.is_hard();
    result.certificate.primal = feasible ? result.certificate.dual + gap.value() : not_known;
    const double scale = std::max(std::abs(result.certificate.dual), typical_);
    const double total = std::exp(std::min(log_mass_a_, log_mass_b_));
    const double relative = gap.value() == 0.0 ? 0.0 : gap.value() / scale;
    result.residual = std::max(relative, violation / total);
    if (std::isnan(relative) || std::isnan(violation)) result.residual = not_known;
  }

 private:
  // Potentials of the backend are those of masses of sum one, of costs without the rows' common
  // part, and of the entropy relative to the product.
  void refresh_rows() {
    const Vector g = g_ - reference_b_;
    Vector shift = reference_a_.array() - epsilon_ * log_mass_b_;
    if (offset().size() > 0) shift += offset();
    soft_rows_ -= shift;
    backend_->soft_rows(g, soft_rows_);
    soft_rows_ += shift;
  }
  void refresh_columns() {
    Vector f = f_ - reference_a_;
    if (offset().size() > 0) f -= offset();
    const Vector shift = reference_b_.array() - epsilon_ * log_mass_a_;
    soft_columns_ -= shift;
    backend_->soft_columns(f, soft_columns_);
    soft_columns_ += shift;
  }
  const Vector& offset() const { return backend_->row_offset(); }

  void set_epsilon(double epsilon) {
    epsilon_ = epsilon;
    backend_->set_epsilon(epsilon);
    const auto logs = [&](const Vector& w) {
      Vector log = Vector::Zero(w.size());
      if (options_.reference == EntropyReference::product) return log;
      for (Index i = 0; i < w.size(); ++i) log[i] = w[i] > 0.0 ? epsilon * std::log(w[i]) : 0.0;
      return log;
    };
    reference_a_ = logs(a_);
    reference_b_ = logs(b_);
    refresh_columns();
  }

  // The dual is symmetric and concave: equal potentials lose nothing, and half steps keep them
  // equal.
  void average() {
    for (Index i = 0; i < f_.size(); ++i) {
      f_[i] += 0.5 * (source_.best(soft_rows_[i], epsilon_) - f_[i]);
    }
    g_ = f_;
  }

  void update_columns(double omega) {
    for (Index j = 0; j < g_.size(); ++j) {
      const double step = target_.best(soft_columns_[j], epsilon_) - g_[j];
      g_[j] = target_.admissible(g_[j] + omega * step);
    }
    if (options_.translation) translate();
  }

  // log <w, e^{-p / rho}>
  static double log_mean(const Vector& w, const Vector& p, double rho) {
    Vector terms(w.size());
    for (Index i = 0; i < w.size(); ++i) terms[i] = std::log(w[i]) - p[i] / rho;
    return log_sum_exp(terms);
  }

  // The coupling stays as it is; what its marginals pay is balanced between the two sides.
  void translate() {
    const auto kl = MarginalPenalty::kullback_leibler;
    double t = 0.0;
    if (source_.is(kl) && target_.is(kl)) {
      t = (log_mean(a_, f_, source_.rho()) - log_mean(b_, g_, target_.rho())) /
          (1.0 / source_.rho() + 1.0 / target_.rho());
    } else if (source_.is(kl) && target_.is(MarginalPenalty::exact)) {
      t = source_.rho() * (log_mean(a_, f_, source_.rho()) - log_mass_b_);
    } else if (source_.is(MarginalPenalty::exact) && target_.is(kl)) {
      t = target_.rho() * (log_mass_a_ - log_mean(b_, g_, target_.rho()));
    }
    f_.array() += t;
    g_.array() -= t;
    soft_columns_.array() -= t;
  }

  void finish(UnbalancedResult& result) {
    result.epsilon = epsilon_;
    result.f = f_;
    result.g = g_;
    result.row_marginal = a_.array() * row_share_.array().exp();
    result.col_marginal = b_.array() * col_share_.array().exp();
    Vector f = f_ - reference_a_;
    if (offset().size() > 0) f -= offset();
    const Vector g = g_ - reference_b_;
    result.linear_cost = std::exp(log_mass_a_ + log_mass_b_) * backend_->transport_cost(f, g);
    if (offset().size() > 0) result.linear_cost += result.row_marginal.dot(offset());
  }

  const Vector a_, b_;
  const UnbalancedOptions& options_;
  const bool symmetric_;  // one measure to itself: g = f
  PenaltyDual source_, target_;
  std::unique_ptr<detail::SinkhornBackend> backend_;
  double log_mass_a_, log_mass_b_;
  double typical_;         // a typical cost of the smaller mass
  double reference_mass_;  // of what the entropy is relative to
  double epsilon_ = 1.0;
  bool warm_ = false;
  detail::Relaxation relaxation_;
  Vector f_, g_;
  Vector soft_rows_, soft_columns_;   // at which points ship their masses
  Vector row_share_, col_share_;      // log of what they ship, relative to those
  Vector reference_a_, reference_b_;  // epsilon log a and b where the entropy is counted
};

void require_number(bool ok, double value, const char* where, const char* name,
                    const char* expected) {
  require(ok && std::isfinite(value), where, name, value, expected);
}

UnbalancedResult solve(VectorIn start, VectorIn a, VectorIn b, const CostView& cost,
                       const UnbalancedOptions& options, const Observer& observer,
                       bool symmetric = false) {
  const auto begin = std::chrono::steady_clock::now();
  options.validate();
  const double source = detail::checked_mass(a, cost.rows(), "a", here);
  const double target = detail::checked_mass(b, cost.cols(), "b", here);
  if (PenaltyDual(options.source).is(MarginalPenalty::exact) &&
      PenaltyDual(options.target).is(MarginalPenalty::exact)) {
    require(std::abs(source - target) <= mass_tolerance * std::max(source, target), here,
            "sum of b", target,
            pushforward::detail::shown(source) + ", the sum of a, as both marginals are exact");
  }
  UnbalancedResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  Solver(a, b, source, target, cost, options, symmetric).run(start, observer, result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace

void MarginalOptions::validate() const {
  validate_fields("MarginalOptions", *this);
  require(low <= high, "MarginalOptions", "low", low,
          "at most high, which is " + pushforward::detail::shown(high));
}

void UnbalancedOptions::validate() const {
  validate_fields("UnbalancedOptions", *this);
  source.validate();
  target.validate();
}

UnbalancedResult unbalanced_transport(VectorIn a, VectorIn b, const CostView& cost,
                                      const UnbalancedOptions& options, const Observer& observer) {
  return solve(Vector(), a, b, cost, options, observer);
}

UnbalancedResult unbalanced_transport_from(VectorIn f, VectorIn a, VectorIn b, const CostView& cost,
                                           const UnbalancedOptions& options,
                                           const Observer& observer) {
  detail::require_potential(f, cost.rows(), here);
  return solve(f, a, b, cost, options, observer);
}

UnbalancedResult unbalanced_self_transport(VectorIn a, const CostView& cost,
                                           const UnbalancedOptions& options,
                                           const Observer& observer) {
  constexpr const char* self = "unbalanced_self_transport";
  require(cost.rows() == cost.cols(), self, "cost.cols()", cost.cols(),
          std::to_string(cost.rows()) + ", as many as rows");
  const MarginalOptions &s = options.source, &t = options.target;
  require(s.penalty == t.penalty && s.rho == t.rho && s.low == t.low && s.high == t.high, self,
          "options.target", "another penalty", "that of options.source");
  return solve(Vector(), a, a, cost, options, observer, true);
}

SparseCost hellinger_kantorovich_cost(PointsIn x, PointsIn y, double scale) {
  require_number(scale > 0.0, scale, "hellinger_kantorovich_cost", "scale", "greater than 0");
  const PointCost distance(x, y, Cost::euclidean());
  std::vector<Index> rows, cols;
  std::vector<double> values;
  for (Index j = 0; j < y.cols(); ++j) {
    for (Index i = 0; i < x.cols(); ++i) {
      const double angle = distance.entry(i, j) / scale;
      if (angle >= half_pi) continue;
      rows.push_back(i);
      cols.push_back(j);
      values.push_back(-2.0 * std::log(std::cos(angle)));
    }
  }
  const auto size = static_cast<Index>(values.size());
  return SparseCost(x.cols(), y.cols(), Eigen::Map<const IndexVector>(rows.data(), size),
                    Eigen::Map<const IndexVector>(cols.data(), size),
                    Eigen::Map<const Vector>(values.data(), size));
}

TwoPointTransport two_point_kullback_leibler(double p, double q, double c, double rho,
                                             double epsilon) {
  constexpr const char* where = "two_point_kullback_leibler";
  require_number(p > 0.0, p, where, "p", "greater than 0");
  require_number(q > 0.0, q, where, "q", "greater than 0");
  require_number(true, c, where, "c", "finite");
  require_number(rho > 0.0, rho, where, "rho", "greater than 0");
  require_number(epsilon >= 0.0, epsilon, where, "epsilon", "at least 0");
  const double both = 2.0 * rho + epsilon;
  const double mass = std::exp(((rho + epsilon) * (std::log(p) + std::log(q)) - c) / both);
  return {mass, rho * (p + q) + epsilon * p * q - both * mass};
}

TwoPointTransport two_point_total_variation(double p, double q, double c, double rho) {
  constexpr const char* where = "two_point_total_variation";
  require_number(p >= 0.0, p, where, "p", "at least 0");
  require_number(q >= 0.0, q, where, "q", "at least 0");
  require_number(true, c, where, "c", "finite");
  require_number(rho > 0.0, rho, where, "rho", "greater than 0");
  const double mass = c < 2.0 * rho ? std::min(p, q) : 0.0;
  return {mass, mass * c + rho * (p + q - 2.0 * mass)};
}

}  // namespace pushforward::ot
