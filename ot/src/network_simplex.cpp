#include "pushforward/ot/network_simplex.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/rounding.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/augmenting_start.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/entropic_start.hpp"
#include "ot/src/given_start.hpp"
#include "ot/src/greedy_tree.hpp"
#include "ot/src/positive_part.hpp"
#include "ot/src/shortlist.hpp"
#include "ot/src/transport_simplex.hpp"
#include "ot/src/transport_tree.hpp"
#include "ot/src/whole_masses.hpp"

namespace pushforward::ot {
namespace {

using detail::ArcPool;
using detail::SimplexStop;
using detail::TransportSimplex;
using detail::TransportTree;
using Clock = std::chrono::steady_clock;
using Node = TransportTree::Node;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Index most_arcs_held = 1 << 16;  // below, all arcs fit the second cache
constexpr Index violations_per_column = 4;
constexpr int most_prices = 15;        // of artificial arcs, each twice the one before ...
constexpr double first_price = 0.125;  // ... in units of the range of a typical shortlist

ExactMethod chosen(ExactMethod asked, const CostView& cost) {
  if (dynamic_cast<const SparseCost*>(&cost) != nullptr) return ExactMethod::all_arcs;
  if (asked != ExactMethod::automatic) return asked;
  return cost.rows() <= most_arcs_held / cost.cols() ? ExactMethod::all_arcs
                                                     : ExactMethod::shortlist;
}

ArcPool all_arcs(const CostView& cost) {
  ArcPool pool;
  if (const auto* sparse = dynamic_cast<const SparseCost*>(&cost)) {
    for (Index j = 0; j < cost.cols(); ++j) {
      for (Index k = sparse->first(j); k < sparse->first(j + 1); ++k) {
        pool.add(static_cast<std::int32_t>(sparse->row_of(k)), static_cast<std::int32_t>(j),
                 sparse->cost_of(k));
      }
    }
    return pool;
  }
  Vector buffer(cost.rows());
  for (Index j = 0; j < cost.cols(); ++j) {
    const double* column = cost.column(j, 0, cost.rows(), buffer.data());
    for (Index i = 0; i < cost.rows(); ++i) {
      pool.add(static_cast<std::int32_t>(i), static_cast<std::int32_t>(j), column[i]);
    }
  }
  return pool;
}

Potentials start_potentials(const CostView& cost, VectorIn a, VectorIn b, ExactMethod method,
                            int threads) {
  if (method != ExactMethod::all_arcs && detail::has_entropic_start(cost)) {
    return detail::entropic_start(dynamic_cast<const PointCost&>(cost), a, b, threads);
  }
  Potentials start = feasible_potentials(cost, Vector::Zero(cost.cols()), threads);
  // Infinite where no arc is allowed.
  const auto tame = [](Vector& p) { p = p.array().isFinite().select(p, 0.0); };
  tame(start.f);
  tame(start.g);
  return start;
}

// One solve between positive masses.
class Solve {
 public:
  Solve(const CostView& cost, const Masses& masses, const NetworkSimplexOptions& options,
        const Observer& observer, Clock::time_point begin)
      : cost_(cost),
        masses_(masses),
        options_(options),
        observer_(observer),
        begin_(begin),
        search_(cost, options.threads) {}

  // @param given  potentials to start from, or null.
  void run(const Potentials* given) {
    method_ = chosen(options_.method, cost_);
    std::optional<Potentials> useful;
    if (given != nullptr) {
      useful = detail::useful_start(*given, cost_, masses_.a, masses_.b, search_, options_.threads);
    }
    Potentials start =
        useful ? *useful : start_potentials(cost_, masses_.a, masses_.b, method_, options_.threads);
    pool_ = method_ == ExactMethod::all_arcs ? all_arcs(cost_)
                                             : search_.shortlist(start, options_.arcs_per_node);
    const detail::WholeMasses whole = detail::whole_masses(masses_.a, masses_.b);
    std::vector<std::size_t> first;
    if (method_ == ExactMethod::shortlist || useful) {
      detail::AugmentingStart augmenting(pool_, whole, start);
      augmenting.run();
      start = augmenting.potentials();
      first = augmenting.leaves_first();
    }
    simplex_ = std::make_unique<TransportSimplex>(
        detail::greedy_tree(cost_, whole, pool_, first, start, method_ == ExactMethod::streaming),
        options_.max_iterations, [this](std::int64_t pivots) { return asked_to_stop(pivots); });
    if (method_ == ExactMethod::streaming) pool_ = {};
    if (method_ == ExactMethod::shortlist && !drain()) return;
    for (;;) {
      stop_ = method_ == ExactMethod::streaming ? simplex_->run(cost_) : simplex_->run(pool_);
      if (stop_ != SimplexStop::optimal || method_ != ExactMethod::shortlist) return;
      const Vector p = finite_potentials();
      ++rounds_;
      if (search_.price(p.data(), p.data() + cost_.rows(), violations_per_column, pool_) == 0) {
        return;
      }
    }
  }

