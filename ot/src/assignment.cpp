#include "pushforward/ot/assignment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/assignment_kernels.hpp"
#include "ot/src/assignment_simplex.hpp"
#include "ot/src/augmenting_start.hpp"
#include "ot/src/cost_kernels.hpp"

namespace pushforward::ot {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Index nobody = -1;
constexpr Index certificate_block = 64;
constexpr Index fewest_for_shortlist = 1200;
constexpr Index shortlisted = 16;       // arcs of a typical column
constexpr std::int64_t most_ties = 64;  // of a column on the shortlist

// Columns bid for rows: a column of the matrix is contiguous. Invariant between steps: with
// u_j = min_i (C_ij - price_i), a row held by column j attains that minimum, to rounding.
class AugmentingPaths {
 public:
  explicit AugmentingPaths(PointsIn cost)
      : cost_(cost),
        kernels_(detail::assignment_kernels(active_isa())),
        passes_(detail::cost_kernels(active_isa())),
        n_(cost.rows()),
        price_(Vector::Constant(cost.rows(), infinite)),
        column_of_(static_cast<std::size_t>(n_), nobody),
        row_of_(static_cast<std::size_t>(n_), nobody),
        key_(n_),
        from_(n_),
        offset_(n_),
        places_(static_cast<std::size_t>(n_)) {
    for (Index j = 0; j < n_; ++j) passes_.lower(column(j), 0.0, price_.data(), n_);
  }

  // Each row goes to the column that is cheapest for it, first come.
  void reduce_rows() {
    for (Index j = 0; j < n_; ++j) {
      if (const Index i = free_among_ties(j, 0.0); i != nobody) assign(i, j);
    }
  }

  // Free columns take their best row and lower its price until the second best is as good; who
  // held the row bids again. Every step keeps the invariant, so it may stop anywhere: rounding can
  // make price wars endless, hence the limit.
  void auction() {
    std::vector<Index> bidders = free_columns();
    Index steps_left = 4 * n_;
    for (std::size_t k = 0; k < bidders.size(); ++k) {
      for (Index j = bidders[k]; j != nobody && steps_left > 0; --steps_left) {
        const detail::TwoLeast bid = kernels_.two_least(column(j), price_.data(), n_);
        const Index i = bid.place;
        const Index holder = column_of(i);
        const double lowered = price_[i] - (bid.second - bid.least);
        const bool wins = lowered < price_[i];
        if (!wins && holder != nobody) {  // a tie: some row is as good and may be free
          const Index free = free_among_ties(j, bid.least);
          if (free != nobody) assign(free, j);
          break;
        }
        if (wins && n_ > 1) price_[i] = lowered;
        if (holder != nobody) row_of_[static_cast<std::size_t>(holder)] = nobody;
        assign(i, j);
        j = holder;
      }
    }
  }

  // Augments along arcs of reduced cost zero as long as that finds free rows: with many ties that
  // assigns most columns at once. Depth first with marks that all searches of a phase share, so a
  // phase looks at every column once at most.
  void match_tight_arcs() {
    constexpr int phases = 4;
    for (int phase = 0; phase < phases; ++phase) {
      std::vector<bool> seen(static_cast<std::size_t>(n_), false);
      Index found = 0;
      for (const Index j : free_columns()) found += augment_tight(j, seen) ? 1 : 0;
      if (found == 0) return;
    }
  }

