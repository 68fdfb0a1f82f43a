#include "pushforward/ot/semidiscrete_line.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr Index block = 256;  // sites

IndexVector sorted_order(VectorIn sites) {
  IndexVector order(sites.size());
  std::iota(order.data(), order.data() + order.size(), Index{0});
  std::stable_sort(order.data(), order.data() + order.size(),
                   [&](Index a, Index b) { return sites[a] < sites[b]; });
  return order;
}

// The sites on the upper envelope of the lines x z + h, from left to right, and the places where
// one takes over from the next.
struct Envelope {
  std::vector<Index> sites;
  std::vector<double> boundaries;  // one fewer
};

Envelope upper_envelope(const Vector& places, VectorIn heights) {
  Envelope top;
  const IndexVector order = sorted_order(places);
  for (const Index j : order) {
    double crossing = -infinity;
    while (!top.sites.empty()) {
      const Index i = top.sites.back();
      const double apart = places[j] - places[i];
      crossing = apart > 0.0 ? -(heights[j] - heights[i]) / apart
                             : (heights[j] > heights[i] ? -infinity : infinity);
      const double began = top.boundaries.empty() ? -infinity : top.boundaries.back();
      if (crossing > began) break;
      top.sites.pop_back();
      if (!top.boundaries.empty()) top.boundaries.pop_back();
      crossing = -infinity;
    }
    if (crossing == infinity) continue;
    if (!top.sites.empty()) top.boundaries.push_back(crossing);
    top.sites.push_back(j);
  }
  return top;
}

// Distinct places from left to right, with cumulated weights from either end.
struct Sites {
  IndexVector order;            // N
  std::vector<Index> first;     // n + 1: group k is order[first[k]] to order[first[k + 1] - 1]
  Vector places;                // n, from the origin
  Vector weights;               // n
  std::vector<MassSplit> cuts;  // N - 1, in sorted order, also between equal sites
};

Sites sorted_sites(const DiscreteMeasure& target, double origin) {
  const Vector points = target.points().row(0);
  const Index n = points.size();
  Sites sites{.order = sorted_order(points), .first = {}, .places = {}, .weights = {}, .cuts = {}};
  std::vector<double> places, weights;
  for (Index k = 0; k < n; ++k) {
    const Index j = sites.order[k];
    if (k == 0 || points[j] > points[sites.order[k - 1]]) {
      sites.first.push_back(k);
      places.push_back(points[j] - origin);
      weights.push_back(0.0);
    }
    weights.back() += target.weights()[j];
  }
  sites.first.push_back(n);
  sites.places = Eigen::Map<const Vector>(places.data(), static_cast<Index>(places.size()));
  sites.weights = Eigen::Map<const Vector>(weights.data(), static_cast<Index>(weights.size()));
  sites.cuts.resize(static_cast<std::size_t>(n - 1));
  detail::CompensatedSum below, above;
  for (Index k = 0; k + 1 < n; ++k) {
    below.add(target.weights()[sites.order[k]]);
    sites.cuts[static_cast<std::size_t>(k)].below = below.value();
    above.add(target.weights()[sites.order[n - 1 - k]]);
    sites.cuts[static_cast<std::size_t>(n - 2 - k)].above = above.value();
  }
  return sites;
}

// Heights by h_{k+1} - h_k = -e_k (z_{k+1} - z_k) and weights by their own recurrence: either would
// lose digits if it were made from the other where z is large. Both of mean zero under nu.
void potentials(const Sites& sites, const Vector& cuts, Vector& heights, Vector& weights) {
  const Index n = sites.places.size();
  heights.setZero(n);
  weights.setZero(n);
  detail::CompensatedSum height, weight;
  for (Index k = 0; k + 1 < n; ++k) {
    const double e = cuts[sites.first[static_cast<std::size_t>(k) + 1] - 1];
    const double left = sites.places[k], right = sites.places[k + 1];
    height.add_product(-e, right - left);
    weight.add_product(right - left, (left - e) + (right - e));
    heights[k + 1] = height.value();
    weights[k + 1] = weight.value();
  }
  const double mean = detail::compensated_dot(sites.weights, weights) / sites.weights.sum();
  weights.array() -= mean;
  heights.array() -= detail::compensated_dot(sites.weights, heights) / sites.weights.sum();
}

struct Cell {
  double low, high;
};

std::vector<LineMoments> measure(const LineLaw& law, const std::vector<Cell>& cells,
                                 const Vector& centres, int threads) {
  std::vector<LineMoments> moments(cells.size());
  pushforward::detail::parallel_blocks(
      static_cast<Index>(cells.size()), block, threads, [&](Index begin, Index end, Index) {
        for (Index k = begin; k < end; ++k) {
          const auto at = static_cast<std::size_t>(k);
          if (cells[at].low < cells[at].high) {
            moments[at] = law.moments(cells[at].low, cells[at].high, centres[k]);
          }
        }
      });
  return moments;
}

double l1_error(const Vector& masses, const Vector& weights) {
  detail::CompensatedSum sum;
  for (Index j = 0; j < masses.size(); ++j) sum.add(std::abs(masses[j] - weights[j]));
  return sum.value();
}

}  // namespace

void SemidiscreteLineOptions::validate() const {
  validate_fields("SemidiscreteLineOptions", *this);
}

