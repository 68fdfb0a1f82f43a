#include "core/src/isotropic_mixture.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "core/src/mixture_kernels.hpp"

namespace pushforward::detail {
namespace {

constexpr Index padded(Index n) { return (n + 3) / 4 * 4; }

// A term r_k gain_k (x - m_k) beside the others, whose sum is known to 2^-52 of its largest: r_k
// below 2^-80 is lost in it even if a thousand components add up, unless its gain is larger by as
// much.
double negligible_bits(const IsotropicTerms& terms) {
  const auto gains = terms.gain.array().abs();
  return -80.0 - std::log2(gains.maxCoeff() / gains.minCoeff());
}

}  // namespace

void evaluate_isotropic(const IsotropicTerms& terms, PointsIn x, double* log_p, PointsOut* out) {
  const Index d = terms.means.rows();
  const Index k_given = terms.means.cols();
  const Index k_all = padded(k_given);
  const double log2_e = std::numbers::log2e;

  Vector constant = Vector::Constant(k_all, -std::numeric_limits<double>::infinity());
  Vector curvature = Vector::Zero(k_all), gain = Vector::Zero(k_all);
  std::vector<double> panels(static_cast<std::size_t>(d * k_all), 0.0);
  std::vector<double> pull(static_cast<std::size_t>(padded(d) * k_all), 0.0);
  for (Index k = 0; k < k_given; ++k) {
    const double v = terms.variances[k];
    constant[k] = log2_e * terms.constants[k];
    curvature[k] = -0.5 * log2_e / v;
    gain[k] = terms.gain[k];
    for (Index j = 0; j < d; ++j) {
      panels[static_cast<std::size_t>((k / 4 * d + j) * 4 + k % 4)] = terms.means(j, k);
      pull[static_cast<std::size_t>((j / 4 * k_all + k) * 4 + j % 4)] = terms.pull(j, k);
    }
  }
  const MixtureKernels& kernels = mixture_kernels(active_isa());
  std::vector<std::int64_t> kept(static_cast<std::size_t>(k_all));
  std::vector<double> scratch(static_cast<std::size_t>((2 * d + k_all) * kernels.points_at_once));
  const MixtureTask task{.dim = d,
                         .components = k_all,
                         .points = x.cols(),
                         .x = x.data(),
                         .x_stride = x.outerStride(),
                         .constant = constant.data(),
                         .curvature = curvature.data(),
                         .gain = gain.data(),
                         .means = panels.data(),
                         .pull = pull.data(),
                         .negligible = negligible_bits(terms),
                         .log_p = log_p,
                         .out = out == nullptr ? nullptr : out->data(),
                         .out_stride = out == nullptr ? 0 : out->outerStride(),
                         .scratch = scratch.data(),
                         .kept = kept.data()};
  kernels.evaluate(task);
}

}  // namespace pushforward::detail
