/// Exact distances between samples of a few hundred points, and their averages over blocks.
#pragma once

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// W_2^2 between n and n points of equal weight: the mean squared distance under the best pairing.
/// Work about O(n^2 (d + 20)), memory 8 n^2 bytes. @throws std::invalid_argument as
/// `assignment_squared_euclidean`.
double wasserstein_2_squared(PointsIn x, PointsIn y, int threads = 0);

struct EmpiricalOptions {
  Index block = 256;  ///< Points of each sample in a block.
  Index blocks = 0;   ///< 0 takes as many as both samples fill.
  int threads = 0;

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("block", self.block, at_least(1), "points of each sample in a block");
    field("blocks", self.blocks, at_least(0), "0 takes as many as both samples fill");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
};

struct EmpiricalDistance {
  double squared;         ///< Mean over blocks of W_2^2.
  double standard_error;  ///< Of `squared`; NaN for a single block.
  Vector per_block;       ///< W_2^2 of each block.
};

/// The mean over disjoint blocks of exact W_2^2 between block b of x and block b of y, which are
/// columns b B to (b + 1) B - 1 of each.
///
/// With independent columns the blocks are independent draws of one number, the expected W_2^2
/// between samples of B points. That is above W_2^2 of the laws, by about the W_2^2 between two
/// samples of one law ("the floor"), which shrinks like B^(-2/d) for d > 4: compare only distances
/// of equal B, and state the floor beside them. Pairs are fixed by the order of the columns: when
/// samplers are compared against one reference y from common random numbers, subtract per_block
/// (`paired_difference`) and most of the noise cancels.
///
/// @param x, y  d x n and d x m, finite, with at least one block each.
/// @throws std::invalid_argument for bad options, or samples too short for the blocks asked for.
EmpiricalDistance empirical_wasserstein_2_squared(PointsIn x, PointsIn y,
                                                  const EmpiricalOptions& options = {});

/// Mean and standard error of a.per_block - b.per_block.
struct PairedDifference {
  double mean;
  double standard_error;
};

/// @throws std::invalid_argument unless both have the same number of blocks.
PairedDifference paired_difference(const EmpiricalDistance& a, const EmpiricalDistance& b);

}  // namespace pushforward::ot
