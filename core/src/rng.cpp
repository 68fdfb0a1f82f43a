#include "pushforward/core/rng.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/philox.hpp"

#include "core/src/parallel.hpp"

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

template <class Pair>
void fill_pairs(const RngKey& key, PointsOut x, int threads, Pair&& pair) {
  detail::parallel_blocks(x.cols(), 256, threads, [&](Index begin, Index end, Index) {
    for (Index i = begin; i < end; ++i) {
      for (Index row = 0; row < x.rows(); row += 2) {
        const PhiloxCounter w = words(key, i, row / 2);
        const auto [first, second] = pair(unit(w[0], w[1]), unit(w[2], w[3]));
        x(row, i) = first;
        if (row + 1 < x.rows()) x(row + 1, i) = second;
      }
    }
  });
}

}  // namespace

void fill_normal(const RngKey& key, PointsOut x, int threads) {
  fill_pairs(key, x, threads, [](double u, double v) {
    const double radius = std::sqrt(-2.0 * std::log(u));
    const double angle = 2.0 * std::numbers::pi * v;
    return std::pair{radius * std::cos(angle), radius * std::sin(angle)};
  });
}

void fill_uniform(const RngKey& key, PointsOut x, int threads) {
  fill_pairs(key, x, threads, [](double u, double v) { return std::pair{u, v}; });
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
