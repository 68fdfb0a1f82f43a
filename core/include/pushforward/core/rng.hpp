/// Counter-based random draws: a draw is a pure function of its key. No state, no order.
#pragma once

#include <cstdint>

#include "pushforward/core/types.hpp"

namespace pushforward {

/// What a draw is for. Distinct purposes never share a counter.
enum class Draw : std::uint32_t {
  source = 1,       ///< points of a source measure
  noise = 2,        ///< innovations of a chain or a diffusion
  component = 3,    ///< labels of mixture components, rows of a data set
  certificate = 4,  ///< fresh samples that certify a result
  reference = 5,    ///< held-out draws that a result is compared with
  initial = 6,      ///< starting points
  direction = 7,    ///< random projections
  resample = 8,     ///< bootstrap and resampling
  user = 1000       ///< first value free for callers
};

/// Philox key = seed; counter = (block within a column, step, chain, purpose).
struct RngKey {
  std::uint64_t seed = 0;
  std::uint32_t chain = 0;
  std::uint32_t step = 0;
  Draw purpose = Draw::noise;

  constexpr RngKey at_step(std::uint32_t t) const { return {seed, chain, t, purpose}; }
  constexpr RngKey at_chain(std::uint32_t c) const { return {seed, c, step, purpose}; }
  constexpr RngKey for_purpose(Draw p) const { return {seed, chain, step, p}; }
};

/// Standard normals: column i belongs to chain key.chain + i. A value depends on the key, its chain
/// and its row alone, with the same bits for any shape of the block, number of threads and
/// instruction set. Accurate to a few units in the last place; |value| < 8.6, which a true normal
/// leaves with probability 1e-17.
void fill_normal(const RngKey& key, PointsOut x, int threads = 0);

/// Single precision, x: rows x columns in column order. Other draws than the double-precision ones
/// of the same key, not their roundings. |value| < 6.7, left with probability 2e-11.
void fill_normal(const RngKey& key, float* x, Index rows, Index columns, int threads = 0);

/// Uniforms strictly inside (0, 1), on a grid of 2^52 (double) or 2^23 (single) midpoints; laid out
/// as fill_normal does.
void fill_uniform(const RngKey& key, PointsOut x, int threads = 0);
void fill_uniform(const RngKey& key, float* x, Index rows, Index columns, int threads = 0);

/// Labels drawn from `weights` (non-negative, any positive sum): label i belongs to chain
/// key.chain + i. Independent of the normals and uniforms drawn under the same key.
IndexVector categorical(const RngKey& key, VectorIn weights, Index n);

}  // namespace pushforward
