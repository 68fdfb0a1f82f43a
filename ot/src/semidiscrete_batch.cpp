#include "ot/src/semidiscrete_batch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/src/parallel.hpp"
#include "ot/src/one_thread.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr Index draws_a_block = 8192;
constexpr double least_damping = 1e-7, most_damping = 1e3;
constexpr double stall = 0.98;  // of the excess left by a step: two in a row end the search
constexpr Index approach_slots = 4;
constexpr int approach_steps = 25;
constexpr int newton_steps = 25;
constexpr double solve_tolerance = 0.02;
constexpr int solve_iterations = 400;
// A batch has told all it can when its masses are this close, in units of its own noise: chi^2 / n.
constexpr double wanted_excess = 0.01;
// ... and no single cell is off by more than this many times its noise.
constexpr double wanted_worst = 1.5;
constexpr double least_expected = 4.0;  // draws in an empty cell for it to be raised

struct Sorted {
  std::vector<TopTwo> draws;
  Vector masses;
  Index empty = 0;  // cells without a draw
  Vector raises;    // what such a cell needs to touch the nearest draw that lists it; else zero
};

void sort_draws(const CandidateLists& lists, VectorIn change, int threads, Sorted& sorted) {
  const Index n = lists.size(), slots = lists.slots;
  sorted.draws.resize(static_cast<std::size_t>(n));
  pushforward::detail::parallel_blocks(
      n, draws_a_block, threads, [&](Index begin, Index end, Index) {
        for (Index i = begin; i < end; ++i) {
          const std::int32_t* labels = lists.labels.data() + i * slots;
          const float* scores = lists.scores.data() + i * slots;
          constexpr double lowest = -std::numeric_limits<double>::infinity();
          double first = lowest, next = lowest;
          TopTwo top{-1, -1, 0.0F};
          for (Index k = 0; k < slots; ++k) {
            if (labels[k] < 0) break;
            const double score = static_cast<double>(scores[k]) + change[labels[k]];
            if (score > first) {
              next = first;
              top.second = top.best;
              first = score;
              top.best = labels[k];
            } else if (score > next) {
              next = score;
              top.second = labels[k];
            }
          }
          top.gap = top.second < 0 ? 0.0F : static_cast<float>(first - next);
          sorted.draws[static_cast<std::size_t>(i)] = top;
        }
      });
  IndexVector hits = IndexVector::Zero(change.size());
  for (const TopTwo& draw : sorted.draws) {
    if (draw.best >= 0) ++hits[draw.best];
  }
  sorted.masses = hits.cast<double>() / static_cast<double>(n);
  sorted.empty = (hits.array() == 0).count();
  sorted.raises = Vector::Zero(change.size());
  if (sorted.empty == 0) return;
  constexpr double none = std::numeric_limits<double>::infinity();
  Vector least = Vector::Constant(change.size(), none);
  for (Index i = 0; i < n; ++i) {
    const std::int32_t* labels = lists.labels.data() + i * slots;
    const float* scores = lists.scores.data() + i * slots;
    const std::int32_t best = sorted.draws[static_cast<std::size_t>(i)].best;
    double top = 0.0;
    for (Index k = 0; k < slots; ++k) {
      if (labels[k] == best) top = static_cast<double>(scores[k]) + change[best];
    }
    for (Index k = 0; k < slots; ++k) {
      const std::int32_t label = labels[k];
      if (label < 0) break;
      if (hits[label] > 0) continue;
      least[label] = std::min(least[label], top - static_cast<double>(scores[k]) - change[label]);
    }
  }
  for (Index j = 0; j < change.size(); ++j) {
    if (least[j] < none) sorted.raises[j] = least[j];
  }
}

}  // namespace

DependentPairs pairs_on_circles(const CandidateLists& lists, Index size, VectorIn weights) {
  const Index n = lists.size();
  DependentPairs pairs{static_cast<double>(n * (size - 1)), 0.0};
  for (Index i = 0; i < n; ++i) {
    const std::int32_t label = lists.labels[static_cast<std::size_t>(i * lists.slots)];
    if (label < 0) continue;
    for (Index k = i - i % size; k < i; ++k) {
      if (lists.labels[static_cast<std::size_t>(k * lists.slots)] != label) continue;
      pairs.coincidences += 2.0 / weights[label];
    }
  }
  return pairs;
}

