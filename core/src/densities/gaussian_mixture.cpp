#include "pushforward/core/densities/gaussian_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "core/src/eigenpairs.hpp"
#include "core/src/isotropic_mixture.hpp"

namespace pushforward {
namespace {

std::string indexed(const char* name, Index k) {
  return std::string(name) + "[" + std::to_string(k) + "]";
}

void check_weights_and_means(VectorIn weights, PointsIn means) {
  const char* where = "GaussianMixture";
  require(means.rows() >= 1, where, "means.rows()", means.rows(), "at least 1");
  require(means.cols() >= 1, where, "means.cols()", means.cols(), "at least 1");
  require(weights.size() == means.cols(), where, "weights.size()", weights.size(),
          "one per column of means");
  for (Index k = 0; k < weights.size(); ++k) {
    require(std::isfinite(weights[k]) && weights[k] >= 0.0, where, indexed("weights", k),
            weights[k], "a non-negative number");
    for (Index j = 0; j < means.rows(); ++j) {
      require(std::isfinite(means(j, k)), where,
              "means(" + std::to_string(j) + ", " + std::to_string(k) + ")", means(j, k),
              "a finite number");
    }
  }
  require(std::abs(weights.sum() - 1.0) <= 1e-9, where, "the sum of weights", weights.sum(),
          "1 within 1e-9");
}

void check_covariance(const Matrix& c, Index dim, Index k) {
  const char* where = "GaussianMixture";
  const std::string name = indexed("covariances", k);
  require(c.rows() == dim, where, name + ".rows()", c.rows(), "the dimension of the means");
  require(c.cols() == dim, where, name + ".cols()", c.cols(), "the dimension of the means");
  require(c.allFinite(), where, name, "not finite", "finite entries");
  const double asymmetry = (c - c.transpose()).cwiseAbs().maxCoeff();
  require(asymmetry <= 1e-10 * c.cwiseAbs().maxCoeff(), where, "the asymmetry of " + name,
          asymmetry, "a symmetric matrix");
}

bool is_multiple_of_identity(const Matrix& c) {
  const double variance = c(0, 0);
  return c == Matrix(variance * Matrix::Identity(c.rows(), c.cols()));
}

void check_points(const char* where, Index dim, PointsIn x) {
  require(x.rows() == dim, where, "x.rows()", x.rows(), "the dimension of the mixture");
}

void check_noise(const char* where, double a, double s) {
  require(std::isfinite(a) && a >= 0.0, where, "a", a, "a non-negative number");
  require(std::isfinite(s) && (s == 0.0 || s >= 1e-100), where, "s", s, "0 or at least 1e-100");
}

}  // namespace

// The mixture seen through a X + s e, whose components are N(a m_k, S_k), S_k = a^2 C_k + s^2 I.
struct GaussianMixture::Level {
  Matrix means;      // a m_k
  Matrix total;      // eigenvalues of S_k, shaped as variances_
  Vector constants;  // log w_k - (d log(2 pi) + log det S_k) / 2

  // What a point is told by component k: r_k (shift_k + Q_k diag(gain_k) Q_k' (x - a m_k)).
  Matrix gain;
  const Matrix* shift = nullptr;
  Matrix pull;  // shift_k - gain_k a m_k, of isotropic components

  const std::vector<Matrix>* axes = nullptr;

