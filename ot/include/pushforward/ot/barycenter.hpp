/// Wasserstein barycenters of weighted points: on a fixed support with entropy, debiased or not,
/// with a support of their own, and on the line, where averages of quantiles are exact.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pushforward/core/cost.hpp"
#include "pushforward/core/measure.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// What a barycenter on a fixed support minimises.
enum class BarycenterBias {
  entropic,  ///< Mean entropic costs: the barycenter is blurred, by epsilon / 2 an axis for
             ///< |x-y|^2.
  debiased  ///< Mean Sinkhorn divergences: the barycenter of copies of one measure is that measure.
};

constexpr std::array<std::string_view, 2> enum_names(BarycenterBias) {
  return {"entropic", "debiased"};
}

struct BarycenterOptions {
  double epsilon = 0.05;  ///< Entropic regularisation, in units of the cost.
  BarycenterBias bias = BarycenterBias::debiased;
  double tolerance = 1e-6;               ///< On the mean L1 distance of marginals.
  std::int64_t max_iterations = 10'000;  ///< Each takes two passes over every cost.
  int threads = 0;                       ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, positive, "entropic regularisation, in units of the cost");
    field("bias", self.bias, any_value, "what is minimised");
    field("tolerance", self.tolerance, positive, "mean L1 distance of marginals");
    field("max_iterations", self.max_iterations, at_least(0), "projections onto all marginals");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is sum_k w_k |P_k 1 - a|_1 for couplings P_k whose other marginals are exact, and for
/// a debiased barycenter the larger of that and the error of its self transport.
struct BarycenterResult : SolveReport {
  Vector weights;            ///< n: the barycenter's masses on the support, of sum one.
  std::vector<Vector> f, g;  ///< Potentials of each coupling; sum_k w_k f_k = 0 unless debiased.
  double dual = not_known;   ///< Of the entropic barycenter: at most the minimum of
                             ///< sum_k w_k OT(a, b_k), the entropy relative to uniform x b_k.
};

/// argmin_a sum_k w_k OT_epsilon(a, b_k) over masses a on the given support, by Bregman projections
/// in the log domain, streamed: nothing of size n x m is held for squared distances.
///
/// Entropic: each projection makes the marginals on the b_k exact, then sets
///   log a = sum_k w_k log(marginal of P_k on the support, for f_k = 0).
/// The entropy counts support points alike. Debiased: that plus the potential of the transport of a
/// to itself, which is averaged by turns. Detail finer
/// than sqrt(epsilon) is invisible to the costs and settles slowly, long after the rest. Zero
/// weights and repeated points are ordinary.
/// @param measures  K >= 1 measures in R^d. @param weights  K, non-negative, of positive sum;
///                  divided by it. @param support  d x n, finite.
/// @throws std::invalid_argument for no measures, other dimensions or sizes, bad weights or
/// options. Work O(n sum_k m_k d) an iteration. Source: \cite benamou2015, debiased
/// \cite janati2020barycenters.
BarycenterResult entropic_barycenter(const std::vector<DiscreteMeasure>& measures, VectorIn weights,
                                     PointsIn support, const BarycenterOptions& options = {},
                                     const Cost& cost = {}, const Observer& observer = {});

struct FreeSupportOptions {
  double epsilon = 0.0;               ///< 0: exact couplings; else entropic ones.
  double tolerance = 1e-9;            ///< Relative decrease of the objective at which to stop.
  std::int64_t max_iterations = 200;  ///< Updates of the support.
  int threads = 0;                    ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("epsilon", self.epsilon, non_negative, "of entropic couplings; 0 takes exact ones");
    field("tolerance", self.tolerance, positive, "relative decrease of the objective");
    field("max_iterations", self.max_iterations, at_least(0), "updates of the support");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is the last relative decrease.
struct FreeSupportResult : SolveReport {
  DiscreteMeasure barycenter;
  double objective = not_known;  ///< sum_k w_k <P_k, C> of the couplings: W_2^2 where exact.
};

/// A local minimum of sum_k w_k W_2^2(a, b_k) over the places of the points of a, whose weights
/// stay as they are: couplings and barycentric projections x_i = sum_k w_k sum_j P_k,ij y_kj / a_i
/// by turns. With exact couplings the objective never rises. Where the projection is not defined,
/// at points of weight zero, they stay.
/// @param start  the first places, and the weights. @param measures, weights  as above.
/// Work that of K exact or entropic solves an iteration. Source: \cite cuturi2014.
FreeSupportResult free_support_barycenter(const std::vector<DiscreteMeasure>& measures,
                                          VectorIn weights, const DiscreteMeasure& start,
                                          const FreeSupportOptions& options = {},
                                          const Observer& observer = {});

/// argmin_a sum_k w_k W_2^2(a, b_k) on the line: its quantile function is the weighted mean of
/// theirs. At most sum_k m_k - K + 1 atoms, in increasing order.
/// @param measures  of dimension 1. Work O(M log M) for M points in all.
/// @throws std::invalid_argument for another dimension, no measures or bad weights.
DiscreteMeasure univariate_barycenter(const std::vector<DiscreteMeasure>& measures,
                                      VectorIn weights);

}  // namespace pushforward::ot
