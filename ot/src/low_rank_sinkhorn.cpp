#include "pushforward/ot/low_rank_sinkhorn.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/rounding.hpp"

namespace pushforward::ot {
namespace {

constexpr int most_projections = 2000;
constexpr double projection_tolerance = 1e-8;
constexpr double tiny = 1e-300;

// C = p 1^T + 1 q^T - k X^T Y: products with C take O((n + m) d) a column.
class FactoredCost {
 public:
  explicit FactoredCost(const TransportProblem& problem)
      : x_(problem.source.points()), y_(problem.target.points()) {
    double s = 1.0;
    switch (problem.cost.kind()) {
      case CostKind::squared_euclidean:
        break;
      case CostKind::half_squared_euclidean:
        s = 0.5;
        k_ = 1.0;
        break;
      case CostKind::negative_dot:
        s = 0.0;
        k_ = 1.0;
        break;
      default:
        require(false, "low_rank_sinkhorn", "cost", name(problem.cost.kind()),
                "squared_euclidean, half_squared_euclidean or negative_dot");
    }
    if (s > 0.0) {  // distances do not see a common shift
      const Vector centre = 0.5 * (x_.rowwise().mean() + y_.rowwise().mean());
      x_.colwise() -= centre;
      y_.colwise() -= centre;
    }
    p_ = s * x_.colwise().squaredNorm().transpose();
    q_ = s * y_.colwise().squaredNorm().transpose();
  }

  Matrix times(const Matrix& v) const {  // C v, v: m x r
    Matrix product = -k_ * (x_.transpose() * (y_ * v));
    product.noalias() += p_ * v.colwise().sum();
    product.rowwise() += q_.transpose() * v;
    return product;
  }
  Matrix transposed_times(const Matrix& v) const {  // C^T v, v: n x r
    Matrix product = -k_ * (y_.transpose() * (x_ * v));
    product.noalias() += q_ * v.colwise().sum();
    product.rowwise() += p_.transpose() * v;
    return product;
  }

 private:
  Matrix x_, y_;
  double k_ = 2.0;
  Vector p_, q_;
};

struct Factors {
  Matrix q, r;
  Vector g;
};

// w_i times twice the mass before and half of i, in the order given: a second measure of the same
// mass that leans to the end.
Vector leaning(const Vector& w, const std::vector<Index>& order) {
  Vector lean(w.size());
  double before = 0.0;
  for (const Index i : order) {
    lean[i] = 2.0 * w[i] * (before + 0.5 * w[i]);
    before += w[i];
  }
  return lean;
}

std::vector<Index> by_first_coordinate(const Matrix& points) {
  std::vector<Index> order(static_cast<std::size_t>(points.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index i, Index j) { return points(0, i) < points(0, j); });
  return order;
}

Factors start(const TransportProblem& problem, Index rank) {
  const Vector& a = problem.source.weights();
  const Vector& b = problem.target.weights();
  const Vector g = Vector::Constant(rank, 1.0 / static_cast<double>(rank));
  std::vector<Index> order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), Index{0});
  const Vector lean_g = leaning(g, order);
  const auto mixed = [&](const Vector& w, const Vector& lean) {
    return Matrix(0.5 *
                  (lean * lean_g.transpose() + (2.0 * w - lean) * (2.0 * g - lean_g).transpose()));
  };
  return {mixed(a, leaning(a, by_first_coordinate(problem.source.points()))),
          mixed(b, leaning(b, by_first_coordinate(problem.target.points()))), g};
}

// The closest (Q, R, g) in KL with Q 1 = a, R 1 = b, Q^T 1 = R^T 1 = g >= least, from Q, R and g.
Factors projected(Factors k, const Vector& a, const Vector& b, double least) {
  const Index rank = k.g.size();
  const Vector ones = Vector::Ones(rank);
  Vector v1 = ones, v2 = ones, c1 = ones, c2 = ones, floor_part = ones, sum_part = ones;
  Vector inner = k.g, u1, u2;
  for (int round = 0; round < most_projections; ++round) {
    u1 = a.cwiseQuotient((k.q * v1).cwiseMax(tiny));
    u2 = b.cwiseQuotient((k.r * v2).cwiseMax(tiny));
    Vector raised = inner.cwiseProduct(floor_part);
    inner = raised.cwiseMax(least);
    floor_part = raised.cwiseQuotient(inner);
    const Vector s1 = (k.q.transpose() * u1).cwiseMax(tiny),
                 s2 = (k.r.transpose() * u2).cwiseMax(tiny);
    const Vector product = inner.cwiseProduct(sum_part);
    const Vector w1 = v1.cwiseProduct(c1).cwiseProduct(s1),
                 w2 = v2.cwiseProduct(c2).cwiseProduct(s2);
    const Vector joint =
        ((product.array().log() + w1.array().max(tiny).log() + w2.array().max(tiny).log()) / 3.0)
            .exp();
    const Vector n1 = joint.cwiseQuotient(s1), n2 = joint.cwiseQuotient(s2);
    c1 = v1.cwiseProduct(c1).cwiseQuotient(n1);
    c2 = v2.cwiseProduct(c2).cwiseQuotient(n2);
    sum_part = product.cwiseQuotient(joint);
    v1 = n1;
    v2 = n2;
    inner = joint;
    const double error =
        (u1.cwiseProduct(k.q * v1) - a).lpNorm<1>() + (u2.cwiseProduct(k.r * v2) - b).lpNorm<1>();
    if (!(error > projection_tolerance)) break;
  }
  return {u1.asDiagonal() * k.q * v1.asDiagonal(), u2.asDiagonal() * k.r * v2.asDiagonal(), inner};
}