double independent_draws(double n, const DependentPairs& pairs, Index cells) {
  const double covariance = (pairs.coincidences - pairs.count) / n;
  return n / (1.0 + std::max(0.0, covariance) / std::max(1.0, static_cast<double>(cells - 1)));
}

void draw_candidates(const CentredProblem& problem, const CellAssignment& cells, const RngKey& key,
                     Index n, int threads, CandidateLists& lists) {
  const Index slots = lists.slots, have = lists.size();
  lists.labels.resize(static_cast<std::size_t>(n * slots));
  lists.scores.resize(static_cast<std::size_t>(n * slots));
  pushforward::detail::parallel_blocks(
      n - have, cells.block(), threads, [&](Index first, Index last, Index) {
        const Index begin = have + first, end = have + last;
        float* scores = lists.scores.data() + begin * slots;
        sort_ascent_draws(problem, cells, key, begin, end, slots, scores,
                          lists.labels.data() + begin * slots);
        for (Index i = 0; i < end - begin; ++i, scores += slots) {
          for (Index k = slots - 1; k >= 0; --k) scores[k] -= scores[0];
        }
      });
}

GraphLaplacian facet_laplacian(Index cells, const std::vector<TopTwo>& draws) {
  const auto size = static_cast<std::size_t>(cells);
  std::vector<std::size_t> begin(size + 1, 0);
  Vector width = Vector::Zero(cells);
  double total = 0.0, pairs = 0.0;
  for (const TopTwo& draw : draws) {
    if (draw.second < 0) continue;
    ++begin[static_cast<std::size_t>(draw.best) + 1];
    width[draw.best] += static_cast<double>(draw.gap);
    total += static_cast<double>(draw.gap);
    pairs += 1.0;
  }
  const double mean = pairs > 0.0 ? total / pairs : 0.0;
  for (std::size_t j = 0; j < size; ++j) {
    // Few gaps say little: four more of the mean size.
    width[static_cast<Index>(j)] = 0.5 * (width[static_cast<Index>(j)] + 4.0 * mean) /
                                   (static_cast<double>(begin[j + 1]) + 4.0);
    begin[j + 1] += begin[j];
  }
  std::vector<std::int32_t> seconds(begin[size]);
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  for (const TopTwo& draw : draws) {
    if (draw.second < 0 || !(static_cast<double>(draw.gap) < width[draw.best])) continue;
    seconds[next[static_cast<std::size_t>(draw.best)]++] = draw.second;
  }
  std::vector<GraphLaplacian::Edge> edges;
  std::vector<std::int32_t> place(size, -1);  // of a second cell among the edges of this cell
  for (std::size_t j = 0; j < size; ++j) {
    const std::size_t first = edges.size();
    const double share = 0.5 / (static_cast<double>(draws.size()) * width[static_cast<Index>(j)]);
    for (std::size_t i = begin[j]; i < next[j]; ++i) {
      std::int32_t& at = place[static_cast<std::size_t>(seconds[i])];
      if (at < 0) {
        at = static_cast<std::int32_t>(edges.size());
        edges.push_back({static_cast<std::int32_t>(j), seconds[i], 0.0});
      }
      edges[static_cast<std::size_t>(at)].weight += share;
    }
    for (std::size_t e = first; e < edges.size(); ++e) {
      place[static_cast<std::size_t>(edges[e].to)] = -1;
    }
  }
  return {cells, std::move(edges)};
}

