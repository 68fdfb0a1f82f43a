#include "pushforward/ot/softmin.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using testing::Splitmix;

namespace {

Vector random_weights(Splitmix& random, Index n) {
  Vector w = random.uniform(n, 1);
  w.array() += 0.1;
  return w / w.sum();
}

TransportProblem random_problem(Index n, Index m, Index d, std::uint64_t seed, Cost cost = {}) {
  Splitmix random(seed);
  DiscreteMeasure source(random.uniform(d, n), random_weights(random, n), Mass::normalise);
  DiscreteMeasure target(random.uniform(d, m), random_weights(random, m), Mass::normalise);
  return {std::move(source), std::move(target), std::move(cost)};
}

// In extended precision from the definition, one term at a time.
Vector oracle_rows(const TransportProblem& problem, const Vector& g, double epsilon) {
  const Matrix& x = problem.source.points();
  const Matrix& y = problem.target.points();
  const Vector& b = problem.target.weights();
  Vector f(x.cols());
  for (Index i = 0; i < x.cols(); ++i) {
    long double largest = -std::numeric_limits<long double>::infinity();
    const auto score = [&](Index j) {
      return ((long double)g[j] - problem.cost(x.col(i), y.col(j))) / epsilon +
             std::log((long double)b[j]);
    };
    for (Index j = 0; j < y.cols(); ++j) largest = std::max(largest, score(j));
    long double sum = 0.0L;
    for (Index j = 0; j < y.cols(); ++j) sum += std::exp(score(j) - largest);
    f[i] = static_cast<double>(-epsilon * (largest + std::log(sum)));
  }
  return f;
}

Vector random_potentials(Index m, std::uint64_t seed) { return 0.3 * Splitmix(seed).uniform(m, 1); }

double distance(const Vector& a, const Vector& b) { return (a - b).cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("softmin: is the logarithm of the sum of exponentials, whatever the shape") {
  for (const Index d : {1, 2, 3, 5, 9, 33}) {
    for (const Index n : {1, 3, 4, 65}) {
      for (const Index m : {1, 7, 8, 9, 130}) {
        const auto problem = random_problem(n, m, d, std::uint64_t(1000 * d + 10 * n + m));
        const Vector g = random_potentials(m, 5);
        for (const double epsilon : {1.0, 0.05, 1e-3}) {
          Softmin softmin(problem, {.epsilon = epsilon});
          const Vector expected = oracle_rows(problem, g, epsilon);
          // A few roundings of the largest |C| <= d, and the error of two exponentials.
          const double tolerance = 2e-15 * double(d) + 8e-15 * epsilon;
          Vector f = Vector::Zero(n);
          softmin.rows(g, f);
          CHECK(distance(f, expected) <= tolerance);
          softmin.rows(g, f);  // from the right guess
          CHECK(distance(f, expected) <= tolerance);
          f.setConstant(-1e7);  // from a useless one
          softmin.rows(g, f);
          CHECK(distance(f, expected) <= tolerance);
        }
      }
    }
  }
}

TEST_CASE("softmin: every cost gives its own soft minimum") {
  const Vector g = random_potentials(37, 6);
  for (const Cost& cost :
       {Cost::squared_euclidean(), Cost::half_squared_euclidean(), Cost::euclidean(), Cost::lp(1.5),
        Cost::negative_dot(), Cost::user([](VectorIn x, VectorIn y) { return x[0] * y[1]; })}) {
    const auto problem = random_problem(21, 37, 2, 3, cost);
    Softmin softmin(problem, {.epsilon = 0.02});
    Vector f = Vector::Zero(21);
    softmin.rows(g, f);
    CHECK(distance(f, oracle_rows(problem, g, 0.02)) <= 4e-15);
  }
}

TEST_CASE("softmin: columns are the rows of the transposed problem") {
  const auto problem = random_problem(50, 31, 3, 11);
  const TransportProblem transposed{problem.target, problem.source};
  const Vector f = random_potentials(50, 8);
  Softmin softmin(problem, {.epsilon = 0.01}), other(transposed, {.epsilon = 0.01});
  Vector g = Vector::Zero(31), h = Vector::Zero(31);
  softmin.columns(f, g);
  other.rows(f, h);
  CHECK(distance(g, h) <= 4e-15);
}

TEST_CASE("softmin: a sweep is a row step and a column step") {
  for (const Index m : {5, 200}) {
    const auto problem = random_problem(150, m, 2, 21);
    for (const double epsilon : {0.1, 1e-2, 1e-4}) {
      Softmin softmin(problem, {.epsilon = epsilon});
      Vector f = Vector::Zero(150), g = random_potentials(m, 9);
      softmin.rows(g, f);
      softmin.columns(f, g);
      for (int step = 0; step < 5; ++step) {
        const Vector old_f = f;
        Vector expected_f = f, expected_g = g;
        softmin.rows(g, expected_f);
        softmin.columns(expected_f, expected_g);
        const Vector marginal = softmin.apply(f, g, Matrix::Ones(1, m)).transpose();
        const double error = softmin.sweep(f, g);
        CHECK(distance(f, expected_f) <= 1e-14);
        CHECK(distance(g, expected_g) <= 1e-14);
        const double expected = (marginal - problem.source.weights()).cwiseAbs().sum();
        CHECK(error == doctest::Approx(expected).epsilon(1e-9));
      }
    }
  }
}

TEST_CASE("softmin: products are those of the coupling written out") {
  const auto problem = random_problem(30, 41, 3, 31);
  const double epsilon = 0.05;
  Softmin softmin(problem, {.epsilon = epsilon});
  Vector f = Vector::Zero(30), g = random_potentials(41, 10);
  softmin.rows(g, f);
  Matrix cost(30, 41);
  squared_euclidean(problem.source.points(), problem.target.points(), cost);
  const Matrix plan = problem.source.weights().asDiagonal() *
                      Matrix((((-cost).colwise() + f).rowwise() + g.transpose()).array() / epsilon)
                          .array()
                          .exp()
                          .matrix() *
                      problem.target.weights().asDiagonal();
  const Matrix v = Splitmix(4).uniform(5, 41), w = Splitmix(4).uniform(2, 30);
  // Each entry of the plan has the rounding of (f + g - C) / epsilon.
  CHECK((softmin.apply(f, g, v) - v * plan.transpose()).cwiseAbs().maxCoeff() <= 1e-13);
  CHECK((softmin.apply_transposed(f, g, w) - w * plan).cwiseAbs().maxCoeff() <= 1e-13);
  CHECK(softmin.transport_cost(f, g) ==
        doctest::Approx(plan.cwiseProduct(cost).sum()).epsilon(1e-13));
}

TEST_CASE("softmin: weights of zero and of 1e-300 count for what they are") {
  Splitmix random(2);
  Vector b = Vector::Constant(6, 0.25);
  b[1] = 0.0;
  b[4] = 1e-300;
  const TransportProblem problem{DiscreteMeasure::uniform(random.uniform(2, 9)),
                                 DiscreteMeasure(random.uniform(2, 6), b, Mass::normalise)};
  const Vector g = random_potentials(6, 12);
  Softmin softmin(problem, {.epsilon = 0.1});
  Vector f = Vector::Zero(9);
  softmin.rows(g, f);
  CHECK(distance(f, oracle_rows(problem, g, 0.1)) <= 4e-15);
}

TEST_CASE("softmin: stays finite from epsilon 1 to 1e-12 of the cost, and far from the origin") {
  auto problem = random_problem(40, 33, 2, 41);
  problem.source = DiscreteMeasure(problem.source.points().array() + 1e6, problem.source.weights());
  problem.target = DiscreteMeasure(problem.target.points().array() + 1e6, problem.target.weights());
  const Vector g = Vector::Zero(33);
  for (double epsilon = 1.0; epsilon >= 1e-12; epsilon *= 0.1) {
    Softmin softmin(problem, {.epsilon = epsilon});
    Vector f = Vector::Zero(40);
    softmin.rows(g, f);
    // Points at 1e6 carry roundings of 1e-10, distances below sqrt(2).
    CHECK(distance(f, oracle_rows(problem, g, epsilon)) <= 1e-9);
  }
}

TEST_CASE("softmin: single precision keeps the promise of its error") {
  for (const Index d : {2, 20}) {
    const auto problem = random_problem(100, 120, d, 51);
    const Vector g = random_potentials(120, 13);
    for (const double epsilon : {1.0, 0.1, 0.01}) {
      Softmin softmin(problem, {.epsilon = epsilon, .precision = Precision::mixed});
      Vector f = Vector::Zero(100);
      softmin.rows(g, f);
      const Vector expected = oracle_rows(problem, g, epsilon);
      // Scores of size |C| / epsilon rounded once a term, and log2 to 24 bits.
      const double tolerance = 6e-8 * double(d) + 4e-7 * epsilon;
      CHECK(distance(f, expected) <= tolerance);
      softmin.rows(g, f);
      CHECK(distance(f, expected) <= tolerance);
    }
  }
}

TEST_CASE("softmin: the same bits for any number of threads") {
  const auto problem = random_problem(700, 500, 3, 61);
  for (const Precision precision : {Precision::f64, Precision::mixed}) {
    Vector f1 = Vector::Zero(700), g1 = random_potentials(500, 14);
    Softmin one(problem, {.precision = precision, .threads = 1});
    one.rows(g1, f1);
    const Vector start_f = f1, start_g = g1;
    one.sweep(f1, g1);
    for (const int threads : {2, 3, 8}) {
      Softmin many(problem, {.precision = precision, .threads = threads});
      Vector f = start_f, g = start_g;
      many.sweep(f, g);
      CHECK(f == f1);
      CHECK(g == g1);
      many.columns(start_f, g);
      g1 = start_g;
      one.columns(start_f, g1);
      g = start_g;
      many.columns(start_f, g);
      CHECK(g == g1);
      g1 = start_g;
      f1 = start_f;
      one.sweep(f1, g1);
    }
  }
}

TEST_CASE("softmin: bad arguments are named") {
  const auto problem = random_problem(4, 5, 2, 1);
  CHECK_THROWS_WITH_AS(Softmin(problem, {.epsilon = 0.0}),
                       "SoftminOptions: epsilon is 0, expected greater than 0",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(Softmin(problem, {.threads = -1}),
                       "SoftminOptions: threads is -1, expected at least 0", std::invalid_argument);
  Softmin softmin(problem);
  Vector f = Vector::Zero(4), g = Vector::Zero(5);
  CHECK_THROWS_WITH_AS(softmin.rows(f, f), "Softmin: g.size() is 4, expected 5",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(softmin.rows(g, g), "Softmin: f.size() is 5, expected 4",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(softmin.apply(f, g, Matrix::Ones(1, 4)),
                       "Softmin: v.cols() is 4, expected 5", std::invalid_argument);
}
