// Hostile problems: each ends converged, with errors measured by another route, or with another
// true status, and its certificate never contradicts that of the exact solver.
#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/ot/network_simplex.hpp"
#include "pushforward/ot/sinkhorn.hpp"

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

struct Case {
  std::string name;
  Matrix cost;
  Vector a, b;
};

Matrix squared_distances(const Matrix& x, const Matrix& y) {
  Matrix cost(x.cols(), y.cols());
  squared_euclidean(x, y, cost);
  return cost;
}

std::vector<Case> hostile_cases(std::uint64_t seed) {
  Splitmix random(seed);
  const Index n = 3 + Index(seed % 7), m = 2 + Index(seed % 9);
  const Matrix base = random.uniform(n, m);
  const Vector a = random_weights(random, n), b = random_weights(random, m);
  std::vector<Case> cases;
  for (const double scale : {1e-300, 1e-150, 1e-30, 1e30, 1e150, 1e300}) {
    cases.push_back({"scale", scale * base, a, b});
  }
  cases.push_back({"offset", (base.array() + 1e12).matrix(), a, b});
  cases.push_back({"negative offset", (base.array() - 1e12).matrix(), a, b});
  cases.push_back({"signed", (base.array() - 0.5).matrix(), a, b});
  Matrix spike = random.uniform(5, 5);
  spike(2, 3) = 1e32;
  cases.push_back(
      {"one entry of 1e32", spike, random_weights(random, 5), random_weights(random, 5)});
  cases.push_back({"all equal", Matrix::Constant(n, m, 2.5), a, b});
  cases.push_back({"all zero", Matrix::Zero(n, m), a, b});
  Vector tiny = a;
  tiny[0] = 1e-300;
  cases.push_back({"mass of 1e-300", base, tiny / tiny.sum(), b});
  Vector ratio = a;
  for (Index i = 0; i < n; ++i) ratio[i] *= std::pow(10.0, -15.0 * double(i) / double(n - 1));
  cases.push_back({"ratio of 1e15", base, ratio / ratio.sum(), b});
  Vector rounded = a;
  for (double& w : rounded) w = double(float(w));
  cases.push_back({"masses from floats", base, rounded, b});
  const Matrix lattice = (4.0 * random.uniform(2, n)).array().floor();
  cases.push_back(
      {"lattice", squared_distances(lattice, (4.0 * random.uniform(2, m)).array().floor()), a, b});
  const Matrix line = Vector::Ones(2) * random.uniform(1, n);
  cases.push_back(
      {"collinear", squared_distances(line, Vector::Ones(2) * random.uniform(1, m)), a, b});
  const Matrix far = (1e-12 * random.uniform(2, n)).array() + 1e8;
  cases.push_back({"clusters at 1e8",
                   squared_distances(far, (1e-12 * random.uniform(2, m)).array() + 1e8), a, b});
  return cases;
}

}  // namespace

TEST_CASE("entropic adversarial: more than 2000 hostile runs end with the truth") {
  int runs = 0, converged = 0;
  for (std::uint64_t seed = 0; seed < 7; ++seed) {
    for (const Case& hostile : hostile_cases(seed)) {
      const double spread = hostile.cost.maxCoeff() - hostile.cost.minCoeff();
      const double unit = spread > 0.0 ? spread : 1.0;
      const auto exact = network_simplex(hostile.a, hostile.b, hostile.cost);
      for (const double share : {1.0, 1e-2, 1e-4, 1e-8, 1e-12}) {
        for (const SinkhornMethod method :
             {SinkhornMethod::automatic, SinkhornMethod::sinkhorn, SinkhornMethod::sparse_newton,
              SinkhornMethod::truncated_newton}) {
          const SinkhornOptions options{
              .epsilon = share * unit, .method = method, .max_passes = 1500};
          const auto result = sinkhorn(MatrixCost(hostile.cost), hostile.a, hostile.b, options);
          ++runs;
          converged += result.converged;
          CAPTURE(hostile.name);
          CAPTURE(share);
          CAPTURE(name(method));
          CAPTURE(seed);
          CHECK(result.f.allFinite());
          CHECK(result.g.allFinite());
          CHECK(std::isfinite(result.residual));
          CHECK(result.certificate.dual <= result.certificate.primal);
          CHECK(result.certificate.dual <= exact.certificate.primal);
          CHECK(exact.certificate.dual <= result.certificate.primal);
          CHECK(result.converged == (result.termination == Termination::converged));
          if (result.converged) {
            CHECK(result.epsilon == options.epsilon);
            const Vector b = hostile.b * (hostile.a.sum() / hostile.b.sum());
            const Matrix plan = entropic_plan(hostile.cost, hostile.a, b / b.sum(), result.f,
                                              result.g, result.epsilon);
            // f + g - C is rounded to |C| 2^-53: an offset of 1e12 leaves 1e-4 of the spread.
            const double largest = hostile.cost.cwiseAbs().maxCoeff();
            const double rounding = 1e-12 + 1e-15 * largest / result.epsilon;
            if (rounding < 1.0) {
              CHECK(marginal_error(plan, hostile.a, b) <= 1.01 * options.tolerance + rounding);
            }
          }
        }
      }
    }
  }
  CHECK(runs >= 2000);
  CHECK(converged >= runs / 2);
}

TEST_CASE("entropic adversarial: five sources and 960 targets") {
  Splitmix random(11);
  const Matrix cost = squared_distances(random.uniform(3, 5), random.uniform(3, 960));
  const Vector a = random_weights(random, 5), b = random_weights(random, 960);
  for (const double epsilon : {1.0, 1e-2, 1e-4, 1e-6}) {
    for (const bool upright : {true, false}) {
      const auto result = upright
                              ? sinkhorn(MatrixCost(cost), a, b, {.epsilon = epsilon})
                              : sinkhorn(MatrixCost(cost.transpose()), b, a, {.epsilon = epsilon});
      CHECK(result.converged);
      CHECK(result.certificate.dual <= result.certificate.primal);
    }
  }
}
