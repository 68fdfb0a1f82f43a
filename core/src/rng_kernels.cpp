#include "core/src/rng_kernels.hpp"

#include "core/src/simd.hpp"

namespace pushforward::detail::PUSHFORWARD_ISA {
namespace {

using simd::bits_as;
using simd::set;
using simd::Vec;

using U32 = Vec<std::uint32_t>;
using U64 = Vec<std::uint64_t>;
constexpr int counters = simd::lanes<std::uint32_t>;  // in flight
constexpr int quarters = counters / 4;                // 16-byte groups of a vector

struct Words {
  U32 w[4];
};

// Philox4x32-10, one counter a lane. Vectors that do not depend on each other hide the latency of
// the multiplications.
template <int n>
[[gnu::always_inline]] inline void philox(Words (&c)[n], std::uint32_t key0, std::uint32_t key1) {
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    for (Words& v : c) {
      U32 high0{}, low0{}, high1{}, low1{};
      simd::multiply_wide(v.w[0], 0xD2511F53, high0, low0);
      simd::multiply_wide(v.w[2], 0xCD9E8D57, high1, low1);
      v = {{high1 ^ v.w[1] ^ set(key0), low1, high0 ^ v.w[3] ^ set(key1), low0}};
    }
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
}

// ---- double precision: a pair from each counter ----

struct Pair {
  Vec<double> first, second;
};

// 52 bits centred in their cells: k + 1/2 in units of 2^-52, formed from 1 + k 2^-52.
[[gnu::always_inline]] inline Vec<double> unit(U64 k) {
  return bits_as<double>(k | set<std::uint64_t>(0x3FF0000000000000)) - set(1.0 - 0x1p-53);
}

// The uniforms of the even or odd lanes, high words first.
template <bool odd>
[[gnu::always_inline]] inline Vec<double> unit(U32 high, U32 low) {
  const U64 h = bits_as<std::uint64_t>(high);
  const U64 l = bits_as<std::uint64_t>(low);
  if constexpr (odd) return unit((h >> 32 << 20) | (l >> 44));
  return unit((h << 32 >> 12) | (l << 32 >> 44));
}

struct Uniform {
  [[gnu::always_inline]] static Pair pair(Vec<double> u, Vec<double> v) { return {u, v}; }

  // 23 bits centred in their cells, so that 1 is not reached by rounding.
  [[gnu::always_inline]] static Vec<float> unit_single(U32 w) {
    return bits_as<float>((w >> 9) | set<std::uint32_t>(0x3F800000)) - set(1.0F - 0x1p-24F);
  }
  [[gnu::always_inline]] static void single(const Words& c, Vec<float> out[4]) {
    for (int q = 0; q < 4; ++q) out[q] = unit_single(c.w[q]);
  }
};

// Box and Muller's transform.
struct Normal {
  [[gnu::always_inline]] static Pair pair(Vec<double> u, Vec<double> v) {
    const Vec<double> radius = simd::sqrt(set(-2.0) * simd::log(u));
    Vec<double> sine, cosine;
    simd::sincos_turns(v, sine, cosine);
    return {radius * cosine, radius * sine};
  }

  [[gnu::always_inline]] static void single(const Words& c, Vec<float> out[4]) {
    for (int half = 0; half < 2; ++half) {
      // 31 bits: the conversion rounds large values, so small u, the far tail, keep all of them.
      const Vec<float> k =
          __builtin_convertvector(bits_as<std::int32_t>(c.w[2 * half] >> 1), Vec<float>);
      const Vec<float> u = k * set(0x1p-31F) + set(0x1p-32F);
      const Vec<float> radius = simd::sqrt(set(-2.0F) * simd::log(u));
      // The word as a fraction of a turn: the nearest quarter, and what is left of it.
      const U32 turn = c.w[2 * half + 1];
      const U32 q = (turn + set<std::uint32_t>(0x20000000)) >> 30;
      const Vec<float> rest =
          __builtin_convertvector(bits_as<std::int32_t>(turn - (q << 30)), Vec<float>);
      Vec<float> sine, cosine;
      simd::sincos_quadrant(q, rest * set(0x1p-32F), sine, cosine);
      out[2 * half] = radius * cosine;
      out[2 * half + 1] = radius * sine;
    }
  }
};

// What one round of counters makes, in memory order: `of_lane` says which lane's counter comes
// where, chosen so that interleaving within 16 bytes is all the shuffling needed.
template <class Law, class T>
struct Layout;

template <class Law>
struct Layout<Law, double> {
  static constexpr int values = 2;
  static constexpr int of_lane(int l) {
    constexpr int order[4] = {0, 2, 1, 3};
    return order[l % 4] * quarters + l / 4;
  }
  [[gnu::always_inline]] static void make(const Words& c, double* out) {
    const Pair even = Law::pair(unit<false>(c.w[0], c.w[1]), unit<false>(c.w[2], c.w[3]));
    const Pair odd = Law::pair(unit<true>(c.w[0], c.w[1]), unit<true>(c.w[2], c.w[3]));
    constexpr int step = simd::lanes<double>;
    simd::store(out, simd::interleave_low(even.first, even.second));
    simd::store(out + step, simd::interleave_high(even.first, even.second));
    simd::store(out + 2 * step, simd::interleave_low(odd.first, odd.second));
    simd::store(out + 3 * step, simd::interleave_high(odd.first, odd.second));
  }
};

template <class Law>
struct Layout<Law, float> {
  static constexpr int values = 4;
  static constexpr int of_lane(int l) { return l % 4 * quarters + l / 4; }
  [[gnu::always_inline]] static void make(const Words& c, float* out) {
    Vec<float> v[4];
    Law::single(c, v);
    // A 4 x 4 transpose in each 16 bytes.
    const auto low01 = bits_as<double>(simd::interleave_low(v[0], v[1]));
    const auto low23 = bits_as<double>(simd::interleave_low(v[2], v[3]));
    const auto high01 = bits_as<double>(simd::interleave_high(v[0], v[1]));
    const auto high23 = bits_as<double>(simd::interleave_high(v[2], v[3]));
    constexpr int step = simd::lanes<float>;
    simd::store(out, bits_as<float>(simd::interleave_low(low01, low23)));
    simd::store(out + step, bits_as<float>(simd::interleave_high(low01, low23)));
    simd::store(out + 2 * step, bits_as<float>(simd::interleave_low(high01, high23)));
    simd::store(out + 3 * step, bits_as<float>(simd::interleave_high(high01, high23)));
  }
};

// Counters run down the columns, one column after the other; lanes take them as they come.
struct Walk {
  Vec<std::int32_t> row, chain, row_step, chain_step, row_end;