double symmetrised(const Matrix& p, const Matrix& q) {
  return ((p - q).array() * (p.array().max(tiny).log() - q.array().max(tiny).log())).sum();
}

double cost_of(const FactoredCost& cost, const Factors& at) {
  return at.q.cwiseProduct(cost.times(at.r)).colwise().sum().cwiseQuotient(at.g.transpose()).sum();
}

}  // namespace

void LowRankOptions::validate() const { validate_fields("LowRankOptions", *this); }

LowRankResult low_rank_sinkhorn(const TransportProblem& problem, const LowRankOptions& options,
                                const Observer& observer) {
  const auto begin = std::chrono::steady_clock::now();
  options.validate();
  require(problem.source.dim() == problem.target.dim(), "low_rank_sinkhorn", "target.dim()",
          problem.target.dim(), "the dimension of the source");
  const FactoredCost cost(problem);
  const Vector& a = problem.source.weights();
  const Vector& b = problem.target.weights();
  const Index rank =
      std::min<Index>(options.rank, std::min(problem.source.size(), problem.target.size()));
  const double least = std::min(options.least_mass, 0.1 / static_cast<double>(rank));
  Factors at = start(problem, rank);
  LowRankResult result;
  while (result.iterations < options.max_iterations) {
    const Vector inverse = at.g.cwiseInverse();
    const Matrix cr = cost.times(at.r), cq = cost.transposed_times(at.q);
    const Matrix grad_q = cr * inverse.asDiagonal(), grad_r = cq * inverse.asDiagonal();
    const Vector grad_g = -at.q.cwiseProduct(cr).colwise().sum().transpose().cwiseProduct(
        inverse.cwiseProduct(inverse));
    const double largest = std::max({grad_q.cwiseAbs().maxCoeff(), grad_r.cwiseAbs().maxCoeff(),
                                     grad_g.cwiseAbs().maxCoeff(), tiny});
    const double gamma = options.step / (largest * largest);
    // Row maxima taken away first: the projections undo any scaling of a row.
    const auto moved = [&](const Matrix& from, const Matrix& gradient) {
      const Matrix lowered = gradient.colwise() - gradient.rowwise().minCoeff();
      return Matrix(from.array() * (-gamma * lowered).array().exp());
    };
    Factors next = projected({moved(at.q, grad_q), moved(at.r, grad_r),
                              Vector(at.g.array() * (-gamma * grad_g).array().exp())},
                             a, b, least);
    if (!next.q.allFinite() || !next.r.allFinite() || !next.g.allFinite()) {
      result.termination = Termination::non_finite;
      break;
    }
    ++result.iterations;
    result.residual =
        (symmetrised(next.q, at.q) + symmetrised(next.r, at.r) + symmetrised(next.g, at.g)) /
        (gamma * gamma * static_cast<double>(a.size() + b.size()));
    at = std::move(next);
    result.converged = result.residual <= options.tolerance;
    if (result.converged) {
      result.termination = Termination::converged;
      break;
    }
    if (observer && !observer({.phase = "mirror descent",
                               .done = result.iterations,
                               .total = options.max_iterations,
                               .residual = result.residual,
                               .tolerance = options.tolerance})) {
      result.termination = Termination::interrupted;
      break;
    }
  }
  at.g /= at.g.sum();
  at.q = round_to_marginals(DenseCoupling(at.q), a, at.g).matrix();
  at.r = round_to_marginals(DenseCoupling(at.r), b, at.g).matrix();
  result.transport_cost = cost_of(cost, at);
  result.q = std::move(at.q);
  result.r = std::move(at.r);
  result.g = std::move(at.g);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace pushforward::ot
