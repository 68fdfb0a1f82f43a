#include "pushforward/diffusion/step_weights.hpp"

#include <algorithm>
#include <cmath>

#include <boost/math/quadrature/gauss.hpp>

#include "pushforward/core/errors.hpp"

namespace pushforward::diffusion {
namespace {

// u(rho) - u(origin), each without subtracting nearly equal numbers.
double offset(Interpolation variable, double rho, double origin) {
  switch (variable) {
    case Interpolation::lambda:
      return -std::log(rho / origin);
    case Interpolation::rho:
      return rho - origin;
    case Interpolation::alpha_bar:
      break;
  }
  return (origin - rho) * (origin + rho) / ((1.0 + rho * rho) * (1.0 + origin * origin));
}

using Moments = std::array<double, max_order>;

// INT tau^i d mu over the step, tau = (u - u_S) / (u_T - u_S), with mu = rho in the noise form and
// mu = T / rho in the data form.
Moments lambda_moments(Prediction predict, double from, double to, int count) {
  // In lambda both measures are exponentials: INT_0^h (l / h)^i e^{-l} dl is a phi function.
  const double h = std::log(from / to);
  Moments moments{};
  double factorial = 1.0;
  for (int i = 0; i < count; ++i) {
    if (i > 0) factorial *= i;
    const std::size_t at = static_cast<std::size_t>(i);
    moments[at] = predict == Prediction::noise ? -to * h * factorial * phi(i + 1, h)
                                               : h * factorial * phi(i + 1, -h);
  }
  return moments;
}

Moments quadrature_moments(Prediction predict, Interpolation variable, double from, double to,
                           int count) {
  // The integrand is entire in l = lambda - lambda_S but for the poles of alpha_bar, which lie at
  // distance pi / 2 from the real line: pieces of length 2 leave the 20-node rule exact to
  // rounding.
  const double h = std::log(from / to);
  const int pieces = std::max(1, static_cast<int>(std::ceil(h / 2.0)));
  const double whole = offset(variable, to, from);
  Moments moments{};
  for (int i = 0; i < count; ++i) {
    const auto integrand = [&](double l) {
      const double rho = from * std::exp(-l);
      const double tau = offset(variable, rho, from) / whole;
      const double density = predict == Prediction::noise ? -rho : to / rho;
      return density * std::pow(tau, i);
    };
    for (int piece = 0; piece < pieces; ++piece) {
      moments[static_cast<std::size_t>(i)] += boost::math::quadrature::gauss<double, 20>::integrate(
          integrand, h * piece / pieces, h * (piece + 1) / pieces);
    }
  }
  return moments;
}

Moments step_moments(Prediction predict, Interpolation variable, double from, double to,
                     int count) {
  if (variable == Interpolation::lambda) return lambda_moments(predict, from, to, count);
  if (variable == Interpolation::rho && predict == Prediction::noise) {
    Moments moments{};
    for (int i = 0; i < count; ++i) moments[static_cast<std::size_t>(i)] = (to - from) / (i + 1);
    return moments;
  }
  return quadrature_moments(predict, variable, from, to, count);
}

}  // namespace

double phi(int k, double x) {
  // phi_k(x) = sum_n x^n / (n + k)!; the recursion loses a digit per order once |x| < 1, so the
  // series serves far beyond that: at |x| = 3 its terms have grown by less than 2.
  if (std::abs(x) < 3.0) {
    double term = 1.0;
    for (int i = 2; i <= k; ++i) term /= i;
    double sum = term;
    for (int n = 1; n < 60 && std::abs(term) > 1e-18 * std::abs(sum); ++n) {
      term *= x / (n + k);
      sum += term;
    }
    return sum;
  }
  double value = std::expm1(x) / x;
  double inverse_factorial = 1.0;
  for (int i = 1; i < k; ++i) {
    inverse_factorial /= i;
    value = (value - inverse_factorial) / x;
  }
  return value;
}

StepWeights exact_weights(Prediction predict, Interpolation variable, double from, double to,
                          std::span<const double> nodes) {
  const int count = static_cast<int>(nodes.size());
  require(count >= 1 && count <= max_order, "exact_weights", "nodes.size()", count,
          "between 1 and 4");
  require(std::isfinite(from) && from > 0.0, "exact_weights", "from", from, "a positive level");
  require(to > 0.0 && to < from, "exact_weights", "to", to,
          "between 0 and from, which is " + detail::shortest(from));

  StepWeights step;
  step.carry = predict == Prediction::noise ? 1.0 : to / from;
  const Moments moments = step_moments(predict, variable, from, to, count);
  const double whole = offset(variable, to, from);
  std::array<double, max_order> tau{};
  for (int j = 0; j < count; ++j) {
    const std::size_t at = static_cast<std::size_t>(j);
    tau[at] = offset(variable, nodes[at], from) / whole;
  }
  for (std::size_t j = 0; j < nodes.size(); ++j) {
    // The cardinal polynomial of node j in powers of tau, one factor at a time.
    std::array<double, max_order> power{1.0};
    for (std::size_t m = 0, degree = 0; m < nodes.size(); ++m) {
      if (m == j) continue;
      const double gap = tau[j] - tau[m];
      require(gap != 0.0, "exact_weights", "nodes", nodes[m], "distinct levels");
      ++degree;
      for (std::size_t i = degree; i > 0; --i) power[i] = (power[i - 1] - tau[m] * power[i]) / gap;
      power[0] *= -tau[m] / gap;
    }
    for (std::size_t i = 0; i < nodes.size(); ++i) step.node[j] += power[i] * moments[i];
  }
  return step;
}

}  // namespace pushforward::diffusion