  // Any of log_p (n), out (d x n), r (K x n) may be absent.
  void evaluate(PointsIn x, VectorOut* log_p, PointsOut* out, PointsOut* r) const;
  void evaluate_block(PointsIn x, Matrix& centred, Matrix& projected, Matrix& logs,
                      Vector& sums) const;
};

// logs: K x b, log(w_k N(x_i; a m_k, S_k)) on entry to the softmax, responsibilities on return.
// projected: d x (b K), x_i - a m_k along the axes of component k. centred: d x b, scratch.
void GaussianMixture::Level::evaluate_block(PointsIn x, Matrix& centred, Matrix& projected,
                                            Matrix& logs, Vector& sums) const {
  const Index b = x.cols();
  for (Index k = 0; k < means.cols(); ++k) {
    auto z = projected.middleCols(k * b, b);
    if (axes == nullptr) {
      z = x.colwise() - means.col(k);
      logs.row(k) = z.colwise().squaredNorm() / (-2.0 * total(0, k));
    } else {
      centred = x.colwise() - means.col(k);
      z.noalias() = (*axes)[static_cast<std::size_t>(k)].transpose() * centred;
      logs.row(k) = -0.5 * (z.array().square().colwise() / total.col(k).array()).colwise().sum();
    }
    logs.row(k).array() += constants[k];
  }
  for (Index i = 0; i < b; ++i) {
    const double largest = logs.col(i).maxCoeff<Eigen::PropagateNaN>();
    logs.col(i) = (logs.col(i).array() - largest).exp();
    const double sum = logs.col(i).sum();
    logs.col(i) /= sum;
    sums[i] = largest + std::log(sum);
  }
}

void GaussianMixture::Level::evaluate(PointsIn x, VectorOut* log_p, PointsOut* out,
                                      PointsOut* r) const {
  if (axes == nullptr && r == nullptr) {
    const detail::IsotropicTerms terms{
        means, total.transpose(), constants,
        out == nullptr ? Vector::Zero(means.cols()) : Vector(gain.transpose()),
        out == nullptr ? Matrix::Zero(means.rows(), means.cols()) : pull};
    detail::evaluate_isotropic(terms, x, log_p == nullptr ? nullptr : log_p->data(), out);
    return;
  }
  const Index d = x.rows();
  const Index components = means.cols();
  const Index block = std::clamp<Index>(Index{32768} / (d * components), 8, 256);
  Matrix projected(d, std::min(block, x.cols()) * components);
  Matrix logs(components, std::min(block, x.cols()));
  Matrix told(d, logs.cols());
  Vector sums(logs.cols());
  for (Index begin = 0; begin < x.cols(); begin += block) {
    const Index b = std::min(block, x.cols() - begin);
    if (b != logs.cols()) {
      logs.resize(components, b);
      told.resize(d, b);
    }
    evaluate_block(x.middleCols(begin, b), told, projected, logs, sums);
    if (log_p != nullptr) log_p->segment(begin, b) = sums.head(b);
    if (r != nullptr) r->middleCols(begin, b) = logs;
    if (out == nullptr) continue;
    told.setZero();
    for (Index k = 0; k < components; ++k) {
      auto z = projected.middleCols(k * b, b);
      if (axes == nullptr) {
        told.array() += z.array().rowwise() * (gain(0, k) * logs.row(k).array());
      } else {
        z.array().colwise() *= gain.col(k).array();
        z.array().rowwise() *= logs.row(k).array();
        told.noalias() += (*axes)[static_cast<std::size_t>(k)] * z;
      }
    }
    if (shift != nullptr) told.noalias() += *shift * logs;
    out->middleCols(begin, b) = told;
  }
}

GaussianMixture::GaussianMixture(Vector weights, Matrix means, Matrix variances, Axes axes)
    : weights_(std::move(weights)),
      means_(std::move(means)),
      variances_(std::move(variances)),
      axes_(std::move(axes)) {}

GaussianMixture::GaussianMixture(VectorIn weights, PointsIn means,
                                 const std::vector<Matrix>& covariances)
    : weights_(weights), means_(means) {
  check_weights_and_means(weights, means);
  const Index components = means.cols();
  require(covariances.size() == static_cast<std::size_t>(components), "GaussianMixture",
          "covariances.size()", covariances.size(), "one per column of means");
  weights_ /= weights_.sum();
  bool all_isotropic = true;
  for (Index k = 0; k < components; ++k) {
    const Matrix& c = covariances[static_cast<std::size_t>(k)];
    check_covariance(c, means.rows(), k);
    all_isotropic = all_isotropic && is_multiple_of_identity(c);
  }
  variances_.resize(all_isotropic ? 1 : means.rows(), components);
  std::vector<Matrix> axes;
  for (Index k = 0; k < components; ++k) {
    const Matrix& c = covariances[static_cast<std::size_t>(k)];
    const detail::Eigenpairs eigen = detail::symmetric_eigenpairs(c);
    const double smallest = eigen.values[0];
    require(smallest >= -1e-10 * c.cwiseAbs().maxCoeff(), "GaussianMixture",
            "the smallest eigenvalue of " + indexed("covariances", k), smallest, "at least 0");
    if (all_isotropic) {
      variances_(0, k) = c(0, 0);
    } else {
      variances_.col(k) = eigen.values.cwiseMax(0.0);
      axes.push_back(eigen.vectors);
    }
  }
  if (!all_isotropic) axes_ = std::make_shared<const std::vector<Matrix>>(std::move(axes));
}

GaussianMixture GaussianMixture::isotropic(VectorIn weights, PointsIn means,
                                           VectorIn standard_deviations) {
  check_weights_and_means(weights, means);
  require(standard_deviations.size() == means.cols(), "GaussianMixture",
          "standard_deviations.size()", standard_deviations.size(), "one per column of means");
  for (Index k = 0; k < means.cols(); ++k) {
    require(std::isfinite(standard_deviations[k]) && standard_deviations[k] >= 0.0,
            "GaussianMixture", indexed("standard_deviations", k), standard_deviations[k],
            "a non-negative number");
  }
  return {weights / weights.sum(), means, standard_deviations.array().square().matrix().transpose(),
          nullptr};
}

Matrix GaussianMixture::component_covariance(Index k) const {
  require(k >= 0 && k < components(), "GaussianMixture::component_covariance", "k", k,
          "a component");
  if (is_isotropic()) return variances_(0, k) * Matrix::Identity(dim(), dim());
  const Matrix& q = (*axes_)[static_cast<std::size_t>(k)];
  return q * variances_.col(k).asDiagonal() * q.transpose();
}

Vector GaussianMixture::mean() const { return means_ * weights_; }

Matrix GaussianMixture::covariance() const {
  const Matrix centred = means_.colwise() - mean();
  Matrix total = centred * weights_.asDiagonal() * centred.transpose();
  for (Index k = 0; k < components(); ++k) total += weights_[k] * component_covariance(k);
  return total;
}

GaussianMixture::Level GaussianMixture::level(double a, double s) const {
  Level level;
  level.means = a * means_;
  level.total = ((a * a) * variances_).array() + s * s;
  level.axes = axes_.get();
  const double repeats = is_isotropic() ? static_cast<double>(dim()) : 1.0;
  level.constants = weights_.array().log() -
                    0.5 * (static_cast<double>(dim()) * std::log(2.0 * std::numbers::pi) +
                           repeats * level.total.array().log().colwise().sum().transpose());
  return level;
}

GaussianMixture::Level GaussianMixture::density_level(const char* where) const {
  require(variances_.minCoeff() > 0.0, where, "the smallest variance", variances_.minCoeff(),
          "greater than 0 for a law with a density");
  Level level = this->level(1.0, 0.0);
  level.gain = -level.total.cwiseInverse();
  if (is_isotropic()) level.pull = means_ * level.total.cwiseInverse().row(0).asDiagonal();
  return level;
}

void GaussianMixture::log_density(PointsIn x, VectorOut log_p) const {
  const char* where = "GaussianMixture::log_density";
  check_points(where, dim(), x);
  require(log_p.size() == x.cols(), where, "log_p.size()", log_p.size(), "one per point");
  density_level(where).evaluate(x, &log_p, nullptr, nullptr);
}

void GaussianMixture::log_density_and_score(PointsIn x, VectorOut log_p, PointsOut score) const {
  const char* where = "GaussianMixture::log_density_and_score";
  check_points(where, dim(), x);
  require(log_p.size() == x.cols(), where, "log_p.size()", log_p.size(), "one per point");
  require(score.rows() == dim(), where, "score.rows()", score.rows(),
          "the dimension of the mixture");
  require(score.cols() == x.cols(), where, "score.cols()", score.cols(), "one per point");
  density_level(where).evaluate(x, &log_p, &score, nullptr);
}

void GaussianMixture::responsibilities(PointsIn x, PointsOut r) const {
  const char* where = "GaussianMixture::responsibilities";
  check_points(where, dim(), x);
  require(r.rows() == components(), where, "r.rows()", r.rows(), "one per component");
  require(r.cols() == x.cols(), where, "r.cols()", r.cols(), "one per point");
  density_level(where).evaluate(x, nullptr, nullptr, &r);
}

void GaussianMixture::denoise(PointsIn x, double a, double s, PointsOut d) const {
  const char* where = "GaussianMixture::denoise";
  check_points(where, dim(), x);
  require(d.rows() == dim(), where, "d.rows()", d.rows(), "the dimension of the mixture");
  require(d.cols() == x.cols(), where, "d.cols()", d.cols(), "one per point");
  check_noise(where, a, s);
  require(a > 0.0 || s > 0.0, where, "a", a, "greater than 0 where s is 0");
  if (s == 0.0) {
    d = x / a;
    return;
  }
  Level level = this->level(a, s);
  level.gain = a * variances_.cwiseQuotient(level.total);
  level.shift = &means_;
  // 1 - a gain = s^2 / S, without the cancellation
  if (is_isotropic()) {
    level.pull = means_ * (s * s * level.total.cwiseInverse()).row(0).asDiagonal();
  }
  level.evaluate(x, nullptr, &d, nullptr);
}

GaussianMixture GaussianMixture::noised(double a, double s) const {
  check_noise("GaussianMixture::noised", a, s);
  return {weights_, a * means_, ((a * a) * variances_).array() + s * s, axes_};
}

void GaussianMixture::draw(const RngKey& key, PointsOut x) const { draw_labelled(key, x); }

std::optional<Vector> GaussianMixture::gaussian_mean() const {
  if (components() > 1) return std::nullopt;
  return Vector(means_.col(0));
}

IndexVector GaussianMixture::draw_labelled(const RngKey& key, PointsOut x) const {
  check_points("GaussianMixture::draw", dim(), x);
  IndexVector labels = categorical(key, weights_, x.cols());
  fill_normal(key, x);
  Vector scaled(dim());
  for (Index i = 0; i < x.cols(); ++i) {
    const Index k = labels[i];
    if (is_isotropic()) {
      x.col(i) = means_.col(k) + std::sqrt(variances_(0, k)) * x.col(i);
    } else {
      scaled = variances_.col(k).cwiseSqrt().cwiseProduct(x.col(i));
      x.col(i) = means_.col(k) + (*axes_)[static_cast<std::size_t>(k)] * scaled;
    }
  }
  return labels;
}

}  // namespace pushforward
