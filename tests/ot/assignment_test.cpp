#include "pushforward/ot/assignment.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/network_simplex.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

double brute_force_mean(const Matrix& cost) {
  std::vector<Index> order(static_cast<std::size_t>(cost.rows()));
  std::iota(order.begin(), order.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0.0;
    for (std::size_t i = 0; i < order.size(); ++i) sum += cost(static_cast<Index>(i), order[i]);
    least = std::min(least, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return least / static_cast<double>(cost.rows());
}

bool is_permutation(const IndexVector& s) {
  std::vector<bool> seen(static_cast<std::size_t>(s.size()), false);
  for (const Index j : s) {
    if (j < 0 || j >= s.size() || seen[static_cast<std::size_t>(j)]) return false;
    seen[static_cast<std::size_t>(j)] = true;
  }
  return true;
}

// Everything a result claims, from the cost alone.
void check_result(const Matrix& cost, const AssignmentResult& result) {
  const double scale = std::max(cost.cwiseAbs().maxCoeff(), 1e-300);
  REQUIRE(is_permutation(result.target_of));
  double sum = 0.0;
  for (Index i = 0; i < cost.rows(); ++i) sum += cost(i, result.target_of[i]);
  const auto n = static_cast<double>(cost.rows());
  CHECK(std::abs(result.mean_cost - sum / n) <= 1e-14 * scale);
  const Matrix slack = (cost.colwise() - result.f).rowwise() - result.g.transpose();
  CHECK(slack.minCoeff() >= -1e-13 * scale);
  CHECK(result.certificate.primal == result.mean_cost);
  CHECK(std::abs(result.certificate.dual - (result.f.sum() + result.g.sum()) / n) <= 1e-13 * scale);
  CHECK(std::abs(result.f.mean() - result.g.mean()) <= 1e-13 * scale);
}

void check_optimal(const Matrix& cost, const AssignmentResult& result) {
  check_result(cost, result);
  CHECK(result.converged);
  CHECK(result.termination == Termination::converged);
  CHECK(std::abs(result.certificate.gap()) <= 1e-13 * cost.cwiseAbs().maxCoeff());
}

}  // namespace

TEST_CASE("assignment: the least cost of all permutations, n up to 7") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Splitmix draws(seed);
    const Index n = 1 + static_cast<Index>(seed % 7);
    Matrix cost = draws.uniform(n, n);
    if (seed % 3 == 1) cost = (4.0 * cost).array().floor();         // many ties
    if (seed % 3 == 2) cost = 1e3 * (cost.array() - 0.5).matrix();  // negative costs
    const AssignmentResult result = assignment(cost);
    check_optimal(cost, result);
    CHECK(result.mean_cost == doctest::Approx(brute_force_mean(cost)).epsilon(1e-13).scale(1e-10));
  }
}

TEST_CASE("assignment: mean costs agree with SciPy's solver") {
  const CsvTable table =
      read_csv(std::filesystem::path(PUSHFORWARD_TEST_REFERENCE) / "assignment.csv");
  REQUIRE(table.values.cols() == 7);
  for (Index row = 0; row < table.values.cols(); ++row) {
    Splitmix draws(static_cast<std::uint64_t>(table.values(0, row)));
    const auto n = static_cast<Index>(table.values(1, row));
    const auto d = static_cast<Index>(table.values(2, row));
    const Matrix x = draws.uniform(d, n);
    const Matrix y = draws.uniform(d, n);
    const AssignmentResult result = assignment_squared_euclidean(x, y);
    CHECK(result.converged);
    // Sums of n d terms in another order: n d rounding units at most, far fewer in practice.
    CHECK(result.mean_cost == doctest::Approx(table.values(3, row)).epsilon(1e-13));
  }
}

TEST_CASE("assignment: ties, repeated points and constant costs end at an optimum") {
  Splitmix draws(5);
  const Index n = 120;
  check_optimal(Matrix::Constant(n, n, 3.0), assignment(Matrix::Constant(n, n, 3.0)));
  const AssignmentResult zero = assignment(Matrix::Zero(n, n));
  CHECK(zero.converged);
  CHECK(zero.residual == 0.0);
  CHECK(zero.mean_cost == 0.0);
  const Matrix few = (3.0 * draws.uniform(2, n)).array().floor();
  const Matrix other = (3.0 * draws.uniform(2, n)).array().floor();
  CHECK(assignment_squared_euclidean(few, other).converged);
  CHECK(assignment_squared_euclidean(few, few).mean_cost == 0.0);
  // A rank-one cost: every permutation near the optimum ties with many others.
  const Matrix product = draws.uniform(n, 1) * draws.uniform(1, n);
  check_optimal(product, assignment(product));
}

