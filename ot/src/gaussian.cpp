#include "pushforward/ot/gaussian.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>

#include <Eigen/SVD>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

#include "core/src/eigenpairs.hpp"

namespace pushforward::ot {
namespace {

using Svd = Eigen::JacobiSVD<Matrix, Eigen::NoQRPreconditioner>;  // keeps unaligned storage

constexpr double psd_tolerance = 1e-12;    // of the trace: what rounding makes of zero
constexpr double rank_tolerance = 1e-15;   // of the largest eigenvalue, per dimension
constexpr double range_tolerance = 1e-10;  // of the trace: mass off a range that is not rounding

// A covariance with its square root and the inverse of that on the range.
struct Root {
  Vector eigenvalues;  // rising, at least 0
  Matrix vectors;
  Matrix root;

  Matrix inverse_root() const {
    Vector inverse(eigenvalues.size());
    for (Index k = 0; k < inverse.size(); ++k) {
      inverse[k] = eigenvalues[k] > 0.0 ? 1.0 / std::sqrt(eigenvalues[k]) : 0.0;
    }
    return vectors * inverse.asDiagonal() * vectors.transpose();
  }
};

Root root_of(const Matrix& covariance, const char* where, const std::string& name) {
  const auto eigen = pushforward::detail::symmetric_eigenpairs(covariance);
  Root root{eigen.values, eigen.vectors, {}};
  const double least = root.eigenvalues[0];
  require(least >= -psd_tolerance * std::max(0.0, covariance.trace()), where,
          "least eigenvalue of " + name, least, "at least 0: positive semi-definite");
  // What rounding made of zero would come out as its square root.
  const double zero =
      rank_tolerance * static_cast<double>(covariance.rows()) * root.eigenvalues.maxCoeff();
  for (double& value : root.eigenvalues) value = value > zero ? value : 0.0;
  root.root = root.vectors * root.eigenvalues.cwiseSqrt().asDiagonal() * root.vectors.transpose();
  return root;
}

Root checked(const Gaussian& gaussian, const char* where, const std::string& name) {
  const Index d = gaussian.mean.size();
  require(d > 0, where, name + ".mean.size()", d, "at least 1");
  require(gaussian.covariance.rows() == d, where, name + ".covariance.rows()",
          gaussian.covariance.rows(), std::to_string(d) + ", the size of the mean");
  require(gaussian.covariance.cols() == d, where, name + ".covariance.cols()",
          gaussian.covariance.cols(), std::to_string(d) + ", the size of the mean");
  pushforward::detail::require_finite(gaussian.mean, where, (name + ".mean").c_str());
  pushforward::detail::require_finite(gaussian.covariance, where, (name + ".covariance").c_str());
  const double skew = (gaussian.covariance - gaussian.covariance.transpose()).cwiseAbs().maxCoeff();
  require(skew <= 1e-12 * gaussian.covariance.cwiseAbs().maxCoeff(), where,
          "asymmetry of " + name + ".covariance", skew, "0: symmetric");
  return root_of(gaussian.covariance, where, name + ".covariance");
}

// B^{1/2} A^{1/2} = U S V^T, so that (A^{1/2} B A^{1/2})^{1/2} = V S V^T without squaring what is
// small, and the coupling of X = A^{1/2} Z with Y = B^{1/2} U V^T Z is optimal.
struct Pair {
  Root a, b;
  Vector singular;  // falling
  Matrix u, v;

  Pair(const Gaussian& source, const Gaussian& target, const char* where)
      : a(checked(source, where, "source")), b(checked(target, where, "target")) {
    require(target.mean.size() == source.mean.size(), where, "target.mean.size()",
            target.mean.size(), std::to_string(source.mean.size()) + ", that of the source");
    decompose();
  }
  Pair(Root first, Root second) : a(std::move(first)), b(std::move(second)) { decompose(); }

  // tr A + tr B - 2 tr S, as a sum of squares.
  double bures_squared() const { return (a.root - b.root * (u * v.transpose())).squaredNorm(); }

