#include "pushforward/diffusion/noise_schedule.hpp"

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace pushforward;
using namespace pushforward::diffusion;

namespace {

std::vector<NoisePath> all_paths() {
  return {NoisePath(VpLinear{}), NoisePath(VpCosine{}), NoisePath(VeGeometric{}), NoisePath(Edm{}),
          NoisePath(FlowLinear{})};
}

std::vector<double> times(const NoisePath& path) {
  std::vector<double> t;
  for (const double share : {0.0, 0.01, 0.2, 0.5, 0.8, 1.0}) {
    t.push_back(path.t_min() + share * (path.t_max() - path.t_min()));
  }
  return t;
}

double central(const auto& f, double t, double h) { return (f(t + h) - f(t - h)) / (2.0 * h); }

}  // namespace

TEST_CASE("noise path: rho is s / a, lambda its negative logarithm, and both invert") {
  for (const NoisePath& path : all_paths()) {
    CAPTURE(path.type_name());
    for (const double t : times(path)) {
      CAPTURE(t);
      const double rho = path.rho(t);
      CHECK(path.s(t) / path.a(t) == doctest::Approx(rho).epsilon(1e-13));
      CHECK(path.lambda(t) == doctest::Approx(-std::log(rho)).epsilon(1e-14));
      // Near t = 1 a change of t by one rounding moves rho by 1 / (1 - t) as much: below 200.
      CHECK(path.t_of_rho(rho) == doctest::Approx(t).epsilon(1e-12));
      CHECK(path.t_of_lambda(path.lambda(t)) == doctest::Approx(t).epsilon(1e-12));
      CHECK(path.scales(rho).a == doctest::Approx(path.a(t)).epsilon(1e-12));
      CHECK(path.scales(rho).s == doctest::Approx(path.s(t)).epsilon(1e-12));
      if (path.variance_preserving()) {
        CHECK(path.a(t) * path.a(t) + path.s(t) * path.s(t) == doctest::Approx(1.0).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("noise path: small levels keep their digits through the inverse") {
  for (const NoisePath& path : all_paths()) {
    if (path.type_name() == "ve_geometric") continue;  // its clock starts at rho_min
    CAPTURE(path.type_name());
    for (const double rho : {1e-8, 1e-5, 1e-2}) {
      CAPTURE(rho);
      CHECK(path.rho(path.t_of_rho(rho)) == doctest::Approx(rho).epsilon(1e-13));
    }
  }
}

TEST_CASE("noise path: derivatives agree with central differences") {
  for (const NoisePath& path : all_paths()) {
    CAPTURE(path.type_name());
    for (const double t : times(path)) {
      if (t == 0.0) continue;
      CAPTURE(t);
      // a is smooth through 0: rounding 1e-16 / h and truncation of order h^2 are below 1e-8.
      const auto a_of = [&](double u) { return path.a(u); };
      CHECK(std::abs(path.da(t) - central(a_of, t, 1e-6)) < 1e-8);
      // s may have a root at 0, so its step is relative; good to about 1e-9.
      const double h = 1e-6 * t;
      const auto s_of = [&](double u) { return path.s(u); };
      CHECK(path.ds(t) == doctest::Approx(central(s_of, t, h)).epsilon(1e-7));
      // g^2 = d(s^2)/dt - 2 (da / a) s^2 = a^2 d(rho^2)/dt
      const double rate = central([&](double u) { return path.rho(u) * path.rho(u); }, t, h);
      const double a = path.a(t);
      CHECK(path.diffusion_squared(t) == doctest::Approx(a * a * rate).epsilon(1e-7));
    }
  }
}

TEST_CASE("noise path: for one data point the flow moves along a x_0 + s e") {
  for (const NoisePath& path : all_paths()) {
    CAPTURE(path.type_name());
    const double t = 0.3 * path.t_max();
    const double data = 1.5, noise = -0.7;
    const FlowCoefficients flow = path.flow_coefficients(t);
    const double velocity =
        flow.state * (path.a(t) * data + path.s(t) * noise) + flow.denoised * data;
    CHECK(velocity == doctest::Approx(path.da(t) * data + path.ds(t) * noise).epsilon(1e-12));
  }
}

TEST_CASE("noise path: bad input is named") {
  CHECK_THROWS_WITH_AS(NoisePath(VpLinear{.beta_min = 0.0}),
                       "vp_linear: beta_min is 0, expected greater than 0", std::invalid_argument);
  CHECK_THROWS_WITH_AS(NoisePath(VpLinear{.beta_min = 30.0}),
                       "vp_linear: beta_min is 30, expected at most beta_max, which is 20",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(NoisePath(VpCosine{.t_max = 1.0}),
                       "vp_cosine: t_max is 1, expected strictly between 0 and 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(NoisePath(FlowLinear{.t_min = 0.9, .t_max = 0.5}),
                       "flow_linear: t_min is 0.9, expected less than t_max, which is 0.5",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(NoisePath(VeGeometric{.rho_min = 2.0, .rho_max = 1.0}),
                       "ve_geometric: rho_min is 2, expected less than rho_max, which is 1",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(NoisePath(Edm{.rho_max = std::nan("")}),
                       "edm: rho_max is nan, expected greater than 0", std::invalid_argument);
}
