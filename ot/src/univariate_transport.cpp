#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/univariate.hpp"

#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

// Points of one side by rising place, ties by index, with the mass up to and including each.
struct Line {
  std::vector<Index> order;
  Vector place, cumulated;
};

Line sorted_line(const DiscreteMeasure& measure, const char* where, const char* argument) {
  require(measure.dim() == 1, where, argument, measure.dim(), "a measure of dimension 1");
  const Index n = measure.size();
  Line line{.order = std::vector<Index>(static_cast<std::size_t>(n)),
            .place = Vector(n),
            .cumulated = Vector(n)};
  std::iota(line.order.begin(), line.order.end(), 0);
  const auto& points = measure.points();
  std::stable_sort(line.order.begin(), line.order.end(),
                   [&](Index p, Index q) { return points(0, p) < points(0, q); });
  detail::CompensatedSum sum;
  for (Index k = 0; k < n; ++k) {
    const Index i = line.order[static_cast<std::size_t>(k)];
    line.place[k] = points(0, i);
    sum.add(measure.weights()[i]);
    line.cumulated[k] = sum.value();
  }
  // Both sides end at the same number, so the last quantum absorbs what rounding left.
  line.cumulated[n - 1] = std::max(1.0, n > 1 ? line.cumulated[n - 2] : 1.0);
  return line;
}

// Calls step(i, j, mass) along the staircase on which sorted masses are merged: n + m - 1 steps,
// each one on from the last in i or in j. Some carry nothing.
template <class Step>
void merge(const Line& x, const Line& y, Step step) {
  constexpr double same = 0x1p-50;  // 4 units of rounding of the total
  double shipped = 0.0;
  for (Index i = 0, j = 0;;) {
    const bool last_i = i + 1 == x.place.size();
    const bool last_j = j + 1 == y.place.size();
    const double next = std::min(x.cumulated[i], y.cumulated[j]);
    const double mass = next - shipped;
    step(i, j, mass > same ? mass : 0.0);
    if (mass > same) shipped = next;
    if (last_i && last_j) return;
    if (!last_i && (last_j || x.cumulated[i] <= y.cumulated[j])) {
      ++i;
    } else {
      ++j;
    }
  }
}

double power(double distance, double p) {
  const double x = std::abs(distance);
  return p == 1.0 ? x : p == 2.0 ? x * x : std::pow(x, p);
}

}  // namespace

double univariate_wasserstein_infinity(const DiscreteMeasure& source,
                                       const DiscreteMeasure& target) {
  constexpr const char* here = "univariate_wasserstein_infinity";
  const Line x = sorted_line(source, here, "source.dim()");
  const Line y = sorted_line(target, here, "target.dim()");
  double longest = 0.0;
  merge(x, y, [&](Index i, Index j, double mass) {
    if (mass > 0.0) longest = std::max(longest, std::abs(x.place[i] - y.place[j]));
  });
  return longest;
}

UnivariateTransport univariate_transport(const DiscreteMeasure& source,
                                         const DiscreteMeasure& target, double p) {
  constexpr const char* here = "univariate_transport";
  require(p >= 1.0 && std::isfinite(p), here, "p", p,
          "a finite number of at least 1; network_simplex takes concave costs");
  const Line x = sorted_line(source, here, "source.dim()");
  const Line y = sorted_line(target, here, "target.dim()");

  UnivariateTransport result;
  result.f.resize(source.size());
  result.g.resize(target.size());
  std::vector<Coupling::Entry> entries;
  detail::CompensatedSum cost;
  double largest = 0.0;
  Index before_i = -1, before_j = -1;
  merge(x, y, [&](Index i, Index j, double mass) {
    const Index from = x.order[static_cast<std::size_t>(i)];
    const Index to = y.order[static_cast<std::size_t>(j)];
    const double c = power(x.place[i] - y.place[j], p);
    largest = std::max(largest, c);
    // One of the two potentials is known from the step before.
    if (before_i < 0) result.f[from] = 0.0;
    if (j != before_j) {
      result.g[to] = c - result.f[from];
    } else {
      result.f[from] = c - result.g[to];
    }
    before_i = i;
    before_j = j;
    if (mass <= 0.0) return;
    entries.push_back({from, to, mass});
    cost.add_product(mass, c);
  });
  result.coupling = SparseCoupling(source.size(), target.size(), std::move(entries));
  result.transport_cost = cost.value();
  Potentials potentials{std::move(result.f), std::move(result.g)};
  balance_gauge(source.weights(), target.weights(), potentials);
  // Each step rounds once, costs by pow included, and so does the gauge.
  const double steps = static_cast<double>(source.size() + target.size());
  const double rounding =
      (steps + 16.0) * 0x1p-53 *
      (largest + potentials.f.cwiseAbs().maxCoeff() + potentials.g.cwiseAbs().maxCoeff());
  result.certificate = {
      .primal = result.transport_cost + rounding,
      .dual = lower_bound(source.weights(), target.weights(), potentials, rounding)};
  result.f = std::move(potentials.f);
  result.g = std::move(potentials.g);
  return result;
}

}  // namespace pushforward::ot
