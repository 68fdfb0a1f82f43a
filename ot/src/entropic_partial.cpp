#include "pushforward/ot/entropic_partial.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/annealed_sweeps.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/sinkhorn_backend.hpp"
#include "ot/src/unequal_masses.hpp"

namespace pushforward::ot {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

double log_add(double x, double y) {
  if (x < y) std::swap(x, y);
  return x == -infinite ? x : x + std::log1p(std::exp(y - x));
}

// The h with sum_i w_i min(1, e^{(h - s_i) / epsilon}) = mass: a point whose soft minimum s_i is
// below h ships all it has.
double multiplier(const Vector& w, const Vector& soft, double mass, double epsilon) {
  std::vector<Index> order(static_cast<std::size_t>(w.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::erase_if(order, [&](Index i) { return w[i] == 0.0; });
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return soft[i] < soft[j]; });
  std::vector<double> rest(order.size() + 1, -infinite);  // log sum of w e^{-s / epsilon} from p on
  for (std::size_t p = order.size(); p-- > 0;) {
    rest[p] = log_add(rest[p + 1], std::log(w[order[p]]) - soft[order[p]] / epsilon);
  }
  detail::CompensatedSum full;
  for (std::size_t p = 0; p < order.size(); ++p) {
    const double left = mass - full.value();
    if (left <= 0.0) return soft[order[p - 1]];
    const double h = epsilon * (std::log(left) - rest[p]);
    if (h <= soft[order[p]]) return h;
    full.add(w[order[p]]);
  }
  return soft[order.back()];
}

class Solver {
 public:
  Solver(VectorIn a, VectorIn b, double mass_a, double mass_b, const CostView& cost, double mass,
         const EntropicPartialOptions& options)
      : a_(a),
        b_(b),
        mass_(mass),
        product_(mass_a * mass_b),
        log_mass_a_(std::log(mass_a)),
        log_mass_b_(std::log(mass_b)),
        typical_(typical_cost(cost) * mass),
        options_(options),
        backend_(detail::make_sinkhorn_backend({std::shared_ptr<const CostView>(), &cost},
                                               a / mass_a, b / mass_b, Precision::f64,
                                               options.threads)) {
    f_ = soft_rows_ = Vector::Zero(a.size());
    g_ = soft_columns_ = Vector::Zero(b.size());
  }

  /// @param start  f, or empty for a start from zero.
  void run(VectorIn start, const Observer& observer, EntropicPartialResult& result) {
    const bool warm = start.size() > 0;
    if (warm) f_ = start.cwiseMin(0.0);
    detail::annealed_sweeps(*this, options_, warm, "entropic partial", observer, result);
    finish(result);
  }

  double first_epsilon() const { return 0.125 * backend_->cost_range(); }

  void begin_stage(double epsilon) {
    epsilon_ = epsilon;
    backend_->set_epsilon(epsilon);
    column_block();
  }

  void sweep(bool) {
    h_ = multiplier(a_, soft_rows_, mass_, epsilon_);
    f_ = (soft_rows_.array() - h_).min(0.0);
    column_block();
  }

  // After a column block the columns and the mass are exact; the rows say how far it is.
  void measure(EntropicPartialResult& result) {
    refresh_rows();
    detail::CompensatedSum dual, gap, over, mass;
    for (Index j = 0; j < b_.size(); ++j) dual.add_product(b_[j], g_[j]);
    for (Index i = 0; i < a_.size(); ++i) {
      if (a_[i] == 0.0) continue;
      const double share = std::exp((f_[i] + h_ - soft_rows_[i]) / epsilon_);
      dual.add_product(a_[i], f_[i]);
      gap.add(a_[i] * std::abs(f_[i] * (share - 1.0)));
      over.add(a_[i] * std::max(0.0, share - 1.0));
      mass.add(a_[i] * share);
    }
    result.dual = dual.value() + mass_ * h_ - epsilon_ * (mass.value() - product_);
    const double scale = std::max(std::abs(result.dual), typical_);
    const double relative = gap.value() == 0.0 ? 0.0 : gap.value() / scale;
    result.residual = std::max(relative, over.value() / mass_);
    if (std::isnan(relative)) result.residual = not_known;
  }