  template <class Order>
  Walk(std::int64_t per_column, std::uint32_t first_chain, Order of_lane)
      : row_step(set(static_cast<std::int32_t>(counters % per_column))),
        chain_step(set(static_cast<std::int32_t>(counters / per_column))),
        row_end(set(static_cast<std::int32_t>(per_column))) {
    for (int l = 0; l < counters; ++l) {
      const std::int64_t at = of_lane(l);
      row[l] = static_cast<std::int32_t>(at % per_column);
      chain[l] =
          static_cast<std::int32_t>(first_chain + static_cast<std::uint32_t>(at / per_column));
    }
  }

  [[gnu::always_inline]] Words next(const DrawBlock& block) {
    const Words counter{{bits_as<std::uint32_t>(row), set(block.step),
                         bits_as<std::uint32_t>(chain), set(block.purpose)}};
    row += row_step;
    const auto past = row >= row_end;  // -1 where the lane moves on to the next column
    row -= past & row_end;
    chain += chain_step - past;
    return counter;
  }
};

// Copies the values of counters [at, at + count) to their places in columns of any height.
template <int values, class T>
void scatter(const DrawBlock& block, std::int64_t at, std::int64_t count, const T* from, T* x) {
  const std::int64_t per_column = (block.rows + values - 1) / values;
  std::int64_t column = at / per_column, row = at % per_column;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t left = block.rows - values * row;
    T* to = x + column * block.stride + values * row;
    for (int v = 0; v < values && v < left; ++v) to[v] = from[values * i + v];
    if (++row == per_column) row = 0, ++column;
  }
}

template <class Law, class T>
void fill(const DrawBlock& block, T* x) {
  using Made = Layout<Law, T>;
  constexpr int values = Made::values;
  constexpr int batch = 2 * counters;
  const std::int64_t per_column = (block.rows + values - 1) / values;
  const std::int64_t total = per_column * block.columns;
  const bool contiguous = block.rows % values == 0 && block.stride == block.rows;
  Walk walk(per_column, block.first_chain, Made::of_lane);
  T buffer[values * batch];
  for (std::int64_t at = 0; at < total; at += batch) {
    const bool direct = contiguous && at + batch <= total;
    T* out = direct ? x + values * at : buffer;
    Words c[2] = {walk.next(block), walk.next(block)};
    philox(c, block.key[0], block.key[1]);
    Made::make(c[0], out);
    Made::make(c[1], out + values * counters);
    if (!direct) scatter<values>(block, at, total - at < batch ? total - at : batch, buffer, x);
  }
}

void words(const std::uint32_t key[2], const std::uint32_t first[4], std::int64_t n,
           std::uint32_t* words) {
  for (std::int64_t at = 0; at < n; at += counters) {
    const U32 block = set(first[0] + static_cast<std::uint32_t>(at)) + simd::iota<std::uint32_t>();
    Words made[1] = {{{block, set(first[1]), set(first[2]), set(first[3])}}};
    philox(made, key[0], key[1]);
    for (int l = 0; l < counters && at + l < n; ++l) {
      for (int q = 0; q < 4; ++q) words[4 * (at + l) + q] = made[0].w[q][l];
    }
  }
}

}  // namespace

const RngKernels& rng_kernels() {
  static constexpr RngKernels kernels{fill<Normal, double>, fill<Normal, float>,
                                      fill<Uniform, double>, fill<Uniform, float>, words};
  return kernels;
}

}  // namespace pushforward::detail::PUSHFORWARD_ISA
