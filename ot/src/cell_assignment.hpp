/// The cell of each point: arg max_j <x, y_j> + h_j, without storing scores.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pushforward/core/isa.hpp"
#include "pushforward/core/types.hpp"

#include "ot/src/cell_assignment_kernels.hpp"
#include "ot/src/cell_search.hpp"

namespace pushforward::ot::detail {

/// How the best cells are found; the results are the same to the bit.
enum class CellMethod {
  automatic,  ///< Bounded for many atoms in low dimension.
  dense,      ///< All scores: d products a pair, at the speed of a matrix product.
  bounded     ///< Only panels of atoms that bounds do not rule out; d <= 4.
};

/// N atoms packed for the kernels in single and double precision. Const members may be called from
/// several threads; each call runs on one.
class CellAssignment {
 public:
  /// @param atoms  d x N, N < 2^31. Single precision is as good as the clouds are centred.
  explicit CellAssignment(PointsIn atoms, Isa isa = active_isa(),
                          CellMethod method = CellMethod::automatic);

  void set_heights(VectorIn heights);  ///< N.

  Index size() const { return size_; }
  Index dim() const { return dim_; }
  Isa isa() const { return isa_; }
  CellMethod method() const { return search_ ? CellMethod::bounded : CellMethod::dense; }
  /// Queries for one call: as many as stay in cache beside a panel of atoms, a multiple of 8.
  Index block() const;

  /// The best `slots` cells of each column of x (d x n), best first and the lowest index before
  /// equal scores; slots past N hold label -1 and minus infinity. values, labels: slots x n.
  void best(const float* x, Index n, Index slots, float* values, std::int32_t* labels) const;
  void best(const double* x, Index n, Index slots, double* values, std::int32_t* labels) const;

  /// The same in single precision for points on circles about the origin: pair i, x (columns 2 i
  /// and 2 i + 1 of d x 2 n), gives the points 8 i, ..., 8 i + 7, which are cos(t) x_2i + sin(t)
  /// x_2i+1 for t = 0, 45, ..., 315 degrees. Two products an atom for eight points: rounding
  /// differs from that of best(). For the dense method only. values, labels: slots x 8 n.
  void best_on_circles(const float* x, Index pairs, Index slots, float* values,
                       std::int32_t* labels) const;

  /// The best cell as double precision finds it, at the price of single precision: double decides
  /// only where the two best scores are closer than their rounding error.
  void best_exact(const double* x, Index n, std::int32_t* labels) const;
  /// The same for the points x_0, -x_0, x_1, -x_1, ... of x (d x n, n even), at the price of n. For
  /// the dense method only. labels: 2 n.
  void best_exact_opposite(const double* x, Index n, std::int32_t* labels) const;

  /// A bound on |score - exact score| in double precision for |x| = `norm`.
  double score_error(double norm) const;

 private:
  void circles(const float* x, Index pairs, Index points, Index slots, float* values,
               std::int32_t* labels) const;
  bool is_decided(double norm, const float* best_two) const;
  Index size_ = 0, dim_ = 0;
  Isa isa_;
  double largest_norm_ = 0.0, largest_height_ = 0.0;
  std::optional<CellSearch> search_;
  std::vector<float> atoms_f32_, heights_f32_;  // empty where search_ has them
  std::vector<double> atoms_f64_, heights_f64_;
};

}  // namespace pushforward::ot::detail
