#include "pushforward/ot/unbalanced.hpp"

#include <cmath>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/partial.hpp"
#include "pushforward/ot/sinkhorn.hpp"

#include "tests/ot/unequal_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

using Problem = UnequalProblem;

double kl(double p, double q) { return (p > 0.0 ? p * std::log(p / q) : 0.0) - p + q; }

MarginalOptions relaxed(MarginalPenalty penalty, double rho) {
  return {.penalty = penalty, .rho = rho};
}

UnbalancedOptions both(MarginalPenalty penalty, double rho, double epsilon) {
  return {.epsilon = epsilon,
          .source = relaxed(penalty, rho),
          .target = relaxed(penalty, rho),
          .tolerance = 1e-9};
}

// The coupling of the potentials, entry by entry.
Matrix plan(const Problem& p, const UnbalancedResult& result, EntropyReference reference) {
  Matrix plan(p.a.size(), p.b.size());
  for (Index j = 0; j < plan.cols(); ++j) {
    for (Index i = 0; i < plan.rows(); ++i) {
      const bool none = p.a[i] == 0.0 || p.b[j] == 0.0;
      const double mass = reference == EntropyReference::product ? p.a[i] * p.b[j] : 1.0;
      plan(i, j) =
          none ? 0.0 : mass * std::exp((result.f[i] + result.g[j] - p.cost(i, j)) / result.epsilon);
    }
  }
  return plan;
}

double penalty_of(const Vector& r, const Vector& a, const MarginalOptions& options) {
  double sum = 0.0;
  for (Index i = 0; i < a.size(); ++i) {
    if (options.penalty == MarginalPenalty::kullback_leibler && (a[i] > 0.0 || r[i] > 0.0)) {
      sum += options.rho * kl(r[i], a[i]);
    }
    if (options.penalty == MarginalPenalty::total_variation) {
      sum += options.rho * std::abs(r[i] - a[i]);
    }
  }
  return sum;
}

// The objective from its definition.
double objective(const Problem& p, const Matrix& plan, const UnbalancedOptions& options) {
  double value = plan.cwiseProduct(p.cost).sum();
  for (Index j = 0; j < plan.cols(); ++j) {
    for (Index i = 0; i < plan.rows(); ++i) {
      if (p.a[i] == 0.0 || p.b[j] == 0.0) continue;
      const bool product = options.reference == EntropyReference::product;
      value += options.epsilon * kl(plan(i, j), product ? p.a[i] * p.b[j] : 1.0);
    }
  }
  return value + penalty_of(plan.rowwise().sum(), p.a, options.source) +
         penalty_of(plan.colwise().sum().transpose(), p.b, options.target);
}

}  // namespace

TEST_CASE("unbalanced: two points move what the closed forms say") {
  const double p = 1.3, q = 0.6;
  const Vector a = Vector::Constant(1, p), b = Vector::Constant(1, q);
  for (const double c : {0.1, 1.0, 5.0}) {
    for (const double rho : {0.3, 2.0}) {
      const Matrix matrix = Matrix::Constant(1, 1, c);
      const MatrixCost cost(matrix);
      for (const double epsilon : {0.01, 0.5}) {
        const UnbalancedResult result =
            unbalanced_transport(a, b, cost, both(MarginalPenalty::kullback_leibler, rho, epsilon));
        const TwoPointTransport closed = two_point_kullback_leibler(p, q, c, rho, epsilon);
        CHECK(result.converged);
        CHECK(std::abs(result.certificate.primal - closed.value) <= 1e-8 * closed.value);
        // As a function of the mass m the objective has curvature (2 rho + epsilon) / m.
        const double within =
            std::sqrt(2.0 * result.certificate.gap() * closed.mass / (2.0 * rho + epsilon));
        CHECK(std::abs(result.mass - closed.mass) <= 2.0 * within + 1e-14);
      }
      CHECK(two_point_kullback_leibler(p, q, c, rho, 1e-12).value ==
            doctest::Approx(two_point_kullback_leibler(p, q, c, rho).value).epsilon(1e-10));
      const UnbalancedResult sharp =
          unbalanced_transport(a, b, cost, both(MarginalPenalty::total_variation, rho, 1e-4));
      CHECK(std::abs(sharp.certificate.primal - two_point_total_variation(p, q, c, rho).value) <=
            1e-3);
    }
  }
}

