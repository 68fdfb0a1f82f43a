#include "pushforward/ot/partial.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/measure.hpp"

#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

using Problem = UnequalProblem;

// Masses of sums that differ, costs of both signs every third time.
Problem random_problem(std::uint64_t seed) {
  Problem problem = unequal_problem(seed, {.least = 1, .largest = 12, .lightest = 0.05});
  if (seed % 3 == 0) problem.cost.array() -= 0.4;
  if (seed % 4 == 0) problem.cost = (8.0 * problem.cost).array().floor() / 8.0;
  if (seed % 5 == 0) problem.a[0] = problem.a.size() > 1 ? 0.0 : 1.0;
  return problem;
}

double least_mass(const Problem& p) { return std::min(p.a.sum(), p.b.sum()); }

// Recomputed in long double: potentials are feasible, their value is no more than the objective's.
void check_certificate(const Problem& p, const PartialResult& result, double mass) {
  long double dual = 0.0L, primal = 0.0L, moved = 0.0L;
  for (Index i = 0; i < p.a.size(); ++i) {
    CHECK(result.f[i] <= result.lambda);
    dual += static_cast<long double>(p.a[i]) * result.f[i];
    for (Index j = 0; j < p.b.size(); ++j) {
      CHECK(result.f[i] + result.g[j] <= p.cost(i, j) + 4e-16);
    }
  }
  for (Index j = 0; j < p.b.size(); ++j) {
    CHECK(result.g[j] <= result.lambda);
    dual += static_cast<long double>(p.b[j]) * result.g[j];
  }
  for (const auto& e : result.coupling.entries()) {
    primal += static_cast<long double>(e.mass) * p.cost(e.row, e.col);
    moved += e.mass;
    // Complementary slackness on the arcs ...
    CHECK(std::abs(p.cost(e.row, e.col) - result.f[e.row] - result.g[e.col]) <= 1e-13);
  }
  const long double both = static_cast<long double>(p.a.sum()) + p.b.sum();
  if (std::isnan(mass)) {
    primal += result.lambda * (both - 2.0L * moved);
  } else {
    dual -= result.lambda * (both - 2.0L * mass);
    CHECK(std::abs(double(moved) - mass) <= 1e-14 * double(both));
  }
  CHECK(static_cast<long double>(result.certificate.dual) <= dual);
  CHECK(static_cast<long double>(result.certificate.primal) >= primal);
  CHECK(std::abs(double(primal - dual)) <= 1e-13);
  CHECK(result.row_excess + result.col_excess <= 1e-14);
  // ... and where mass stays.
  const Vector rows = result.coupling.row_marginal();
  for (Index i = 0; i < p.a.size(); ++i) {
    if (p.a[i] - rows[i] > 1e-12) CHECK(std::abs(result.f[i] - result.lambda) <= 1e-13);
  }
}

// Least cost of k pairs, by trying all.
double brute_force(const Matrix& cost, Index row, Index k, unsigned used) {
  if (k == 0) return 0.0;
  if (row == cost.rows()) return infinite;
  double best = brute_force(cost, row + 1, k, used);
  for (Index j = 0; j < cost.cols(); ++j) {
    if ((used >> j & 1u) == 0u) {
      best = std::min(best, cost(row, j) + brute_force(cost, row + 1, k - 1, used | 1u << j));
    }
  }
  return best;
}

}  // namespace

TEST_CASE("partial: unit masses cost what the best matching of k pairs does") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + Index(seed % 5), m = 1 + Index(seed / 5 % 5);
    const Matrix cost = draws.uniform(n, m);
    const Vector a = Vector::Ones(n), b = Vector::Ones(m);
    const PartialPath path = partial_path(a, b, MatrixCost(cost));
    for (Index k = 0; k <= std::min(n, m); ++k) {
      const double best = brute_force(cost, 0, k, 0u);
      const PartialResult result = partial_transport(a, b, MatrixCost(cost), double(k));
      CHECK(result.converged);
      CHECK(std::abs(result.transport_cost - best) <= 1e-14);
      CHECK(std::abs(path.cost_at(double(k)) - best) <= 1e-14);
      check_certificate({a, b, cost}, result, double(k));
    }
  }
}

TEST_CASE("partial: by mass the simplex agrees with successive augmentations, certified") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem p = random_problem(seed);
    const MatrixCost cost(p.cost);
    const PartialPath path = partial_path(p.a, p.b, cost);
    const double all = path.mass[path.mass.size() - 1];
    CHECK(std::abs(all - least_mass(p)) <= 1e-14);
    for (const double share : {0.0, 0.1, 0.5, 0.9, 1.0}) {
      const PartialResult result = partial_transport(p.a, p.b, cost, share * all);
      CHECK(result.converged);
      CHECK(std::abs(result.transport_cost - path.cost_at(share * all)) <= 1e-13);
      check_certificate(p, result, share * all);
    }
  }
}

