#include "pushforward/ot/sinkhorn_divergence.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/sinkhorn_backend.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "sinkhorn_divergence";

void require_fitting(const SelfTransport& self, Index size, double epsilon, const char* which) {
  require(self.f.size() == size, here, std::string(which) + ".f.size()", self.f.size(),
          std::to_string(size));
  require(self.epsilon == epsilon, here, std::string(which) + ".epsilon", self.epsilon,
          "the epsilon of the options, " + pushforward::detail::shown(epsilon));
}

}  // namespace

SelfTransport self_transport(const DiscreteMeasure& measure, const Cost& cost,
                             const SinkhornOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  options.validate();
  const Vector& a = measure.weights();
  const auto view = std::make_shared<PointCost>(measure.points(), measure.points(), cost);
  auto backend = detail::make_sinkhorn_backend(view, a, a, options.precision, options.threads);
  backend->set_epsilon(options.epsilon);
  SelfTransport self;
  self.epsilon = options.epsilon;
  self.threads = pushforward::detail::thread_count(options.threads);
  self.f = Vector::Zero(measure.size());
  Vector soft = self.f;
  for (;;) {
    backend->soft_rows(self.f, soft);
    double error = 0.0, mass = 0.0;
    for (Index i = 0; i < a.size(); ++i) {
      if (a[i] == 0.0) continue;
      const double exponent = std::min(700.0, (self.f[i] - soft[i]) / options.epsilon);
      error += a[i] * std::abs(std::expm1(exponent));
      mass += a[i] * std::exp(exponent);
    }
    self.residual = error;
    self.kl_cost = 2.0 * detail::compensated_dot(a, self.f) - options.epsilon * (mass - 1.0);
    self.converged = error <= options.tolerance;
    if (self.converged || !std::isfinite(error)) {
      self.termination = self.converged ? Termination::converged : Termination::non_finite;
      break;
    }
    if (backend->passes() >= options.max_passes) break;
    self.f = 0.5 * (self.f + soft);
    ++self.iterations;
  }
  self.f = (a.array() > 0.0).select(self.f, soft);
  self.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return self;
}

SinkhornDivergenceResult sinkhorn_divergence(const TransportProblem& problem,
                                             const SinkhornOptions& options,
                                             const Observer& observer) {
  options.validate();
  return sinkhorn_divergence(problem, self_transport(problem.source, problem.cost, options),
                             self_transport(problem.target, problem.cost, options), options,
                             observer);
}

SinkhornDivergenceResult sinkhorn_divergence(const TransportProblem& problem,
                                             const SelfTransport& source,
                                             const SelfTransport& target,
                                             const SinkhornOptions& options,
                                             const Observer& observer) {
  options.validate();
  require_fitting(source, problem.source.size(), options.epsilon, "source");
  require_fitting(target, problem.target.size(), options.epsilon, "target");
  SinkhornDivergenceResult result;
  SinkhornOptions plain = options;
  plain.certificate = false;
  result.cross = sinkhorn(problem, plain, observer);
  result.source = source;
  result.target = target;
  result.divergence = result.cross.kl_cost - 0.5 * (source.kl_cost + target.kl_cost);
  result.source_variation = result.cross.f - source.f;
  result.target_variation = result.cross.g - target.f;
  result.residual = std::max({result.cross.residual, source.residual, target.residual});
  result.converged = result.cross.converged && source.converged && target.converged;
  result.termination = !result.cross.converged ? result.cross.termination
                       : !source.converged     ? source.termination
                                               : target.termination;
  result.iterations = result.cross.iterations + source.iterations + target.iterations;
  result.threads = result.cross.threads;
  result.seconds = result.cross.seconds + source.seconds + target.seconds;
  return result;
}

}  // namespace pushforward::ot
