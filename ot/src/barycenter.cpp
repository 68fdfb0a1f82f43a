#include "pushforward/ot/barycenter.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <utility>

#include "core/src/parallel.hpp"
#include "ot/src/barycenter_inputs.hpp"
#include "ot/src/sinkhorn_backend.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "entropic_barycenter";

using Backend = std::unique_ptr<detail::SinkhornBackend>;

/// Couplings P_k of the support, each point of it of mass 1 / n, with measure k:
/// P_k,ij = b_kj exp((f_ki + g_kj - C_ij) / epsilon) / n.
class Projections {
 public:
  Projections(const std::vector<DiscreteMeasure>& measures, Vector weights, PointsIn support,
              const Cost& cost, const BarycenterOptions& options)
      : weights_(std::move(weights)), options_(options), n_(support.cols()) {
    const auto backend = [&](PointsIn y, const Vector& b) {
      auto made = detail::make_sinkhorn_backend(std::make_shared<PointCost>(support, y, cost),
                                                Vector::Constant(n_, 1.0 / double(n_)), b,
                                                Precision::f64, options.threads);
      made->set_epsilon(options.epsilon);
      return made;
    };
    for (const DiscreteMeasure& measure : measures) {
      couplings_.push_back(backend(measure.points(), measure.weights()));
      f_.push_back(Vector::Zero(n_));
      soft_.push_back(Vector::Zero(n_));
      g_.push_back(Vector::Zero(measure.size()));
    }
    if (options.bias == BarycenterBias::debiased) {
      self_ = backend(support, Vector::Constant(n_, 1.0 / double(n_)));
    }
    self_potential_ = soft_self_ = log_density_ = Vector::Zero(n_);
  }

  /// One projection onto all marginals. @returns how far those of before were from each other.
  double step() {
    Vector mean = Vector::Zero(n_);
    for (std::size_t k = 0; k < couplings_.size(); ++k) {
      columns(k);
      rows(k);
      mean -= weights_[Index(k)] * soft_[k];
    }
    log_density_ = (mean + self_potential_) / options_.epsilon;
    double residual = 0.0;
    for (std::size_t k = 0; k < couplings_.size(); ++k) {
      const Vector marginal = ((f_[k] - soft_[k]) / options_.epsilon).array().exp();
      residual += weights_[Index(k)] * distance_to_barycenter(marginal);
      f_[k] = options_.epsilon * log_density_ + soft_[k];
    }
    if (self_) residual = std::max(residual, self_step());
    return residual;
  }

  void finish(BarycenterResult& result) {
    result.weights = log_density_.array().exp();
    result.weights /= result.weights.sum();
    if (!self_) {
      result.dual = 0.0;
      for (std::size_t k = 0; k < couplings_.size(); ++k) {
        columns(k);  // each coupling then has mass one, and the dual no other term
        result.dual += weights_[Index(k)] * couplings_[k]->b().dot(g_[k]);
      }
    }
    result.f = std::move(f_);
    result.g = std::move(g_);
  }

 private:
  // Potentials of the backend are those of costs without the rows' common part.
  void columns(std::size_t k) {
    const Vector& offset = couplings_[k]->row_offset();
    couplings_[k]->soft_columns(offset.size() > 0 ? Vector(f_[k] - offset) : f_[k], g_[k]);
  }
  void rows(std::size_t k) { soft_rows(*couplings_[k], g_[k], soft_[k]); }
  static void soft_rows(detail::SinkhornBackend& backend, const Vector& g, Vector& soft) {
    const Vector& offset = backend.row_offset();
    if (offset.size() > 0) soft -= offset;
    backend.soft_rows(g, soft);
    if (offset.size() > 0) soft += offset;
  }

  double distance_to_barycenter(const Vector& density) const {
    return (density.array() - log_density_.array().exp()).abs().mean();
  }

  // d (K d) = a: half a step in the logarithm is a contraction where a whole one oscillates.
  double self_step() {
    soft_rows(*self_, self_potential_, soft_self_);
    const Vector density = ((self_potential_ - soft_self_) / options_.epsilon).array().exp();
    const double residual = distance_to_barycenter(density);
    self_potential_ = 0.5 * (self_potential_ + options_.epsilon * log_density_ + soft_self_);
    return residual;
  }

  const Vector weights_;
  const BarycenterOptions& options_;
  Index n_;
  std::vector<Backend> couplings_;
  Backend self_;
  std::vector<Vector> f_, g_, soft_;
  Vector self_potential_, soft_self_;
  Vector log_density_;  // of the barycenter, relative to 1 / n at each point
};

}  // namespace

void BarycenterOptions::validate() const { validate_fields("BarycenterOptions", *this); }

BarycenterResult entropic_barycenter(const std::vector<DiscreteMeasure>& measures, VectorIn weights,
                                     PointsIn support, const BarycenterOptions& options,
                                     const Cost& cost, const Observer& observer) {
  const auto begin = std::chrono::steady_clock::now();
  options.validate();
  const Vector shares = detail::checked_weights(measures, weights, here);
  require(support.rows() == measures.front().dim(), here, "support.rows()", support.rows(),
          "the dimension of the measures");
  require(support.cols() >= 1, here, "support.cols()", support.cols(), "at least 1");
  pushforward::detail::require_finite(support, here, "support");
  BarycenterResult result;
  result.threads = pushforward::detail::thread_count(options.threads);
  Projections projections(measures, shares, support, cost, options);
  while (!result.converged && result.iterations < options.max_iterations) {
    result.residual = projections.step();
    ++result.iterations;
    if (!std::isfinite(result.residual)) {
      result.termination = Termination::non_finite;
      break;
    }
    if (result.residual <= options.tolerance) {
      result.converged = true;
      result.termination = Termination::converged;
    } else if (observer && !observer({.phase = "projections",
                                      .done = result.iterations,
                                      .total = options.max_iterations,
                                      .residual = result.residual,
                                      .tolerance = options.tolerance})) {
      result.termination = Termination::interrupted;
      break;
    }
  }
  projections.finish(result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace pushforward::ot