  // Shortest augmenting paths on the few arcs of least reduced cost of each column, where a search
  // takes little. Columns that end with a row which is not their best among all are set free
  // again, so the invariant holds. False if there is no telling which arcs those are.
  bool settle_on_shortlist() {
    if (n_ < fewest_for_shortlist) return false;
    const double range = shortlist_range();
    if (!(range > 0.0)) return false;
    Potentials start{Vector(n_), price_};  // of columns, the sources here, and of rows
    detail::ArcPool pool;
    std::vector<std::size_t> held;
    for (Index j = 0; j < n_; ++j) {
      start.f[j] = passes_.least(column(j), price_.data(), n_).value;
      const std::int64_t count = find_ties(j, start.f[j] + range);
      const std::int64_t step = std::max<std::int64_t>(1, count / most_ties);
      for (std::int64_t k = 0; k < count; ++k) {
        const std::int32_t i = places_[static_cast<std::size_t>(k)];
        const bool holds = column_of(i) == j;
        if (!holds && (k + j) % step != 0) continue;
        if (holds) held.push_back(pool.size());
        pool.add(static_cast<std::int32_t>(j), i, cost_(i, j));
      }
    }
    detail::AugmentingStart paths(pool, {Vector::Ones(n_), Vector::Ones(n_)}, start);
    for (const std::size_t k : held) paths.ship(k);
    paths.run();
    price_ = paths.potentials().g;
    std::fill(column_of_.begin(), column_of_.end(), nobody);
    std::fill(row_of_.begin(), row_of_.end(), nobody);
    for (const std::size_t k : paths.leaves_first()) {
      const Index i = pool.col[k];
      const Index j = pool.row[k];
      const double least = passes_.least(column(j), price_.data(), n_).value;
      const double own = pool.cost[k] - price_[i];
      if (!detail::is_negative(least - own, pool.cost[k], price_[i], own)) assign(i, j);
    }
    return true;
  }

  // Dijkstra over reduced costs from column `start` to the nearest free row, then prices of the
  // rows passed fall by how much nearer they were, and the path flips.
  void augment(Index start) {
    key_.setConstant(infinite);
    offset_ = -price_;
    passed_.clear();
    Index j = start;
    double shift = 0.0;
    for (;;) {
      const detail::LeastEntry next = kernels_.relax(
          column(j), offset_.data(), shift, static_cast<double>(j), key_.data(), from_.data(), n_);
      const Index i = next.place;
      if (column_of(i) == nobody) {
        for (const auto& [row, distance] : passed_) price_[row] += distance - next.value;
        flip(i, start);
        return;
      }
      passed_.emplace_back(i, next.value);
      key_[i] = infinite;  // and never improved again:
      offset_[i] = infinite;
      j = column_of(i);
      shift = (cost_(i, j) - price_[i]) - next.value;
    }
  }

  std::vector<Index> free_columns() const {
    std::vector<Index> free;
    for (Index j = 0; j < n_; ++j) {
      if (row_of_[static_cast<std::size_t>(j)] == nobody) free.push_back(j);
    }
    return free;
  }

  // What an interrupted run leaves open, in order.
  void complete() {
    Index i = 0;
    for (const Index j : free_columns()) {
      while (column_of(i) != nobody) ++i;
      assign(i, j);
    }
  }

  Index column_of(Index row) const { return column_of_[static_cast<std::size_t>(row)]; }
  const Vector& prices() const { return price_; }

 private:
  const double* column(Index j) const { return cost_.data() + j * cost_.outerStride(); }

  // The first free row whose reduced cost for column j is `least`, or nobody.
  Index free_among_ties(Index j, double least) {
    for (std::int64_t k = 0, ties = find_ties(j, least); k < ties; ++k) {
      const Index i = places_[static_cast<std::size_t>(k)];
      if (column_of(i) == nobody) return i;
    }
    return nobody;
  }

  // Writes the rows whose reduced cost for column j is `least` to places_.
  std::int64_t find_ties(Index j, double least) {
    return passes_.collect(column(j), price_.data(), least, places_.data(), n_);
  }

