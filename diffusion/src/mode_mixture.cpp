#include "pushforward/diffusion/mode_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <Eigen/Cholesky>
#include <boost/math/distributions/chi_squared.hpp>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"

namespace pushforward::diffusion {
namespace {

void check(const char* where, const GaussianMixture& mixture, PointsIn samples) {
  require(samples.cols() > 0, where, "samples.cols()", samples.cols(), "at least 1");
  require(samples.rows() == mixture.dim(), where, "samples.rows()", samples.rows(),
          "the dimension of the mixture, " + std::to_string(mixture.dim()));
}

void check(const char* where, const GaussianMixture& mixture, PointsIn samples, double share,
           const char* share_name, Index draws) {
  check(where, mixture, samples);
  require(share > 0.0 && share < 1.0, where, share_name, share, "strictly between 0 and 1");
  require(draws > 0, where, "draws", draws, "at least 1");
}

// Points that lie in no ellipsoid of squared radius `radius_squared`.
Index outside(const GaussianMixture& mixture, PointsIn x, double radius_squared) {
  Vector nearest = Vector::Constant(x.cols(), std::numeric_limits<double>::infinity());
  for (Index k = 0; k < mixture.components(); ++k) {
    const Eigen::LLT<Matrix> factor(mixture.component_covariance(k));
    require(factor.info() == Eigen::Success, "outside_share", "component", k,
            "one with a positive definite covariance");
    const Matrix whitened = factor.matrixL().solve(x.colwise() - mixture.means().col(k));
    nearest = nearest.cwiseMin(whitened.colwise().squaredNorm().transpose());
  }
  return (nearest.array() > radius_squared).count();
}

// Calls visit(begin, r) with the responsibilities r, K x block, of the points from `begin` on.
template <class Visit>
void each_responsibilities(const GaussianMixture& mixture, PointsIn x, Visit&& visit) {
  constexpr Index block = 4096;
  for (Index begin = 0; begin < x.cols(); begin += block) {
    Matrix r(mixture.components(), std::min(block, x.cols() - begin));
    mixture.responsibilities(x.middleCols(begin, r.cols()), r);
    visit(begin, r);
  }
}

Index ambiguous(const GaussianMixture& mixture, PointsIn x, double threshold) {
  Index count = 0;
  each_responsibilities(mixture, x, [&](Index, const Matrix& r) {
    count += (r.colwise().maxCoeff().array() < threshold).count();
  });
  return count;
}

// The label that a uniform number u draws from the probabilities p, never one of probability 0.
Index drawn_label(VectorIn p, double u) {
  double remaining = u * p.sum();
  Index last = 0;
  for (Index k = 0; k < p.size(); ++k) {
    if (p[k] <= 0.0) continue;
    last = k;
    if (remaining < p[k]) break;
    remaining -= p[k];
  }
  return last;
}

}  // namespace

ShareExcess share_excess(Index hits, Index n, Index expected_hits, Index m) {
  const auto variance = [](Index count, Index size) {
    const double total = static_cast<double>(size);
    const double shrunk = (static_cast<double>(count) + 1.0) / (total + 2.0);
    return shrunk * (1.0 - shrunk) / total;
  };
  const double share = static_cast<double>(hits) / static_cast<double>(n);
  const double expected = static_cast<double>(expected_hits) / static_cast<double>(m);
  return {.share = share,
          .expected = expected,
          .excess = share - expected,
          .standard_error = std::sqrt(variance(hits, n) + variance(expected_hits, m))};
}

ShareExcess outside_share(const GaussianMixture& mixture, PointsIn samples, const RngKey& key,
                          double mass, Index draws) {
  check("outside_share", mixture, samples, mass, "mass", draws);
  const boost::math::chi_squared chi(static_cast<double>(mixture.dim()));
  const double radius_squared = boost::math::quantile(chi, mass);
  return share_excess(outside(mixture, samples, radius_squared), samples.cols(),
                      outside(mixture, mixture.draws(key, draws), radius_squared), draws);
}

ShareExcess ambiguous_share(const GaussianMixture& mixture, PointsIn samples, const RngKey& key,
                            double threshold, Index draws) {
  check("ambiguous_share", mixture, samples, threshold, "threshold", draws);
  return share_excess(ambiguous(mixture, samples, threshold), samples.cols(),
                      ambiguous(mixture, mixture.draws(key, draws), threshold), draws);
}

ComponentCounts component_counts(const GaussianMixture& mixture, PointsIn samples,
                                 const RngKey& key) {
  check("component_counts", mixture, samples);
  Matrix u(1, samples.cols());
  fill_uniform(key, u);
  ComponentCounts result{.counts = IndexVector::Zero(mixture.components())};
  each_responsibilities(mixture, samples, [&](Index begin, const Matrix& r) {
    for (Index i = 0; i < r.cols(); ++i) ++result.counts[drawn_label(r.col(i), u(0, begin + i))];
  });
  std::vector<Index> possible;
  for (Index k = 0; k < mixture.components(); ++k) {
    if (mixture.weights()[k] > 0.0) possible.push_back(k);
  }
  result.fit = pearson_test(result.counts(possible), mixture.weights()(possible));
  result.degrees_of_freedom = static_cast<double>(possible.size()) - 1.0;
  return result;
}

Vector neighbour_agreement(PointsIn samples, PointsIn data, const IndexVector& labels,
                           Index neighbours, int threads) {
  constexpr auto where = "neighbour_agreement";
  require(samples.rows() == data.rows(), where, "samples.rows()", samples.rows(),
          "the dimension of the data, " + std::to_string(data.rows()));
  require(labels.size() == data.cols(), where, "labels.size()", labels.size(),
          "one per data point, " + std::to_string(data.cols()));
  require(neighbours >= 1 && neighbours <= data.cols(), where, "neighbours", neighbours,
          "between 1 and the number of data points, " + std::to_string(data.cols()));
  for (Index i = 0; i < labels.size(); ++i) {
    require(labels[i] >= 0, where, "labels[" + std::to_string(i) + "]", labels[i],
            "a non-negative class");
  }
  const Index classes = labels.maxCoeff() + 1;
  Vector agreement(samples.cols());
  detail::parallel_blocks(samples.cols(), 64, threads, [&](Index begin, Index end, Index) {
    Vector distance(data.cols());
    std::vector<Index> order(static_cast<std::size_t>(data.cols()));
    IndexVector votes(classes);
    for (Index i = begin; i < end; ++i) {
      distance = (data.colwise() - samples.col(i)).colwise().squaredNorm().transpose();
      std::iota(order.begin(), order.end(), Index{0});
      std::nth_element(order.begin(), order.begin() + (neighbours - 1), order.end(),
                       [&](Index a, Index b) {
                         return distance[a] < distance[b] || (distance[a] == distance[b] && a < b);
                       });
      votes.setZero();
      for (Index j = 0; j < neighbours; ++j) ++votes[labels[order[static_cast<std::size_t>(j)]]];
      agreement[i] = static_cast<double>(votes.maxCoeff()) / static_cast<double>(neighbours);
    }
  });
  return agreement;
}

ShareExcess class_ambiguity(PointsIn samples, PointsIn held_out, PointsIn data,
                            const IndexVector& labels, Index neighbours, double threshold,
                            int threads) {
  const auto below = [&](PointsIn x) {
    return (neighbour_agreement(x, data, labels, neighbours, threads).array() < threshold).count();
  };
  require(samples.cols() > 0, "class_ambiguity", "samples.cols()", samples.cols(), "at least 1");
  require(held_out.cols() > 0, "class_ambiguity", "held_out.cols()", held_out.cols(), "at least 1");
  return share_excess(below(samples), samples.cols(), below(held_out), held_out.cols());
}

}  // namespace pushforward::diffusion
