#include "pushforward/diffusion/expressway_bound.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <Eigen/Cholesky>

#include "pushforward/core/errors.hpp"
#include "pushforward/diffusion/reverse_sampler.hpp"
#include "pushforward/diffusion/time_grid.hpp"

#include "core/src/eigenpairs.hpp"

namespace pushforward::diffusion {
namespace {

void check_points(const char* where, Index dim, PointsIn y) {
  require(y.rows() == dim, where, "y.rows()", y.rows(),
          "the dimension of the data, " + std::to_string(dim));
  require(y.cols() >= 1, where, "y.cols()", y.cols(), "at least 1");
}

void check_step(const char* where, double from, double to) {
  require(std::isfinite(from) && from > 0.0, where, "from", from, "a positive level");
  require(to >= 0.0 && to < from, where, "to", to,
          "at least 0 and less than from, which is " + pushforward::detail::shortest(from));
}

// Posterior covariances at one level: what does not depend on y is found once.
class Posterior {
 public:
  Posterior(const GaussianMixture& data, double rho)
      : means_(data.means()), noised_(data.noised(1.0, rho)) {
    for (Index k = 0; k < data.components(); ++k) {
      const Matrix covariance = data.component_covariance(k);
      Matrix sum = covariance;
      sum.diagonal().array() += rho * rho;
      // gain = C (C + rho^2 I)^-1, and the posterior covariance of one component is rho^2 gain.
      gains_.push_back(sum.llt().solve(covariance).transpose());
      covariances_.push_back(rho * rho * gains_.back());
    }
  }

  Matrix covariance(VectorIn y) const {
    const Index count = means_.cols();
    Matrix r(count, 1);
    noised_.responsibilities(y, r);
    Matrix centres(y.size(), count);
    for (Index k = 0; k < count; ++k) {
      const auto at = static_cast<std::size_t>(k);
      centres.col(k) = means_.col(k) + gains_[at] * (y - means_.col(k));
    }
    const Vector mean = centres * r.col(0);
    Matrix result = Matrix::Zero(y.size(), y.size());
    for (Index k = 0; k < count; ++k) {
      const Vector gap = centres.col(k) - mean;
      result += r(k, 0) * (covariances_[static_cast<std::size_t>(k)] + gap * gap.transpose());
    }
    return 0.5 * (result + result.transpose());
  }

 private:
  Matrix means_;
  GaussianMixture noised_;
  std::vector<Matrix> gains_, covariances_;
};

}  // namespace

Matrix posterior_covariance(const GaussianMixture& data, VectorIn y, double rho) {
  require(y.size() == data.dim(), "posterior_covariance", "y.size()", y.size(),
          "the dimension of the data, " + std::to_string(data.dim()));
  require(std::isfinite(rho) && rho > 0.0, "posterior_covariance", "rho", rho, "a positive level");
  return Posterior(data, rho).covariance(y);
}

double ddim_step_lipschitz(const GaussianMixture& data, double from, double to, PointsIn y) {
  check_points("ddim_step_lipschitz", data.dim(), y);
  check_step("ddim_step_lipschitz", from, to);
  const Posterior posterior(data, from);
  double largest = 0.0;
  for (Index i = 0; i < y.cols(); ++i) {
    const auto eigen = pushforward::detail::symmetric_eigenpairs(posterior.covariance(y.col(i)));
    largest = std::max(largest, eigen.values.maxCoeff());
  }
  // Both terms are positive semidefinite, so norms add up in the same direction.
  return to / from + (1.0 - to / from) * largest / (from * from);
}

double ddim_step_error(const Denoiser& denoiser, double from, double to, PointsIn y,
                       Index reference_steps) {
  check_points("ddim_step_error", denoiser.dim(), y);
  check_step("ddim_step_error", from, to);
  require(reference_steps >= 1, "ddim_step_error", "reference_steps", reference_steps,
          "at least 1");
  const bool to_zero = to == 0.0;
  const LevelRange range{from, to_zero ? 1e-4 * from : to, to_zero};
  // In y every path is this one; its range is made to hold the levels.
  const NoisePath path(Edm{.rho_min = 0.5 * range.last, .rho_max = 2.0 * from});
  const Vector levels = time_grid(LogSnrGrid{}, path, reference_steps + (to_zero ? 1 : 0), range);
  const auto exact =
      reverse_sampler(denoiser, path, levels, y, {}, {.order = 4, .start = StartUp::single});
  Vector step(2);
  step << from, to;
  const auto ddim = reverse_sampler(denoiser, path, step, y, {}, {.method = SamplerMethod::ddim});
  return std::sqrt((ddim.samples - exact.samples).squaredNorm() / static_cast<double>(y.cols()));
}

double expressway_bound(double image, double atoms, VectorIn lipschitz, VectorIn step_errors) {
  constexpr std::string_view where = "expressway_bound";
  const auto check = [&](const std::string& name, double value) {
    require(std::isfinite(value) && value >= 0.0, where, name, value,
            "a finite number of at least 0");
  };
  check("image", image);
  check("atoms", atoms);
  require(step_errors.size() == lipschitz.size(), where, "step_errors.size()", step_errors.size(),
          "one per step, " + std::to_string(lipschitz.size()));
  double bound = image + atoms;
  for (Index k = 0; k < lipschitz.size(); ++k) {
    check("lipschitz[" + std::to_string(k) + "]", lipschitz[k]);
    check("step_errors[" + std::to_string(k) + "]", step_errors[k]);
    bound = lipschitz[k] * bound + step_errors[k];
  }
  return bound;
}

}  // namespace pushforward::diffusion
