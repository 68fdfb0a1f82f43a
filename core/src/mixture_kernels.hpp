/// Log-densities and posterior means of isotropic Gaussian mixtures, points in lanes.
#pragma once

#include <cstdint>

#include "core/src/isa.hpp"

namespace pushforward::detail {

/// For each point x the kernel forms
///
///   l_k = constant_k + curvature_k |x - m_k|^2
///
/// in units of log 2, log_p = log sum_k 2^(l_k), r_k = 2^(l_k) / sum, and
///
///   out = sum_k r_k pull_k + (sum_k r_k gain_k) x.
///
/// Means come in panels of four components: entry (j, k) lies at (k / 4 * dim + j) * 4 + k % 4.
/// Pulls come in panels of four rows: entry (j, k) at (j / 4 * components + k) * 4 + j % 4. Missing
/// components have constant -infinity, missing rows are not read. Terms with l_k < max l +
/// negligible count as nothing.
struct MixtureTask {
  std::int64_t dim, components, points;  ///< components: a multiple of 4.
  const double* x;
  std::int64_t x_stride;
  const double* constant;
  const double* curvature;
  const double* gain;
  const double* means;
  const double* pull;
  double negligible;  ///< In units of log 2, negative.
  double* log_p;      ///< May be null.
  double* out;        ///< May be null.
  std::int64_t out_stride;
  double* scratch;     ///< (2 dim + components) * points_at_once.
  std::int64_t* kept;  ///< Scratch, components.
};

struct MixtureKernels {
  int points_at_once;
  void (*evaluate)(const MixtureTask&);
};

PUSHFORWARD_DECLARE_ISA_KERNELS(MixtureKernels, mixture_kernels)

}  // namespace pushforward::detail
