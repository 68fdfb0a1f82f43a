/// Sliced transport: the average over directions of transport on the line.
#pragma once

#include "pushforward/core/options.hpp"
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

}  // namespace pushforward::ot