TEST_CASE("unbalanced: the certificate is the objective and its dual, from their definitions") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Problem p = unequal_problem_with_zeros(seed);
    UnbalancedOptions options = both(MarginalPenalty::kullback_leibler, 0.4, 0.1);
    if (seed % 2 == 1) options.target = relaxed(MarginalPenalty::total_variation, 0.3);
    if (seed % 3 == 1) options.reference = EntropyReference::counting;
    const UnbalancedResult result = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
    CHECK(result.converged);
    const Matrix coupling = plan(p, result, options.reference);
    const double value = objective(p, coupling, options);
    CHECK(std::abs(result.certificate.primal - value) <= 1e-12 * (1.0 + std::abs(value)));
    CHECK(result.certificate.dual <= value + 1e-12);
    CHECK(std::abs(result.mass - coupling.sum()) <= 1e-12);
    CHECK(std::abs(result.linear_cost - coupling.cwiseProduct(p.cost).sum()) <= 1e-12);
    CHECK((result.row_marginal - Vector(coupling.rowwise().sum())).cwiseAbs().maxCoeff() <= 1e-12);
    // No coupling nearby does better than the certificate says.
    Splitmix draws(900 + seed);
    for (int trial = 0; trial < 5; ++trial) {
      const Matrix other =
          coupling.array() *
          (1.0 + 0.2 * (draws.uniform(coupling.rows(), coupling.cols()).array() - 0.5));
      CHECK(objective(p, other, options) >= result.certificate.dual);
    }
  }
}

TEST_CASE("unbalanced: minima agree with L-BFGS-B and majorisation-minimisation") {
  const CsvTable table =
      read_csv(std::filesystem::path(PUSHFORWARD_TEST_REFERENCE) / "unbalanced.csv");
  REQUIRE(table.values.cols() == 18);
  for (Index row = 0; row < table.values.cols(); ++row) {
    const auto column = table.values.col(row);
    const auto n = Index(column[0]), m = Index(column[1]), d = Index(column[2]);
    Splitmix random(static_cast<std::uint64_t>(column[3]));
    Problem p{random.uniform(n, 1), random.uniform(m, 1), Matrix(n, m)};
    p.a.array() += 0.1;
    p.b.array() += 0.1;
    const Matrix x = random.uniform(d, n), y = random.uniform(d, m);
    squared_euclidean(x, y, p.cost);
    const double value = column[6];
    CAPTURE(row);
    CHECK(column[7] < 1e-11);  // two solvers agree on the reference
    auto options = both(MarginalPenalty::kullback_leibler, column[5], column[4]);
    if (column[4] > 0.0) {
      const auto result = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
      REQUIRE(result.converged);
      CHECK(result.certificate.dual <= value + 1e-10);
      CHECK(result.certificate.primal >= value - 1e-10);
      continue;
    }
    // Without entropy, the coupling at a small epsilon costs at least the minimum; and by
    // comparison with the minimiser P, at most epsilon (KL(P | a b^T) - KL(coupling | a b^T)) more.
    // The first KL is less than twice the second: what epsilon still changes is little.
    options.epsilon = 1e-4;
    const auto result = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
    REQUIRE(result.converged);
    const Matrix coupling = plan(p, result, options.reference);
    const double regularised = objective(p, coupling, options);
    options.epsilon = 0.0;
    const double plain = objective(p, coupling, options);
    CHECK(plain >= value - 1e-10);
    CHECK(plain - value <= regularised - plain);
  }
}