LineCells line_cells(const LineLaw& law, VectorIn sites, VectorIn heights, int threads) {
  constexpr const char* here = "line_cells";
  require(sites.size() >= 1, here, "sites.size()", sites.size(), "at least one");
  require(heights.size() == sites.size(), here, "heights.size()", heights.size(),
          "one per site, " + std::to_string(sites.size()));
  pushforward::detail::require_finite(sites.transpose(), here, "sites");
  pushforward::detail::require_finite(heights.transpose(), here, "heights");
  const Vector places = sites.array() - law.origin();
  const Envelope top = upper_envelope(places, heights);
  const auto n = static_cast<Index>(top.sites.size());
  std::vector<Cell> cells;
  Vector centres(n);
  for (std::size_t k = 0; k < top.sites.size(); ++k) {
    cells.push_back({k == 0 ? -infinity : top.boundaries[k - 1],
                     k + 1 == top.sites.size() ? infinity : top.boundaries[k]});
    centres[static_cast<Index>(k)] = places[top.sites[k]];
  }
  const std::vector<LineMoments> moments = measure(law, cells, centres, threads);
  LineCells result{.masses = Vector::Zero(sites.size()),
                   .second_moments = Vector::Zero(sites.size())};
  for (std::size_t k = 0; k < top.sites.size(); ++k) {
    result.masses[top.sites[k]] = moments[k].mass;
    result.second_moments[top.sites[k]] = moments[k].second;
  }
  return result;
}

SemidiscreteLineResult semidiscrete_line(const LineLawPtr& source, const DiscreteMeasure& target,
                                         const SemidiscreteLineOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  constexpr const char* here = "semidiscrete_line";
  options.validate();
  require(source != nullptr, here, "source", std::string("null"), "a law");
  require(target.dim() == 1, here, "target.dim()", target.dim(), "1");
  const LineLaw& law = *source;
  const Index n = target.size();

  SemidiscreteLineResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  result.origin = law.origin();
  const Sites sites = sorted_sites(target, result.origin);
  result.order = sites.order;

  Vector cuts(n - 1);
  pushforward::detail::parallel_blocks(
      n - 1, block, options.threads, [&](Index begin, Index end, Index) {
        for (Index k = begin; k < end; ++k) {
          cuts[k] = law.quantile(sites.cuts[static_cast<std::size_t>(k)]);
        }
      });
  // Quantiles of cuts that differ by rounding may come out in the wrong order by rounding.
  for (Index k = 1; k + 1 < n; ++k) cuts[k] = std::max(cuts[k], cuts[k - 1]);
  result.boundaries = cuts.array() + result.origin;

  Vector heights, weights;
  potentials(sites, cuts, heights, weights);
  result.heights.resize(n);
  result.weights.resize(n);
  Vector places(n);  // in sorted order
  for (std::size_t g = 0; g + 1 < sites.first.size(); ++g) {
    for (Index k = sites.first[g]; k < sites.first[g + 1]; ++k) {
      result.heights[sites.order[k]] = heights[static_cast<Index>(g)];
      result.weights[sites.order[k]] = weights[static_cast<Index>(g)];
      places[k] = sites.places[static_cast<Index>(g)];
    }
  }

  std::vector<Cell> intervals(static_cast<std::size_t>(n));
  for (Index k = 0; k < n; ++k) {
    intervals[static_cast<std::size_t>(k)] = {k == 0 ? -infinity : cuts[k - 1],
                                              k + 1 == n ? infinity : cuts[k]};
  }
  const std::vector<LineMoments> moments = measure(law, intervals, places, options.threads);
  result.masses.resize(n);
  result.barycenters.resize(n);
  result.mass_error = 0.0;
  detail::CompensatedSum primal;
  for (Index k = 0; k < n; ++k) {
    const Index j = sites.order[k];
    const LineMoments& cell = moments[static_cast<std::size_t>(k)];
    const double wanted = target.weights()[j];
    result.masses[j] = cell.mass;
    result.barycenters[j] =
        target.points()(0, j) + (cell.mass > 0.0 ? cell.first / cell.mass : 0.0);
    primal.add(cell.second);
    if (wanted > 0.0) {
      result.mass_error = std::max(result.mass_error, std::abs(cell.mass - wanted) / wanted);
      if (cell.mass <= 0.0) ++result.empty_cells;
    }
  }
  result.mass_l1_error = l1_error(result.masses, target.weights());

  const LineCells cells =
      line_cells(law, Vector(target.points().row(0)), result.heights, options.threads);
  detail::CompensatedSum dual;
  detail::CompensatedSum potential_error;
  for (std::size_t g = 0; g + 1 < sites.first.size(); ++g) {
    double mass = 0.0;
    for (Index k = sites.first[g]; k < sites.first[g + 1]; ++k) {
      mass += cells.masses[sites.order[k]];
      dual.add(cells.second_moments[sites.order[k]]);
    }
    const auto at = static_cast<Index>(g);
    dual.add_product(weights[at], sites.weights[at] - mass);
    potential_error.add(std::abs(mass - sites.weights[at]));
  }
  result.potential_mass_l1_error = potential_error.value();
  result.transport_cost = primal.value();
  result.certificate = {.primal = primal.value(), .dual = dual.value()};

  result.residual = result.mass_l1_error;
  result.converged = result.residual <= options.tolerance;
  result.termination = std::isnan(result.residual) ? Termination::non_finite
                       : result.converged          ? Termination::converged
                                                   : Termination::stalled;
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return result;
}

}  // namespace pushforward::ot
