/// Sliced transport: the average over directions of transport on the line.
#pragma once

#include <cstdint>

#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

struct SlicedOptions {
  Index directions = 512;  ///< Rounded up to a multiple of the dimension.
  int threads = 0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("directions", self.directions, at_least(1),
          "random directions, rounded up to a multiple of the dimension");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
};

struct SlicedDistance {
  double squared;         ///< Mean over directions of W_2^2 between the projections.
  double standard_error;  ///< Of `squared` for the choice of directions, the samples held fixed.
  Vector per_direction;   ///< W_2^2 of each projection.
};

/// `count` unit vectors, d x count, in independent blocks of d orthonormal ones, uniform on the
/// orthogonal group up to signs; a count that is no multiple of d ends in part of a block.
/// Orthogonal blocks have a smaller variance than independent directions.
Matrix random_directions(const RngKey& key, Index dim, Index count, int threads = 0);

/// SW_2^2 = mean over unit vectors u of W_2^2(u^T x, u^T y), for samples of equal weights.
///
/// @param x, y  d x n and d x m, finite; n and m may differ.
/// Work O(L (n d + n log n)) for L directions, memory O(n) a thread; the bits do not depend on the
/// number of threads. Blocks of orthogonal directions give independent means, from which the
/// standard error comes; NaN for a single block.
/// @throws std::invalid_argument for bad options or points.
/// Source: \cite rabin2011, \cite bonneel2015.
SlicedDistance sliced_wasserstein_2_squared(PointsIn x, PointsIn y, const RngKey& key,
                                            const SlicedOptions& options = {});

/// The same along the given directions (d x L, of length one), taken as independent draws.
SlicedDistance sliced_wasserstein_2_squared(PointsIn x, PointsIn y, PointsIn directions,
                                            int threads = 0);

struct MaxSlicedOptions {
  Index restarts = 10;                ///< First directions, beside that of the means' difference.
  double tolerance = 1e-10;           ///< Length of the tangent gradient, relative to the value.
  std::int64_t max_iterations = 500;  ///< Steps of each ascent.
  int threads = 0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("restarts", self.restarts, at_least(0),
          "random first directions, beside that of the means' difference");
    field("tolerance", self.tolerance, positive,
          "length of the gradient along the sphere, relative to the value");
    field("max_iterations", self.max_iterations, at_least(0), "steps of each ascent");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
};

/// `residual` is the relative length of the gradient at the best direction; `iterations` counts the
/// steps of all ascents. Every value is attained, so `squared` is a lower bound of the maximum.
struct MaxSlicedDistance : SolveReport {
  double squared;      ///< W_2^2 between the projections on `direction`.
  Vector direction;    ///< d, of length one.
  Vector per_restart;  ///< What each ascent reached, that from the means' difference first.
};

/// max over unit vectors u of W_2^2(u^T x, u^T y), for samples of equal weights.
///
/// Ascent along the gradient 2 sum_ij P_ij u^T(x_i - y_j) (x_i - y_j), P the sorted coupling along
/// u, projected onto the sphere, with backtracking: values never fall. The function is not concave;
/// restarts are all there is against local maxima, and there is no certificate that they suffice.
/// Work O(n d + n log n) a trial. The same bits for any number of threads.
/// @param x, y  d x n and d x m, finite. @throws std::invalid_argument for bad options or points.
/// Source: \cite deshpande2019.
MaxSlicedDistance max_sliced_wasserstein_2_squared(PointsIn x, PointsIn y, const RngKey& key,
                                                   const MaxSlicedOptions& options = {});

}  // namespace pushforward::ot
