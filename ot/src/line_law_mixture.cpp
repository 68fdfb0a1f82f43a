// Gaussian mixtures on the line.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <boost/math/quadrature/gauss.hpp>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/special.hpp"
#include "pushforward/ot/line_law.hpp"

namespace pushforward::ot {
namespace {

// Nothing that a double can hold lies beyond: erfc underflows there.
constexpr double far = 39.0;

class Mixture final : public LineLaw {
 public:
  Mixture(double origin, Vector weights, Vector means, Vector deviations)
      : origin_(origin),
        weights_(std::move(weights)),
        means_(std::move(means)),
        deviations_(std::move(deviations)) {}

  double origin() const override { return origin_; }

  double quantile(const MassSplit& split) const override {
    const bool left = split.below <= split.above;
    const double mass = left ? split.below : split.above;
    double low = (means_ - far * deviations_).minCoeff();
    double high = (means_ + far * deviations_).maxCoeff();
    if (mass <= 0.0) return left ? low : high;
    if (weights_.size() == 1) {
      const double z = normal_quantile(mass);
      return std::clamp(means_[0] + (left ? z : -z) * deviations_[0], low, high);
    }
    // Newton on the logarithm of the tail, inside a bracket that bisection halves whenever a step
    // would leave it.
    double x = 0.5 * (low + high);
    for (int step = 0; step < 200; ++step) {
      const double reached = tail(x, left ? -1.0 : 1.0);
      ((reached > mass) == left ? high : low) = x;
      const double move = reached * std::log(reached / mass) / density(x);
      double next = left ? x - move : x + move;
      if (!(next > low && next < high)) next = 0.5 * (low + high);
      const double moved = std::abs(next - x);
      x = next;
      if (moved <= 1e-16 * std::max(std::abs(x), deviations_.minCoeff())) break;
    }
    return x;
  }

  MassSplit split(double x) const override { return {tail(x, -1.0), tail(x, 1.0)}; }

  LineMoments moments(double low, double high, double centre) const override {
    LineMoments sum;
    for (Index k = 0; k < weights_.size(); ++k) {
      const double from = std::max(low, means_[k] - far * deviations_[k]);
      const double to = std::min(high, means_[k] + far * deviations_[k]);
      if (!(from < to)) continue;
      add_side(k, std::max(from, means_[k]), to, 1.0, centre, sum);
      add_side(k, std::min(to, means_[k]), from, -1.0, centre, sum);
    }
    return sum;
  }

 private:
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
    for (Index k = 0; k < weights_.size(); ++k) sum += component_density(k, x);
    return sum;
  }

  double component_density(Index k, double x) const {
    const double z = (x - means_[k]) / deviations_[k];
    return weights_[k] * std::exp(-0.5 * z * z) / deviations_[k] /
           std::sqrt(2.0 * std::numbers::pi);
  }

  // Component k from `near` outwards to `distant`, both on one side of its mean. On steps of
  // sigma / max(1, |z|) the logarithm of the density falls by about one, where ten Gauss nodes are
  // exact to rounding.
  void add_side(Index k, double near, double distant, double side, double centre,
                LineMoments& sum) const {
    using Rule = boost::math::quadrature::gauss<double, 10>;
    LineMoments total;
    while (side * (distant - near) > 0.0) {
      const double z = std::abs(near - means_[k]) / deviations_[k];
      const double step = deviations_[k] / std::max(1.0, z);
      double next = near + side * step;
      if (side * (distant - next) <= 0.0) next = distant;
      const double half = 0.5 * std::abs(next - near);
      LineMoments part;
      for (std::size_t i = 0; i < Rule::abscissa().size(); ++i) {
        const double inset = half * (1.0 - Rule::abscissa()[i]);
        for (const double x : {near + side * inset, next - side * inset}) {
          const double mass = Rule::weights()[i] * half * component_density(k, x);
          const double arm = x - centre;
          part.mass += mass;
          part.first += mass * arm;
          part.second += mass * arm * arm;
        }
      }
      total.mass += part.mass;
      total.first += part.first;
      total.second += part.second;
      if (part.mass <= 1e-20 * total.mass && part.second <= 1e-20 * total.second) break;
      near = next;
    }
    sum.mass += total.mass;
    sum.first += total.first;
    sum.second += total.second;
  }

  double origin_;
  Vector weights_, means_, deviations_;  // K each, means from the origin
};

}  // namespace

LineLawPtr gaussian_line_law(double mean, double deviation) {
  constexpr const char* here = "gaussian_line_law";
  require(std::isfinite(mean), here, "mean", mean, "a finite number");
  require(deviation > 0.0 && std::isfinite(deviation), here, "deviation", deviation,
          "positive and finite");
  return std::make_shared<Mixture>(mean, Vector::Ones(1), Vector::Zero(1),
                                   Vector::Constant(1, deviation));
}

LineLawPtr mixture_line_law(const GaussianMixture& mixture) {
  constexpr const char* here = "mixture_line_law";
  require(mixture.dim() == 1, here, "mixture.dim()", mixture.dim(), "1");
  const double origin = mixture.mean()[0];
  Vector deviations(mixture.components());
  for (Index k = 0; k < mixture.components(); ++k) {
    deviations[k] = std::sqrt(mixture.component_covariance(k)(0, 0));
    require(deviations[k] > 0.0, here, "the variance of component " + std::to_string(k), 0.0,
            "positive");
  }
  return std::make_shared<Mixture>(origin, mixture.weights(),
                                   mixture.means().row(0).transpose().array() - origin, deviations);
}

}  // namespace pushforward::ot
