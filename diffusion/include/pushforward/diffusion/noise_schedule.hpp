/// Gaussian paths x_t = a(t) x_0 + s(t) e with e ~ N(0, I): how clean data turns into noise.
///
/// a falls and s grows with t; t = 0 is clean data. The noise level rho = s / a orders the path
/// whatever its clock: in y = x / a every path is the same curve of laws, indexed by rho, so
/// samplers work in (y, rho) and come back to x at the end. lambda = -log(rho) is half the log
/// signal-to-noise ratio.
#pragma once

#include <string_view>
#include <variant>

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::diffusion {

/// Variance preserving with linear rate: a = exp(-t^2 (beta_max - beta_min) / 4 - t beta_min / 2),
/// s^2 = 1 - a^2. Source: \cite song2021.
struct VpLinear {
  static constexpr std::string_view type_name = "vp_linear";
  double beta_min = 0.1;   ///< Rate at t = 0.
  double beta_max = 20.0;  ///< Rate at t = 1.
  double t_min = 2e-5;     ///< Where rho = 0.0014; ds/dt grows without bound towards t = 0.
  double t_max = 1.0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("beta_min", self.beta_min, positive, "noising rate at t = 0");
    field("beta_max", self.beta_max, positive, "noising rate at t = 1");
    field("t_min", self.t_min, strictly_between(0.0, 1.0), "smallest time of a grid");
    field("t_max", self.t_max, strictly_between(0.0, 100.0), "largest time of a grid");
  }
  bool operator==(const VpLinear&) const = default;
};

/// Variance preserving with a cosine: a = cos(phi(t)) / cos(phi(0)), s^2 = 1 - a^2,
/// phi(t) = (pi / 2) (t + shift) / (1 + shift). Source: \cite nichol2021.
struct VpCosine {
  static constexpr std::string_view type_name = "vp_cosine";
  double shift = 0.008;   ///< Keeps the noise at the first steps from vanishing.
  double t_min = 1e-4;    ///< Where rho = 0.002.
  double t_max = 0.9946;  ///< a = 0 at t = 1; this is rho = 119.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("shift", self.shift, positive, "offset of the cosine at t = 0");
    field("t_min", self.t_min, strictly_between(0.0, 1.0), "smallest time of a grid");
    field("t_max", self.t_max, strictly_between(0.0, 1.0), "largest time of a grid");
  }
  bool operator==(const VpCosine&) const = default;
};

/// Variance exploding on a geometric clock: a = 1, s = rho_min (rho_max / rho_min)^t, t in [0, 1].
/// Source: \cite song2021.
struct VeGeometric {
  static constexpr std::string_view type_name = "ve_geometric";
  double rho_min = 0.01;
  double rho_max = 50.0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("rho_min", self.rho_min, positive, "noise level at t = 0");
    field("rho_max", self.rho_max, positive, "noise level at t = 1");
  }
  bool operator==(const VeGeometric&) const = default;
};

/// Variance exploding with the level itself as clock: a = 1, s = t. Source: \cite karras2022.
struct Edm {
  static constexpr std::string_view type_name = "edm";
  double rho_min = 0.002;
  double rho_max = 80.0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("rho_min", self.rho_min, positive, "smallest noise level");
    field("rho_max", self.rho_max, positive, "largest noise level");
  }
  bool operator==(const Edm&) const = default;
};

/// The straight path of flow matching: a = 1 - t, s = t. Source: \cite lipman2023.
struct FlowLinear {
  static constexpr std::string_view type_name = "flow_linear";
  double t_min = 1e-3;
  double t_max = 0.99;  ///< rho is infinite at t = 1; this is rho = 99.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("t_min", self.t_min, strictly_between(0.0, 1.0), "smallest time of a grid");
    field("t_max", self.t_max, strictly_between(0.0, 1.0), "largest time of a grid");
  }
  bool operator==(const FlowLinear&) const = default;
};

/// A path is chosen by its type; JSON names it by `type_name`.
using NoisePathOptions = std::variant<VpLinear, VpCosine, VeGeometric, Edm, FlowLinear>;

/// a and s at one level.
struct Scales {
  double a = 1.0;
  double s = 0.0;
};

/// The probability-flow velocity is dx/dt = state x + denoised D(x, t).
struct FlowCoefficients {
  double state = 0.0;     ///< (ds/dt) / s
  double denoised = 0.0;  ///< da/dt - a (ds/dt) / s
};

/// One Gaussian path: scales, their derivatives and inverses, each by a form without cancellation.
///
/// Times are taken as given inside the open domain of the formulas (a > 0, and s > 0 where a
/// derivative divides by it); `t_min` and `t_max` bound the grids, not the functions.
class NoisePath {
 public:
  /// @throws std::invalid_argument for a bad field or an empty range.
  explicit NoisePath(const NoisePathOptions& options = Edm{});

  const NoisePathOptions& options() const { return options_; }
  std::string_view type_name() const;
  bool variance_preserving() const;  ///< a^2 + s^2 = 1

  double t_min() const;
  double t_max() const;
  double rho_min() const { return rho(t_min()); }
  double rho_max() const { return rho(t_max()); }

  double a(double t) const;
  double s(double t) const;
  double da(double t) const;      ///< da/dt
  double ds(double t) const;      ///< ds/dt; needs s(t) > 0
  double rho(double t) const;     ///< s / a
  double lambda(double t) const;  ///< log(a / s)
  double t_of_rho(double rho) const;
  double t_of_lambda(double lambda) const;

  /// a and s at noise level rho >= 0, without going through t.
  Scales scales(double rho) const;

  FlowCoefficients flow_coefficients(double t) const;
  /// g(t)^2 of the forward equation dx = (da/a) x dt + g dW:  2 s ds - 2 (da / a) s^2.
  double diffusion_squared(double t) const;

 private:
  NoisePathOptions options_;
};

}  // namespace pushforward::diffusion