  bool augment_tight(Index start, std::vector<bool>& seen) {
    struct Visit {
      Index column;
      std::vector<std::int32_t> ties;  // rows to try next, last first
    };
    std::vector<Visit> path;
    std::vector<Index> rows;  // rows[k] leads from path[k] to path[k + 1]
    Index j = start;
    for (;;) {
      const double least = kernels_.two_least(column(j), price_.data(), n_).least;
      const std::int64_t count = find_ties(j, least);
      const auto end = places_.begin() + count;
      const auto free = std::find_if(places_.begin(), end,
                                     [this](std::int32_t i) { return column_of(i) == nobody; });
      path.push_back({j, {}});
      if (free != end) {
        rows.push_back(*free);
        for (std::size_t k = 0; k < path.size(); ++k) assign(rows[k], path[k].column);
        return true;
      }
      path.back().ties.assign(std::make_reverse_iterator(end), places_.rend());
      while (!path.empty()) {
        std::vector<std::int32_t>& ties = path.back().ties;
        while (!ties.empty() && seen[static_cast<std::size_t>(ties.back())]) ties.pop_back();
        if (!ties.empty()) break;
        path.pop_back();
        if (!rows.empty()) rows.pop_back();
      }
      if (path.empty()) return false;
      const Index i = path.back().ties.back();
      seen[static_cast<std::size_t>(i)] = true;
      rows.push_back(i);
      j = column_of(i);
    }
  }

  // What the reduced costs of `shortlisted` arcs of a typical column range over.
  double shortlist_range() const {
    constexpr Index sampled = 32;
    std::vector<double> ranges;
    Vector reduced(n_);
    for (Index s = 0; s < sampled; ++s) {
      reduced = cost_.col(s * n_ / sampled) - price_;
      const double least = reduced.minCoeff();
      std::nth_element(reduced.data(), reduced.data() + shortlisted, reduced.data() + n_);
      ranges.push_back(reduced[shortlisted] - least);
    }
    std::nth_element(ranges.begin(), ranges.begin() + sampled / 2, ranges.end());
    return ranges[sampled / 2];
  }

  void assign(Index i, Index j) {
    column_of_[static_cast<std::size_t>(i)] = j;
    row_of_[static_cast<std::size_t>(j)] = i;
  }

  void flip(Index i, Index start) {
    for (;;) {
      const auto j = static_cast<Index>(from_[i]);
      const Index next = row_of_[static_cast<std::size_t>(j)];
      assign(i, j);
      if (j == start) return;
      i = next;
    }
  }

  PointsIn cost_;
  const detail::AssignmentKernels& kernels_;
  const detail::CostKernels& passes_;
  Index n_;
  Vector price_;
  std::vector<Index> column_of_;
  std::vector<Index> row_of_;
  Vector key_;     // distance of each row not yet passed
  Vector from_;    // the column before it
  Vector offset_;  // minus its price; infinite once passed
  std::vector<std::pair<Index, double>> passed_;
  std::vector<std::int32_t> places_;
};

double largest_magnitude(PointsIn cost, int threads) {
  std::vector<double> parts(
      static_cast<std::size_t>(pushforward::detail::block_count(cost.cols(), certificate_block)));
  pushforward::detail::parallel_blocks(
      cost.cols(), certificate_block, threads, [&](Index begin, Index end, Index b) {
        const auto block = cost.middleCols(begin, end - begin);
        parts[static_cast<std::size_t>(b)] = block.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
      });
  double largest = 0.0;
  for (const double part : parts) {
    if (!(part <= largest)) largest = part;
  }
  return largest;
}

// Returns whether every entry is finite.
bool check(PointsIn cost, double largest) {
  if (largest <= 1e300) return true;
  bool all_finite = true;
  for (Index j = 0; j < cost.cols(); ++j) {
    for (Index i = 0; i < cost.rows(); ++i) {
      if (std::abs(cost(i, j)) <= 1e300) continue;
      if (cost(i, j) == infinite) {
        all_finite = false;
        continue;
      }
      pushforward::detail::throw_invalid(
          "assignment", "cost(" + std::to_string(i) + ", " + std::to_string(j) + ")",
          pushforward::detail::shown(cost(i, j)),
          "a number between -1e300 and 1e300, or inf for a forbidden pair");
    }
  }
  return all_finite;
}

// Potentials from the row prices alone: g_j = min_i (C_ij - f_i) is feasible by construction.
void certify(PointsIn cost, const Vector& prices, int threads, AssignmentResult& result) {
  const Index n = cost.rows();
  result.f = prices;
  result.g.resize(n);
  const detail::CostKernels& passes = detail::cost_kernels(active_isa());
  pushforward::detail::parallel_blocks(
      n, certificate_block, threads, [&](Index begin, Index end, Index) {
        for (Index j = begin; j < end; ++j)
          result.g[j] = passes.least(cost.col(j).data(), prices.data(), n).value;
      });
  const double shift = 0.5 * (result.g.mean() - result.f.mean());
  result.f.array() += shift;
  result.g.array() -= shift;
  double sum = 0.0;
  for (Index i = 0; i < n; ++i) sum += cost(i, result.target_of[i]);
  result.mean_cost = sum / static_cast<double>(n);
  result.certificate = {.primal = result.mean_cost, .dual = result.f.mean() + result.g.mean()};
}

}  // namespace

