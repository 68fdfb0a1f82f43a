#include "pushforward/ot/entropic_map.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/sinkhorn_divergence.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/softmin_pass.hpp"

namespace pushforward::ot {
namespace {

using detail::PointSide;
using Pass = detail::SoftminPass<double, PointSide<double>>;

constexpr Index product_block = 64;

bool before(PointsIn x, Index i, Index j) {
  for (Index k = 0; k < x.rows(); ++k) {
    if (x(k, i) != x(k, j)) return x(k, i) < x(k, j);
  }
  return false;
}

void require_dim(Index given, Index wanted) {
  require(given == wanted, "EntropicMap", "x.rows()", given, std::to_string(wanted));
}

/// Rows x and columns y for the cost |y|^2 / 2 - <x, y>: what |x|^2 / 2 adds to every score of a
/// row cancels in p, but would take its digits for x far away.
Pass rows_against(PointsIn x, const DiscreteMeasure& target, const Vector& centre, const Vector& g,
                  double epsilon, int threads) {
  const Matrix y = target.points().colwise() - centre;
  const Vector half_squares = 0.5 * y.colwise().squaredNorm().transpose();
  Pass pass(PointSide<double>(x, y, 1.0, Vector::Zero(x.cols()), half_squares), target.weights(),
            threads);
  pass.set_epsilon(epsilon);
  pass.load_columns(g);
  return pass;
}

}  // namespace

DiscreteMeasure merged_duplicates(const DiscreteMeasure& measure) {
  const Matrix& x = measure.points();
  std::vector<Index> order(static_cast<std::size_t>(measure.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index i, Index j) { return before(x, i, j); });
  IndexVector first(measure.size());  // the first point equal to each
  for (std::size_t k = 0; k < order.size(); ++k) {
    const bool starts = k == 0 || before(x, order[k - 1], order[k]);
    first[order[k]] = starts ? order[k] : first[order[k - 1]];
  }
  IndexVector place(measure.size());
  Matrix points(measure.dim(), measure.size());
  Vector weights = Vector::Zero(measure.size());
  Index count = 0;
  for (Index i = 0; i < measure.size(); ++i) {
    if (first[i] == i) {
      place[i] = count;
      points.col(count++) = x.col(i);
    }
    weights[place[first[i]]] += measure.weights()[i];
  }
  return {points.leftCols(count), weights.head(count)};
}

EntropicMap::EntropicMap(DiscreteMeasure target, VectorIn g, double epsilon, int threads)
    : target_(std::move(target)), g_(g), epsilon_(epsilon), threads_(threads) {
  require(g_.size() == target_.size(), "EntropicMap", "g.size()", g_.size(),
          std::to_string(target_.size()));
  for (Index j = 0; j < g_.size(); ++j) {
    require(std::isfinite(g_[j]), "EntropicMap", "g[" + std::to_string(j) + "]", g_[j],
            "a finite number");
  }
  require(epsilon > 0.0 && std::isfinite(epsilon), "EntropicMap", "epsilon", epsilon,
          "greater than 0");
  require(threads >= 0, "EntropicMap", "threads", threads, "at least 0");
  centre_ = target_.mean();
}

Matrix EntropicMap::operator()(PointsIn x) const {
  require_dim(x.rows(), dim());
  pushforward::detail::require_finite(x, "EntropicMap", "x");
  const Matrix centred = x.colwise() - centre_;
  Pass pass = rows_against(centred, target_, centre_, g_, epsilon_, threads_);
  Vector f = Vector::Zero(x.cols());
  pass.soft_rows(f);
  Matrix atoms = Matrix::Zero(pass.padded(), dim());
  atoms.topRows(target_.size()) = (target_.points().colwise() - centre_).transpose();
  Matrix image(dim(), x.cols());
  const auto& kernels = pass.kernels();
  pass.exponentials(f, product_block,
                    [&](Index, Index i, Index count, const std::vector<double>& buffer,
                        const double* sums, const double*) {
                      std::vector<double> dots(static_cast<std::size_t>(kernels.group));
                      for (Index k = 0; k < dim(); ++k) {
                        kernels.dot_rows(buffer.data(), atoms.data() + k * atoms.rows(),
                                         pass.panels(), dots.data());
                        for (Index r = 0; r < count; ++r) {
                          image(k, i + r) = dots[static_cast<std::size_t>(r)] / sums[r];
                        }
                      }
                      return true;
                    });
  image.colwise() += centre_;
  return image;
}

Vector EntropicMap::source_potential(PointsIn x) const {
  require_dim(x.rows(), dim());
  pushforward::detail::require_finite(x, "EntropicMap", "x");
  const Matrix centred = x.colwise() - centre_;
  Pass pass = rows_against(centred, target_, centre_, g_, epsilon_, threads_);
  Vector f = Vector::Zero(x.cols());
  pass.soft_rows(f);
  return f + 0.5 * centred.colwise().squaredNorm().transpose();
}

Matrix EntropicMap::jacobian(VectorIn x) const {
  require_dim(x.size(), dim());
  pushforward::detail::require_finite(x, "EntropicMap", "x");
  const Matrix y = target_.points().colwise() - centre_;
  Vector p(target_.size());
  for (Index j = 0; j < p.size(); ++j) {
    p[j] = (g_[j] + y.col(j).dot(x - centre_) - 0.5 * y.col(j).squaredNorm()) / epsilon_ +
           std::log(target_.weights()[j]);
  }
  p = (p.array() - p.maxCoeff()).exp();
  p /= p.sum();
  const Vector mean = y * p;
  const Matrix spread = (y.colwise() - mean) * p.cwiseSqrt().asDiagonal();
  Matrix covariance = Matrix::Zero(dim(), dim());
  covariance.selfadjointView<Eigen::Lower>().rankUpdate(spread, 1.0 / epsilon_);
  return covariance.selfadjointView<Eigen::Lower>();
}

DebiasedEntropicMap EntropicMapResult::debiased() const {
  require(self.has_value(), "EntropicMapResult", "self", "missing", "a fit with MapBias::debiased");
  return {map, *self};
}

EntropicMapResult entropic_map(const DiscreteMeasure& source, const DiscreteMeasure& target,
                               const SinkhornOptions& options, MapBias bias,
                               const Observer& observer) {
  options.validate();
  require(target.dim() == source.dim(), "entropic_map", "target.dim()", target.dim(),
          "the dimension of the source, " + std::to_string(source.dim()));
  const DiscreteMeasure from = merged_duplicates(source), to = merged_duplicates(target);
  const Cost cost = Cost::half_squared_euclidean();
  SinkhornResult transport = sinkhorn({from, to, cost}, options, observer);
  EntropicMap map(to, transport.g, transport.epsilon, options.threads);
  EntropicMapResult result{transport, std::move(map), std::nullopt, std::move(transport)};
  if (bias == MapBias::debiased) {
    const SelfTransport own = self_transport(from, cost, options);
    result.self.emplace(from, own.f, own.epsilon, options.threads);
    result.iterations += own.iterations;
    result.seconds += own.seconds;
    result.residual = std::max(result.residual, own.residual);
    if (result.converged && !own.converged) {
      result.converged = false;
      result.termination = own.termination;
    }
  }
  return result;
}

double smooth_map_epsilon(Index n, Index dim, double alpha, double scale) {
  constexpr const char* here = "smooth_map_epsilon";
  require(n >= 1, here, "n", n, "at least 1");
  require(dim >= 1, here, "dim", dim, "at least 1");
  require(alpha > 1.0 && std::isfinite(alpha), here, "alpha", alpha, "greater than 1");
  require(scale > 0.0 && std::isfinite(scale), here, "scale", scale, "greater than 0");
  const auto even = static_cast<double>(dim + dim % 2);
  return scale * std::pow(static_cast<double>(n), -1.0 / (even + std::min(alpha, 3.0) + 1.0));
}

double semidiscrete_map_epsilon(Index n, double scale) {
  constexpr const char* here = "semidiscrete_map_epsilon";
  require(n >= 1, here, "n", n, "at least 1");
  require(scale > 0.0 && std::isfinite(scale), here, "scale", scale, "greater than 0");
  return scale / std::sqrt(static_cast<double>(n));
}

}  // namespace pushforward::ot
