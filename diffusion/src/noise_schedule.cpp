#include "pushforward/diffusion/noise_schedule.hpp"

#include <cmath>
#include <numbers>
#include <type_traits>

#include "pushforward/core/errors.hpp"

namespace pushforward::diffusion {
namespace {

// Each path is a set of overloads on its options; NoisePath dispatches. `p` is the path.

// --- vp_linear: everything follows from log a, which is a polynomial in t.
double log_a(const VpLinear& p, double t) {
  return -t * (0.25 * t * (p.beta_max - p.beta_min) + 0.5 * p.beta_min);
}
double a(const VpLinear& p, double t) { return std::exp(log_a(p, t)); }
double s(const VpLinear& p, double t) { return std::sqrt(-std::expm1(2.0 * log_a(p, t))); }
double rho(const VpLinear& p, double t) { return std::sqrt(std::expm1(-2.0 * log_a(p, t))); }
double da(const VpLinear& p, double t) {
  return -0.5 * (t * (p.beta_max - p.beta_min) + p.beta_min) * a(p, t);
}
double ds(const VpLinear& p, double t) { return -a(p, t) * da(p, t) / s(p, t); }
double t_of_rho(const VpLinear& p, double r) {
  // The positive root of t^2 (b1 - b0) / 2 + t b0 = log(1 + rho^2), with its numerator
  // rationalised: no difference of nearly equal roots at small rho.
  const double log_term = std::log1p(r * r);
  const double under = p.beta_min * p.beta_min + 2.0 * (p.beta_max - p.beta_min) * log_term;
  return 2.0 * log_term / (std::sqrt(under) + p.beta_min);
}

// --- vp_cosine: phi runs from phi0 to pi / 2.
struct Cosine {
  double phi0, rate;
};
Cosine cosine(const VpCosine& p) {
  const double rate = 0.5 * std::numbers::pi / (1.0 + p.shift);
  return {rate * p.shift, rate};
}
double a(const VpCosine& p, double t) {
  const auto [phi0, rate] = cosine(p);
  return std::cos(phi0 + rate * t) / std::cos(phi0);
}
double s(const VpCosine& p, double t) {
  // cos^2 phi0 - cos^2 phi = sin(phi - phi0) sin(phi + phi0)
  const auto [phi0, rate] = cosine(p);
  return std::sqrt(std::sin(rate * t) * std::sin(2.0 * phi0 + rate * t)) / std::cos(phi0);
}
double rho(const VpCosine& p, double t) {
  const auto [phi0, rate] = cosine(p);
  return std::sqrt(std::sin(rate * t) * std::sin(2.0 * phi0 + rate * t)) /
         std::cos(phi0 + rate * t);
}
double da(const VpCosine& p, double t) {
  const auto [phi0, rate] = cosine(p);
  return -rate * std::sin(phi0 + rate * t) / std::cos(phi0);
}
double ds(const VpCosine& p, double t) { return -a(p, t) * da(p, t) / s(p, t); }
double t_of_rho(const VpCosine& p, double r) {
  // tan^2 phi = (rho^2 + sin^2 phi0) / cos^2 phi0, and the difference of angles from the
  // difference of tangents, written as rho^2 / (sum of roots).
  const auto [phi0, rate] = cosine(p);
  const double sin0 = std::sin(phi0);
  const double cos0 = std::cos(phi0);
  const double root = std::sqrt(r * r + sin0 * sin0);
  const double tangents = r * r / (cos0 * (root + sin0));
  return std::atan(tangents / (1.0 + root * sin0 / (cos0 * cos0))) / rate;
}

// --- ve_geometric
double log_ratio(const VeGeometric& p) { return std::log(p.rho_max / p.rho_min); }
double a(const VeGeometric&, double) { return 1.0; }
double s(const VeGeometric& p, double t) { return p.rho_min * std::exp(t * log_ratio(p)); }
double rho(const VeGeometric& p, double t) { return s(p, t); }
double da(const VeGeometric&, double) { return 0.0; }
double ds(const VeGeometric& p, double t) { return log_ratio(p) * s(p, t); }
double t_of_rho(const VeGeometric& p, double r) { return std::log(r / p.rho_min) / log_ratio(p); }

// --- edm
double a(const Edm&, double) { return 1.0; }
double s(const Edm&, double t) { return t; }
double rho(const Edm&, double t) { return t; }
double da(const Edm&, double) { return 0.0; }
double ds(const Edm&, double) { return 1.0; }
double t_of_rho(const Edm&, double r) { return r; }

// --- flow_linear
double a(const FlowLinear&, double t) { return 1.0 - t; }
double s(const FlowLinear&, double t) { return t; }
double rho(const FlowLinear&, double t) { return t / (1.0 - t); }
double da(const FlowLinear&, double) { return -1.0; }
double ds(const FlowLinear&, double) { return 1.0; }
double t_of_rho(const FlowLinear&, double r) { return r / (1.0 + r); }

template <class Path>
constexpr bool clocked_by_level = requires(const Path& p) {
  p.rho_min;
};

}  // namespace

NoisePath::NoisePath(const NoisePathOptions& options) : options_(options) {
  std::visit(
      [](const auto& p) {
        using Path = std::remove_cvref_t<decltype(p)>;
        validate_fields(Path::type_name, p);
        if constexpr (clocked_by_level<Path>) {
          require(p.rho_min < p.rho_max, Path::type_name, "rho_min", p.rho_min,
                  "less than rho_max, which is " + detail::shortest(p.rho_max));
        } else {
          require(p.t_min < p.t_max, Path::type_name, "t_min", p.t_min,
                  "less than t_max, which is " + detail::shortest(p.t_max));
        }
        if constexpr (std::is_same_v<Path, VpLinear>) {
          require(p.beta_min <= p.beta_max, Path::type_name, "beta_min", p.beta_min,
                  "at most beta_max, which is " + detail::shortest(p.beta_max));
        }
      },
      options_);
}

std::string_view NoisePath::type_name() const {
  return std::visit([](const auto& p) { return std::remove_cvref_t<decltype(p)>::type_name; },
                    options_);
}

bool NoisePath::variance_preserving() const {
  return std::holds_alternative<VpLinear>(options_) || std::holds_alternative<VpCosine>(options_);
}

double NoisePath::t_min() const {
  return std::visit(
      [](const auto& p) {
        using Path = std::remove_cvref_t<decltype(p)>;
        if constexpr (clocked_by_level<Path>) {
          return diffusion::t_of_rho(p, p.rho_min);
        } else {
          return p.t_min;
        }
      },
      options_);
}

double NoisePath::t_max() const {
  return std::visit(
      [](const auto& p) {
        using Path = std::remove_cvref_t<decltype(p)>;
        if constexpr (clocked_by_level<Path>) {
          return diffusion::t_of_rho(p, p.rho_max);
        } else {
          return p.t_max;
        }
      },
      options_);
}

double NoisePath::a(double t) const {
  return std::visit([t](const auto& p) { return diffusion::a(p, t); }, options_);
}
double NoisePath::s(double t) const {
  return std::visit([t](const auto& p) { return diffusion::s(p, t); }, options_);
}
double NoisePath::da(double t) const {
  return std::visit([t](const auto& p) { return diffusion::da(p, t); }, options_);
}
double NoisePath::ds(double t) const {
  return std::visit([t](const auto& p) { return diffusion::ds(p, t); }, options_);
}
double NoisePath::rho(double t) const {
  return std::visit([t](const auto& p) { return diffusion::rho(p, t); }, options_);
}
double NoisePath::lambda(double t) const { return -std::log(rho(t)); }
double NoisePath::t_of_rho(double rho) const {
  return std::visit([rho](const auto& p) { return diffusion::t_of_rho(p, rho); }, options_);
}
double NoisePath::t_of_lambda(double lambda) const { return t_of_rho(std::exp(-lambda)); }

Scales NoisePath::scales(double rho) const {
  if (variance_preserving()) {
    const double a = 1.0 / std::hypot(1.0, rho);
    return {a, rho * a};
  }
  if (std::holds_alternative<FlowLinear>(options_)) return {1.0 / (1.0 + rho), rho / (1.0 + rho)};
  return {1.0, rho};
}

FlowCoefficients NoisePath::flow_coefficients(double t) const {
  const double growth = ds(t) / s(t);
  return {growth, da(t) - a(t) * growth};
}

double NoisePath::diffusion_squared(double t) const {
  const double noise = s(t);
  return 2.0 * noise * (ds(t) - da(t) / a(t) * noise);
}

}  // namespace pushforward::diffusion