 private:
  void decompose() {
    const Matrix product = b.root * a.root;
    const Svd svd(product, Eigen::ComputeFullU | Eigen::ComputeFullV);
    singular = svd.singularValues();
    u = svd.matrixU();
    v = svd.matrixV();
  }
};

Matrix symmetric(const Matrix& x) { return 0.5 * (x + x.transpose()); }

// With epsilon = 2 s2 each singular value q lowers the entropic cost below that of independent
// Gaussians by h = (r - s2) - s2 log((r + s2) / (2 s2)), r = (4 q^2 + s2^2)^{1/2}.
double entropic_gain(double q, double s2) {
  const double r = std::hypot(2.0 * q, s2);
  const double excess = 2.0 * q * (2.0 * q / (r + s2));  // r - s2
  const double logarithm =
      excess < s2 ? std::log1p(0.5 * excess / s2) : std::log(0.5 * (r + s2)) - std::log(s2);
  return excess - s2 * logarithm;
}

double entropic_gain(const Vector& singular, double s2) {
  double sum = 0.0;
  for (const double q : singular) sum += entropic_gain(q, s2);
  return sum;
}

void require_positive(double value, const char* where, const char* name) {
  require(value > 0.0 && std::isfinite(value), where, name, value, "greater than 0");
}

}  // namespace

void GaussianBarycenterOptions::validate() const {
  validate_fields("GaussianBarycenterOptions", *this);
}

Matrix AffineMap::operator()(PointsIn x) const {
  require(x.rows() == slope.cols(), "AffineMap", "x.rows()", x.rows(),
          std::to_string(slope.cols()));
  return (slope * x).colwise() + offset;
}

double gaussian_wasserstein_2_squared(const Gaussian& source, const Gaussian& target) {
  const Pair pair(source, target, "gaussian_wasserstein_2_squared");
  return (source.mean - target.mean).squaredNorm() + pair.bures_squared();
}

AffineMap gaussian_map(const Gaussian& source, const Gaussian& target) {
  const Pair pair(source, target, "gaussian_map");
  const Matrix inverse = pair.a.inverse_root();
  const Matrix projection = pair.a.root * inverse;
  const double off_range =
      (target.covariance - projection * target.covariance * projection).cwiseAbs().maxCoeff();
  require(off_range <= range_tolerance * target.covariance.trace(), "gaussian_map",
          "target.covariance off the range of source.covariance", off_range,
          "0: a map cannot create new directions");
  AffineMap map;
  map.slope =
      symmetric(inverse * pair.v * pair.singular.asDiagonal() * pair.v.transpose() * inverse);
  map.offset = target.mean - map.slope * source.mean;
  return map;
}

Gaussian gaussian_geodesic(const Gaussian& source, const Gaussian& target, double t) {
  require(t >= 0.0 && t <= 1.0, "gaussian_geodesic", "t", t, "between 0 and 1");
  const Pair pair(source, target, "gaussian_geodesic");
  const Matrix root = (1.0 - t) * pair.a.root + t * pair.b.root * pair.u * pair.v.transpose();
  return {(1.0 - t) * source.mean + t * target.mean, root * root.transpose()};
}

GaussianBarycenter gaussian_barycenter(const std::vector<Gaussian>& gaussians, VectorIn weights,
                                       const GaussianBarycenterOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  constexpr const char* where = "gaussian_barycenter";
  options.validate();
  require(!gaussians.empty(), where, "gaussians.size()", gaussians.size(), "at least 1");
  require(weights.size() == static_cast<Index>(gaussians.size()), where, "weights.size()",
          weights.size(), std::to_string(gaussians.size()) + ", one per Gaussian");
  double total = 0.0;
  for (Index i = 0; i < weights.size(); ++i) {
    require(weights[i] >= 0.0 && std::isfinite(weights[i]), where,
            "weights[" + std::to_string(i) + "]", weights[i], "a finite number of at least 0");
    total += weights[i];
  }
  require(total > 0.0 && std::isfinite(total), where, "sum of weights", total,
          "a positive finite sum");
  const Index d = gaussians.front().mean.size();
  std::vector<Root> roots;
  GaussianBarycenter result;
  Gaussian& center = result.barycenter;
  center = {Vector::Zero(d), Matrix::Zero(d, d)};
  for (std::size_t i = 0; i < gaussians.size(); ++i) {
    const std::string name = "gaussians[" + std::to_string(i) + "]";
    roots.push_back(checked(gaussians[i], where, name));
    require(gaussians[i].mean.size() == d, where, name + ".mean.size()", gaussians[i].mean.size(),
            std::to_string(d) + ", that of the first");
    const double w = weights[static_cast<Index>(i)] / total;
    center.mean += w * gaussians[i].mean;
    center.covariance += w * gaussians[i].covariance;
  }
  while (!result.converged && result.iterations < options.max_iterations) {
    const Root root = root_of(center.covariance, where, "the barycenter's covariance");
    Matrix sum = Matrix::Zero(d, d);
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const Pair pair(root, roots[i]);
      sum += weights[static_cast<Index>(i)] / total *
             (pair.v * pair.singular.asDiagonal() * pair.v.transpose());
    }
    const Matrix factor = root.inverse_root() * sum;
    const Matrix next = factor * factor.transpose();
    const double size = center.covariance.norm();
    const double change = (next - center.covariance).norm();
    center.covariance = next;
    ++result.iterations;
    result.residual = size == 0.0 ? 0.0 : change / size;
    result.converged = result.residual <= options.tolerance;
    if (std::isnan(result.residual)) {
      result.termination = Termination::non_finite;
      return result;
    }
  }
  if (result.converged) result.termination = Termination::converged;
  const Root root = root_of(center.covariance, where, "the barycenter's covariance");
  result.mean_squared_distance = 0.0;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    result.mean_squared_distance +=
        weights[static_cast<Index>(i)] / total *
        ((center.mean - gaussians[i].mean).squaredNorm() + Pair(root, roots[i]).bures_squared());
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

EntropicGaussian gaussian_entropic(const Gaussian& source, const Gaussian& target, double epsilon) {
  require_positive(epsilon, "gaussian_entropic", "epsilon");
  const Pair pair(source, target, "gaussian_entropic");
  const double s2 = 0.5 * epsilon;
  const double separate = (source.mean - target.mean).squaredNorm() + source.covariance.trace() +
                          target.covariance.trace();
  Vector correlation(pair.singular.size());
  for (Index k = 0; k < correlation.size(); ++k) {
    correlation[k] = 2.0 * pair.singular[k] / (std::hypot(2.0 * pair.singular[k], s2) + s2);
  }
  EntropicGaussian result;
  result.kl_cost = separate - entropic_gain(pair.singular, s2);
  // Cov(Y, X) A^{-1/2}, from which no inverse of A is taken where A^{1/2} follows.
  const Matrix half = pair.b.root * pair.u * correlation.asDiagonal() * pair.v.transpose();
  result.cross_covariance = (half * pair.a.root).transpose();
  result.linear_cost = separate - 2.0 * result.cross_covariance.trace();
  result.conditional_mean.slope = half * pair.a.inverse_root();
  result.conditional_mean.offset = target.mean - result.conditional_mean.slope * source.mean;
  return result;
}

double gaussian_sinkhorn_divergence(const Gaussian& source, const Gaussian& target,
                                    double epsilon) {
  require_positive(epsilon, "gaussian_sinkhorn_divergence", "epsilon");
  const Pair pair(source, target, "gaussian_sinkhorn_divergence");
  const double s2 = 0.5 * epsilon;
  // Traces cancel; A^{1/2} A A^{1/2} has the root A.
  return (source.mean - target.mean).squaredNorm() + 0.5 * entropic_gain(pair.a.eigenvalues, s2) +
         0.5 * entropic_gain(pair.b.eigenvalues, s2) - entropic_gain(pair.singular, s2);
}

UnbalancedGaussian gaussian_unbalanced(const Gaussian& source, double source_mass,
                                       const Gaussian& target, double target_mass, double epsilon,
                                       double rho) {
  constexpr const char* where = "gaussian_unbalanced";
  require_positive(source_mass, where, "source_mass");
  require_positive(target_mass, where, "target_mass");
  require_positive(epsilon, where, "epsilon");
  require_positive(rho, where, "rho");
  const Pair pair(source, target, where);
  const Index d = source.mean.size();
  const double s2 = 0.5 * epsilon;
  const double lambda = s2 + 0.5 * rho;
  const double tau = rho / (epsilon + rho);
  // A~ = (rho / 2) A (A + lambda)^{-1}, and the eigenvalues nu of A~ B~ as squared singular values.
  const auto damped_root = [&](const Root& root) {
    Vector values(d);
    for (Index k = 0; k < d; ++k) {
      values[k] = std::sqrt(0.5 * rho * root.eigenvalues[k] / (root.eigenvalues[k] + lambda));
    }
    return Matrix(root.vectors * values.asDiagonal() * root.vectors.transpose());
  };
  const Matrix product = damped_root(pair.b) * damped_root(pair.a);
  const Vector singular = Svd(product).singularValues();
  // det C, det(C - (2 / rho) A~ B~), det A~ B~ and det A B all vanish with an eigenvalue of A or B;
  // C = nu / (tau (r + s2 / 2)) takes nu out of the first two, and A~ against A leaves A + lambda.
  double spectral = 0.0, split = 0.0;
  for (Index k = 0; k < d; ++k) {
    const double r = std::hypot(singular[k] / std::sqrt(tau), 0.5 * s2);
    const double share = tau * (r + 0.5 * s2);
    spectral += std::log(0.5 * rho) - std::log(share) -
                0.5 * std::log(pair.a.eigenvalues[k] + lambda) -
                0.5 * std::log(pair.b.eigenvalues[k] + lambda);
    split += std::log(1.0 / share - 2.0 / rho);
  }
  const Vector between = source.mean - target.mean;
  const auto spread =
      pushforward::detail::symmetric_eigenpairs(source.covariance + target.covariance);
  const Vector along = spread.vectors.transpose() * between;
  const double distance = (along.array().square() / (spread.values.array() + lambda)).sum();
  const double log_mass =
      static_cast<double>(d) * 0.5 * s2 * std::log(s2) / (rho + s2) - 0.5 * split +
      (std::log(source_mass) + std::log(target_mass) + spectral - 0.5 * distance) / (tau + 1.0);
  UnbalancedGaussian result{std::exp(log_mass), 0.0};
  result.value = rho * (source_mass + target_mass) + epsilon * source_mass * target_mass -
                 (epsilon + 2.0 * rho) * result.mass;
  return result;
}

}  // namespace pushforward::ot
