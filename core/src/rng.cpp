#include "pushforward/core/rng.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/philox.hpp"

#include "core/src/parallel.hpp"
#include "core/src/rng_kernels.hpp"

namespace pushforward {
namespace {

PhiloxCounter words(const RngKey& key, Index column, Index block) {
  return philox4x32(
      {static_cast<std::uint32_t>(block), key.step, key.chain + static_cast<std::uint32_t>(column),
       static_cast<std::uint32_t>(key.purpose)},
      {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
}

// Labels take the last block of a column, which no row of normals or uniforms reaches: the same key
// may draw a point and its label.
constexpr Index label_block = 0xFFFFFFFF;

// 52 random bits centred in their cells: strictly inside (0, 1).
double unit(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = (std::uint64_t{high} << 20) | (low >> 12);
  return (static_cast<double>(bits) + 0.5) * 0x1p-52;
}

// fill(block, values) for runs of columns of about equal work.
template <class T, class Fill>
void fill_columns(const RngKey& key, T* x, Index rows, Index columns, Index stride, int threads,
                  Fill fill) {
  if (rows == 0) return;
  const Index block = std::clamp<Index>(Index{8192} / rows, 1, 4096);
  detail::parallel_blocks(columns, block, threads, [&](Index begin, Index end, Index) {
    fill({.key = {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)},
          .step = key.step,
          .first_chain = key.chain + static_cast<std::uint32_t>(begin),
          .purpose = static_cast<std::uint32_t>(key.purpose),
          .rows = rows,
          .columns = end - begin,
          .stride = stride},
         x + begin * stride);
  });
}

const detail::RngKernels& kernels() { return detail::rng_kernels(active_isa()); }

}  // namespace

void fill_normal(const RngKey& key, PointsOut x, int threads) {
  fill_columns(key, x.data(), x.rows(), x.cols(), x.outerStride(), threads,
               kernels().normals_double);
}

void fill_normal(const RngKey& key, float* x, Index rows, Index columns, int threads) {
  fill_columns(key, x, rows, columns, rows, threads, kernels().normals_single);
}

void fill_uniform(const RngKey& key, PointsOut x, int threads) {
  fill_columns(key, x.data(), x.rows(), x.cols(), x.outerStride(), threads,
               kernels().uniforms_double);
}

void fill_uniform(const RngKey& key, float* x, Index rows, Index columns, int threads) {
  fill_columns(key, x, rows, columns, rows, threads, kernels().uniforms_single);
}

IndexVector categorical(const RngKey& key, VectorIn weights, Index n) {
  require(weights.size() > 0, "categorical", "weights.size()", weights.size(), "at least 1");
  std::vector<double> cumulative(static_cast<std::size_t>(weights.size()));
  double total = 0.0;
  for (Index k = 0; k < weights.size(); ++k) {
    require(std::isfinite(weights[k]) && weights[k] >= 0.0, "categorical",
            "weights[" + std::to_string(k) + "]", weights[k], "a non-negative number");
    total += weights[k];
    cumulative[static_cast<std::size_t>(k)] = total;
  }
  require(total > 0.0, "categorical", "the sum of weights", total, "greater than 0");
  IndexVector labels(n);
  for (Index i = 0; i < n; ++i) {
    const PhiloxCounter w = words(key, i, label_block);
    const double u = unit(w[0], w[1]) * total;
    const auto found = std::upper_bound(cumulative.begin(), cumulative.end(), u);
    Index label = std::min<Index>(found - cumulative.begin(), weights.size() - 1);
    while (weights[label] == 0.0) --label;  // u rounded up to the total, past trailing zeros
    labels[i] = label;
  }
  return labels;
}

}  // namespace pushforward
