/// The posterior mean of a weighted point set given noised points, many queries at a time.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::diffusion::detail {

/// m points of positive weight in R^d, stored twice: in slices of 8 coordinates for sums of points,
/// and in tiles of 16 about their mean, where lanes run over points, for scores. Both are filled up
/// with zeros.
struct EmpiricalCloud {
  static constexpr int tile = 16;
  static constexpr int slice = 8;
  /// Points scored before their weights are used: scores of all queries stay in the second-level
  /// cache. Slices hold as many.
  static constexpr int chunk = 128;

  std::int64_t points = 0;
  std::int64_t dim = 0;
  std::int64_t stride = 0;               ///< dim, rounded up to whole slices
  const double* slices = nullptr;        ///< chunks x stride / 8 x 128 x 8: y_j, at slice_place
  const double* tiles = nullptr;         ///< tiles x dim x 16: y_j - centre
  const double* half_norms = nullptr;    ///< |y_j - centre|^2 / 2, zero in the fill
  const double* log2_weights = nullptr;  ///< minus infinity in the fill
  const double* centre = nullptr;        ///< dim
  double centre_norm = 0.0;              ///< |centre|
  double radius = 0.0;                   ///< the largest |y_j - centre|

  /// Where the first of the coordinates k, ..., k + 7 of point j lies, k a multiple of 8.
  constexpr std::int64_t slice_place(std::int64_t j, std::int64_t k) const {
    return (j / chunk * stride + k) * chunk + j % chunk * slice;
  }
};

struct EmpiricalScoreKernels {
  /// d_i := sum_j w_ij y_j / sum_j w_ij with w_ij ~ weight_j exp(-|x_i - a y_j|^2 / (2 s^2)).
  /// x and d: columns of length dim, x_stride and d_stride apart; queries <= max_queries.
  /// scratch: scratch_size(cloud) doubles.
  void (*denoise)(const EmpiricalCloud& cloud, const double* x, std::int64_t x_stride,
                  std::int64_t queries, double a, double s, double* d, std::int64_t d_stride,
                  double* scratch);
};

/// Queries that share each tile of points while it is in the first-level cache.
inline constexpr int max_queries = 48;

constexpr std::int64_t scratch_size(const EmpiricalCloud& cloud) {
  return max_queries * (cloud.dim + EmpiricalCloud::chunk + cloud.stride);
}

PUSHFORWARD_DECLARE_ISA_KERNELS(EmpiricalScoreKernels, empirical_score_kernels)

}  // namespace pushforward::diffusion::detail
