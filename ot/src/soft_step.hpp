/// Half a Sinkhorn iteration in single precision between clouds that stand for two measures.
#pragma once

#include <vector>

#include "pushforward/core/types.hpp"

#include "ot/src/cell_tree.hpp"
#include "ot/src/soft_transform_kernels.hpp"

namespace pushforward::ot::detail {

/// A cloud, or a coarser one in its place.
struct SoftCloud {
  Matrix points;     // d x n
  Vector log_mass;   // log2 of the masses
  Vector potential;  // for the cost s |x - y|^2
  CellTree tree;     // empty if cells do not pay

  Index size() const { return points.cols(); }
};

/// potential_i = -epsilon log sum_j b_j exp((g_j - s |x_i - y_j|^2) / epsilon), b of sum one.
class SoftStep {
 public:
  SoftStep(double scale, int threads) : scale_(scale), threads_(threads) {}

  /// The old potential of `to` keeps the exponents small; where it is too far off, the largest one
  /// does. Where both clouds have trees, terms far below the largest are left out.
  void operator()(SoftCloud& to, SoftCloud& from, double epsilon);

 private:
  void all_pairs(SoftCloud& to, const SoftCloud& from, Range rows, double bits_a_unit) const;
  bool near_pairs(SoftCloud& to, const SoftCloud& from, CellTree::Cell cell,
                  double bits_a_unit) const;

  double scale_;
  int threads_;
  std::vector<float> y_, u_;  // of all pairs: the coordinates and the rest of the exponents
  Vector weighted_;           // potential of `from` with the logarithm of its masses
};

}  // namespace pushforward::ot::detail