TEST_CASE("unbalanced: total variation tends to exact partial transport") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Problem p = unequal_problem_with_zeros(100 + seed);
    const double rho = 0.25, epsilon = 2e-3;
    UnbalancedOptions options = both(MarginalPenalty::total_variation, rho, epsilon);
    options.tolerance = 1e-6;
    const UnbalancedResult result = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
    const PartialResult exact = penalized_partial_transport(p.a, p.b, MatrixCost(p.cost), rho);
    const double cost = result.linear_cost + penalty_of(result.row_marginal, p.a, options.source) +
                        penalty_of(result.col_marginal, p.b, options.target);
    CHECK(result.converged);
    CHECK(cost >= exact.objective - 1e-9);
    // The exact coupling is a candidate of the regularised problem.
    double entropy = p.a.sum() * p.b.sum() - exact.mass;
    for (const auto& e : exact.coupling.entries()) {
      entropy += e.mass * std::log(e.mass / (p.a[e.row] * p.b[e.col]));
    }
    CHECK(result.certificate.dual <= exact.objective + epsilon * entropy + 1e-9);
  }
}

TEST_CASE("unbalanced: without relaxation it is Sinkhorn's problem, and large rho tends to it") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Problem p = unequal_problem_with_zeros(200 + seed);
    p.a /= p.a.sum();
    p.b /= p.b.sum();
    const MatrixCost cost(p.cost);
    const SinkhornResult balanced = sinkhorn(cost, p.a, p.b, {.epsilon = 0.1, .tolerance = 1e-12});
    const UnbalancedResult exact = unbalanced_transport(
        p.a, p.b, cost, both(MarginalPenalty::kullback_leibler, infinite, 0.1));
    CHECK(exact.converged);
    CHECK(std::abs(exact.certificate.dual - balanced.kl_cost) <= 1e-8);
    CHECK(std::isnan(exact.certificate.primal));
    const UnbalancedResult rigid =
        unbalanced_transport(p.a, p.b, cost, both(MarginalPenalty::kullback_leibler, 1e5, 0.1));
    CHECK(rigid.converged);
    CHECK(std::abs(rigid.certificate.dual - balanced.kl_cost) <= 1e-4);
    UnbalancedOptions pinned = both(MarginalPenalty::range, 1.0, 0.1);
    pinned.source.low = pinned.target.low = 1.0;
    CHECK(std::abs(unbalanced_transport(p.a, p.b, cost, pinned).certificate.dual -
                   balanced.kl_cost) <= 1e-7);
  }
}

TEST_CASE("unbalanced: the value grows with rho, one side may be exact, ranges are kept") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Problem p = unequal_problem_with_zeros(300 + seed);
    const MatrixCost cost(p.cost);
    double before = -infinite;
    for (const double rho : {0.1, 0.5, 2.0}) {
      const double value =
          unbalanced_transport(p.a, p.b, cost, both(MarginalPenalty::kullback_leibler, rho, 0.1))
              .certificate.dual;
      CHECK(value >= before - 1e-9);
      before = value;
    }
    UnbalancedOptions half = both(MarginalPenalty::kullback_leibler, 0.5, 0.1);
    half.source.penalty = MarginalPenalty::exact;
    const UnbalancedResult one_sided = unbalanced_transport(p.a, p.b, cost, half);
    CHECK(one_sided.converged);
    CHECK((one_sided.row_marginal - p.a).cwiseAbs().sum() <= 1e-8);
    CHECK(one_sided.certificate.dual >=
          unbalanced_transport(p.a, p.b, cost, both(MarginalPenalty::kullback_leibler, 0.5, 0.1))
                  .certificate.dual -
              1e-9);
    UnbalancedOptions within = both(MarginalPenalty::range, 1.0, 0.1);
    within.source.low = 0.1;
    within.target.high = 2.0;
    const UnbalancedResult kept = unbalanced_transport(p.a, p.b, cost, within);
    CHECK(kept.converged);
    const Vector& rows = kept.row_marginal;
    CHECK((rows - p.a).maxCoeff() <= 1e-8);
    CHECK((0.1 * p.a - rows).maxCoeff() <= 1e-8);
    CHECK((kept.col_marginal - 2.0 * p.b).maxCoeff() <= 1e-8);
  }
}

TEST_CASE("unbalanced: translation removes the slow mode of large rho") {
  Problem p = unequal_problem_with_zeros(7);
  p.cost *= 4.0;
  UnbalancedOptions options = both(MarginalPenalty::kullback_leibler, 1000.0, 1.0);
  options.epsilon_scaling = false;
  const UnbalancedResult fast = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
  options.translation = false;
  const UnbalancedResult slow = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
  CHECK(fast.converged);
  CHECK(fast.iterations <= 50);
  CHECK(slow.iterations >= 20 * fast.iterations);
}

