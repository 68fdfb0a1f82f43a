#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/rng.hpp"

#include "tests/core/simd_probe_kernels.hpp"

using namespace pushforward;
using testing::SimdProbe;

namespace {

constexpr int count = 1 << 14;

// Runs body(probe) for each instruction set that this processor has.
template <class Body>
void for_each_isa(Body&& body) {
  for (Isa isa : {Isa::base, Isa::v3, Isa::v4}) {
    if (isa <= detected_isa()) body(testing::simd_probe(isa));
  }
}

template <class T>
std::vector<T> uniforms(double low, double high) {
  Matrix u(1, count);
  fill_uniform({.seed = 1}, u);
  std::vector<T> x(count);
  for (int i = 0; i < count; ++i) x[i] = static_cast<T>(low + (high - low) * u(0, i));
  return x;
}

template <class T>
double largest_relative_error(const std::vector<T>& y, const std::vector<T>& x,
                              long double (*truth)(long double)) {
  double largest = 0.0;
  for (int i = 0; i < count; ++i) {
    const long double t = truth(x[i]);
    largest = std::max(largest, static_cast<double>(std::abs((y[i] - t) / t)));
  }
  return largest;
}

template <class T, class F>
void check_exp2(F SimdProbe::*function, double low, double high, double bound) {
  for_each_isa([&](const SimdProbe& probe) {
    const std::vector<T> x = uniforms<T>(low, high);
    std::vector<T> y(count);
    (probe.*function)(x.data(), y.data(), count);
    CHECK(largest_relative_error<T>(y, x, [](long double t) { return std::exp2(t); }) < bound);

    constexpr T infinity = std::numeric_limits<T>::infinity();
    std::vector<T> special(64, T(0));
    special[1] = -infinity;
    special[2] = std::numeric_limits<T>::quiet_NaN();
    special[3] = std::numeric_limits<T>::lowest();
    special[4] = T(1.25) * static_cast<T>(low);
    special[5] = T(1);
    (probe.*function)(special.data(), special.data(), 64);
    CHECK(special[0] == doctest::Approx(1.0).epsilon(bound));
    CHECK(special[1] == T(0));
    CHECK(std::isnan(special[2]));
    CHECK(special[3] == T(0));
    CHECK(special[4] == T(0));
    CHECK(special[5] == doctest::Approx(2.0).epsilon(bound));
  });
}

// Relative errors count against units in the last place of the type.
template <class T, class F>
void check_log(F SimdProbe::*function) {
  for_each_isa([&](const SimdProbe& probe) {
    // Uniform in the exponent, and close to 1 where log x has a zero.
    std::vector<T> x = uniforms<T>(-60.0, 8.0);
    for (int i = 0; i < count; ++i) {
      x[i] = i % 2 == 0 ? std::exp2(x[i]) : T(1) + x[i] / T(1000);
      if (x[i] == T(1)) x[i] = T(2);
    }
    std::vector<T> y(count);
    (probe.*function)(x.data(), y.data(), count);
    CHECK(largest_relative_error<T>(y, x, [](long double t) { return std::log(t); }) <
          2.0 * std::numeric_limits<T>::epsilon());
    std::vector<T> one(64, T(1));
    (probe.*function)(one.data(), one.data(), 64);
    CHECK(one[0] == T(0));
  });
}

template <class T, class F>
void check_sincos(F SimdProbe::*function) {
  for_each_isa([&](const SimdProbe& probe) {
    std::vector<T> x = uniforms<T>(-1.0, 2.0);
    for (int i = 0; i < 64; ++i) x[i] = static_cast<T>(i) / T(8);
    std::vector<T> s(count), c(count);
    (probe.*function)(x.data(), s.data(), c.data(), count);
    const long double turn = 2.0L * std::numbers::pi_v<long double>;
    double largest = 0.0;
    for (int i = 0; i < count; ++i) {
      const long double whole = std::round(static_cast<long double>(x[i]));
      const long double angle = turn * (x[i] - whole);
      largest = std::max(largest, static_cast<double>(std::abs(s[i] - std::sin(angle))));
      largest = std::max(largest, static_cast<double>(std::abs(c[i] - std::cos(angle))));
    }
    CHECK(largest < std::numeric_limits<T>::epsilon());
    for (int i = 0; i < 64; i += 2) CHECK(std::abs(s[i] * c[i]) == T(0));  // quarters are exact
  });
}

}  // namespace

TEST_CASE("simd: each instruction set has the width it claims") {
  CHECK(testing::simd_probe(Isa::base).bytes == 16);
  if (detected_isa() >= Isa::v3) CHECK(testing::simd_probe(Isa::v3).bytes == 32);
  if (detected_isa() >= Isa::v4) CHECK(testing::simd_probe(Isa::v4).bytes == 64);
}

// Bounds: the polynomial's error plus a rounding or two of the result.
TEST_CASE("simd: exp2 is accurate, vanishes far below and keeps NaN") {
  check_exp2<float>(&SimdProbe::exp2_single, -126.0, 127.0, 2.5e-7);
  check_exp2<double>(&SimdProbe::exp2_double, -1022.0, 1023.0, 2e-15);
}

TEST_CASE("simd: log is within 2 units in the last place, near 1 too") {
  check_log<float>(&SimdProbe::log_single);
  check_log<double>(&SimdProbe::log_double);
}

TEST_CASE("simd: sine and cosine of turns are within 2 half-units of 1, exact at quarters") {
  check_sincos<float>(&SimdProbe::sincos_single);
  check_sincos<double>(&SimdProbe::sincos_double);
}

TEST_CASE("simd: wide products equal 64-bit multiplication") {
  for_each_isa([](const SimdProbe& probe) {
    std::vector<std::uint32_t> a(count), high(count), low(count);
    for (int i = 0; i < count; ++i) {
      a[i] = 0xFFFFFFFFu - 2654435761u * static_cast<std::uint32_t>(i);
    }
    const std::uint32_t factor = 0xD2511F53u;
    probe.multiply_wide(a.data(), factor, high.data(), low.data(), count);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t product = std::uint64_t{a[i]} * factor;
      REQUIRE(((std::uint64_t{high[i]} << 32) | low[i]) == product);
    }
  });
}

TEST_CASE("simd: comparison, selection and sums work lane by lane") {
  for_each_isa([](const SimdProbe& probe) {
    std::vector<float> x(count);
    for (int i = 0; i < count; ++i) x[i] = static_cast<float>((i * 7919) % 4093);
    const int lanes = probe.bytes / 4;
    std::vector<float> value(16);
    std::vector<std::int32_t> place(16);
    float sum = 0.0F;
    probe.largest(x.data(), count, value.data(), place.data(), &sum);
    for (int l = 0; l < lanes; ++l) {
      int best = l;
      for (int i = l; i < count; i += lanes) best = x[i] > x[best] ? i : best;
      CHECK(value[l] == x[best]);
      CHECK(place[l] == best);
    }
    double exact = 0.0;
    for (float v : x) exact += v;
    CHECK(sum == doctest::Approx(exact).epsilon(1e-5));
  });
}
