#include "pushforward/diffusion/quantile_flow.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

#include "core/src/eigenpairs.hpp"
#include "core/src/parallel.hpp"

namespace pushforward::diffusion {
namespace {

// A mixture on the line at one level.
class Line {
 public:
  explicit Line(const GaussianMixture& law)
      : weights_(law.weights()), means_(law.means().row(0)), deviations_(law.components()) {
    for (Index k = 0; k < law.components(); ++k) {
      deviations_[k] = std::sqrt(law.component_covariance(k)(0, 0));
      require(deviations_[k] > 0.0, "quantile_flow",
              "the variance of component " + std::to_string(k), 0.0, "positive at a level of 0");
    }
  }

  /// P(X <= x) for side = -1 and P(X >= x) for side = +1, accurate when small.
  double tail(double x, double side) const {
    double sum = 0.0;
    for (Index k = 0; k < weights_.size(); ++k) {
      const double z = side * (x - means_[k]) / deviations_[k];
      sum += weights_[k] * 0.5 * std::erfc(z * std::numbers::sqrt2 * 0.5);
    }
    return sum;
  }

  double density(double x) const {
    double sum = 0.0;
    for (Index k = 0; k < weights_.size(); ++k) {
      const double z = (x - means_[k]) / deviations_[k];
      sum += weights_[k] * std::exp(-0.5 * z * z) / deviations_[k];
    }
    return sum / std::sqrt(2.0 * std::numbers::pi);
  }

  /// The x with tail(x, side) = p > 0. Newton on log tail, kept inside a bracket that bisection
  /// halves whenever a step would leave it or fails to.
  double inverse_tail(double p, double side) const {
    // Nothing lies beyond 39 standard deviations: erfc underflows there.
    double low = (means_ - 39.0 * deviations_).minCoeff();
    double high = (means_ + 39.0 * deviations_).maxCoeff();
    double x = 0.5 * (low + high);
    for (int i = 0; i < 200; ++i) {
      const double value = tail(x, side);
      // The tail falls with x on the right side and grows on the left one.
      ((value > p) == (side > 0.0) ? low : high) = x;
      const double slope = density(x);
      double next = x + side * value * std::log(value / p) / slope;
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      const double moved = std::abs(next - x);
      x = next;
      if (moved <= 1e-15 * std::max(std::abs(x), deviations_.minCoeff())) break;
    }
    return x;
  }

 private:
  Vector weights_, means_, deviations_;
};

void check(const char* where, const GaussianMixture& data, PointsIn x, double from, double to) {
  require(x.rows() == data.dim(), where, "x.rows()", x.rows(),
          "the dimension of the data, " + std::to_string(data.dim()));
  require(std::isfinite(from) && from >= 0.0, where, "from", from, "a finite level of at least 0");
  require(std::isfinite(to) && to >= 0.0, where, "to", to, "a finite level of at least 0");
  pushforward::detail::require_finite(x, where, "x");
}

}  // namespace

Matrix quantile_flow(const GaussianMixture& data, const NoisePath& path, double from, double to,
                     PointsIn x) {
  require(data.dim() == 1, "quantile_flow", "data.dim()", data.dim(), "1");
  check("quantile_flow", data, x, from, to);
  const Scales begin = path.scales(from);
  const Scales end = path.scales(to);
  const Line source(data.noised(begin.a, begin.s));
  const Line target(data.noised(end.a, end.s));
  Matrix image(1, x.cols());
  pushforward::detail::parallel_blocks(x.cols(), 64, 0, [&](Index first, Index last, Index) {
    for (Index i = first; i < last; ++i) {
      const double left = source.tail(x(0, i), -1.0);
      const double right = source.tail(x(0, i), 1.0);
      const double side = right < left ? 1.0 : -1.0;
      image(0, i) = target.inverse_tail(std::min(left, right), side);
    }
  });
  return image;
}

Matrix gaussian_flow(const GaussianMixture& data, const NoisePath& path, double from, double to,
                     PointsIn x) {
  require(data.components() == 1, "gaussian_flow", "data.components()", data.components(), "1");
  check("gaussian_flow", data, x, from, to);
  const Scales begin = path.scales(from);
  const Scales end = path.scales(to);
  const auto eigen = pushforward::detail::symmetric_eigenpairs(data.component_covariance(0));
  const Vector spread = eigen.values.cwiseMax(0.0);
  const auto variances = spread.array();
  const Vector ratio = ((end.a * end.a * variances + end.s * end.s) /
                        (begin.a * begin.a * variances + begin.s * begin.s))
                           .sqrt();
  const Vector mean = data.means().col(0);
  const Matrix centred = x.colwise() - begin.a * mean;
  const Matrix image = eigen.vectors * ratio.asDiagonal() * (eigen.vectors.transpose() * centred);
  return image.colwise() + end.a * mean;
}

}  // namespace pushforward::diffusion
