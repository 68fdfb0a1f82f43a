#include "pushforward/diffusion/time_grid.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "tests/diffusion/sampler_problems.hpp"

using namespace pushforward;
using namespace pushforward::diffusion;
using namespace pushforward::diffusion::testing;

namespace {

const NoisePath edm{Edm{}};

const TimeGrid every_grid[] = {UniformGrid{}, KarrasGrid{}, LogSnrGrid{}, AngleGrid{.scale = 2.0}};

}  // namespace

TEST_CASE("time_grid: levels fall strictly between the ends that were asked for") {
  for (const TimeGrid& grid : every_grid) {
    for (const NoisePathOptions& options :
         {NoisePathOptions(VpLinear{}), NoisePathOptions(VpCosine{}), NoisePathOptions(Edm{}),
          NoisePathOptions(VeGeometric{}), NoisePathOptions(FlowLinear{})}) {
      const NoisePath path(options);
      for (const Index steps : {1, 2, 3, 17}) {
        for (const bool to_zero : {false, true}) {
          const Vector levels = time_grid(grid, path, steps, {40.0, 0.02, to_zero});
          REQUIRE(levels.size() == steps + 1);
          CHECK(levels[0] == 40.0);
          CHECK(levels[steps] == (to_zero ? 0.0 : 0.02));
          for (Index i = 0; i < steps; ++i) CHECK(levels[i + 1] < levels[i]);
          CHECK_NOTHROW(validate_levels("test", levels, path));
        }
      }
    }
  }
}

TEST_CASE("time_grid: each spacing is uniform in its own variable") {
  const LevelRange range{10.0, 0.1, false};
  const Vector karras = time_grid(KarrasGrid{}, edm, 5, range);
  const Vector log_snr = time_grid(LogSnrGrid{}, edm, 5, range);
  const Vector angle = time_grid(AngleGrid{.scale = 2.0}, edm, 5, range);
  const NoisePath vp(VpLinear{});
  const Vector uniform = time_grid(UniformGrid{}, vp, 5, range);
  const auto check_uniform = [](const auto& u) {
    for (int i = 2; i <= 5; ++i)
      CHECK(u(i) - u(i - 1) == doctest::Approx(u(1) - u(0)).epsilon(1e-11));
  };
  check_uniform([&](int i) { return std::pow(karras[i], 1.0 / 7.0); });
  check_uniform([&](int i) { return std::log(log_snr[i]); });
  check_uniform([&](int i) { return std::atan(angle[i] / 2.0); });
  check_uniform([&](int i) { return vp.t_of_rho(uniform[i]); });
}

TEST_CASE("time_grid: before the level 0 comes the last positive level, or the angle runs out") {
  CHECK(time_grid(KarrasGrid{}, edm, 6)[5] == 0.002);
  CHECK(time_grid(KarrasGrid{}, edm, 6)[0] == 80.0);
  const Vector angle = time_grid(AngleGrid{}, edm, 4);
  for (Index i = 0; i < 4; ++i) {
    CHECK(std::atan(angle[i]) ==
          doctest::Approx(std::atan(80.0) * (1.0 - static_cast<double>(i) / 4.0)).epsilon(1e-13));
  }
}

TEST_CASE("time_grid: bad input is named") {
  const auto grid_error = [](const TimeGrid& grid, Index steps, LevelRange range,
                             const char* message) {
    CHECK_THROWS_WITH_AS(time_grid(grid, edm, steps, range), message, std::invalid_argument);
  };
  grid_error(KarrasGrid{}, 0, {}, "time_grid: steps is 0, expected at least 1");
  grid_error(KarrasGrid{.power = 0.0}, 4, {}, "karras: power is 0, expected greater than 0");
  grid_error(AngleGrid{.scale = -1.0}, 4, {}, "angle: scale is -1, expected greater than 0");
  grid_error(KarrasGrid{}, 4, {.first = std::nan("")},
             "time_grid: first is nan, expected a positive level");
  grid_error(KarrasGrid{}, 4, {.first = 90.0},
             "time_grid: first is 90, expected inside the range of the path edm, 0.002 to 80");
  grid_error(KarrasGrid{}, 4, {.last = 0.0}, "time_grid: last is 0, expected a positive level");
  grid_error(KarrasGrid{}, 4, {.last = 1e-3},
             "time_grid: last is 0.001, expected inside the range of the path edm, 0.002 to 80");
  grid_error(KarrasGrid{}, 4, {.first = 1.0, .last = 2.0},
             "time_grid: last is 2, expected less than first, which is 1");
  // Levels a rounding apart cannot be refined.
  CHECK_THROWS_AS(time_grid(LogSnrGrid{}, edm, 64, {1.0, 1.0 - 1e-15, false}),
                  std::invalid_argument);
}

TEST_CASE("validate_levels: bad lists are named") {
  const auto list_error = [](const Vector& levels, const char* message) {
    CHECK_THROWS_WITH_AS(validate_levels("run", levels, edm), message, std::invalid_argument);
  };
  list_error(vector({1.0}), "run: levels.size() is 1, expected at least 2");
  list_error(vector({1.0, 2.0}), "run: levels[1] is 2, expected less than the level before, 1");
  list_error(vector({1.0, 0.5, 0.5}),
             "run: levels[2] is 0.5, expected less than the level before, 0.5");
  list_error(vector({1.0, 0.0, 0.0}),
             "run: levels[1] is 0, expected positive: only the last level may be 0");
  list_error(vector({1.0, -0.5}), "run: levels[1] is -0.5, expected a finite level of at least 0");
  list_error(vector({1.0, std::nan("")}),
             "run: levels[1] is nan, expected a finite level of at least 0");
  list_error(vector({std::numeric_limits<double>::infinity(), 1.0}),
             "run: levels[0] is inf, expected a finite level of at least 0");
  list_error(vector({1.0, 0.001}),
             "run: levels[1] is 0.001, expected inside the range of the path edm, 0.002 to 80");
}
