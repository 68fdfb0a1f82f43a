#include "pushforward/ot/entropic_map.hpp"

#include <cmath>
#include <stdexcept>

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include "pushforward/core/stats.hpp"
#include "pushforward/ot/gaussian.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

/// T(x) by its definition, in extended precision.
Vector map_by_definition(const EntropicMap& map, const Vector& x) {
  const Matrix& y = map.target().points();
  Eigen::Matrix<long double, Eigen::Dynamic, 1> score(y.cols());
  for (Index j = 0; j < y.cols(); ++j) {
    long double half = 0.0L;
    for (Index k = 0; k < y.rows(); ++k) {
      const long double difference = (long double)x[k] - y(k, j);
      half += 0.5L * difference * difference;
    }
    score[j] = (map.potential()[j] - half) / map.epsilon() +
               std::log((long double)map.target().weights()[j]);
  }
  const long double top = score.maxCoeff();
  Eigen::Matrix<long double, Eigen::Dynamic, 1> mean =
      Eigen::Matrix<long double, Eigen::Dynamic, 1>::Zero(y.rows());
  long double sum = 0.0L;
  for (Index j = 0; j < y.cols(); ++j) {
    const long double p = std::exp(score[j] - top);
    sum += p;
    for (Index k = 0; k < y.rows(); ++k) mean[k] += p * y(k, j);
  }
  return (mean / sum).cast<double>();
}

EntropicMap random_map(Index m, Index d, double epsilon, std::uint64_t seed) {
  Splitmix random(seed);
  DiscreteMeasure target(random.uniform(d, m), random_weights(random, m), Mass::normalise);
  return {target, 0.3 * random.uniform(m, 1), epsilon};
}

}  // namespace

TEST_CASE("entropic map: it is the mean of its definition, in and far out of the data") {
  for (const Index d : {1, 2, 7, 30}) {
    for (const double epsilon : {1.0, 0.05, 1e-3}) {
      const EntropicMap map = random_map(37, d, epsilon, 5);
      Splitmix random(9);
      Matrix x = random.uniform(d, 20);
      x.rightCols(5) *= 50.0;
      const Matrix image = map(x);
      for (Index i = 0; i < x.cols(); ++i) {
        // Scores of size 50 d / epsilon carry a few roundings each: 50 * 30 * 1000 * 2e-16 at most.
        CHECK((image.col(i) - map_by_definition(map, x.col(i))).norm() < 1e-8);
      }
    }
  }
}

TEST_CASE("entropic map: on samples it is the barycentric projection of the coupling") {
  const auto problem = random_problem(30, 40, 3, 2, Cost::half_squared_euclidean());
  const auto fit = entropic_map(problem.source, problem.target, {.epsilon = 0.05});
  REQUIRE(fit.converged);
  const Matrix plan =
      entropic_plan(cost_matrix(problem), problem.source.weights(), problem.target.weights(),
                    fit.transport.f, fit.transport.g, 0.05);
  const Matrix image = fit.map(problem.source.points());
  for (Index i = 0; i < 30; ++i) {
    const Vector expected = problem.target.points() * plan.row(i).transpose() / plan.row(i).sum();
    CHECK((image.col(i) - expected).norm() < 1e-12);
  }
}

TEST_CASE("entropic map: x less the gradient of f, with the covariance over epsilon as Jacobian") {
  const EntropicMap map = random_map(25, 3, 0.08, 11);
  Splitmix random(3);
  const Matrix x = random.uniform(3, 10);
  constexpr double h = 1e-5;  // errors of size h^2 and 1e-16 / h
  for (Index i = 0; i < x.cols(); ++i) {
    const Matrix jacobian = map.jacobian(x.col(i));
    Matrix shifted(3, 6);
    for (Index k = 0; k < 3; ++k) {
      shifted.col(2 * k) = x.col(i) + h * Vector::Unit(3, k);
      shifted.col(2 * k + 1) = x.col(i) - h * Vector::Unit(3, k);
    }
    const Matrix image = map(shifted);
    const Vector f = map.source_potential(shifted);
    const Vector at = map(x.col(i));
    for (Index k = 0; k < 3; ++k) {
      const Vector difference = (image.col(2 * k) - image.col(2 * k + 1)) / (2 * h);
      CHECK((difference - jacobian.col(k)).norm() < 1e-6);
      CHECK(x(k, i) - (f[2 * k] - f[2 * k + 1]) / (2 * h) == doctest::Approx(at[k]).epsilon(1e-7));
    }
    CHECK(jacobian == jacobian.transpose());
    CHECK(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(jacobian).eigenvalues().minCoeff() >
          -1e-14);
  }
}