 private:
  const Vector& offset() const { return backend_->row_offset(); }

  // The backend has masses of sum one and costs without the rows' common part.
  void refresh_rows() {
    Vector shift = Vector::Constant(f_.size(), -epsilon_ * log_mass_b_);
    if (offset().size() > 0) shift += offset();
    soft_rows_ -= shift;
    backend_->soft_rows(g_, soft_rows_);
    soft_rows_ += shift;
  }
  Vector backend_f() const { return offset().size() > 0 ? Vector(f_ - offset()) : f_; }

  void refresh_columns() {
    const Vector f = backend_f();
    soft_columns_.array() += epsilon_ * log_mass_a_;
    backend_->soft_columns(f, soft_columns_);
    soft_columns_.array() -= epsilon_ * log_mass_a_;
  }

  void column_block() {
    refresh_columns();
    h_ = multiplier(b_, soft_columns_, mass_, epsilon_);
    g_ = (soft_columns_.array() - h_).min(0.0);
  }

  void finish(EntropicPartialResult& result) {
    for (Index i = 0; i < f_.size(); ++i) f_[i] -= std::max(0.0, (f_[i] + h_) - soft_rows_[i]);
    result.row_marginal = a_.array() * ((f_.array() + h_ - soft_rows_.array()) / epsilon_).exp();
    refresh_columns();
    result.col_marginal = b_.array() * ((g_.array() + h_ - soft_columns_.array()) / epsilon_).exp();
    result.epsilon = epsilon_;
    result.f = f_;
    result.g = g_;
    result.multiplier = h_;
    result.mass = result.row_marginal.sum();
    result.linear_cost = std::exp(log_mass_a_ + log_mass_b_) *
                         backend_->transport_cost((backend_f().array() + h_).matrix(), g_);
    if (offset().size() > 0) result.linear_cost += result.row_marginal.dot(offset());
  }

  const Vector a_, b_;
  double mass_;
  double product_;  // |a| |b|
  double log_mass_a_, log_mass_b_;
  double typical_;  // a typical cost of the mass that moves
  const EntropicPartialOptions& options_;
  std::unique_ptr<detail::SinkhornBackend> backend_;
  double epsilon_ = 1.0, h_ = 0.0;
  Vector f_, g_;
  Vector soft_rows_, soft_columns_;  // at which, less h, points ship their masses
};

constexpr const char* where = "entropic_partial";

EntropicPartialResult solve(VectorIn start, VectorIn a, VectorIn b, const CostView& cost,
                            double mass, const EntropicPartialOptions& options,
                            const Observer& observer) {
  const auto begin = std::chrono::steady_clock::now();
  options.validate();
  const double source = detail::checked_mass(a, cost.rows(), "a", where);
  const double target = detail::checked_mass(b, cost.cols(), "b", where);
  const double least = std::min(source, target);
  require(mass > 0.0 && mass <= least * (1.0 + 1e-12), where, "mass", mass,
          "greater than 0 and at most " + pushforward::detail::shown(least) + ", the smaller sum");
  const auto* sparse = dynamic_cast<const SparseCost*>(&cost);
  require(sparse == nullptr || sparse->arcs() == cost.rows() * cost.cols(), where, "forbidden arcs",
          cost.rows() * cost.cols() - (sparse ? sparse->arcs() : 0), "none");
  EntropicPartialResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  Solver(a, b, source, target, cost, std::min(mass, least), options).run(start, observer, result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace

void EntropicPartialOptions::validate() const { validate_fields("EntropicPartialOptions", *this); }

EntropicPartialResult entropic_partial(VectorIn a, VectorIn b, const CostView& cost, double mass,
                                       const EntropicPartialOptions& options,
                                       const Observer& observer) {
  return solve(Vector(), a, b, cost, mass, options, observer);
}

EntropicPartialResult entropic_partial_from(VectorIn f, VectorIn a, VectorIn b,
                                            const CostView& cost, double mass,
                                            const EntropicPartialOptions& options,
                                            const Observer& observer) {
  detail::require_potential(f, cost.rows(), where);
  return solve(f, a, b, cost, mass, options, observer);
}

}  // namespace pushforward::ot