namespace {

double excess_of(const Vector& masses, VectorIn nu, double draws) {
  return ((masses - nu).array().square() / nu.array()).sum() * draws /
         std::max(1.0, static_cast<double>(nu.size() - 1));
}

// Newton's method for the batch behind `sort`, which puts its draws into cells after a change of
// heights: sort(change, sorted). If it `is_blind` to the facets of `hidden`, masses crossing those
// are added to first order.
template <class Sort>
void minimise(VectorIn nu, double draws, int most_steps, double enough,
              const GraphLaplacian& hidden, bool is_blind, Sort&& sort, BatchStep& step) {
  const Index cells = nu.size();
  Sorted now, tried;
  Vector unseen_gain(cells);  // masses that cross facets out of the lists' sight
  const auto sort_all = [&](const Vector& change, Sorted& sorted) {
    sort(change, sorted);
    if (!is_blind) return;
    hidden.apply(change, unseen_gain);
    sorted.masses += unseen_gain;
  };
  sort_all(step.change, now);
  double damping = 1e-3;
  int stalled = 0;
  for (int iteration = 0;; ++iteration) {
    for (Index j = 0; j < cells; ++j) {
      if (nu[j] * draws < least_expected) now.raises[j] = 0.0;  // empty by chance
    }
    if (now.raises.maxCoeff() > 0.0 && iteration < most_steps) {
      const Vector lifted = step.change + 1.01 * now.raises;
      sort_all(lifted, tried);
      if (tried.empty < now.empty) {
        step.change = lifted;
        std::swap(now, tried);
      }
    }
    step.hessian = facet_laplacian(cells, now.draws).plus(hidden);
    const double before = step.excess;
    step.excess = excess_of(now.masses, nu, draws);
    stalled = iteration > 0 && step.excess > stall * before ? stalled + 1 : 0;
    const Vector gradient = now.masses - nu;
    const double worst =
        (gradient.array().abs() * (draws / nu.array()).sqrt()).maxCoeff();  // in units of noise
    const bool is_enough = step.excess < enough && (enough > 1.0 || worst < wanted_worst);
    if (iteration == most_steps || is_enough || stalled == 2) break;
    // What a cell is to lose or gain at once: slopes at its border are good for no more.
    Vector wanted =
        nu.cwiseMin(2.0 * now.masses.cwiseMax(0.0) + 0.25 * nu).cwiseMax(0.5 * now.masses) -
        now.masses;
    for (Index j = 0; j < cells; ++j) {
      if (step.hessian.degrees()[j] == 0.0) wanted[j] = 0.0;
    }
    const double gains = wanted.cwiseMax(0.0).sum(), losses = -wanted.cwiseMin(0.0).sum();
    if (!(gains > 0.0 && losses > 0.0)) break;
    for (double& x : wanted) x *= std::min(gains, losses) / (x > 0.0 ? gains : losses);
    Vector direction;
    bool accepted = false;
    for (int trial = 0; trial < 12 && !accepted; ++trial) {
      const Vector ridge = damping * (step.hessian.degrees() + step.hessian.degrees().sum() * nu);
      direction = step.hessian.solve(wanted, ridge, solve_tolerance, solve_iterations);
      direction.array() -= direction.dot(nu);
      const double slope = gradient.dot(direction);
      if (!(slope < 0.0)) break;
      double length = 1.0;
      for (int search = 0; search < 2; ++search) {
        sort_all(step.change + length * direction, tried);
        const double end_slope = (tried.masses - nu).dot(direction);
        accepted = end_slope <= -0.7 * slope && excess_of(tried.masses, nu, draws) < step.excess;
        if (accepted) break;
        length *= std::min(0.5, slope / (slope - end_slope));  // where a secant has its zero
        if (length < 0.25) break;
      }
      damping = std::clamp(accepted ? (length == 1.0 ? 0.1 * damping : damping) : 10.0 * damping,
                           least_damping, most_damping);
      if (accepted) direction *= length;
    }

    if (!accepted) break;
    step.change += direction;
    std::swap(now, tried);
  }
}

}  // namespace

BatchStep solve_batch(const CandidateLists& lists, VectorIn masses, const GraphLaplacian& hidden,
                      int threads) {
  const Index cells = masses.size();
  const auto n = static_cast<double>(lists.size());
  BatchStep step{Vector::Zero(cells), {cells, {}}, 0.0};
  minimise(
      masses, n, newton_steps, wanted_excess + 0.5 * static_cast<double>(cells) / n, hidden, true,
      [&](const Vector& change, Sorted& sorted) { sort_draws(lists, change, threads, sorted); },
      step);
  return step;
}

BatchStep approach(const CentredProblem& problem, CellAssignment& cells, VectorIn heights,
                   const GraphLaplacian& hidden, const RngKey& key, Index n, int threads) {
  BatchStep step{Vector::Zero(problem.size()), {problem.size(), {}}, 0.0};
  const Index slots = std::min(approach_slots, problem.size());
  minimise(
      problem.weights, static_cast<double>(n), approach_steps, 2.0, hidden, false,
      [&](const Vector& change, Sorted& sorted) {
        cells.set_heights(heights + change);
        CandidateLists lists{slots, {}, {}};
        draw_candidates(problem, cells, key, n, threads, lists);
        sort_draws(lists, Vector::Zero(problem.size()), threads, sorted);
      },
      step);
  return step;
}

}  // namespace pushforward::ot::detail
