// Problems made to break exact solvers: each must end converged with bounds that hold in long
// double, or with another true status, in bounded time.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/assignment.hpp"
#include "pushforward/ot/network_simplex.hpp"

#include "tests/ot/certificate_check.hpp"
#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::check_certificate;
using testing::Splitmix;

namespace {

struct Tally {
  Index cases = 0, converged = 0;
};

// The bounds must hold whatever the status; nothing here is infeasible or limited.
void solve(const Vector& a, const Vector& b, const CostView& cost, ExactMethod method,
           Tally& tally) {
  const NetworkSimplexResult result =
      network_simplex(a, b, cost, {.method = method, .time_limit_seconds = 20.0, .threads = 1});
  ++tally.cases;
  tally.converged += result.converged ? 1 : 0;
  CHECK((result.converged || result.termination == Termination::stalled));
  check_certificate(a, b, cost, result);
}

const std::vector<ExactMethod> methods{ExactMethod::all_arcs, ExactMethod::shortlist,
                                       ExactMethod::streaming};

void solve_all(const Vector& a, const Vector& b, const CostView& cost, Tally& tally) {
  for (const ExactMethod method : methods) solve(a, b, cost, method, tally);
}

Vector normalised(Vector w) { return w / w.sum(); }

void report(const char* family, const Tally& tally) {
  INFO(family, ": ", tally.converged, " of ", tally.cases, " converged");
  CHECK(tally.converged == tally.cases);
}

}  // namespace

TEST_CASE("exact, adversarial: cost scales from 1e-300 to 1e300, shifts of 1e12, constant costs") {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + static_cast<Index>(seed % 9), m = 1 + static_cast<Index>((3 * seed) % 11);
    const Matrix cost = draws.uniform(n, m);
    const Vector a = normalised(draws.uniform(n, 1).array() + 0.01);
    const Vector b = normalised(draws.uniform(m, 1).array() + 0.01);
    for (const double scale : {1e-300, 1e-150, 1e-10, 1e10, 1e150, 1e300}) {
      const Matrix scaled = scale * cost;
      solve_all(a, b, MatrixCost(scaled), tally);
    }
    const Matrix shifted = cost.array() + 1e12, lowered = cost.array() - 1e12;
    solve_all(a, b, MatrixCost(shifted), tally);
    solve_all(a, b, MatrixCost(lowered), tally);
    const Matrix constant = Matrix::Constant(n, m, draws.uniform() - 0.5);
    solve_all(a, b, MatrixCost(constant), tally);
    const Matrix zero = Matrix::Zero(n, m);
    solve_all(a, b, MatrixCost(zero), tally);
  }
  report("scales", tally);
  CHECK(tally.cases == 1200);
}

TEST_CASE("exact, adversarial: one entry of 1e32 in five by five, wide ranges") {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(100 + seed);
    Matrix cost = draws.uniform(5, 5);
    const auto i = static_cast<Index>(seed % 5), j = static_cast<Index>((seed / 5) % 5);
    cost(i, j) = 1e32;
    const Vector uniform = Vector::Constant(5, 0.2);
    const Vector a = normalised(draws.uniform(5, 1).array() + 0.01);
    const Vector b = normalised(draws.uniform(5, 1).array() + 0.01);
    solve_all(uniform, uniform, MatrixCost(cost), tally);
    solve_all(a, b, MatrixCost(cost), tally);
    // The huge entry must hide nothing: forbidding it gives the same cost.
    Matrix forbidden = cost;
    forbidden(i, j) = std::numeric_limits<double>::infinity();
    const NetworkSimplexResult without =
        network_simplex(uniform, uniform, SparseCost::from_matrix(forbidden));
    const NetworkSimplexResult with = network_simplex(uniform, uniform, cost);
    CHECK(with.transport_cost == doctest::Approx(without.transport_cost).epsilon(1e-13));
    CHECK(assignment(cost).mean_cost == doctest::Approx(without.transport_cost).epsilon(1e-13));
  }
  report("one huge entry", tally);
}

