#include "pushforward/diffusion/probability_flow.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::diffusion {
namespace {

// dx/dlambda = state x + denoised D(x; a, s).
struct FlowAt {
  double a, s, state, denoised;
};

FlowAt flow_at(const NoisePath& path, double lambda) {
  const double t = path.t_of_lambda(lambda);
  const double s = path.s(t);
  const FlowCoefficients velocity = path.flow_coefficients(t);
  const double clock = -2.0 * s * s / path.diffusion_squared(t);
  return {path.a(t), s, clock * velocity.state, clock * velocity.denoised};
}

Matrix velocity(const Denoiser& denoiser, const FlowAt& at, const Matrix& x) {
  Matrix d(x.rows(), x.cols());
  denoiser.denoise(x, at.a, at.s, d);
  return at.state * x + at.denoised * d;
}

}  // namespace

Matrix probability_flow(const Denoiser& denoiser, const NoisePath& path, double from, double to,
                        PointsIn x, Index steps, int threads) {
  constexpr auto where = "probability_flow";
  constexpr double slack = 1e-12;  // inverses of the path round
  require(x.rows() == denoiser.dim(), where, "x.rows()", x.rows(),
          "the dimension of the data, " + std::to_string(denoiser.dim()));
  pushforward::detail::require_finite(x, where, "x");
  require(from <= path.rho_max() * (1.0 + slack), where, "from", from,
          "at most the largest level of the path, " + detail::shown(path.rho_max()));
  require(to >= path.rho_min() * (1.0 - slack), where, "to", to,
          "at least the smallest level of the path, " + detail::shown(path.rho_min()));
  require(to < from, where, "to", to, "below from, " + detail::shown(from));
  require(steps >= 1, where, "steps", steps, "at least 1");

  const double begin = -std::log(from);
  const double h = (-std::log(to) - begin) / static_cast<double>(steps);
  std::vector<FlowAt> nodes;  // both ends and the middle of every step
  for (Index i = 0; i <= 2 * steps; ++i) {
    nodes.push_back(flow_at(path, begin + 0.5 * h * static_cast<double>(i)));
  }
  Matrix image = x;
  pushforward::detail::parallel_blocks(x.cols(), 64, threads, [&](Index b, Index e, Index) {
    Matrix y = image.middleCols(b, e - b);
    for (std::size_t i = 0; i + 2 < nodes.size(); i += 2) {
      const Matrix k1 = velocity(denoiser, nodes[i], y);
      const Matrix k2 = velocity(denoiser, nodes[i + 1], y + 0.5 * h * k1);
      const Matrix k3 = velocity(denoiser, nodes[i + 1], y + 0.5 * h * k2);
      const Matrix k4 = velocity(denoiser, nodes[i + 2], y + h * k3);
      y += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
    }
    image.middleCols(b, e - b) = y;
  });
  return image;
}

}  // namespace pushforward::diffusion