TEST_CASE("entropic map: far from the data it saturates at atoms, and stays finite") {
  const EntropicMap map = random_map(20, 2, 0.1, 4);
  for (const double distance : {1e3, 1e8, 1e12}) {
    const Matrix x = (Matrix(2, 1) << distance, 0.0).finished();
    Index right = 0;
    map.target().points().row(0).maxCoeff(&right);
    CHECK((map(x) - map.target().points().col(right)).norm() < 1e-14);
    CHECK(map.jacobian(x).norm() < 1e-14);
  }
}

TEST_CASE("entropic map: a far origin costs no more digits than it has to") {
  const EntropicMap map = random_map(20, 2, 1e-2, 4);
  Matrix moved = map.target().points();
  moved.array() += 1024.0;
  const EntropicMap far({moved, map.target().weights()}, map.potential(), 1e-2);
  Splitmix random(1);
  const Matrix x = random.uniform(2, 50);
  // Coordinates near 1024 are rounded to 1e-13, which scores see divided by epsilon.
  CHECK((far((x.array() + 1024.0).matrix()).array() - 1024.0 - map(x).array()).abs().maxCoeff() <
        1e-10);
}

TEST_CASE("entropic map: small epsilon gives the nearest neighbour of an equal partition") {
  Splitmix random(8);
  const Matrix y = random.uniform(2, 50);
  const EntropicMap map(DiscreteMeasure::uniform(y), Vector::Zero(50), 1e-7);
  const NearestNeighbourMap nearest(y, y);
  const Matrix x = random.uniform(2, 300);
  // Distances differ by more than 1e-5 for these draws.
  CHECK((map(x) - nearest(x)).cwiseAbs().maxCoeff() < 1e-9);
}

TEST_CASE("entropic map: between Gaussians it is the closed form, at the rate of the samples") {
  const Gaussian from{(Vector(2) << 0.0, 0.0).finished(),
                      (Matrix(2, 2) << 1.0, 0.3, 0.3, 0.5).finished()};
  const Gaussian to{(Vector(2) << 1.0, -1.0).finished(),
                    (Matrix(2, 2) << 0.6, -0.2, -0.2, 1.2).finished()};
  constexpr double epsilon = 0.5;
  // Half the cost at epsilon is the full one at 2 epsilon.
  const AffineMap exact = gaussian_entropic(from, to, 2 * epsilon).conditional_mean;
  const AffineMap debiased_limit = gaussian_entropic(from, from, 2 * epsilon).conditional_mean;
  const AffineMap monge = gaussian_map(from, to);
  const auto root = [](const Matrix& s) {
    return Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(s).operatorSqrt();
  };
  constexpr Index n = 1500;
  Matrix x(2, n), y(2, n), fresh(2, 500);
  fill_normal({.seed = 1}, x);
  fill_normal({.seed = 2}, y);
  fill_normal({.seed = 3}, fresh);
  x = root(from.covariance) * x;
  y = (root(to.covariance) * y).colwise() + to.mean;
  fresh = root(from.covariance) * fresh;
  const auto fit = entropic_map(DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(y),
                                {.epsilon = epsilon, .tolerance = 1e-6, .certificate = false},
                                MapBias::debiased);
  REQUIRE(fit.converged);
  const double squared = (fit.map(fresh) - exact(fresh)).squaredNorm() / 500;
  CHECK(squared < 20.0 / n);  // entropic quantities are known at the rate 1 / n, up to a constant
  const Matrix corrected = fit.debiased()(fresh);
  const Matrix limit = exact(fresh) - debiased_limit(fresh) + fresh;
  CHECK((corrected - limit).squaredNorm() / 500 < 40.0 / n);
  const auto distance = [&](const Matrix& image) { return (image - monge(fresh)).squaredNorm(); };
  CHECK(distance(corrected) < 0.5 * distance(fit.map(fresh)));
}

TEST_CASE("entropic map: debiased from a measure to itself it is the identity") {
  const auto problem = random_problem(40, 5, 2, 3);
  const auto fit = entropic_map(problem.source, problem.source,
                                {.epsilon = 0.1, .tolerance = 1e-12}, MapBias::debiased);
  REQUIRE(fit.converged);
  CHECK((fit.debiased()(problem.source.points()) - problem.source.points()).norm() < 1e-9);
}

