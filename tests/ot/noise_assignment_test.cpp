#include "pushforward/ot/noise_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/densities/presets.hpp"
#include "pushforward/core/goodness_of_fit.hpp"

#include "tests/support/splitmix.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

using Method = NoiseAssignmentMethod;

Matrix normals(std::uint64_t seed, Index d, Index n) {
  Matrix z(d, n);
  fill_normal({.seed = seed}, z, 1);
  return z;
}

bool is_permutation(const IndexVector& s, Index n) {
  std::vector<bool> seen(static_cast<std::size_t>(n), false);
  for (const Index j : s) {
    if (j < 0 || j >= n || seen[static_cast<std::size_t>(j)]) return false;
    seen[static_cast<std::size_t>(j)] = true;
  }
  return s.size() == n;
}

double cost_of(const Matrix& x, const Matrix& z, const IndexVector& s) {
  double sum = 0.0;
  for (Index i = 0; i < x.cols(); ++i) sum += (x.col(i) - z.col(s[i])).squaredNorm();
  return sum / static_cast<double>(x.cols());
}

double least_cost(const Matrix& x, const Matrix& z) {
  IndexVector s = IndexVector::LinSpaced(x.cols(), 0, x.cols() - 1);
  double least = cost_of(x, z, s);
  while (std::next_permutation(s.begin(), s.end())) least = std::min(least, cost_of(x, z, s));
  return least;
}

}  // namespace

TEST_CASE("noise assignment: the least of all permutations, for up to six points") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Index n = 1 + static_cast<Index>(seed % 6), d = 1 + static_cast<Index>(seed % 3);
    Splitmix random(seed);
    const Matrix x = 3.0 * random.uniform(d, n), z = normals(seed, d, n);
    const double least = least_cost(x, z);
    for (const Method method : {Method::exact, Method::quantised}) {
      const auto result = noise_assignment(x, z, {.method = method});
      CHECK(result.converged);
      CHECK(is_permutation(result.noise_of, n));
      CHECK(result.mean_cost == doctest::Approx(cost_of(x, z, result.noise_of)).epsilon(1e-13));
      CHECK(result.mean_cost <= result.before);
      CHECK(result.mean_cost >= least * (1 - 1e-14));
      CHECK(result.mean_cost <= least + result.cost_error + 1e-13);
      if (method == Method::exact) CHECK(result.mean_cost == doctest::Approx(least).epsilon(1e-12));
    }
  }
}

TEST_CASE("noise assignment: quantised costs lose less than a thousandth, and what they state") {
  for (const Index d : {1, 4, 64}) {
    const Matrix x = 2.0 * normals(1, d, 300), z = normals(2, d, 300);
    const auto exact = noise_assignment(x, z, {.method = Method::exact});
    const auto rounded = noise_assignment(x, z, {.method = Method::quantised});
    CHECK(rounded.mean_cost <= exact.mean_cost + rounded.cost_error);
    CHECK(rounded.mean_cost <= 1.001 * exact.mean_cost);
    CHECK(exact.mean_cost < exact.before);
  }
}

TEST_CASE("noise assignment: on the line it sorts") {
  const Matrix x = normals(3, 1, 200), z = normals(4, 1, 200);
  const auto result = noise_assignment(x, z, {.method = Method::exact});
  std::vector<Index> order(200);
  std::iota(order.begin(), order.end(), Index{0});
  std::sort(order.begin(), order.end(), [&](Index i, Index j) { return x(0, i) < x(0, j); });
  for (std::size_t k = 1; k < order.size(); ++k) {
    CHECK(z(0, result.noise_of[order[k - 1]]) < z(0, result.noise_of[order[k]]));
  }
}

TEST_CASE("noise assignment: one point, equal points, and the choice of a method") {
  const auto one = noise_assignment(Matrix::Constant(1, 1, 2.0), Matrix::Constant(1, 1, 5.0));
  CHECK(one.noise_of == IndexVector::Zero(1));
  CHECK(one.mean_cost == 9.0);
  CHECK(one.method == Method::exact);
  for (const Method method : {Method::exact, Method::quantised}) {
    const auto equal = noise_assignment(Matrix::Constant(2, 5, 1.0), Matrix::Constant(2, 5, 1.0),
                                        {.method = method});
    CHECK(is_permutation(equal.noise_of, 5));
    CHECK(equal.mean_cost == 0.0);
  }
  CHECK(noise_assignment(normals(1, 2, 513), normals(2, 2, 513)).method == Method::quantised);
}

TEST_CASE("noise assignment: a shift of all data changes nothing") {
  const Matrix x = normals(5, 3, 80), z = normals(6, 3, 80);
  const Matrix far = x.array() + 1000.0;
  for (const Method method : {Method::exact, Method::quantised}) {
    CHECK(noise_assignment(far, z, {.method = method}).noise_of ==
          noise_assignment(x, z, {.method = method}).noise_of);
  }
}

