#include "pushforward/ot/partial.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"

#include "ot/src/compensated_sum.hpp"
#include "ot/src/unequal_masses.hpp"

namespace pushforward::ot {
namespace {

using detail::CompensatedSum;

constexpr double unit = 0x1p-53;  // the largest relative error of one rounding

// Costs with one more row and column at the price of leaving a unit of mass; the corner is free.
class SlackCost final : public CostView {
 public:
  SlackCost(const CostView& inner, double price)
      : CostView(inner.rows() + 1, inner.cols() + 1), inner_(inner), price_(price) {}

  double entry(Index i, Index j) const override {
    const bool last_row = i == inner_.rows(), last_col = j == inner_.cols();
    if (last_row || last_col) return last_row && last_col ? 0.0 : price_;
    return inner_.entry(i, j);
  }
  const double* column(Index j, Index begin, Index end, double* buffer) const override {
    const Index n = inner_.rows();
    if (j < inner_.cols() && end <= n) return inner_.column(j, begin, end, buffer);
    if (j < inner_.cols() && begin < n) {
      const double* from = inner_.column(j, begin, n, buffer);
      if (from != buffer) std::copy_n(from, n - begin, buffer);
    } else {
      std::fill_n(buffer, std::max<Index>(0, std::min(end, n) - begin), price_);
    }
    if (end > n) buffer[n - begin] = entry(n, j);
    return buffer;
  }
  bool is_lazy() const override { return true; }
  double largest_magnitude() const override {
    return std::max(inner_.largest_magnitude(), std::abs(price_));
  }