TEST_CASE("unbalanced: over-relaxation saves sweeps at small epsilon and changes no result") {
  Splitmix draws(8);
  const Matrix x = draws.uniform(2, 60), y = draws.uniform(2, 50);
  const Vector a = draws.uniform(60, 1), b = 1.2 * draws.uniform(50, 1);
  for (const auto penalty : {MarginalPenalty::kullback_leibler, MarginalPenalty::total_variation}) {
    auto options = both(penalty, 1.0, 1e-3);
    const auto relaxed_steps = unbalanced_transport(a, b, PointCost(x, y), options);
    options.over_relaxation = false;
    const auto plain = unbalanced_transport(a, b, PointCost(x, y), options);
    CAPTURE(int(penalty));
    CHECK(relaxed_steps.converged);
    CHECK(plain.converged);
    MESSAGE("sweeps plain and relaxed: ", plain.iterations, ", ", relaxed_steps.iterations);
    CHECK(5 * relaxed_steps.iterations < 2 * plain.iterations);
    CHECK(relaxed_steps.certificate.dual == doctest::Approx(plain.certificate.dual).epsilon(2e-9));
  }
}

TEST_CASE("unbalanced: an observer sees every sweep and may stop the run within one solve") {
  const Problem p = unequal_problem_with_zeros(5);
  auto options = both(MarginalPenalty::kullback_leibler, 1.0, 0.01);
  options.epsilon_scaling = false;
  std::int64_t seen = 0;
  const auto watched =
      unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options, [&](const Progress& progress) {
        CHECK(progress.done == seen);
        CHECK(progress.tolerance == options.tolerance);
        ++seen;
        return true;
      });
  CHECK(watched.converged);
  CHECK(seen == watched.iterations);
  seen = 0;
  const auto stopped = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options,
                                            [&](const Progress&) { return ++seen < 4; });
  CHECK_FALSE(stopped.converged);
  CHECK(stopped.termination == Termination::interrupted);
  CHECK(stopped.iterations == 3);
  CHECK(stopped.certificate.dual < watched.certificate.primal);
}

TEST_CASE("unbalanced: Hellinger-Kantorovich costs end at a quarter turn") {
  Matrix x(1, 2), y(1, 2);
  x << 0.0, 100.0;
  y << 0.5, -50.0;
  const SparseCost cost = hellinger_kantorovich_cost(x, y, 1.0);
  CHECK(cost.arcs() == 1);
  CHECK(cost.entry(0, 0) == doctest::Approx(-2.0 * std::log(std::cos(0.5))).epsilon(1e-14));
  Vector a(2), b(2);
  a << 1.3, 0.2;
  b << 0.6, 0.4;
  const UnbalancedResult result =
      unbalanced_transport(a, b, cost, both(MarginalPenalty::kullback_leibler, 1.0, 1e-3));
  // The far points are left: rho times their masses. The entropy of pairs costs epsilon |a||b|.
  const double pair = two_point_kullback_leibler(1.3, 0.6, cost.entry(0, 0), 1.0, 1e-3).value;
  const double rest = 0.6 + 1e-3 * (1.5 * 1.0 - 1.3 * 0.6);
  CHECK(result.converged);
  CHECK(std::abs(result.certificate.primal - (pair + rest)) <= 1e-8);
  CHECK(result.row_marginal[1] <= 1e-100);
  // Without entropy: p + q - 2 sqrt(p q) cos(distance).
  CHECK(two_point_kullback_leibler(1.3, 0.6, cost.entry(0, 0), 1.0).value ==
        doctest::Approx(1.9 - 2.0 * std::sqrt(1.3 * 0.6) * std::cos(0.5)).epsilon(1e-13));
}

