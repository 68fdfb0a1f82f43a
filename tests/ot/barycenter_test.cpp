#include "pushforward/ot/barycenter.hpp"

#include <cmath>
#include <filesystem>
#include <stdexcept>

#include <doctest/doctest.h>

#include "pushforward/core/point_io.hpp"
#include "pushforward/ot/gaussian.hpp"
#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/univariate.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

Vector pair_of(double first, double second) { return (Vector(2) << first, second).finished(); }

Matrix line_grid(Index n, double low, double high) {
  Matrix x(1, n);
  x.row(0) = Eigen::RowVectorXd::LinSpaced(n, low, high);
  return x;
}

DiscreteMeasure normal_on(const Matrix& x, double mean, double variance) {
  const Vector weights = (-(x.row(0).array() - mean).square() / (2 * variance)).exp().transpose();
  return {x, weights, Mass::normalise};
}

double mean_of(const Matrix& x, const Vector& w) { return x.row(0).dot(w); }

double variance_of(const Matrix& x, const Vector& w) {
  return (x.row(0).array() - mean_of(x, w)).square().matrix().dot(w);
}

DiscreteMeasure random_measure(Index n, Index d, std::uint64_t seed) {
  Splitmix random(seed);
  const Matrix x = random.uniform(d, n);
  return {x, random_weights(random, n), Mass::normalise};
}

double mean_distance(const std::vector<DiscreteMeasure>& measures, const Vector& weights,
                     const DiscreteMeasure& a) {
  double sum = 0.0;
  for (std::size_t k = 0; k < measures.size(); ++k) {
    sum += weights[Index(k)] * network_simplex({a, measures[k]}).transport_cost;
  }
  return sum;
}

}  // namespace

