/// Penalties of a marginal in their dual form, point by point.
#pragma once

#include <algorithm>
#include <cmath>

#include "pushforward/ot/unbalanced.hpp"

namespace pushforward::ot::detail {

/// All values are per unit of mass a_i: q = r_i / a_i is the share that the coupling ships.
class PenaltyDual {
 public:
  explicit PenaltyDual(const MarginalOptions& options) : o_(options) {
    if (o_.penalty != MarginalPenalty::range && std::isinf(o_.rho)) {
      o_.penalty = MarginalPenalty::exact;
    }
  }

  bool is(MarginalPenalty penalty) const { return o_.penalty == penalty; }
  bool is_hard() const { return is(MarginalPenalty::exact) || is(MarginalPenalty::range); }
  double rho() const { return o_.rho; }

  /// The best potential where `soft`, the soft minimum, would ship a_i exactly.
  double best(double soft, double epsilon) const {
    switch (o_.penalty) {
      case MarginalPenalty::exact:
        return soft;
      case MarginalPenalty::kullback_leibler:
        return soft * (o_.rho / (o_.rho + epsilon));
      case MarginalPenalty::total_variation:
        return std::clamp(soft, -o_.rho, o_.rho);
      case MarginalPenalty::range:
        break;
    }
    return std::clamp(0.0, soft + epsilon * std::log(o_.low), soft + epsilon * std::log(o_.high));
  }

  /// The nearest potential at which the dual is finite.
  double admissible(double f) const {
    return is(MarginalPenalty::total_variation) ? std::clamp(f, -o_.rho, o_.rho) : f;
  }

  /// -F*(-f): what a potential adds to the dual.
  double value(double f) const {
    switch (o_.penalty) {
      case MarginalPenalty::exact:
        return f;
      case MarginalPenalty::kullback_leibler:
        return -o_.rho * std::expm1(-f / o_.rho);
      case MarginalPenalty::total_variation:
        return f;  // |f| <= rho throughout
      case MarginalPenalty::range:
        break;
    }
    return f * (f > 0.0 ? o_.low : o_.high);
  }

  /// F(q) + F*(-f) + f q, at least 0, where q violates nothing.
  double gap(double f, double log_q) const {
    const double q = std::exp(log_q);
    switch (o_.penalty) {
      case MarginalPenalty::exact:
        return 0.0;
      case MarginalPenalty::kullback_leibler: {
        // rho KL(q | w), w = e^{-f / rho}; near q = w as q (e^{-x} - 1 + x), x = log(q / w).
        const double x = log_q + f / o_.rho;
        if (std::abs(x) <= 1.0) return std::max(0.0, o_.rho * q * (std::expm1(-x) + x));
        return o_.rho * ((q > 0.0 ? q * (x - 1.0) : 0.0) + std::exp(-f / o_.rho));
      }
      case MarginalPenalty::total_variation:
        return std::max(0.0, f * (q - 1.0) + o_.rho * std::abs(q - 1.0));
      case MarginalPenalty::range:
        break;
    }
    return std::max(0.0, f * (q - (f > 0.0 ? o_.low : o_.high)));
  }

  double violation(double log_q) const {
    if (is(MarginalPenalty::exact)) return std::abs(std::expm1(log_q));
    if (!is(MarginalPenalty::range)) return 0.0;
    const double q = std::exp(log_q);
    return std::max({0.0, o_.low - q, q - o_.high});
  }

 private:
  MarginalOptions o_;
};

}  // namespace pushforward::ot::detail
