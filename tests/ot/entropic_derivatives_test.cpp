#include "pushforward/ot/entropic_derivatives.hpp"

#include <stdexcept>

#include <doctest/doctest.h>

#include "tests/ot/entropic_problems.hpp"

using namespace pushforward;
using namespace pushforward::ot;
using namespace pushforward::testing;

namespace {

constexpr double step = 1e-5;
// Central differences: step^2 times third derivatives, and 1e-13 / step of rounding.
constexpr double tolerance = 1e-6;

TransportProblem moved(const TransportProblem& problem, const Matrix& direction, double by) {
  return {DiscreteMeasure(problem.source.points() + by * direction, problem.source.weights()),
          problem.target, problem.cost};
}

SinkhornResult solved(const TransportProblem& problem, double epsilon) {
  return sinkhorn(problem, {.epsilon = epsilon, .tolerance = 1e-13, .certificate = false});
}

}  // namespace

TEST_CASE("entropic derivatives: gradients are those of finite differences") {
  for (const Cost& cost :
       {Cost::squared_euclidean(), Cost::half_squared_euclidean(), Cost::negative_dot()}) {
    const auto problem = random_problem(9, 11, 3, 2, cost);
    const Matrix direction = Splitmix(3).uniform(3, 9);
    const double epsilon = 0.2;
    const Matrix gradient = source_gradient(problem, solved(problem, epsilon));
    const double slope = (solved(moved(problem, direction, step), epsilon).kl_cost -
                          solved(moved(problem, direction, -step), epsilon).kl_cost) /
                         (2.0 * step);
    CHECK(gradient.cwiseProduct(direction).sum() == doctest::Approx(slope).epsilon(tolerance));
  }
}

TEST_CASE("entropic derivatives: the divergence's gradient, and none between equal measures") {
  const auto problem = random_problem(8, 10, 2, 4);
  const Matrix direction = Splitmix(5).uniform(2, 8);
  const SinkhornOptions options{.epsilon = 0.1, .tolerance = 1e-13};
  const Matrix gradient = source_gradient(problem, sinkhorn_divergence(problem, options));
  const double slope = (sinkhorn_divergence(moved(problem, direction, step), options).divergence -
                        sinkhorn_divergence(moved(problem, direction, -step), options).divergence) /
                       (2.0 * step);
  CHECK(gradient.cwiseProduct(direction).sum() == doctest::Approx(slope).epsilon(tolerance));
  const TransportProblem same{problem.source, problem.source};
  CHECK(source_gradient(same, sinkhorn_divergence(same, options)).cwiseAbs().maxCoeff() <= 1e-10);
}

TEST_CASE("entropic derivatives: Hessian products are those of finite differences") {
  for (const Cost& cost :
       {Cost::squared_euclidean(), Cost::half_squared_euclidean(), Cost::negative_dot()}) {
    const auto problem = random_problem(9, 7, 2, 6, cost);
    const Matrix direction = Splitmix(7).uniform(2, 9);
    for (const double epsilon : {0.5, 0.05}) {
      const auto solution = solved(problem, epsilon);
      const auto product = source_hessian_product(problem, solution, direction);
      REQUIRE(product.converged);
      const auto up = moved(problem, direction, step), down = moved(problem, direction, -step);
      const auto above = solved(up, epsilon), below = solved(down, epsilon);
      const Matrix expected =
          (source_gradient(up, above) - source_gradient(down, below)) / (2.0 * step);
      CHECK((product.gradient - expected).cwiseAbs().maxCoeff() <= 1e-5);
      // Potentials up to a constant: differences to the first.
      const Vector df = (above.f - below.f) / (2.0 * step);
      const Vector dg = (above.g - below.g) / (2.0 * step);
      CHECK(distance(product.f.array() - product.f[0], df.array() - df[0]) <= 1e-5);
      CHECK(distance(product.g.array() - product.g[0], dg.array() - dg[0]) <= 1e-5);
    }
  }
}

TEST_CASE("entropic derivatives: bad input is named") {
  const auto problem = random_problem(4, 5, 2, 8);
  const auto solution = solved(problem, 0.1);
  const auto other = random_problem(3, 5, 2, 8);
  CHECK_THROWS_WITH_AS(source_gradient(other, solution),
                       "source_gradient: solution.f.size() is 4, expected 3",
                       std::invalid_argument);
  const auto euclidean = random_problem(4, 5, 2, 8, Cost::euclidean());
  CHECK_THROWS_WITH_AS(source_gradient(euclidean, solution),
                       "source_gradient: cost is \"euclidean\", expected squared_euclidean, "
                       "half_squared_euclidean or negative_dot",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(source_hessian_product(problem, solution, Matrix::Zero(2, 3)),
                       "source_gradient: direction.cols() is 3, expected 4", std::invalid_argument);
  CHECK_THROWS_WITH_AS(
      source_hessian_product(problem, solution, Matrix::Zero(2, 4), {.tolerance = 0.0}),
      "HessianProductOptions: tolerance is 0, expected greater than 0", std::invalid_argument);
}