TEST_CASE("exact, adversarial: rows of +infinity, forbidden but for one arc") {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(200 + seed);
    const Index n = 2 + static_cast<Index>(seed % 8);
    Matrix cost = draws.uniform(n, n);
    cost.row(static_cast<Index>(seed) % n).setConstant(infinite);
    CHECK(assignment(cost).termination == Termination::infeasible);
    CHECK(network_simplex(Vector(), Vector(), SparseCost::from_matrix(cost)).termination ==
          Termination::infeasible);
    cost(static_cast<Index>(seed) % n, 0) = 1.0;
    const SparseCost view = SparseCost::from_matrix(cost);
    const NetworkSimplexResult one = network_simplex(Vector(), Vector(), view);
    CHECK(one.converged);
    check_certificate(Vector(), Vector(), view, one);
    CHECK(assignment(cost).mean_cost == doctest::Approx(one.transport_cost).epsilon(1e-13));
  }
}

TEST_CASE("exact, adversarial: masses of 1e-300, ratios of 1e15, sums of floats, 5 x 960") {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Splitmix draws(300 + seed);
    const Index n = 2 + static_cast<Index>(seed % 9), m = 2 + static_cast<Index>((5 * seed) % 13);
    const Matrix cost = draws.uniform(n, m);
    const MatrixCost view(cost);
    const Vector a = normalised(draws.uniform(n, 1).array() + 0.01);
    const Vector b = normalised(draws.uniform(m, 1).array() + 0.01);
    solve_all(1e-300 * a, 1e-300 * b, view, tally);
    solve_all(1e300 * a, 1e300 * b, view, tally);
    Vector steep = a;
    for (Index i = 0; i < n; ++i) steep[i] *= std::pow(10.0, -15.0 * draws.uniform());
    solve_all(normalised(steep), b, view, tally);
    Vector tiny = a;
    tiny[0] = 1e-300;
    solve_all(normalised(tiny), b, view, tally);
    const Vector single = a.cast<float>().cast<double>();
    solve_all(single, b.cast<float>().cast<double>(), view, tally);
  }
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Splitmix draws(400 + seed);
    const PointCost view(draws.uniform(2, 5), draws.uniform(2, 960));
    solve_all(Vector(), Vector(), view, tally);
    solve_all(normalised(draws.uniform(5, 1)), normalised(draws.uniform(960, 1)), view, tally);
  }
  report("masses", tally);
}

TEST_CASE("exact, adversarial: duplicate, collinear and lattice points, clusters far away") {
  Tally tally;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Splitmix draws(500 + seed);
    const Index n = 12 + static_cast<Index>(seed), m = 9 + static_cast<Index>(2 * seed % 30);
    const Vector a = normalised(draws.uniform(n, 1).array() + 0.01);
    const Vector b = normalised(draws.uniform(m, 1).array() + 0.01);
    const auto check = [&](const Matrix& x, const Matrix& y) {
      const PointCost view(x, y);
      solve_all(a, b, view, tally);
      solve_all(Vector(), Vector(), view, tally);
    };
    const Matrix x = draws.uniform(2, n), y = draws.uniform(2, m);
    check((3.0 * x).array().floor(), (3.0 * y).array().floor());
    check(Matrix::Constant(2, n, 0.3), Matrix::Constant(2, m, 0.3));
    check(Matrix::Constant(2, n, 0.3), Matrix::Constant(2, m, -7.0));
    Vector direction(2);
    direction << 0.6, 0.8;
    check(direction * x.row(0), direction * y.row(0));
    Matrix lattice_x(2, n), lattice_y(2, m);
    for (Index i = 0; i < n; ++i) lattice_x.col(i) << double(i % 5), double(i / 5);
    for (Index j = 0; j < m; ++j) lattice_y.col(j) << 0.5 + double(j % 4), 0.5 + double(j / 4);
    check(lattice_x, lattice_y);
    check((1e-12 * x).array() + 1e8, (1e-12 * y).array() + 1e8);
    Matrix split = 1e-12 * x;
    split.leftCols(n / 2).array() += 1e8;
    check(split, (1e-12 * y).array() + 1e8);
  }
  report("points", tally);
}