 private:
  const CostView& inner_;
  double price_;
};

// The same with stored arcs, those of the corner only where it is free.
SparseCost with_slack_arcs(const CostView& cost, double price, bool corner) {
  const Index n = cost.rows(), m = cost.cols();
  std::vector<Index> rows, cols;
  std::vector<double> values;
  const auto add = [&](Index i, Index j, double c) {
    rows.push_back(i);
    cols.push_back(j);
    values.push_back(c);
  };
  if (const auto* sparse = dynamic_cast<const SparseCost*>(&cost)) {
    for (Index j = 0; j < m; ++j) {
      for (Index k = sparse->first(j); k < sparse->first(j + 1); ++k) {
        add(sparse->row_of(k), j, sparse->cost_of(k));
      }
    }
  } else {
    Vector buffer(n);
    for (Index j = 0; j < m; ++j) {
      const double* column = cost.column(j, 0, n, buffer.data());
      for (Index i = 0; i < n; ++i) add(i, j, column[i]);
    }
  }
  for (Index i = 0; i < n; ++i) add(i, m, price);
  for (Index j = 0; j < m; ++j) add(n, j, price);
  if (corner) add(n, m, 0.0);
  const auto size = static_cast<Index>(values.size());
  return SparseCost(n + 1, m + 1, Eigen::Map<const IndexVector>(rows.data(), size),
                    Eigen::Map<const IndexVector>(cols.data(), size),
                    Eigen::Map<const Vector>(values.data(), size));
}

Vector with_last(VectorIn x, double last) {
  Vector longer(x.size() + 1);
  longer.head(x.size()) = x;
  longer[x.size()] = last;
  return longer;
}

// What computing one cost from coordinates may lose, relative to it.
double relative_rounding(const CostView& cost) {
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  if (points == nullptr || points->cost().kind() == CostKind::user) return 0.0;
  return (static_cast<double>(points->dim()) + 8.0 + 2.0 * points->cost().power()) * unit;
}

double excess(const Vector& shipped, VectorIn most) { return (shipped - most).cwiseMax(0.0).sum(); }

// Potentials of the longer problem as those of this one: f, g <= lambda and f + g <= C. A lambda
// that was not given is half of what the two slack nodes together pay for a unit.
void set_potentials(const NetworkSimplexResult& solved, const CostView& cost, int threads,
                    PartialResult& result) {
  const Index n = cost.rows();
  const double at_row = solved.f[n], at_col = solved.g[cost.cols()];
  double shift = at_col;
  if (std::isnan(result.lambda)) {
    result.lambda = -0.5 * (at_row + at_col);
    shift = 0.5 * (at_col - at_row);
  }
  result.f = (solved.f.head(n).array() + shift).min(result.lambda);
  result.g = c_transform(cost, result.f, threads).cwiseMin(result.lambda);
  // A source without arcs that matter may have stayed below what the others allow.
  result.f = c_transform_rows(cost, result.g, threads).cwiseMin(result.lambda);
}

// No mass at all, which the simplex would look for within the rounding of the masses: half of the
// cheapest cost as the price of every point.
NetworkSimplexResult nothing_moved(const CostView& cost) {
  const Index n = cost.rows(), m = cost.cols();
  const double least = c_transform(cost, Vector::Zero(n)).minCoeff();
  const double price = std::isfinite(least) ? least : 0.0;
  NetworkSimplexResult solved;
  solved.converged = true;
  solved.termination = Termination::converged;
  solved.f = with_last(Vector::Constant(n, price), 0.0);
  solved.g = with_last(Vector::Zero(m), -price);
  solved.coupling = SparseCoupling(n + 1, m + 1, {});
  return solved;
}

// Bounds of the objective on the original costs. @param moved  NaN unless prescribed.
void certify(VectorIn a, VectorIn b, const CostView& cost, double moved, PartialResult& result) {
  CompensatedSum dual, dual_size, primal, primal_size;
  const auto take = [](double mass, double price, CompensatedSum& sum, CompensatedSum& size) {
    if (mass == 0.0) return;
    sum.add_product(mass, price);
    size.add(std::abs(mass * price));
  };
  for (Index i = 0; i < a.size(); ++i) take(a[i], result.f[i], dual, dual_size);
  for (Index j = 0; j < b.size(); ++j) take(b[j], result.g[j], dual, dual_size);
  for (const Coupling::Entry& e : result.coupling.entries()) {
    take(e.mass, cost.entry(e.row, e.col), primal, primal_size);
  }
  result.transport_cost = primal.value();
  // lambda times what stays, mass by mass: the difference of their sums would lose digits.
  const bool by_mass = !std::isnan(moved);
  CompensatedSum& side = by_mass ? dual : primal;
  CompensatedSum& side_size = by_mass ? dual_size : primal_size;
  const double price = by_mass ? -result.lambda : result.lambda;
  for (const double mass : a) take(mass, price, side, side_size);
  for (const double mass : b) take(mass, price, side, side_size);
  double missing = 0.0;
  if (by_mass) {
    take(2.0 * moved, -price, side, side_size);
    missing = 2.0 * std::abs(result.lambda) * std::abs(moved - result.mass);
  } else {
    for (const Coupling::Entry& e : result.coupling.entries()) {
      take(2.0 * e.mass, -price, side, side_size);
    }
  }
  result.objective = primal.value();
  const double relative = relative_rounding(cost);
  const double absolute =
      entry_rounding(cost) * std::max(a.sum(), b.sum());  // 0 unless costs are dot products
  // What the coupling takes beyond the masses is a neighbouring problem's.
  const double over = (result.row_excess + result.col_excess) *
                      (result.f.cwiseAbs().maxCoeff() + result.g.cwiseAbs().maxCoeff());
  const double terms = 16.0 * unit;
  result.certificate.primal = primal.value() + (terms + relative) * primal_size.value() + missing +
                              (std::isfinite(over) ? over : 0.0) + absolute;
  result.certificate.dual = dual.value() - (terms + relative) * dual_size.value() - absolute;
}

PartialResult restricted(const NetworkSimplexResult& solved, VectorIn a, VectorIn b,
                         const CostView& cost, double lambda, double moved, double least_mass,
                         const NetworkSimplexOptions& options) {
  PartialResult result;
  static_cast<SolveReport&>(result) = solved;
  result.lambda = lambda;
  const bool by_mass = std::isnan(lambda);
  std::vector<Coupling::Entry> entries;
  for (const Coupling::Entry& e : solved.coupling.entries()) {
    if (e.row == cost.rows() || e.col == cost.cols()) continue;
    // At cost 2 lambda mass may as well stay.
    if (by_mass || cost.entry(e.row, e.col) < 2.0 * lambda) entries.push_back(e);
  }
  result.coupling = SparseCoupling(cost.rows(), cost.cols(), std::move(entries));
  const Vector rows = result.coupling.row_marginal(), cols = result.coupling.col_marginal();
  result.mass = rows.sum();
  result.row_excess = excess(rows, a);
  result.col_excess = excess(cols, b);
  set_potentials(solved, cost, options.threads, result);
  certify(a, b, cost, moved, result);
  if (solved.termination == Termination::infeasible) {
    result.certificate = {};
    return result;
  }
  const double scale = std::max(std::abs(result.objective), typical_cost(cost) * least_mass);
  const double gap = result.certificate.gap();
  result.residual = gap == 0.0 ? 0.0 : gap / scale;
  result.converged = result.residual <= options.tolerance;
  if (result.converged) {
    result.termination = Termination::converged;
  } else if (solved.termination == Termination::converged) {
    result.termination = Termination::stalled;
  }
  return result;
}

}  // namespace

PartialResult partial_transport(VectorIn a, VectorIn b, const CostView& cost, double mass,
                                const NetworkSimplexOptions& options) {
  constexpr const char* where = "partial_transport";
  options.validate();
  const double source = detail::checked_mass(a, cost.rows(), "a", where);
  const double target = detail::checked_mass(b, cost.cols(), "b", where);
  const double least = std::min(source, target);
  // A sum that the caller formed otherwise may exceed ours by rounding.
  require(mass >= 0.0 && mass <= least * (1.0 + 1e-12), where, "mass", mass,
          "between 0 and " + pushforward::detail::shown(least) + ", the smaller sum");
  const double moved = std::min(mass, least);
  if (moved == 0.0)
    return restricted(nothing_moved(cost), a, b, cost, not_known, 0.0, least, options);
  const SparseCost longer = with_slack_arcs(cost, 0.0, false);
  const NetworkSimplexResult solved =
      network_simplex(with_last(a, target - moved), with_last(b, source - moved), longer, options);
  return restricted(solved, a, b, cost, not_known, moved, least, options);
}

PartialResult penalized_partial_transport(VectorIn a, VectorIn b, const CostView& cost,
                                          double lambda, const NetworkSimplexOptions& options) {
  constexpr const char* where = "penalized_partial_transport";
  options.validate();
  const double source = detail::checked_mass(a, cost.rows(), "a", where);
  const double target = detail::checked_mass(b, cost.cols(), "b", where);
  require(lambda >= 0.0 && std::isfinite(lambda), where, "lambda", lambda,
          "a finite number of at least 0");
  std::unique_ptr<CostView> longer;
  if (dynamic_cast<const SparseCost*>(&cost) != nullptr) {
    longer = std::make_unique<SparseCost>(with_slack_arcs(cost, lambda, true));
  } else {
    longer = std::make_unique<SlackCost>(cost, lambda);
  }
  const NetworkSimplexResult solved =
      network_simplex(with_last(a, target), with_last(b, source), *longer, options);
  return restricted(solved, a, b, cost, lambda, not_known, std::min(source, target), options);
}

}  // namespace pushforward::ot