TEST_CASE("unbalanced: points are streamed to the same result, with the same bits on any threads") {
  Splitmix draws(11);
  const Matrix x = draws.uniform(2, 90), y = draws.uniform(2, 70);
  const Vector a = draws.uniform(90, 1), b = draws.uniform(70, 1);
  const PointCost points(x, y);
  Matrix dense(90, 70);
  points.tile(0, 0, dense);
  UnbalancedOptions options = both(MarginalPenalty::kullback_leibler, 0.5, 0.02);
  options.threads = 1;
  const UnbalancedResult one = unbalanced_transport(a, b, points, options);
  const UnbalancedResult stored = unbalanced_transport(a, b, MatrixCost(dense), options);
  CHECK(one.converged);
  CHECK(std::abs(one.certificate.dual - stored.certificate.dual) <= 1e-8);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    const UnbalancedResult many = unbalanced_transport(a, b, points, options);
    CHECK(many.f == one.f);
    CHECK(many.g == one.g);
    CHECK(many.certificate.primal == one.certificate.primal);
  }
}

TEST_CASE("unbalanced: no sweeps return the start with its true gap") {
  const Problem p = unequal_problem_with_zeros(3);
  UnbalancedOptions options = both(MarginalPenalty::kullback_leibler, 0.5, 0.1);
  options.max_iterations = 0;
  const UnbalancedResult result = unbalanced_transport(p.a, p.b, MatrixCost(p.cost), options);
  CHECK_FALSE(result.converged);
  CHECK(result.termination == Termination::max_iterations);
  CHECK(result.f.isZero(0.0));
  CHECK(result.certificate.gap() > 0.0);
}

TEST_CASE("unbalanced: bad input is named") {
  const Matrix matrix = Matrix::Ones(2, 2);
  const MatrixCost cost(matrix);
  const Vector good = Vector::Ones(2), zero = Vector::Zero(2);
  Vector negative = good;
  negative[1] = -1e-18;
  const auto run = [&](const Vector& a, const Vector& b, const UnbalancedOptions& options) {
    return refusal([&] { unbalanced_transport(a, b, cost, options); });
  };
  CHECK(contains(run(negative, good, {}), "a[1] is -1e-18"));
  CHECK(contains(run(good, zero, {}), "sum of b is 0"));
  CHECK(contains(run(good, good, {.epsilon = 0.0}), "epsilon is 0"));
  CHECK(contains(run(good, good, {.epsilon = NAN}), "epsilon is nan"));
  CHECK(contains(run(good, good, {.source = {.rho = 0.0}}), "source.rho is 0"));
  CHECK(contains(run(good, good, {.target = {.low = 2.0}}), "low is 2"));
  CHECK(contains(run(good, good, {.max_iterations = -1}), "max_iterations is -1"));
  const MarginalOptions exact{.penalty = MarginalPenalty::exact};
  const Vector heavy = 2.0 * good;
  CHECK(contains(run(good, heavy, {.source = exact, .target = exact}), "sum of b is 4"));
  CHECK(contains(refusal([&] { hellinger_kantorovich_cost(matrix, matrix, 0.0); }), "scale is 0"));
  CHECK(contains(refusal([] { two_point_kullback_leibler(0.0, 1.0, 1.0, 1.0); }), "p is 0"));
  CHECK(contains(refusal([] { two_point_kullback_leibler(1.0, -1.0, 1.0, 1.0); }), "q is -1"));
  CHECK(contains(refusal([] { two_point_kullback_leibler(1.0, 1.0, NAN, 1.0); }), "c is nan"));
  CHECK(contains(refusal([] { two_point_kullback_leibler(1.0, 1.0, 1.0, 0.0); }), "rho is 0"));
  CHECK(contains(refusal([] { two_point_kullback_leibler(1.0, 1.0, 1.0, 1.0, -1.0); }),
                 "epsilon is -1"));
  CHECK(contains(refusal([] { two_point_total_variation(-1.0, 1.0, 1.0, 1.0); }), "p is -1"));
  CHECK(contains(refusal([] { two_point_total_variation(1.0, -1.0, 1.0, 1.0); }), "q is -1"));
  CHECK(contains(refusal([] { two_point_total_variation(1.0, 1.0, infinite, 1.0); }), "c is inf"));
  CHECK(contains(refusal([] { two_point_total_variation(1.0, 1.0, 1.0, -1.0); }), "rho is -1"));
}
