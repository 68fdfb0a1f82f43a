/// Problems and oracles that the tests of entropic transport share.
#pragma once

#include <cmath>

#include "pushforward/ot/problem.hpp"

#include "tests/support/splitmix.hpp"

namespace pushforward::testing {

inline Vector random_weights(Splitmix& random, Index n) {
  Vector w = random.uniform(n, 1);
  w.array() += 0.1;
  return w / w.sum();
}

inline ot::TransportProblem random_problem(Index n, Index m, Index d, std::uint64_t seed,
                                           Cost cost = {}) {
  Splitmix random(seed);
  DiscreteMeasure source(random.uniform(d, n), random_weights(random, n), Mass::normalise);
  DiscreteMeasure target(random.uniform(d, m), random_weights(random, m), Mass::normalise);
  return {std::move(source), std::move(target), std::move(cost)};
}

inline Matrix cost_matrix(const ot::TransportProblem& problem) {
  Matrix cost(problem.source.size(), problem.target.size());
  for (Index j = 0; j < cost.cols(); ++j) {
    for (Index i = 0; i < cost.rows(); ++i) {
      cost(i, j) = problem.cost(problem.source.points().col(i), problem.target.points().col(j));
    }
  }
  return cost;
}

/// a_i b_j exp((f_i + g_j - C_ij) / epsilon), entry by entry in extended precision.
inline Matrix entropic_plan(const Matrix& cost, const Vector& a, const Vector& b, const Vector& f,
                            const Vector& g, double epsilon) {
  Matrix plan(cost.rows(), cost.cols());
  for (Index j = 0; j < cost.cols(); ++j) {
    for (Index i = 0; i < cost.rows(); ++i) {
      const long double score = ((long double)f[i] + g[j] - cost(i, j)) / epsilon;
      plan(i, j) = static_cast<double>((long double)a[i] * b[j] * std::exp(score));
    }
  }
  return plan;
}

/// |P 1 - a|_1 + |P^T 1 - b|_1.
inline double marginal_error(const Matrix& plan, const Vector& a, const Vector& b) {
  return (plan.rowwise().sum() - a).cwiseAbs().sum() +
         (plan.colwise().sum().transpose() - b).cwiseAbs().sum();
}

inline double distance(const Vector& a, const Vector& b) { return (a - b).cwiseAbs().maxCoeff(); }

}  // namespace pushforward::testing
