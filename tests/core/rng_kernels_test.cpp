#include "core/src/rng_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include <doctest/doctest.h>

#include "pushforward/core/philox.hpp"
#include "pushforward/core/rng.hpp"

using namespace pushforward;
using detail::DrawBlock;
using detail::RngKernels;

namespace {

template <class Body>
void for_each_isa(Body&& body) {
  for (Isa isa : {Isa::base, Isa::v3, Isa::v4}) {
    if (isa <= detected_isa()) body(detail::rng_kernels(isa));
  }
}

DrawBlock block(std::int64_t rows, std::int64_t columns, std::int64_t stride) {
  return {.key = {0x12345678, 0x9abcdef0},
          .step = 5,
          .first_chain = 0xFFFFFFF0,  // wraps within the block
          .purpose = 7,
          .rows = rows,
          .columns = columns,
          .stride = stride};
}

PhiloxCounter scalar_words(const DrawBlock& b, std::int64_t counter, std::int64_t column) {
  return philox4x32({static_cast<std::uint32_t>(counter), b.step,
                     b.first_chain + static_cast<std::uint32_t>(column), b.purpose},
                    {b.key[0], b.key[1]});
}

}  // namespace

// Known-answer vectors published with Random123 (kat_vectors, philox4x32 10).
TEST_CASE("rng_kernels: vector Philox agrees with the known-answer vectors of Random123") {
  const struct {
    std::uint32_t counter[4], key[2], words[4];
  } known[] = {{{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
               {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                {0xffffffff, 0xffffffff},
                {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
               {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                {0xa4093822, 0x299f31d0},
                {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  for_each_isa([&](const RngKernels& kernels) {
    for (const auto& k : known) {
      // The known counter in every lane in turn, 16 being the widest vector.
      for (std::uint32_t lane = 0; lane < 16; ++lane) {
        const std::uint32_t first[4] = {k.counter[0] - lane, k.counter[1], k.counter[2],
                                        k.counter[3]};
        std::vector<std::uint32_t> words(4 * 16);
        kernels.words(k.key, first, 16, words.data());
        for (std::uint32_t q = 0; q < 4; ++q) REQUIRE(words[4 * lane + q] == k.words[q]);
      }
    }
  });
}

TEST_CASE("rng_kernels: every instruction set draws the same bits, for any shape and stride") {
  const RngKernels& base = detail::rng_kernels(Isa::base);
  for_each_isa([&](const RngKernels& kernels) {
    for (std::int64_t rows : {1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 64, 101}) {
      for (std::int64_t columns : {1, 3, 16, 33}) {
        for (std::int64_t gap : {0, 3}) {
          const DrawBlock b = block(rows, columns, rows + gap);
          const std::size_t size = static_cast<std::size_t>((rows + gap) * columns);
          const auto same = [&]<class T>(void (*kernel)(const DrawBlock&, T*),
                                         void (*reference)(const DrawBlock&, T*)) {
            std::vector<T> x(size, T(-99)), y(size, T(-99));
            kernel(b, x.data());
            reference(b, y.data());
            REQUIRE(x == y);
            for (std::int64_t i = 0; i < columns; ++i) {
              for (std::int64_t j = rows; j < rows + gap; ++j) {
                REQUIRE(x[static_cast<std::size_t>(i * b.stride + j)] == T(-99));
              }
            }
          };
          same(kernels.normals_double, base.normals_double);
          same(kernels.normals_single, base.normals_single);
          same(kernels.uniforms_double, base.uniforms_double);
          same(kernels.uniforms_single, base.uniforms_single);
        }
      }
    }
  });
}

TEST_CASE("rng_kernels: double draws are Box and Muller's transform of the scalar generator") {
  const std::int64_t rows = 9, columns = 2000;
  const DrawBlock b = block(rows, columns, rows);
  std::vector<double> normal(static_cast<std::size_t>(rows * columns)), uniform(normal.size());
  const auto unit = [](std::uint32_t high, std::uint32_t low) {
    const std::uint64_t bits = (std::uint64_t{high} << 20) | (low >> 12);
    return (static_cast<long double>(bits) + 0.5L) * 0x1p-52L;
  };
  const long double turn = 2.0L * std::numbers::pi_v<long double>;
  for_each_isa([&](const RngKernels& kernels) {
    kernels.normals_double(b, normal.data());
    kernels.uniforms_double(b, uniform.data());
    for (std::int64_t i = 0; i < columns; ++i) {
      for (std::int64_t row = 0; row < rows; ++row) {
        const PhiloxCounter w = scalar_words(b, row / 2, i);
        const long double u = unit(w[0], w[1]), v = unit(w[2], w[3]);
        const long double radius = std::sqrt(-2.0L * std::log(u));
        const long double value = radius * (row % 2 == 0 ? std::cos(turn * v) : std::sin(turn * v));
        const auto at = static_cast<std::size_t>(i * rows + row);
        REQUIRE(uniform[at] == (row % 2 == 0 ? u : v));
        // Radius and angle carry a few roundings each; errors count in units of the radius.
        REQUIRE(std::abs(normal[at] - value) < 4.0L * 0x1p-53L * (radius + 1.0L));
      }
    }
  });
}

TEST_CASE("rng_kernels: single draws are Box and Muller's transform of the scalar generator") {
  const std::int64_t rows = 6, columns = 2000;
  const DrawBlock b = block(rows, columns, rows);
  std::vector<float> normal(static_cast<std::size_t>(rows * columns)), uniform(normal.size());
  const double turn = 2.0 * std::numbers::pi;
  for_each_isa([&](const RngKernels& kernels) {
    kernels.normals_single(b, normal.data());
    kernels.uniforms_single(b, uniform.data());
    for (std::int64_t i = 0; i < columns; ++i) {
      for (std::int64_t row = 0; row < rows; ++row) {
        const PhiloxCounter w = scalar_words(b, row / 4, i);
        const std::size_t pair = static_cast<std::size_t>(row % 4 / 2 * 2);
        const double u = (static_cast<double>(w[pair] >> 1) + 0.5) * 0x1p-31;
        const double angle = turn * static_cast<double>(w[pair + 1]) * 0x1p-32;
        const double radius = std::sqrt(-2.0 * std::log(u));
        const double value = radius * (row % 2 == 0 ? std::cos(angle) : std::sin(angle));
        const auto at = static_cast<std::size_t>(i * rows + row);
        const auto word = w[static_cast<std::size_t>(row % 4)];
        REQUIRE(uniform[at] == (static_cast<float>(word >> 9) + 0.5F) * 0x1p-23F);
        // Near u = 1 the rounding of u to 24 bits moves a radius r by 2^-25 / r, at most 2^-12.5.
        const double rounding =
            0x1p-24 * (4.0 * radius + 2.0) + 0x1p-25 / std::max(radius, 0x1p-12);
        REQUIRE(std::abs(normal[at] - value) < rounding);
      }
    }
  });
}
