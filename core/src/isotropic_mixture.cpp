#include "core/src/isotropic_mixture.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "core/src/mixture_kernels.hpp"

namespace pushforward::detail {
namespace {

constexpr Index padded(Index n) { return (n + 3) / 4 * 4; }

}  // namespace

void evaluate_isotropic(const IsotropicTerms& terms, PointsIn x, double* log_p, PointsOut* out) {
  const Index d = terms.means.rows();
  const Index k_given = terms.means.cols();
  const Index k_all = padded(k_given);
  const double log2_e = std::numbers::log2e;

  // |x - m|^2 = |x|^2 - 2 <x, m> + |m|^2 halves the work, at an error of eps (|x|^2 + |m|^2) / v in
  // the exponents. About the centre that is no worse than rounding x for |x| > 2 |m|, and otherwise
  // below 1e-12 if no |m|^2 / v exceeds 1000. The choice looks at the mixture alone, so a point has
  // the same value in any company.
  const Vector middle = terms.means.rowwise().mean();
  const Matrix centred = terms.means.colwise() - middle;
  const bool products =
      d > 4 && centred.colwise().squaredNorm().maxCoeff() <= 1000.0 * terms.variances.minCoeff();
  const Vector centre = products ? middle : Vector::Zero(d);

  Vector constant = Vector::Constant(k_all, -std::numeric_limits<double>::infinity());
  Vector curvature = Vector::Zero(k_all), gain = Vector::Zero(k_all);
  std::vector<double> panels(static_cast<std::size_t>(d * k_all), 0.0);
  std::vector<double> pull(static_cast<std::size_t>(padded(d) * k_all), 0.0);
  for (Index k = 0; k < k_given; ++k) {
    const double v = terms.variances[k];
    constant[k] = log2_e * terms.constants[k];
    curvature[k] = -0.5 * log2_e / v;
    gain[k] = terms.gain[k];
    if (products) constant[k] += curvature[k] * centred.col(k).squaredNorm();
    for (Index j = 0; j < d; ++j) {
      panels[static_cast<std::size_t>((k / 4 * d + j) * 4 + k % 4)] =
          products ? log2_e / v * centred(j, k) : terms.means(j, k);
      pull[static_cast<std::size_t>((j / 4 * k_all + k) * 4 + j % 4)] =
          terms.pull(j, k) + gain[k] * centre[j];
    }
  }
  const MixtureKernels& kernels = mixture_kernels(active_isa());
  std::vector<double> scratch(static_cast<std::size_t>((2 * d + k_all) * kernels.points_at_once));
  const MixtureTask task{.dim = d,
                         .components = k_all,
                         .points = x.cols(),
                         .x = x.data(),
                         .x_stride = x.outerStride(),
                         .constant = constant.data(),
                         .curvature = curvature.data(),
                         .gain = gain.data(),
                         .slope_or_mean = panels.data(),
                         .centre = centre.data(),
                         .pull = pull.data(),
                         .log_p = log_p,
                         .out = out == nullptr ? nullptr : out->data(),
                         .out_stride = out == nullptr ? 0 : out->outerStride(),
                         .scratch = scratch.data()};
  (products ? kernels.from_products : kernels.from_differences)(task);
}

}  // namespace pushforward::detail