TEST_CASE("noise assignment: the nearest of several, which changes the law of the noise") {
  const Index n = 400, k = 6;
  const Matrix x = Matrix::Zero(2, n), z = normals(7, 2, n * k);
  const auto result = noise_assignment(x, z, {.method = Method::nearest, .candidates = k});
  CHECK_FALSE(result.is_permutation);
  Vector squared(n);
  for (Index i = 0; i < n; ++i) {
    CHECK(result.noise_of[i] / k == i);
    squared[i] = z.col(result.noise_of[i]).squaredNorm();
    CHECK(squared[i] == z.middleCols(i * k, k).colwise().squaredNorm().minCoeff());
  }
  // |z|^2 is exponential of mean 2, the least of six of them of mean 1 / 3.
  const auto exponential = [](double mean) {
    return [mean](double s) { return s > 0.0 ? -std::expm1(-s / mean) : 0.0; };
  };
  CHECK(kolmogorov_test(squared, exponential(1.0 / 3)).p_value > 5.7e-7);
  CHECK(kolmogorov_test(squared, exponential(2.0)).p_value < 1e-12);
  CHECK(noise_assignment(x, z.leftCols(n), {.method = Method::nearest, .candidates = 1})
            .is_permutation);
}

TEST_CASE(
    "fitted noise assignment: each noise to the highest plane, data as often as their weight") {
  const Index d = 2, atoms = 20;
  const Matrix y = 2.0 * normals(8, d, atoms);
  const SemidiscreteProblem problem{std::make_shared<GaussianMixture>(standard_normal(d)),
                                    DiscreteMeasure::uniform(y)};
  const auto fit = semidiscrete(problem, {.tolerance = 0.2, .seed = 3});
  REQUIRE(fit.converged);
  const FittedNoiseAssignment assignment(y, fit.heights);
  const Index n = 20'000;
  const Matrix z = normals(9, d, n);
  const IndexVector datum = assignment.datum_of(z);
  IndexVector counts = IndexVector::Zero(atoms);
  double cost = 0.0, before = 0.0;
  for (Index i = 0; i < n; ++i) {
    Index best = 0;
    (y.transpose() * z.col(i) + fit.heights).maxCoeff(&best);
    CHECK(datum[i] == best);
    ++counts[best];
    cost += (z.col(i) - y.col(best)).squaredNorm();
    before += (z.col(i) - y.col(i % atoms)).squaredNorm();
  }
  CHECK(cost < 0.7 * before);
  for (Index j = 0; j < atoms; ++j) {
    // Mass within the certified 0.2 of 1 / 20, counts within five standard errors of that.
    const double mean = double(n) / double(atoms);
    CHECK(std::abs(double(counts[j]) - mean) < 0.2 * mean + 5 * std::sqrt(1.2 * mean));
  }
}

TEST_CASE("noise assignment: the same bits for 1, 2, 3 and 8 threads") {
  const Matrix x = normals(10, 5, 300), z = normals(11, 5, 300);
  for (const Method method : {Method::exact, Method::quantised}) {
    const auto one = noise_assignment(x, z, {.method = method, .threads = 1});
    for (const int threads : {2, 3, 8}) {
      const auto many = noise_assignment(x, z, {.method = method, .threads = threads});
      CHECK(many.noise_of == one.noise_of);
      CHECK(many.mean_cost == one.mean_cost);
    }
  }
  const Vector heights = normals(12, 300, 1);
  const IndexVector one = FittedNoiseAssignment(x, heights, 1).datum_of(z);
  for (const int threads : {2, 3, 8}) {
    CHECK(FittedNoiseAssignment(x, heights, threads).datum_of(z) == one);
  }
}

TEST_CASE("noise assignment: bad input is refused") {
  const Matrix x = Matrix::Ones(2, 3);
  const auto refused = [](const auto& call, const char* message) {
    CHECK_THROWS_WITH_AS(call(), message, std::invalid_argument);
  };
  refused([&] { noise_assignment(Matrix(0, 3), x); },
          "noise_assignment: data.rows() is 0, expected at least 1");
  refused([&] { noise_assignment(Matrix(2, 0), x); },
          "noise_assignment: data.cols() is 0, expected at least 1");
  refused([&] { noise_assignment(x, Matrix::Ones(3, 3)); },
          "noise_assignment: noise.rows() is 3, expected the dimension of data");
  refused([&] { noise_assignment(x, Matrix::Ones(2, 4)); },
          "noise_assignment: noise.cols() is 4, expected 3");
  refused([&] { noise_assignment(x, x, {.method = Method::nearest, .candidates = 2}); },
          "noise_assignment: noise.cols() is 3, expected 6");
  refused([&] { noise_assignment(x, x, {.candidates = 0}); },
          "NoiseAssignmentOptions: candidates is 0, expected at least 1");
  Matrix bad = x;
  bad(1, 2) = std::nan("");
  refused([&] { noise_assignment(bad, x); },
          "noise_assignment: data(1, 2) is nan, expected a finite coordinate");
  refused([&] { noise_assignment(x, bad); },
          "noise_assignment: noise(1, 2) is nan, expected a finite coordinate");
  refused([&] { FittedNoiseAssignment(Matrix(0, 3), Vector::Zero(3)); },
          "FittedNoiseAssignment: data.rows() is 0, expected at least 1");
  refused([&] { FittedNoiseAssignment(Matrix(2, 0), Vector()); },
          "FittedNoiseAssignment: data.cols() is 0, expected at least 1");
  refused([&] { FittedNoiseAssignment(x, Vector::Zero(2)); },
          "FittedNoiseAssignment: heights.size() is 2, expected 3");
  refused([&] { FittedNoiseAssignment(x, Vector::Zero(3), -1); },
          "FittedNoiseAssignment: threads is -1, expected at least 0");
  refused([&] { FittedNoiseAssignment(x, Vector::Zero(3)).datum_of(Matrix::Ones(3, 1)); },
          "FittedNoiseAssignment: noise.rows() is 3, expected 2");
}