TEST_CASE("entropic map: repeated atoms are one atom of their weight") {
  Splitmix random(6);
  const Matrix atoms = random.uniform(2, 3), x = random.uniform(2, 60);
  Matrix drawn(2, 30);
  for (Index i = 0; i < 30; ++i) drawn.col(i) = atoms.col((i * i) % 3);
  const auto fit = entropic_map(DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(drawn),
                                {.epsilon = 0.05, .tolerance = 1e-11});
  REQUIRE(fit.converged);
  CHECK(fit.map.target().size() == 2);  // squares are 0 or 1 modulo 3
  CHECK(fit.map.target().weights()[0] == doctest::Approx(1.0 / 3).epsilon(1e-14));
  CHECK(fit.map.target().points().col(0) == atoms.col(0));
  const auto whole = sinkhorn({DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(drawn),
                               Cost::half_squared_euclidean()},
                              {.epsilon = 0.05, .tolerance = 1e-11});
  const EntropicMap unmerged(DiscreteMeasure::uniform(drawn), whole.g, 0.05);
  CHECK((unmerged(x) - fit.map(x)).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("merged_duplicates: first come, weights added, signed zeros equal") {
  const Matrix x = (Matrix(2, 5) << 1, 0.0, 1, -0.0, 2, 5, 0, 5, 0, 5).finished();
  const DiscreteMeasure merged =
      merged_duplicates({x, (Vector(5) << 0.1, 0.2, 0.3, 0.15, 0.25).finished()});
  REQUIRE(merged.size() == 3);
  CHECK(merged.points() == (Matrix(2, 3) << 1, 0, 2, 5, 0, 5).finished());
  CHECK((merged.weights() - (Vector(3) << 0.4, 0.35, 0.25).finished()).norm() < 1e-15);
}

TEST_CASE("entropic map: two atoms on the line follow the logistic curve") {
  const DiscreteMeasure target((Matrix(1, 2) << 0.0, 1.0).finished(),
                               (Vector(2) << 0.4, 0.6).finished());
  const EntropicMap map(target, (Vector(2) << 0.1, -0.05).finished(), 0.2);
  for (const double x : {-1.0, 0.3, 0.5, 2.0}) {
    const double log_odds = std::log(1.5) + (-0.15 + x - 0.5) / 0.2;
    CHECK(map(Matrix::Constant(1, 1, x))(0, 0) ==
          doctest::Approx(1 / (1 + std::exp(-log_odds))).epsilon(1e-14));
  }
}

TEST_CASE("nearest neighbour map: the exact coupling at samples, the nearest sample elsewhere") {
  Splitmix random(12);
  const Matrix x = random.uniform(3, 40), y = random.uniform(3, 40), fresh = random.uniform(3, 200);
  const auto fit = nearest_neighbour_map(DiscreteMeasure::uniform(x), DiscreteMeasure::uniform(y));
  REQUIRE(fit.converged);
  const Matrix at_samples = fit.map(x);
  for (const auto& entry : fit.exact.coupling.entries()) {
    CHECK((at_samples.col(entry.row) - y.col(entry.col)).norm() < 1e-12);
  }
  const IndexVector nearest = fit.map.nearest(fresh);
  for (Index i = 0; i < 200; ++i) {
    Index expected = 0;
    (x.colwise() - fresh.col(i)).colwise().squaredNorm().minCoeff(&expected);
    CHECK(nearest[i] == expected);
  }
}

TEST_CASE("nearest neighbour map: masses that split are averaged, zero weights left out") {
  const DiscreteMeasure source((Matrix(1, 3) << 0.0, 10.0, 5.0).finished(),
                               (Vector(3) << 0.5, 0.5, 0.0).finished());
  const DiscreteMeasure target((Matrix(1, 3) << 0.0, 2.0, 9.0).finished(),
                               (Vector(3) << 0.25, 0.25, 0.5).finished());
  const auto fit = nearest_neighbour_map(source, target);
  CHECK(fit.map(Matrix::Constant(1, 1, 1.0))(0, 0) == doctest::Approx(1.0).epsilon(1e-14));
  CHECK(fit.map(Matrix::Constant(1, 1, 5.1))(0, 0) == doctest::Approx(9.0).epsilon(1e-14));
}

TEST_CASE("entropic map: the same bits for 1, 2, 3 and 8 threads") {
  const auto problem = random_problem(150, 170, 5, 3);
  const auto at = [&](int threads) {
    return entropic_map(problem.source, problem.target,
                        {.epsilon = 0.1, .tolerance = 1e-6, .threads = threads}, MapBias::debiased)
        .debiased()(problem.source.points());
  };
  const NearestNeighbourMap one(problem.source.points(), problem.source.points(), 1);
  const Matrix plain = at(1);
  for (const int threads : {2, 3, 8}) {
    CHECK(at(threads) == plain);
    const NearestNeighbourMap many(problem.source.points(), problem.source.points(), threads);
    CHECK(many.nearest(problem.target.points()) == one.nearest(problem.target.points()));
  }
}

TEST_CASE("map epsilons: the exponents of theory") {
  CHECK(smooth_map_epsilon(1000, 2, 2.0, 3.0) ==
        doctest::Approx(3.0 * std::pow(1000, -1.0 / 5)).epsilon(1e-14));
  CHECK(smooth_map_epsilon(1000, 3, 7.0, 1.0) ==
        doctest::Approx(std::pow(1000, -1.0 / 8)).epsilon(1e-14));
  CHECK(semidiscrete_map_epsilon(400, 2.0) == doctest::Approx(0.1).epsilon(1e-14));
}

TEST_CASE("entropic map: bad input is refused") {
  const DiscreteMeasure two = DiscreteMeasure::uniform(Matrix::Identity(2, 2));
  const DiscreteMeasure line = DiscreteMeasure::uniform(Matrix::Ones(1, 2));
  const auto refused = [](const auto& call, const char* message) {
    CHECK_THROWS_WITH_AS(call(), message, std::invalid_argument);
  };
  const double nan = std::nan("");
  refused([&] { EntropicMap(two, Vector::Zero(3), 1.0); },
          "EntropicMap: g.size() is 3, expected 2");
  refused([&] { EntropicMap(two, Vector::Constant(2, nan), 1.0); },
          "EntropicMap: g[0] is nan, expected a finite number");
  refused([&] { EntropicMap(two, Vector::Zero(2), 0.0); },
          "EntropicMap: epsilon is 0, expected greater than 0");
  refused([&] { EntropicMap(two, Vector::Zero(2), 1.0, -1); },
          "EntropicMap: threads is -1, expected at least 0");
  const EntropicMap map(two, Vector::Zero(2), 1.0);
  refused([&] { map(Matrix::Ones(3, 1)); }, "EntropicMap: x.rows() is 3, expected 2");
  refused([&] { map.source_potential(Matrix::Ones(3, 1)); },
          "EntropicMap: x.rows() is 3, expected 2");
  refused([&] { map.jacobian(Vector::Ones(3)); }, "EntropicMap: x.rows() is 3, expected 2");
  refused([&] { map(Matrix::Constant(2, 1, nan)); },
          "EntropicMap: x(0, 0) is nan, expected a finite coordinate");
  refused([&] { entropic_map(two, line); },
          "entropic_map: target.dim() is 1, expected the dimension of the source, 2");
  refused([&] { entropic_map(two, two, {.epsilon = -1.0}); },
          "SinkhornOptions: epsilon is -1, expected greater than 0");
  refused([&] { entropic_map(two, two).debiased(); },
          "EntropicMapResult: self is \"missing\", expected a fit with MapBias::debiased");
  refused([&] { nearest_neighbour_map(two, line); },
          "nearest_neighbour_map: target.dim() is 1, expected the dimension of the source, 2");
  refused([&] { NearestNeighbourMap(Matrix(0, 1), Matrix(1, 1)); },
          "NearestNeighbourMap: samples.rows() is 0, expected at least 1");
  refused([&] { NearestNeighbourMap(Matrix(1, 0), Matrix(1, 0)); },
          "NearestNeighbourMap: samples.cols() is 0, expected at least 1");
  refused([&] { NearestNeighbourMap(Matrix::Ones(1, 2), Matrix::Ones(1, 3)); },
          "NearestNeighbourMap: images.cols() is 3, expected one for each sample");
  refused([&] { NearestNeighbourMap(Matrix::Ones(1, 2), Matrix::Ones(1, 2), -1); },
          "NearestNeighbourMap: threads is -1, expected at least 0");
  refused(
      [&] {
        NearestNeighbourMap(Matrix::Ones(1, 2), Matrix::Ones(1, 2)).nearest(Matrix::Ones(2, 1));
      },
      "NearestNeighbourMap: x.rows() is 2, expected 1");
  refused([&] { smooth_map_epsilon(0, 1, 2.0, 1.0); },
          "smooth_map_epsilon: n is 0, expected at least 1");
  refused([&] { smooth_map_epsilon(1, 0, 2.0, 1.0); },
          "smooth_map_epsilon: dim is 0, expected at least 1");
  refused([&] { smooth_map_epsilon(1, 1, 1.0, 1.0); },
          "smooth_map_epsilon: alpha is 1, expected greater than 1");
  refused([&] { smooth_map_epsilon(1, 1, 2.0, 0.0); },
          "smooth_map_epsilon: scale is 0, expected greater than 0");
  refused([&] { semidiscrete_map_epsilon(0, 1.0); },
          "semidiscrete_map_epsilon: n is 0, expected at least 1");
  refused([&] { semidiscrete_map_epsilon(1, -1.0); },
          "semidiscrete_map_epsilon: scale is -1, expected greater than 0");
}