void AssignmentOptions::validate() const { validate_fields("AssignmentOptions", *this); }

AssignmentResult assignment(PointsIn cost, const AssignmentOptions& options,
                            const Observer& observer) {
  options.validate();
  const auto begin = std::chrono::steady_clock::now();
  const Index n = cost.rows();
  require(n >= 1, "assignment", "cost.rows()", n, "at least 1");
  require(cost.cols() >= n, "assignment", "cost.cols()", cost.cols(),
          "at least " + std::to_string(n) + ", one for every row");
  const double largest = largest_magnitude(cost, options.threads);
  if (!check(cost, largest) || cost.cols() > n) {
    return detail::assignment_by_simplex(cost, options, observer);
  }

  AssignmentResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  AugmentingPaths paths(cost);
  paths.reduce_rows();
  paths.auction();
  if (!paths.settle_on_shortlist()) paths.auction();
  paths.match_tight_arcs();
  const std::vector<Index> open = paths.free_columns();
  bool stopped = false;
  for (const Index j : open) {
    if (observer && !observer({.phase = "assignment",
                               .done = result.iterations,
                               .total = static_cast<std::int64_t>(open.size())})) {
      stopped = true;
      break;
    }
    paths.augment(j);
    ++result.iterations;
  }
  if (stopped) paths.complete();
  result.target_of.resize(n);
  for (Index i = 0; i < n; ++i) result.target_of[i] = paths.column_of(i);

  certify(cost, paths.prices(), options.threads, result);
  result.residual = largest > 0.0 ? result.certificate.gap() / largest : 0.0;
  result.converged = !stopped && result.residual <= options.tolerance;
  result.termination = stopped            ? Termination::interrupted
                       : result.converged ? Termination::converged
                                          : Termination::stalled;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

AssignmentResult assignment_squared_euclidean(PointsIn x, PointsIn y,
                                              const AssignmentOptions& options,
                                              const Observer& observer) {
  options.validate();
  constexpr const char* here = "assignment_squared_euclidean";
  require(x.rows() >= 1, here, "x.rows()", x.rows(), "at least 1");
  require(x.cols() >= 1, here, "x.cols()", x.cols(), "at least 1");
  require(y.rows() == x.rows(), here, "y.rows()", y.rows(), "the dimension of x");
  require(y.cols() == x.cols(), here, "y.cols()", y.cols(), "as many points as x");
  pushforward::detail::require_finite(x, here, "x");
  pushforward::detail::require_finite(y, here, "y");
  Matrix cost(x.cols(), y.cols());
  squared_euclidean(x, y, cost, options.threads);
  return assignment(cost, options, observer);
}

}  // namespace pushforward::ot
