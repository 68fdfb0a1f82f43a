/// What an entropic solver asks of the data: soft minima, products with the coupling, and one whole
/// iteration. Written once per way to hold the costs; the loops above know none of them.
#pragma once

#include <cstdint>
#include <memory>

#include "pushforward/core/types.hpp"
#include "pushforward/ot/cost_view.hpp"
#include "pushforward/ot/grid_cost.hpp"
#include "pushforward/ot/softmin.hpp"

namespace pushforward::ot::detail {

/// Weights a (n) and b (m) have sum one; zeros are ordinary. P_ij = a_i b_j exp((f_i + g_j - C_ij)
/// / epsilon) throughout. Not safe to share between threads.
class SinkhornBackend {
 public:
  virtual ~SinkhornBackend() = default;

  Index rows() const { return a_.size(); }
  Index cols() const { return b_.size(); }
  const Vector& a() const { return a_; }
  const Vector& b() const { return b_; }
  double epsilon() const { return epsilon_; }
  virtual void set_epsilon(double epsilon) { epsilon_ = epsilon; }

  /// f_i = -epsilon log sum_j b_j exp((g_j - C_ij) / epsilon). On entry f is a guess: where it is
  /// within several hundred epsilon, one pass of plain sums does, else a slower one follows.
  virtual void soft_rows(VectorIn g, VectorOut f) = 0;
  /// g_j = -epsilon log sum_i a_i exp((f_i - C_ij) / epsilon).
  virtual void soft_columns(VectorIn f, VectorOut g) = 0;

  /// f += omega (soft_rows(g) - f), then g += omega (soft_columns(f) - g).
  /// @returns |P 1 - a|_1 of the pair that came in.
  virtual double sweep(double omega, VectorOut f, VectorOut g);

  /// Column i of `out` (k x n) is sum_j P_ij v_j, or sum_j P_ij^2 v_j; v is k x m.
  virtual void apply(VectorIn f, VectorIn g, PointsIn v, PointsOut out, bool squared = false) = 0;
  /// Column j of `out` (k x m) is sum_i P_ij v_i; v is k x n.
  virtual void apply_transposed(VectorIn f, VectorIn g, PointsIn v, PointsOut out) = 0;

  /// P transposed: column i (of m numbers) is row i of P. Valid until the next call.
  virtual const Matrix& plan(VectorIn f, VectorIn g) {
    fill_plan(f, g, plan_);
    return plan_;
  }
  virtual void fill_plan(VectorIn f, VectorIn g, Matrix& plan) = 0;

  virtual double transport_cost(VectorIn f, VectorIn g) = 0;      ///< <P, C>.
  virtual double product_cost(VectorIn u, VectorIn v) const = 0;  ///< <u v^T, C>.

  /// What was taken from the rows of C before all of the above, n or none: potentials f are those
  /// of what remains, so that a large common part of the costs takes no digits from them.
  virtual const Vector& row_offset() const {
    static const Vector none;
    return none;
  }

  /// max C - min C, or an upper bound of it within a small factor.
  virtual double cost_range() const = 0;

  /// Passes over all pairs so far: a half step, a product or a plan counts one, a sweep two.
  virtual std::int64_t passes() const { return passes_; }

 protected:
  SinkhornBackend(Vector a, Vector b) : a_(std::move(a)), b_(std::move(b)) {}
  double row_error(VectorIn f, VectorIn soft) const;  ///< sum_i a_i |exp((f_i - soft_i) / eps) - 1|

  Vector a_, b_;
  double epsilon_ = 1.0;
  std::int64_t passes_ = 0;
  Matrix plan_;  // m x n where there is one
};

/// Never holds anything of size n x m for squared distances, dot products and grids; other costs
/// are stored once as a matrix and once transposed.
std::unique_ptr<SinkhornBackend> make_sinkhorn_backend(std::shared_ptr<const CostView> cost,
                                                       Vector a, Vector b, Precision precision,
                                                       int threads);

/// Axis by axis; memory O(n). Has no `plan`.
std::unique_ptr<SinkhornBackend> make_grid_backend(std::shared_ptr<const GridCost> grid, Vector a,
                                                   Vector b, int threads);

/// Stores P at some potentials and iterates on scalings of it, rebuilding it from `inner` whenever
/// a potential has moved by 30 epsilon or epsilon has changed. 8 n m bytes.
std::unique_ptr<SinkhornBackend> make_stored_plan_backend(std::unique_ptr<SinkhornBackend> inner,
                                                          int threads);

/// Whether the cost needs no matrix.
bool is_streamed(const CostView& cost);

}  // namespace pushforward::ot::detail