TEST_CASE("assignment: on the line the sorted pairing is optimal") {
  Splitmix draws(6);
  Matrix x = draws.uniform(1, 300), y = draws.uniform(1, 300);
  const double cost = assignment_squared_euclidean(x, y).mean_cost;
  std::sort(x.data(), x.data() + 300);
  std::sort(y.data(), y.data() + 300);
  CHECK(cost == doctest::Approx((x - y).squaredNorm() / 300).epsilon(1e-12));
}

TEST_CASE("assignment: a shifted cloud is matched to itself at the squared length of the shift") {
  Splitmix draws(7);
  const Matrix x = draws.uniform(3, 200);
  Vector shift(3);
  shift << 2.0, -1.0, 0.5;
  const AssignmentResult result = assignment_squared_euclidean(x, x.colwise() + shift);
  CHECK(result.mean_cost == doctest::Approx(5.25).epsilon(1e-13));
  for (Index i = 0; i < 200; ++i) CHECK(result.target_of[i] == i);
}

TEST_CASE("assignment: adding to a row or a column moves the optimum by its mean, no more") {
  Splitmix draws(8);
  const Matrix cost = draws.uniform(60, 60);
  const Vector rows = draws.uniform(60, 1), columns = draws.uniform(60, 1);
  const Matrix moved = (cost.colwise() + rows).rowwise() + columns.transpose();
  const AssignmentResult plain = assignment(cost), other = assignment(moved);
  CHECK(other.target_of == plain.target_of);
  CHECK(other.mean_cost ==
        doctest::Approx(plain.mean_cost + rows.mean() + columns.mean()).epsilon(1e-13));
  CHECK(assignment(cost.transpose()).mean_cost == doctest::Approx(plain.mean_cost).epsilon(1e-13));
  CHECK(assignment(1e200 * cost).target_of == plain.target_of);
}

TEST_CASE("assignment: the same bits for 1, 2, 3 and 8 threads") {
  Splitmix draws(9);
  const Matrix x = draws.uniform(4, 250), y = draws.uniform(4, 250);
  const AssignmentResult one = assignment_squared_euclidean(x, y, {.threads = 1});
  for (int threads : {2, 3, 8}) {
    const AssignmentResult other = assignment_squared_euclidean(x, y, {.threads = threads});
    CHECK(other.target_of == one.target_of);
    CHECK(other.f == one.f);
    CHECK(other.g == one.g);
    CHECK(other.certificate.dual == one.certificate.dual);
  }
}

TEST_CASE("assignment: a stopped run leaves a permutation with an honest gap") {
  Splitmix draws(10);
  const Matrix x = draws.uniform(2, 200), y = draws.uniform(2, 200);
  Matrix cost(200, 200);
  for (Index j = 0; j < 200; ++j) cost.col(j) = (x.colwise() - y.col(j)).colwise().squaredNorm();
  const AssignmentResult result = assignment(cost, {}, [](const Progress& progress) {
    CHECK(progress.phase == "assignment");
    return progress.done < 2;
  });
  CHECK_FALSE(result.converged);
  CHECK(result.termination == Termination::interrupted);
  CHECK(result.iterations == 2);
  check_result(cost, result);
  const double optimum = assignment(cost).mean_cost;
  CHECK(result.certificate.dual <= optimum + 1e-14);
  CHECK(result.certificate.primal > optimum);
}

TEST_CASE("assignment: more columns than rows and forbidden pairs, against brute force") {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  Index infeasible = 0;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    Splitmix draws(500 + seed);
    const Index n = 1 + static_cast<Index>(seed % 4), m = n + static_cast<Index>((seed / 4) % 4);
    Matrix cost = draws.uniform(n, m).array() - 0.4;
    if (seed % 2 == 1) cost = (5.0 * cost).array().floor();
    for (Index k = 0; seed % 3 != 0 && k < cost.size(); ++k) {
      if (draws.uniform() < 0.5) cost.data()[k] = infinite;
    }
    // A square problem whose extra rows cost nothing.
    Matrix square = Matrix::Zero(m, m);
    square.topRows(n) = cost;
    const double best = brute_force_mean(square) * double(m) / double(n);
    const AssignmentResult result = assignment(cost);
    if (best == infinite) {
      ++infeasible;
      CHECK_FALSE(result.converged);
      CHECK(result.termination == Termination::infeasible);
      continue;
    }
    CHECK(result.converged);
    CHECK(std::abs(result.mean_cost - best) <= 1e-13);
    std::vector<bool> taken(static_cast<std::size_t>(m), false);
    for (const Index j : result.target_of) {
      REQUIRE(j >= 0);
      CHECK_FALSE(taken[static_cast<std::size_t>(j)]);
      taken[static_cast<std::size_t>(j)] = true;
    }
    CHECK(((cost.colwise() - result.f).rowwise() - result.g.transpose()).minCoeff() >= -1e-13);
    if (m > n) CHECK(result.g.maxCoeff() <= 1e-13);
    CHECK(std::abs(result.certificate.gap()) <= 1e-13);
  }
  CHECK(infeasible > 5);
}

