/// Samples between modes: shares that a law hardly has, measured against the law's own share.
///
/// A sampler that stops short averages over modes and leaves points between them. Each measure here
/// is the share of samples with a property that marks such points, minus the share that exact draws
/// of the law show; both are Monte Carlo means, so the difference comes with a standard error.
#pragma once

#include "pushforward/core/densities/gaussian_mixture.hpp"
#include "pushforward/core/goodness_of_fit.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::diffusion {

/// A share among samples beside the same share among exact draws.
struct ShareExcess {
  double share = 0.0;           ///< Among the samples.
  double expected = 0.0;        ///< Among the exact draws.
  double excess = 0.0;          ///< share - expected; may be negative.
  double standard_error = 0.0;  ///< Of the excess.
};

/// The difference of two shares, `hits` out of n and `expected_hits` out of m, with the standard
/// error sqrt(p (1 - p) / n + q (1 - q) / m) at the shrunk shares p = (hits + 1) / (n + 2), so that
/// a share of 0 is not reported without error.
ShareExcess share_excess(Index hits, Index n, Index expected_hits, Index m);

/// Share of points outside the `mass`-ellipsoid of every component: the k-th is
/// {x : (x - m_k)^T C_k^{-1} (x - m_k) <= q}, with q the quantile of chi^2_d at `mass`.
/// samples: d x n; `draws` exact draws under `key` give the expected share.
/// @throws std::invalid_argument for a singular component, no samples, another dimension, or a mass
///   that is not strictly between 0 and 1.
ShareExcess outside_share(const GaussianMixture& mixture, PointsIn samples, const RngKey& key,
                          double mass = 0.999, Index draws = 100'000);

/// Share of points whose most likely component has a posterior probability below `threshold`.
/// Arguments and errors as above.
ShareExcess ambiguous_share(const GaussianMixture& mixture, PointsIn samples, const RngKey& key,
                            double threshold = 0.9, Index draws = 100'000);

/// How often each component is behind the samples, and Pearson's test of that against the weights.
struct ComponentCounts {
  IndexVector counts;  ///< K; of sum n.
  GoodnessOfFit
      fit;  ///< Against the weights; components of weight 0 cannot occur and are left out.
  double degrees_of_freedom;  ///< Components of positive weight, less 1.
};

/// Labels each sample with a component drawn from its posterior probabilities there: for draws of
/// the mixture the labels are independent draws from the weights, however much components overlap,
/// so the test is exact up to its own limit. A sampler that collapses onto some of the modes passes
/// every share above and fails here. samples: d x n; `key` decides the labels.
/// @throws std::invalid_argument for no samples or another dimension.
ComponentCounts component_counts(const GaussianMixture& mixture, PointsIn samples,
                                 const RngKey& key);

/// For each sample, the share of its `neighbours` nearest data points that have the commonest label
/// among them; ties in distance go to the lower index.
/// samples: d x n. data: d x m. labels: m, non-negative. Work O(n m d), memory O(m).
/// @throws std::invalid_argument for sizes that do not match, a negative label, or more neighbours
///   than data.
Vector neighbour_agreement(PointsIn samples, PointsIn data, const IndexVector& labels,
                           Index neighbours = 10, int threads = 0);

/// Share of samples whose `neighbour_agreement` is below `threshold`, minus that of `held_out`.
ShareExcess class_ambiguity(PointsIn samples, PointsIn held_out, PointsIn data,
                            const IndexVector& labels, Index neighbours = 10,
                            double threshold = 0.9, int threads = 0);

}  // namespace pushforward::diffusion