  // f, then g. Artificial arcs that carry flow, or that forbidden arcs leave in the tree, separate
  // parts whose potentials need a distance large enough to make all arcs between them feasible.
  Vector finite_potentials() const {
    const TransportTree& tree = simplex_->tree();
    const Index size = cost_.rows() + cost_.cols();
    Vector p = Eigen::Map<const Vector>(tree.potentials(), size);
    if (!tree.has_levels()) return p;
    const std::int8_t* level = tree.levels();
    double distance = 0.0;
    if (method_ == ExactMethod::shortlist && tree.artificial_flow() > 0.0) {
      distance = 4.0 * cost_.largest_magnitude();  // any arc that drains them is welcome
    }
    for (std::size_t k = 0; k < pool_.size(); ++k) {
      const Index i = pool_.row[k];
      const Index j = cost_.rows() + pool_.col[k];
      const int step = -(level[i] + level[j]);
      if (step > 0) distance = std::max(distance, -(pool_.cost[k] - p[i] - p[j]) / step);
    }
    for (Index v = 0; v < size; ++v) p[v] += distance * level[v];
    return p;
  }

  // Flows of the tree for the masses as given, from the leaves up.
  std::vector<Coupling::Entry> entries() const {
    const TransportTree& tree = simplex_->tree();
    const std::vector<Node> order = tree.preorder();
    std::vector<detail::CompensatedSum> excess(order.size() + 1);
    for (const Node v : order) {
      excess[static_cast<std::size_t>(v)].add(tree.is_source(v) ? masses_.a[v]
                                                                : -masses_.b[v - tree.sources()]);
    }
    std::vector<Coupling::Entry> entries;
    for (auto it = order.rbegin(); it != order.rend(); ++it) {
      const Node v = *it;
      const Node p = tree.parent(v);
      const double up = excess[static_cast<std::size_t>(v)].value();
      // What whole masses rounded away may come out a little below zero.
      const double flow = std::max(0.0, tree.is_source(v) ? up : -up);
      excess[static_cast<std::size_t>(p)].add(tree.is_source(v) ? flow : -flow);
      if (p == tree.root() || tree.flow(v) == 0.0) continue;
      const Node source = tree.is_source(v) ? v : p;
      const Node target = tree.is_source(v) ? p : v;
      entries.push_back({source, target - tree.sources(), flow});
    }
    return entries;
  }

  detail::ArcSearch& search() { return search_; }

  void report(NetworkSimplexResult& result) const {
    result.method_used = method_;
    result.iterations = simplex_->pivots();
    result.arcs = static_cast<std::int64_t>(pool_.size());
    result.rounds = rounds_;
  }

  // What is left on artificial arcs at an optimum cannot be shipped.
  bool is_infeasible() const {
    return stop_ == SimplexStop::optimal && simplex_->tree().artificial_flow() > 0.0;
  }
  SimplexStop stop() const { return stop_; }
  bool observer_stopped() const { return observer_stopped_; }

 private:
  // Empties artificial arcs at rising prices, so that mass takes short paths first and potentials
  // stay near the start. What is left after a few is for levels to drain. False if stopped.
  bool drain() {
    double price = first_price * search_.typical_range();
    for (int k = 0; k < most_prices && price > 0.0; ++k, price *= 2.0) {
      if (simplex_->tree().artificial_flow() == 0.0) break;
      simplex_->tree().set_artificial_price(price);
      stop_ = simplex_->run(pool_);
      if (stop_ != SimplexStop::optimal) break;
    }
    simplex_->tree().set_artificial_price(infinite);
    return stop_ == SimplexStop::optimal;
  }