TEST_CASE("assignment: integer costs with many ties end at the optimum of another solver") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Splitmix draws(700 + seed);
    const Index n = 20 + static_cast<Index>(seed);
    const Matrix cost = (static_cast<double>(2 + seed % 9) * draws.uniform(n, n)).array().floor();
    const AssignmentResult result = assignment(cost);
    check_optimal(cost, result);
    const double other = network_simplex(Vector(), Vector(), cost).transport_cost;
    CHECK(std::abs(result.mean_cost - other) <= 1e-13 * 11.0);
  }
}

TEST_CASE("assignment: sizes that start on a shortlist end at an optimum, whatever the costs") {
  const Index n = 1300;
  Splitmix draws(77);
  const Matrix uniform = draws.uniform(n, n);
  Matrix huge_column = uniform;
  huge_column.col(5).setConstant(1e9);
  Matrix twins = uniform;  // half of the rows twice
  twins.bottomRows(n / 2) = twins.topRows(n / 2);
  const Matrix some_ties = (1000.0 * uniform).array().floor();
  const Matrix many_ties = (3.0 * uniform).array().floor();
  const Matrix wide = (60.0 * (uniform.array() - 0.5)).exp();
  const auto kinds = {uniform, huge_column, twins, some_ties, many_ties, wide};
  for (const Matrix& cost : kinds) {
    const AssignmentResult one = assignment(cost, {.threads = 1});
    check_optimal(cost, one);
    if (&cost != kinds.begin()) continue;
    const AssignmentResult two = assignment(cost, {.threads = 2});
    CHECK(one.target_of == two.target_of);
    CHECK(one.f == two.f);
    CHECK(one.g == two.g);
  }
}

TEST_CASE("assignment: bad input is refused before any work") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  Matrix cost = Matrix::Ones(3, 3);
  CHECK_THROWS_WITH_AS(assignment(Matrix(0, 0)),
                       "assignment: cost.rows() is 0, expected at least 1", std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment(Matrix::Ones(3, 2)),
                       "assignment: cost.cols() is 2, expected at least 3, one for every row",
                       std::invalid_argument);
  cost(1, 2) = nan;
  CHECK_THROWS_WITH_AS(assignment(cost),
                       "assignment: cost(1, 2) is nan, expected a number between -1e300 and 1e300, "
                       "or inf for a forbidden pair",
                       std::invalid_argument);
  cost(1, 2) = -1e301;
  CHECK_THROWS_WITH_AS(assignment(cost),
                       "assignment: cost(1, 2) is -1e+301, expected a number between -1e300 and "
                       "1e300, or inf for a forbidden pair",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment(Matrix::Ones(2, 2), {.tolerance = 0.0}),
                       "AssignmentOptions: tolerance is 0, expected greater than 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment_squared_euclidean(Matrix::Ones(2, 3), Matrix::Ones(2, 4)),
                       "assignment_squared_euclidean: y.cols() is 4, expected as many points as x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment_squared_euclidean(Matrix::Ones(2, 3), Matrix::Ones(1, 3)),
                       "assignment_squared_euclidean: y.rows() is 1, expected the dimension of x",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment_squared_euclidean(Matrix(2, 0), Matrix(2, 0)),
                       "assignment_squared_euclidean: x.cols() is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(assignment_squared_euclidean(Matrix(0, 2), Matrix(0, 2)),
                       "assignment_squared_euclidean: x.rows() is 0, expected at least 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      assignment_squared_euclidean(Matrix::Ones(2, 3), Matrix::Constant(2, 3, nan)),
      "assignment_squared_euclidean: y(0, 0) is nan, expected a finite coordinate",
      std::invalid_argument);
}
