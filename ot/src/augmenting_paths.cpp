#include "ot/src/augmenting_paths.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "ot/src/augmenting_start.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Index shortlisted = 16;       // arcs of a typical column
constexpr std::int64_t most_ties = 64;  // of a column on the shortlist

}  // namespace

AugmentingPaths::AugmentingPaths(PointsIn cost)
    : cost_(cost),
      kernels_(assignment_kernels(active_isa())),
      passes_(cost_kernels(active_isa())),
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

double AugmentingPaths::proven(const Vector& prices) const {
  double sum = prices.sum();
  for (Index j = 0; j < n_; ++j) sum += passes_.least(column(j), prices.data(), n_).value;
  return sum;
}

bool AugmentingPaths::take_better(const Vector& prices) {
  // By more than rounding, which for huge prices is all there is to see.
  const double rounding = 0x1p-40 * prices.cwiseAbs().sum();
  if (!(proven(prices) - rounding > proven(price_)) || !std::isfinite(rounding)) return false;
  price_ = prices;
  return true;
}

void AugmentingPaths::reduce_rows() {
  for (Index j = 0; j < n_; ++j) {
    if (const Index i = free_among_ties(j, 0.0); i != nobody) assign(i, j);
  }
}

void AugmentingPaths::auction() {
  std::vector<Index> bidders = free_columns();
  Index steps_left = 4 * n_;
  for (std::size_t k = 0; k < bidders.size(); ++k) {
    for (Index j = bidders[k]; j != nobody && steps_left > 0; --steps_left) {
      const TwoLeast bid = kernels_.two_least(column(j), price_.data(), n_);
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

void AugmentingPaths::match_tight_arcs() {
  constexpr int phases = 4;
  for (int phase = 0; phase < phases; ++phase) {
    std::vector<bool> seen(static_cast<std::size_t>(n_), false);
    Index found = 0;
    for (const Index j : free_columns()) found += augment_tight(j, seen) ? 1 : 0;
    if (found == 0) return;
  }
}

bool AugmentingPaths::settle_on_shortlist() {
  if (n_ <= shortlisted) return false;
  const double range = shortlist_range();
  if (!(range > 0.0)) return false;
  Potentials start{Vector(n_), price_};  // of columns, the sources here, and of rows
  ArcPool pool;
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
  AugmentingStart paths(pool, {Vector::Ones(n_), Vector::Ones(n_)}, start);
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
    if (!is_negative(least - own, pool.cost[k], price_[i], own)) assign(i, j);
  }
  return true;
}

void AugmentingPaths::augment(Index start) {
  key_.setConstant(infinite);
  offset_ = -price_;
  passed_.clear();
  Index j = start;
  double shift = 0.0;
  for (;;) {
    const LeastEntry next = kernels_.relax(column(j), offset_.data(), shift, static_cast<double>(j),
                                           key_.data(), from_.data(), n_);
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

std::vector<Index> AugmentingPaths::free_columns() const {
  std::vector<Index> free;
  for (Index j = 0; j < n_; ++j) {
    if (row_of_[static_cast<std::size_t>(j)] == nobody) free.push_back(j);
  }
  return free;
}

void AugmentingPaths::complete() {
  Index i = 0;
  for (const Index j : free_columns()) {
    while (column_of(i) != nobody) ++i;
    assign(i, j);
  }
}

// The first free row whose reduced cost for column j is `least`, or nobody.
Index AugmentingPaths::free_among_ties(Index j, double least) {
  for (std::int64_t k = 0, ties = find_ties(j, least); k < ties; ++k) {
    const Index i = places_[static_cast<std::size_t>(k)];
    if (column_of(i) == nobody) return i;
  }
  return nobody;
}

// Writes the rows whose reduced cost for column j is `least` to places_.
std::int64_t AugmentingPaths::find_ties(Index j, double least) {
  return passes_.collect(column(j), price_.data(), least, places_.data(), n_);
}

bool AugmentingPaths::augment_tight(Index start, std::vector<bool>& seen) {
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
double AugmentingPaths::shortlist_range() const {
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

void AugmentingPaths::assign(Index i, Index j) {
  column_of_[static_cast<std::size_t>(i)] = j;
  row_of_[static_cast<std::size_t>(j)] = i;
}

void AugmentingPaths::flip(Index i, Index start) {
  for (;;) {
    const auto j = static_cast<Index>(from_[i]);
    const Index next = row_of_[static_cast<std::size_t>(j)];
    assign(i, j);
    if (j == start) return;
    i = next;
  }
}

}  // namespace pushforward::ot::detail