TEST_CASE("partial: by price the simplex takes the best point of the path, and at its multiplier") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Problem p = random_problem(100 + seed);
    const MatrixCost cost(p.cost);
    const PartialPath path = partial_path(p.a, p.b, cost);
    double before = -infinite, mass_before = 0.0;
    for (const double lambda : {0.0, 0.05, 0.2, 0.4, 2.0}) {
      const PartialResult result = penalized_partial_transport(p.a, p.b, cost, lambda);
      double best = infinite;
      for (Index s = 0; s < path.mass.size(); ++s) {
        best = std::min(best, path.cost[s] + lambda * (p.a.sum() + p.b.sum() - 2.0 * path.mass[s]));
      }
      CHECK(result.converged);
      CHECK(std::abs(result.objective - best) <= 1e-13);
      CHECK(result.objective >= before - 1e-13);  // the price only adds
      CHECK(result.mass >= mass_before - 1e-13);
      before = result.objective;
      mass_before = result.mass;
      check_certificate(p, result, not_known);
      for (const auto& e : result.coupling.entries()) CHECK(p.cost(e.row, e.col) < 2.0 * lambda);
      // The mass that this price moves, prescribed, costs the same.
      const PartialResult by_mass = partial_transport(p.a, p.b, cost, result.mass);
      CHECK(std::abs(by_mass.transport_cost - result.transport_cost) <= 1e-13);
    }
    const double half = 0.5 * least_mass(p);
    const PartialResult by_mass = partial_transport(p.a, p.b, cost, half);
    if (by_mass.lambda >= 0.0) {
      const PartialResult by_price = penalized_partial_transport(p.a, p.b, cost, by_mass.lambda);
      const double value =
          by_mass.transport_cost + by_mass.lambda * (p.a.sum() + p.b.sum() - 2.0 * half);
      CHECK(std::abs(by_price.objective - value) <= 1e-12);
    }
  }
}

TEST_CASE("partial: all of the mass is balanced transport, none is nothing") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Problem p = random_problem(200 + seed);
    p.b *= p.a.sum() / p.b.sum();
    const MatrixCost cost(p.cost);
    const PartialResult all = partial_transport(p.a, p.b, cost, p.a.sum());
    CHECK(std::abs(all.transport_cost - network_simplex(p.a, p.b, cost).transport_cost) <= 1e-13);
    const PartialResult none = partial_transport(p.a, p.b, cost, 0.0);
    CHECK(none.converged);
    CHECK(none.coupling.entries().empty());
    CHECK(none.transport_cost == 0.0);
  }
}

TEST_CASE("partial: the path is convex and rises through its breakpoints") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Problem p = random_problem(300 + seed);
    const PartialPath path = partial_path(p.a, p.b, MatrixCost(p.cost));
    double slope = -infinite;
    for (Index s = 1; s < path.mass.size(); ++s) {
      const double length = path.mass[s] - path.mass[s - 1];
      CHECK(length > 0.0);
      const double next = (path.cost[s] - path.cost[s - 1]) / length;
      CHECK(next >= slope - 1e-9);  // of differences that lose digits on short pieces
      slope = next;
    }
    CHECK(std::abs(path.cost_at(0.0)) == 0.0);
  }
}

TEST_CASE("partial: costs from coordinates and stored ones agree, on every method") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Splitmix draws(400 + seed);
    const Index n = 20 + Index(seed), m = 35;
    const PointCost lazy(draws.uniform(2, n), draws.uniform(2, m));
    Problem p{draws.uniform(n, 1), draws.uniform(m, 1), Matrix(n, m)};
    lazy.tile(0, 0, p.cost);
    const double lambda = 0.02;
    const double stored =
        penalized_partial_transport(p.a, p.b, MatrixCost(p.cost), lambda).objective;
    for (const ExactMethod method :
         {ExactMethod::all_arcs, ExactMethod::shortlist, ExactMethod::streaming}) {
      const PartialResult result =
          penalized_partial_transport(p.a, p.b, lazy, lambda, {.method = method});
      CHECK(result.converged);
      CHECK(std::abs(result.objective - stored) <= 1e-13);
      check_certificate(p, result, not_known);
    }
    const double half = 0.5 * least_mass(p);
    CHECK(std::abs(partial_transport(p.a, p.b, lazy, half).transport_cost -
                   partial_transport(p.a, p.b, MatrixCost(p.cost), half).transport_cost) <= 1e-13);
  }
}