  bool asked_to_stop(std::int64_t pivots) {
    if (observer_ && !observer_({.phase = "network simplex", .done = pivots})) {
      observer_stopped_ = true;
      return true;
    }
    return std::chrono::duration<double>(Clock::now() - begin_).count() >=
           options_.time_limit_seconds;
  }

  const CostView& cost_;
  const Masses& masses_;
  const NetworkSimplexOptions& options_;
  const Observer& observer_;
  Clock::time_point begin_;
  ExactMethod method_ = ExactMethod::automatic;
  detail::ArcSearch search_;
  ArcPool pool_;
  std::unique_ptr<TransportSimplex> simplex_;
  std::int64_t rounds_ = 0;
  SimplexStop stop_ = SimplexStop::optimal;
  bool observer_stopped_ = false;
};

// The potentials of the tree for all points, feasible for all costs: g as high as f allows.
Potentials all_potentials(const CostView& cost, const Masses& masses,
                          const detail::PositivePart& part, const Vector& found,
                          detail::ArcSearch& search, int threads) {
  Potentials p{Vector::Constant(cost.rows(), -infinite), Vector::Zero(cost.cols())};
  const Index n = static_cast<Index>(part.rows.size());
  for (Index i = 0; i < n; ++i) p.f[part.rows[static_cast<std::size_t>(i)]] = found[i];
  for (std::size_t j = 0; j < part.cols.size(); ++j) {
    p.g[part.cols[j]] = found[n + static_cast<Index>(j)];
  }
  const bool all_positive = part.rows.size() == static_cast<std::size_t>(cost.rows()) &&
                            part.cols.size() == static_cast<std::size_t>(cost.cols());
  const auto highest_g = [&] {
    if (!all_positive) return c_transform(cost, p.f, threads);
    Vector f(n), g(cost.cols());
    for (Index i = 0; i < n; ++i) f[i] = p.f[part.rows[static_cast<std::size_t>(i)]];
    for (Index j = 0; j < g.size(); ++j) g[j] = p.g[part.cols[static_cast<std::size_t>(j)]];
    const Vector highest = search.transform(f, g);
    for (Index j = 0; j < g.size(); ++j) g[part.cols[static_cast<std::size_t>(j)]] = highest[j];
    return g;
  };
  // The shift comes before the transform, which would otherwise be rounded by it. At an optimum the
  // g of the tree is the transform already; elsewhere it takes a second one.
  for (int pass = 0; pass < 2; ++pass) {
    double value_f = 0.0, size = 0.0;
    for (const Index i : part.rows) {
      value_f += masses.a[i] * p.f[i];
      size += masses.a[i] * std::abs(p.f[i]);
    }
    const double shift = 0.5 * (detail::compensated_dot(masses.b, p.g) - value_f) / masses.total;
    if (pass == 1 && std::abs(shift) * masses.total <= 1e-13 * size) break;
    if (std::isfinite(shift)) {
      p.f.array() += shift;
      p.g.array() -= shift;
    }
    p.g = highest_g();
  }
  const auto tame = [](Vector& q) { q = (q.array().abs() < infinite).select(q, 0.0); };
  tame(p.g);
  if (n < cost.rows()) {
    const Vector highest = c_transform_rows(cost, p.g, threads);
    for (Index i = 0; i < cost.rows(); ++i) {
      if (p.f[i] == -infinite) p.f[i] = highest[i];
    }
    tame(p.f);
  }
  return p;
}

}  // namespace

void NetworkSimplexOptions::validate() const { validate_fields("NetworkSimplexOptions", *this); }

namespace {

Vector picked(const Vector& potential, const std::vector<Index>& kept) {
  if (potential.size() == 0) return {};
  Vector part(static_cast<Index>(kept.size()));
  for (Index k = 0; k < part.size(); ++k) part[k] = potential[kept[static_cast<std::size_t>(k)]];
  return part;
}

NetworkSimplexResult solved(const Potentials* given, VectorIn a, VectorIn b, const CostView& cost,
                            const NetworkSimplexOptions& options, const Observer& observer) {
  const auto begin = Clock::now();
  const Masses masses = balanced_masses(a, b, cost.rows(), cost.cols(), "network_simplex");
  const detail::PositivePart part = detail::positive_part(cost, masses);
  Solve solve(*part.cost, part.masses, options, observer, begin);
  Potentials start;
  if (given != nullptr) start = {picked(given->f, part.rows), picked(given->g, part.cols)};
  solve.run(given != nullptr ? &start : nullptr);

  NetworkSimplexResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  result.mass_rescaled = masses.rescaled;
  solve.report(result);
  std::vector<Coupling::Entry> entries = solve.entries();
  for (Coupling::Entry& e : entries) {
    e.row = part.rows[static_cast<std::size_t>(e.row)];
    e.col = part.cols[static_cast<std::size_t>(e.col)];
  }
  result.coupling = SparseCoupling(cost.rows(), cost.cols(), std::move(entries));
  const bool unfinished = solve.stop() != SimplexStop::optimal;
  if (unfinished && dynamic_cast<const SparseCost*>(&cost) == nullptr) {
    result.coupling = round_to_marginals(result.coupling, masses.a, masses.b);
  }
  const Potentials potentials = all_potentials(cost, masses, part, solve.finite_potentials(),
                                               solve.search(), options.threads);
  result.f = potentials.f;
  result.g = potentials.g;
  result.transport_cost = result.coupling.transport_cost(cost);
  result.row_error = (result.coupling.row_marginal() - masses.a).lpNorm<1>();
  result.col_error = (result.coupling.col_marginal() - masses.b).lpNorm<1>();
  if (solve.is_infeasible()) {
    result.termination = Termination::infeasible;
  } else {
    result.certificate = certify(cost, masses.a, masses.b, potentials, result.coupling);
    const double scale =
        std::max(std::abs(result.transport_cost), typical_cost(cost) * masses.total);
    const double gap = result.certificate.gap();
    result.residual = gap == 0.0 ? 0.0 : gap / scale;
    result.converged = result.residual <= options.tolerance;
    result.termination = result.converged                           ? Termination::converged
                         : solve.stop() == SimplexStop::pivot_limit ? Termination::max_iterations
                         : solve.observer_stopped()                 ? Termination::interrupted
                         : unfinished                               ? Termination::time_limit
                         : std::isnan(result.residual)              ? Termination::non_finite
                                                                    : Termination::stalled;
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return result;
}

}  // namespace

NetworkSimplexResult network_simplex(VectorIn a, VectorIn b, const CostView& cost,
                                     const NetworkSimplexOptions& options,
                                     const Observer& observer) {
  options.validate();
  return solved(nullptr, a, b, cost, options, observer);
}

NetworkSimplexResult network_simplex_from(const Potentials& start, VectorIn a, VectorIn b,
                                          const CostView& cost,
                                          const NetworkSimplexOptions& options,
                                          const Observer& observer) {
  options.validate();
  detail::check_start(start, cost.rows(), cost.cols(), "network_simplex_from");
  return solved(&start, a, b, cost, options, observer);
}

NetworkSimplexResult network_simplex(VectorIn a, VectorIn b, PointsIn cost,
                                     const NetworkSimplexOptions& options,
                                     const Observer& observer) {
  return network_simplex(a, b, MatrixCost(cost), options, observer);
}

NetworkSimplexResult network_simplex(const TransportProblem& problem,
                                     const NetworkSimplexOptions& options,
                                     const Observer& observer) {
  return network_simplex(problem.source.weights(), problem.target.weights(), problem.cost_view(),
                         options, observer);
}

NetworkSimplexResult network_simplex_from(const Potentials& start, const TransportProblem& problem,
                                          const NetworkSimplexOptions& options,
                                          const Observer& observer) {
  return network_simplex_from(start, problem.source.weights(), problem.target.weights(),
                              problem.cost_view(), options, observer);
}

}  // namespace pushforward::ot
