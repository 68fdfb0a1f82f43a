/// How far apart two samples are: kernel and energy distances, Kolmogorov-Smirnov.
#pragma once

#include <optional>

#include "pushforward/core/goodness_of_fit.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward {

/// A measured number and the standard deviation of its error.
struct Estimate {
  double value;
  double standard_error;
};

struct MmdOptions {
  std::optional<double> bandwidth;  ///< Unset takes `median_distance` of both samples together.
  int threads = 0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("bandwidth", self.bandwidth, positive, "of the Gaussian kernel; unset: median distance");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
};

/// Squared maximum mean discrepancy E k(x, x') + E k(y, y') - 2 E k(x, y) for the Gaussian kernel
/// k(x, y) = exp(-|x - y|^2 / (2 h^2)), from pairs of distinct points: unbiased, so it may come out
/// below zero when the laws are close.
///
/// The standard error is that of the first-order terms of both samples. Far from equal laws it is
/// asymptotically exact; for equal laws, where those terms vanish, it is too large by a factor of
/// at most sqrt 2.
/// @param x, y  d x n and d x m, finite, at least two points each; the points of each sample are
///              taken as independent.
/// Work O((n + m)^2 d), memory O(n + m); the bits do not depend on the number of threads.
/// @throws std::invalid_argument for bad options or points. Source: \cite gretton2012.
Estimate mmd_squared(PointsIn x, PointsIn y, const MmdOptions& options = {});

/// The median distance between distinct points of both samples together, from at most 1000 of
/// them, evenly spaced; 1 if more than half of the distances are zero.
double median_distance(PointsIn x, PointsIn y);

/// 2 E|x - y| - E|x - x'| - E|y - y'| from pairs of distinct points: unbiased, zero in mean if and
/// only if the laws agree. Standard error as for `mmd_squared`, of which this is the case
/// k = -|x - y|.
/// Work O((n + m)^2 d); on the line O((n + m) log(n + m)).
/// @throws std::invalid_argument for bad points. Source: \cite szekely2013.
Estimate energy_distance(PointsIn x, PointsIn y, int threads = 0);

/// D = sup |F_n - G_m| between two samples on the line, with the p-value of its limit law; that is
/// too large (the test conservative) for small samples and for laws with atoms.
/// @throws std::invalid_argument for no numbers, or one that is not finite.
GoodnessOfFit kolmogorov_smirnov_two_sample(VectorIn x, VectorIn y);

}  // namespace pushforward