TEST_CASE("entropic barycenter: masses agree with POT") {
  const CsvTable table =
      read_csv(std::filesystem::path(PUSHFORWARD_TEST_REFERENCE) / "barycenters.csv");
  const Matrix x = line_grid(12, 0.0, 1.0);
  for (Index row = 0; row < table.values.cols(); ++row) {
    const auto column = table.values.col(row);
    Splitmix random(static_cast<std::uint64_t>(column[0]));
    std::vector<DiscreteMeasure> measures;
    for (int k = 0; k < 2; ++k) {
      Vector w = random.uniform(12, 1);
      w.array() += 0.1;
      measures.emplace_back(x, w, Mass::normalise);
    }
    const auto bias = column[1] == 0.0 ? BarycenterBias::entropic : BarycenterBias::debiased;
    const auto result = entropic_barycenter(
        measures, pair_of(column[3], 1.0 - column[3]), x,
        {.epsilon = column[2], .bias = bias, .tolerance = 1e-12, .max_iterations = 100'000});
    CHECK(result.converged);
    CHECK((result.weights - column.tail(12)).cwiseAbs().maxCoeff() < 1e-9);
  }
}

TEST_CASE("entropic barycenter: one measure is blurred by epsilon / 2, or kept when debiased") {
  const Matrix x = line_grid(241, -6.0, 6.0);
  const DiscreteMeasure normal = normal_on(x, 0.3, 0.25);
  const double variance = variance_of(x, normal.weights());
  for (const double epsilon : {0.1, 0.4}) {
    const auto blurred = entropic_barycenter(
        {normal}, Vector::Constant(1, 2.0), x,
        {.epsilon = epsilon, .bias = BarycenterBias::entropic, .tolerance = 1e-11});
    REQUIRE(blurred.converged);
    // Sums over a grid of step 0.05 are integrals of these densities to rounding.
    CHECK(variance_of(x, blurred.weights) == doctest::Approx(variance + epsilon / 2).epsilon(1e-8));
    CHECK(mean_of(x, blurred.weights) == doctest::Approx(0.3).epsilon(1e-8));
    CHECK(blurred.weights.sum() == doctest::Approx(1.0).epsilon(1e-14));
    const auto kept = entropic_barycenter({normal, normal}, pair_of(1.0, 3.0), x,
                                          {.epsilon = epsilon, .tolerance = 1e-9});
    CHECK(kept.converged);
    CHECK(variance_of(x, kept.weights) == doctest::Approx(variance).epsilon(1e-5));
  }
}

TEST_CASE("entropic barycenter: of normals of one variance, debiased, it has that variance") {
  const Matrix x = line_grid(121, -3.0, 3.0);
  const std::vector<DiscreteMeasure> measures{normal_on(x, -1.0, 0.16), normal_on(x, 0.6, 0.16)};
  const auto result =
      entropic_barycenter(measures, pair_of(0.25, 0.75), x, {.epsilon = 0.1, .tolerance = 1e-9});
  REQUIRE(result.converged);
  CHECK(mean_of(x, result.weights) == doctest::Approx(0.2).epsilon(1e-6));
  CHECK(variance_of(x, result.weights) == doctest::Approx(0.16).epsilon(1e-4));
}

TEST_CASE("entropic barycenter: of normals of two variances it tends to the Bures barycenter") {
  const Matrix x = line_grid(121, -3.0, 3.0);
  const std::vector<DiscreteMeasure> measures{normal_on(x, 0.0, 0.09), normal_on(x, 0.0, 0.49)};
  const auto bures = gaussian_barycenter({{Vector::Zero(1), Matrix::Constant(1, 1, 0.09)},
                                          {Vector::Zero(1), Matrix::Constant(1, 1, 0.49)}},
                                         pair_of(0.5, 0.5));
  const double exact = bures.barycenter.covariance(0, 0);
  double before = 1.0;
  for (const double epsilon : {0.4, 0.2, 0.1}) {
    // The variance has settled to six digits after 100 steps; fine detail, blurred by the costs,
    // goes on settling for thousands.
    const auto result = entropic_barycenter(measures, pair_of(0.5, 0.5), x,
                                            {.epsilon = epsilon, .tolerance = 5e-6});
    REQUIRE(result.converged);
    const double error = std::abs(variance_of(x, result.weights) - exact);
    CHECK(error < 0.35 * before);  // of second order in epsilon: a quarter in the limit
    before = error;
  }
  CHECK(before < 0.01 * exact);
}

TEST_CASE("entropic barycenter: all of the weight on one measure gives that measure") {
  const Matrix x = line_grid(15, 0.0, 1.0);
  Splitmix random(4);
  const DiscreteMeasure a(x, random_weights(random, 15)), b(x, random_weights(random, 15));
  const auto result =
      entropic_barycenter({a, b}, pair_of(1.0, 0.0), x, {.epsilon = 0.002, .tolerance = 1e-10});
  REQUIRE(result.converged);
  CHECK((result.weights - a.weights()).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("entropic barycenter: its dual bounds the mean cost of the couplings, tightly") {
  const std::vector<DiscreteMeasure> measures{random_measure(12, 2, 1), random_measure(9, 2, 2),
                                              random_measure(15, 2, 3)};
  const Vector weights = (Vector(3) << 0.2, 0.5, 0.3).finished();
  Splitmix random(6);
  const Matrix support = random.uniform(2, 20);
  const double epsilon = 0.1;
  const auto result = entropic_barycenter(
      measures, weights, support,
      {.epsilon = epsilon, .bias = BarycenterBias::entropic, .tolerance = 1e-11});
  REQUIRE(result.converged);
  double primal = 0.0;
  Vector sum_of_f = Vector::Zero(20);
  for (std::size_t k = 0; k < 3; ++k) {
    const Matrix cost = cost_matrix({DiscreteMeasure::uniform(support), measures[k]});
    const Vector uniform = Vector::Constant(20, 0.05);
    const Matrix plan =
        entropic_plan(cost, uniform, measures[k].weights(), result.f[k], result.g[k], epsilon);
    CHECK((plan.rowwise().sum() - result.weights).cwiseAbs().sum() < 1e-10);
    CHECK((plan.colwise().sum().transpose() - measures[k].weights()).cwiseAbs().sum() < 1e-12);
    const Matrix ratio = plan.array() / (uniform * measures[k].weights().transpose()).array();
    primal += weights[Index(k)] * (plan.cwiseProduct(cost).sum() +
                                   epsilon * (plan.array() * ratio.array().log()).sum());
    sum_of_f += weights[Index(k)] * result.f[k];
  }
  CHECK(sum_of_f.cwiseAbs().maxCoeff() < 1e-12);
  CHECK(result.dual == doctest::Approx(primal).epsilon(1e-10));
  const auto early = entropic_barycenter(
      measures, weights, support,
      {.epsilon = epsilon, .bias = BarycenterBias::entropic, .max_iterations = 2});
  CHECK_FALSE(early.converged);
  CHECK(early.termination == Termination::max_iterations);
  CHECK(early.dual < result.dual);
}

TEST_CASE("entropic barycenter: masses of zero and repeated points are ordinary") {
  const Matrix x = line_grid(10, 0.0, 1.0);
  Vector w = Vector::Constant(10, 0.1);
  w[3] = w[7] = 0.0;
  const DiscreteMeasure sparse(x, w, Mass::normalise);
  Matrix twice(1, 20);
  twice << x, x;
  const BarycenterOptions options{
      .epsilon = 0.1, .bias = BarycenterBias::entropic, .tolerance = 1e-11};
  const auto once = entropic_barycenter({sparse}, Vector::Ones(1), x, options);
  const auto doubled = entropic_barycenter({sparse}, Vector::Ones(1), twice, options);
  REQUIRE(once.converged);
  CHECK((doubled.weights.head(10) + doubled.weights.tail(10) - once.weights).norm() < 1e-12);
}

TEST_CASE("free support: two points meet half way, whatever the dimension") {
  for (const Index d : {1, 5}) {
    Splitmix random(2);
    const Matrix x = random.uniform(d, 1), y = random.uniform(d, 1), start = random.uniform(d, 3);
    const auto result =
        free_support_barycenter({DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(y)},
                                pair_of(0.5, 0.5), DiscreteMeasure::uniform(start));
    REQUIRE(result.converged);
    CHECK((result.barycenter.points().colwise() - 0.5 * (x + y).col(0)).norm() < 1e-14);
    CHECK(result.objective == doctest::Approx(0.25 * (x - y).squaredNorm()).epsilon(1e-12));
  }
}

TEST_CASE("free support: linear images of one cloud meet in the Bures barycenter's image") {
  Splitmix random(3);
  const Matrix cloud = random.uniform(2, 25).array() - 0.5;
  const Matrix rotation = (Matrix(2, 2) << 0.8, -0.6, 0.6, 0.8).finished();
  const auto map = [&](double first, double second) -> Matrix {
    return rotation * pair_of(first, second).asDiagonal() * rotation.transpose();
  };
  const std::vector<DiscreteMeasure> measures{DiscreteMeasure::uniform(map(1.0, 3.0) * cloud),
                                              DiscreteMeasure::uniform(map(2.0, 0.5) * cloud)};
  const auto result = free_support_barycenter(measures, pair_of(0.4, 0.6),
                                              DiscreteMeasure::uniform(map(1.6, 1.5) * cloud));
  REQUIRE(result.converged);
  // Gradients of convex functions that commute: their mean is optimal towards each.
  CHECK((result.barycenter.points() - map(1.6, 1.5) * cloud).norm() < 1e-13);

  const auto bures = gaussian_barycenter({{measures[0].mean(), measures[0].covariance()},
                                          {measures[1].mean(), measures[1].covariance()}},
                                         pair_of(0.4, 0.6));
  CHECK((result.barycenter.mean() - bures.barycenter.mean).norm() < 1e-13);
}

TEST_CASE("free support: the objective falls with every update, and is the distance it says") {
  const std::vector<DiscreteMeasure> measures{random_measure(15, 2, 5), random_measure(20, 2, 6),
                                              random_measure(10, 2, 7)};
  const Vector weights = (Vector(3) << 1.0, 2.0, 1.0).finished();
  double before = std::numeric_limits<double>::infinity();
  for (const std::int64_t updates : {0, 1, 2, 4, 8}) {
    const auto result = free_support_barycenter(measures, weights, random_measure(12, 2, 8),
                                                {.max_iterations = updates});
    CHECK(result.objective <= before * (1 + 1e-14));
    before = result.objective;
    CHECK(
        result.objective ==
        doctest::Approx(mean_distance(measures, weights / 4.0, result.barycenter)).epsilon(1e-12));
    CHECK(result.barycenter.weights() == random_measure(12, 2, 8).weights());
  }
  const auto entropic = free_support_barycenter(measures, weights, random_measure(12, 2, 8),
                                                {.epsilon = 1e-3, .tolerance = 1e-4});
  CHECK(entropic.objective < 1.1 * before);
}

TEST_CASE("barycenter on the line: means of quantiles, below every other measure") {
  std::vector<DiscreteMeasure> measures{random_measure(6, 1, 1), random_measure(9, 1, 2),
                                        random_measure(4, 1, 3)};
  const Vector weights = (Vector(3) << 0.5, 0.2, 0.3).finished();
  const DiscreteMeasure exact = univariate_barycenter(measures, weights);
  CHECK(exact.size() <= 6 + 9 + 4 - 2);
  CHECK(exact.weights().sum() == doctest::Approx(1.0).epsilon(1e-14));
  double objective = 0.0, dispersion = 0.0;
  for (Index k = 0; k < 3; ++k) {
    objective += weights[k] * univariate_wasserstein_power(exact, measures[std::size_t(k)], 2.0);
    for (Index l = 0; l < k; ++l) {
      dispersion +=
          weights[k] * weights[l] *
          univariate_wasserstein_power(measures[std::size_t(k)], measures[std::size_t(l)], 2.0);
    }
  }
  // Quantile functions are points of a Hilbert space, and this is their mean squared deviation.
  CHECK(objective == doctest::Approx(dispersion).epsilon(1e-12));
  const auto free = free_support_barycenter(measures, weights, exact);
  CHECK(free.objective == doctest::Approx(objective).epsilon(1e-12));
  CHECK((free.barycenter.points() - exact.points()).norm() < 1e-12);
}

TEST_CASE("barycenter on the line: translations, scalings, one weight, and masses of zero") {
  const DiscreteMeasure base = random_measure(20, 1, 9);
  const DiscreteMeasure other(2.0 * base.points().array() + 3.0, base.weights());
  const DiscreteMeasure middle = univariate_barycenter({base, other}, pair_of(1.0, 1.0));
  CHECK(middle.size() == 20);
  CHECK(middle.mean()[0] == doctest::Approx(1.5 * base.mean()[0] + 1.5).epsilon(1e-13));
  CHECK(middle.covariance()(0, 0) ==
        doctest::Approx(2.25 * base.covariance()(0, 0)).epsilon(1e-12));
  const DiscreteMeasure first = univariate_barycenter({base, other}, pair_of(1.0, 0.0));
  CHECK(univariate_wasserstein_power(first, base, 2.0) < 1e-28);
  const DiscreteMeasure sparse((Matrix(1, 3) << 5.0, 0.0, 1.0).finished(),
                               (Vector(3) << 0.0, 0.5, 0.5).finished());
  const DiscreteMeasure alone = univariate_barycenter({sparse}, Vector::Ones(1));
  CHECK(alone.points() == (Matrix(1, 2) << 0.0, 1.0).finished());
}

TEST_CASE("barycenters: the same bits for 1, 2, 3 and 8 threads") {
  const std::vector<DiscreteMeasure> measures{random_measure(90, 2, 1), random_measure(70, 2, 2)};
  Splitmix random(3);
  const Matrix support = random.uniform(2, 150);
  const DiscreteMeasure start = random_measure(80, 2, 4);
  const auto fixed = [&](int threads) {
    return entropic_barycenter(measures, pair_of(0.3, 0.7), support,
                               {.epsilon = 0.1, .max_iterations = 20, .threads = threads});
  };
  const auto free = [&](int threads) {
    return free_support_barycenter(measures, pair_of(0.3, 0.7), start,
                                   {.max_iterations = 2, .threads = threads});
  };
  const auto one = fixed(1);
  const auto free_one = free(1);
  for (const int threads : {2, 3, 8}) {
    CHECK(fixed(threads).weights == one.weights);
    CHECK(free(threads).barycenter.points() == free_one.barycenter.points());
  }
}

TEST_CASE("barycenters: bad input is refused") {
  const DiscreteMeasure line = random_measure(3, 1, 1), plane = random_measure(3, 2, 1);
  const Vector one = Vector::Ones(1);
  const auto refused = [](const auto& call, const char* message) {
    CHECK_THROWS_WITH_AS(call(), message, std::invalid_argument);
  };
  refused([&] { entropic_barycenter({}, Vector(), line.points()); },
          "entropic_barycenter: measures.size() is 0, expected at least 1");
  refused([&] { entropic_barycenter({line}, pair_of(1, 1), line.points()); },
          "entropic_barycenter: weights.size() is 2, expected one for each measure");
  refused(
      [&] {
        entropic_barycenter({line, plane}, pair_of(1, 1), line.points());
      },
      "entropic_barycenter: the dimension of measures[1] is 2, expected that of the first");
  refused(
      [&] {
        entropic_barycenter({line, line}, pair_of(1, -1), line.points());
      },
      "entropic_barycenter: weights[1] is -1, expected a finite number of at least 0");
  refused([&] { entropic_barycenter({line}, Vector::Zero(1), line.points()); },
          "entropic_barycenter: sum of weights is 0, expected a positive finite sum");
  refused([&] { entropic_barycenter({line}, one, plane.points()); },
          "entropic_barycenter: support.rows() is 2, expected the dimension of the measures");
  refused([&] { entropic_barycenter({line}, one, Matrix(1, 0)); },
          "entropic_barycenter: support.cols() is 0, expected at least 1");
  refused([&] { entropic_barycenter({line}, one, Matrix::Constant(1, 1, std::nan(""))); },
          "entropic_barycenter: support(0, 0) is nan, expected a finite coordinate");
  refused([&] { entropic_barycenter({line}, one, line.points(), {.epsilon = 0.0}); },
          "BarycenterOptions: epsilon is 0, expected greater than 0");
  refused([&] { free_support_barycenter({line}, one, plane); },
          "free_support_barycenter: start.dim() is 2, expected the dimension of the measures");
  refused([&] { free_support_barycenter({line}, one, line, {.tolerance = 0.0}); },
          "FreeSupportOptions: tolerance is 0, expected greater than 0");
  refused([&] { univariate_barycenter({plane}, one); },
          "univariate_barycenter: the dimension of measures[0] is 2, expected 1");
}
