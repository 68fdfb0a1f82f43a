#include "pushforward/ot/warm_start.hpp"

#include <string>
#include <utility>

#include <Eigen/Cholesky>

#include "pushforward/core/errors.hpp"

#include "ot/src/unequal_masses.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "PotentialPredictor";

}  // namespace

SinkhornResult sinkhorn_from(const WarmStart& start, const TransportProblem& problem,
                             const SinkhornOptions& options, const Observer& observer) {
  constexpr const char* where = "sinkhorn_from";
  options.validate();
  require(start.f.size() > 0 || start.g.size() > 0, where, "start", "empty",
          "a source or a target potential");
  if (start.f.size() > 0) return sinkhorn_from(start.f, problem, options, observer);
  require(start.g.size() == problem.target.size(), where, "g.size()", start.g.size(),
          std::to_string(problem.target.size()));
  for (Index j = 0; j < start.g.size(); ++j) {
    require(std::isfinite(start.g[j]), where, "g[" + std::to_string(j) + "]", start.g[j],
            "a finite number");
  }
  Softmin softmin(problem, {.epsilon = options.epsilon, .threads = options.threads});
  Vector f = Vector::Zero(problem.source.size());
  softmin.rows(start.g, f);
  SinkhornResult result = sinkhorn_from(f, problem, options, observer);
  ++result.passes;
  return result;
}

void PotentialPredictor::learn(VectorIn a, VectorIn b, VectorIn f) {
  detail::require_potential(f, a.size(), here);
  solved_.push_back({joined(a, b), f.array() - f.mean()});
  learnt();
}

Vector PotentialPredictor::joined(VectorIn a, VectorIn b) const {
  require(a.size() >= 1, here, "a.size()", a.size(), "at least 1");
  if (!solved_.empty()) {
    const Index n = solved_.front().f.size(), m = solved_.front().weights.size() - n;
    require(a.size() == n, here, "a.size()", a.size(), std::to_string(n));
    require(b.size() == m, here, "b.size()", b.size(), std::to_string(m));
  }
  Vector weights(a.size() + b.size());
  weights << a, b;
  return weights;
}

Vector LastSolution::predict(VectorIn a, VectorIn b) const {
  joined(a, b);
  return solved().empty() ? Vector(Vector::Zero(a.size())) : solved().back().f;
}

Vector NearestSolution::predict(VectorIn a, VectorIn b) const {
  const Vector weights = joined(a, b);
  if (solved().empty()) return Vector::Zero(a.size());
  const Solved* nearest = nullptr;
  double least = 0.0;
  for (const Solved& other : solved()) {
    const double distance = (other.weights - weights).lpNorm<1>();
    if (nearest == nullptr || distance < least) {
      nearest = &other;
      least = distance;
    }
  }
  return nearest->f;
}

RidgePotentials::RidgePotentials(double ridge) : ridge_(ridge) {
  require(ridge > 0.0 && std::isfinite(ridge), "RidgePotentials", "ridge", ridge, "greater than 0");
}

void RidgePotentials::fit() const {
  const Index n = solved().front().f.size(), k = size();
  spread_.resize(solved().front().weights.size(), k);
  coefficients_.resize(n, k);
  for (Index j = 0; j < k; ++j) {
    spread_.col(j) = solved()[static_cast<std::size_t>(j)].weights;
    coefficients_.col(j) = solved()[static_cast<std::size_t>(j)].f;
  }
  mean_weights_ = spread_.rowwise().mean();
  mean_f_ = coefficients_.rowwise().mean();
  spread_.colwise() -= mean_weights_;
  coefficients_.colwise() -= mean_f_;
  Matrix gram = spread_.transpose() * spread_;
  const double scale = gram.trace() / static_cast<double>(k);
  if (scale > 0.0) {
    gram.diagonal().array() += ridge_ * scale;
    const Matrix solution = gram.ldlt().solve(coefficients_.transpose());
    coefficients_ = solution.transpose();
  } else {
    coefficients_.setZero();  // all weights alike: their mean is all there is to say
  }
  fitted_ = true;
}

Vector RidgePotentials::predict(VectorIn a, VectorIn b) const {
  const Vector weights = joined(a, b);
  if (solved().empty()) return Vector::Zero(a.size());
  if (!fitted_) fit();
  const Vector products = spread_.transpose() * (weights - mean_weights_);
  return mean_f_ + coefficients_ * products;
}

WarmStartComparison compare_warm_start(VectorIn f, const TransportProblem& problem,
                                       const SinkhornOptions& options) {
  return {sinkhorn(problem, options), sinkhorn_from(f, problem, options)};
}

}  // namespace pushforward::ot
