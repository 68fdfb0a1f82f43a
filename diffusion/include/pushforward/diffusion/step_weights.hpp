/// Exact weights of deterministic steps: integrals of interpolation polynomials along the flow.
///
/// In y = x / a the probability flow of every path reads, between the levels S and T < S,
///   y_T = y_S + INT eps d rho            (noise form, eps = (y - D) / rho)
///   y_T / T = y_S / S + INT D d(1 / rho) (data form).
/// A method replaces eps or D by a polynomial through known values and integrates it exactly.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace pushforward::diffusion {

/// What is interpolated between calls of the denoiser.
enum class Prediction { noise, data };
constexpr std::array<std::string_view, 2> enum_names(Prediction) { return {"noise", "data"}; }

/// The variable in which it is a polynomial: -log rho, rho, or 1 / (1 + rho^2).
enum class Interpolation { lambda, rho, alpha_bar };
constexpr std::array<std::string_view, 3> enum_names(Interpolation) {
  return {"lambda", "rho", "alpha_bar"};
}

inline constexpr int max_order = 4;

/// y_T = carry y_S + sum_j node[j] p_j, with p_j the prediction at node j.
struct StepWeights {
  double carry = 1.0;
  std::array<double, max_order> node{};
};

/// phi_k(x) = INT_0^1 e^{(1 - u) x} u^{k-1} / (k-1)! du for k = 1, 2, ...; phi_1(x) = expm1(x) / x.
/// Relative error below 1e-14 for |x| <= 50 and k <= 4. Source: \cite hochbruck2010.
double phi(int k, double x);

/// Weights of the step from level `from` to level `to` that are exact when the prediction is a
/// polynomial of degree nodes.size() - 1 in the interpolation variable.
///
/// nodes: 1 to 4 distinct positive levels at which the prediction is known, in any order; they may
/// lie before, inside or behind the step. In lambda the integrals are phi functions; in rho and
/// alpha_bar they are powers or Gauss-Legendre sums with relative error below 1e-13.
/// Needs from > to > 0.
/// @throws std::invalid_argument for levels out of order or a wrong number of nodes.
StepWeights exact_weights(Prediction predict, Interpolation variable, double from, double to,
                          std::span<const double> nodes);

}  // namespace pushforward::diffusion