TEST_CASE("partial: forbidden arcs carry nothing, and too much mass is infeasible") {
  Matrix cost(2, 2);
  cost << 1.0, infinite, 2.0, infinite;
  const SparseCost sparse = SparseCost::from_matrix(cost);
  const Vector ones = Vector::Ones(2);
  const PartialResult one = partial_transport(ones, ones, sparse, 1.0);
  CHECK(one.converged);
  CHECK(one.transport_cost == doctest::Approx(1.0).epsilon(1e-14));
  const PartialResult two = partial_transport(ones, ones, sparse, 2.0);
  CHECK_FALSE(two.converged);
  CHECK(two.termination == Termination::infeasible);
  const PartialResult priced = penalized_partial_transport(ones, ones, sparse, 5.0);
  CHECK(priced.converged);
  CHECK(priced.objective == doctest::Approx(1.0 + 5.0 * 2.0).epsilon(1e-14));
}

TEST_CASE("partial: two points are moved below twice the price, else left") {
  const Matrix cost = Matrix::Constant(1, 1, 3.0);
  const Vector a = Vector::Constant(1, 1.3), b = Vector::Constant(1, 0.6);
  for (const double lambda : {1.0, 1.4, 1.6, 4.0}) {
    const double value = 3.0 < 2.0 * lambda ? 0.6 * 3.0 + lambda * 0.7 : lambda * 1.9;
    CHECK(penalized_partial_transport(a, b, MatrixCost(cost), lambda).objective ==
          doctest::Approx(value).epsilon(1e-14));
  }
}

TEST_CASE("partial: scales of costs and masses pass through") {
  const Problem p = random_problem(17);
  const double mass = 0.5 * least_mass(p);
  const double value = partial_transport(p.a, p.b, MatrixCost(p.cost), mass).transport_cost;
  for (const double scale : {1e-200, 1e-9, 1e9, 1e200}) {
    const Matrix cost = scale * p.cost;
    const PartialResult result = partial_transport(p.a, p.b, MatrixCost(cost), mass);
    CHECK(result.converged);
    CHECK(result.transport_cost / scale == doctest::Approx(value).epsilon(1e-12));
    const PartialResult heavy =
        partial_transport(p.a * scale, p.b * scale, MatrixCost(p.cost), mass * scale);
    CHECK(heavy.converged);
    CHECK(heavy.transport_cost / scale == doctest::Approx(value).epsilon(1e-12));
  }
}

TEST_CASE("partial: bad input is named") {
  const Matrix matrix = Matrix::Ones(2, 2);
  const MatrixCost cost(matrix);
  const Vector good = Vector::Ones(2), zero = Vector::Zero(2), one = Vector::Ones(1);
  Vector negative = good;
  negative[1] = -1e-18;
  const auto by_mass = [&](const Vector& a, const Vector& b, double mass) {
    return refusal([&] { partial_transport(a, b, cost, mass); });
  };
  CHECK(contains(by_mass(good, good, 2.5), "mass is 2.5, expected between 0 and 2"));
  CHECK(contains(by_mass(good, good, -0.1), "mass is -0.1"));
  CHECK(contains(by_mass(good, good, NAN), "mass is nan"));
  CHECK(contains(by_mass(negative, good, 1.0), "a[1] is -1e-18"));
  CHECK(contains(by_mass(good, negative, 1.0), "b[1] is -1e-18"));
  CHECK(contains(by_mass(zero, good, 0.0), "sum of a is 0"));
  CHECK(contains(by_mass(one, good, 0.0), "a.size() is 1"));
  const auto by_price = [&](const Vector& a, double lambda) {
    return refusal([&] { penalized_partial_transport(a, good, cost, lambda); });
  };
  CHECK(contains(by_price(good, -1.0), "lambda is -1"));
  CHECK(contains(by_price(good, infinite), "lambda is inf"));
  CHECK(contains(by_price(zero, 1.0), "sum of a is 0"));
  CHECK(contains(refusal([&] { partial_path(good, zero, cost); }), "sum of b is 0"));
  CHECK(contains(refusal([&] { partial_path(good, good, cost).cost_at(3.0); }), "k is 3"));
  Matrix sparse = matrix;
  sparse(0, 1) = infinite;
  CHECK(contains(refusal([&] { partial_path(good, good, SparseCost::from_matrix(sparse)); }),
                 "largest cost is inf"));
  CHECK(contains(refusal([&] { partial_transport(good, good, cost, 1.0, {.tolerance = 0.0}); }),
                 "tolerance is 0"));
}
