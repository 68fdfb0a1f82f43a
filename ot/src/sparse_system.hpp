/// The linear system of a Newton step on entropic potentials, with most of the coupling dropped.
#pragma once

#include <cstdint>
#include <vector>

#include "pushforward/core/types.hpp"

namespace pushforward::ot::detail {

/// [[diag r', P], [P^T, diag c']] (du, dv) = (x, y), P sparse by rows, r' and c' slightly above its
/// row and column sums.
class SparseSystem {
 public:
  /// Keeps of each row (a column of `plan`, m x n) the largest entries, all but at most
  /// drop * a_i of the mass, and the largest of each column.
  SparseSystem(const Matrix& plan, const Vector& a, double drop, int threads);

  std::int64_t kept() const { return static_cast<std::int64_t>(value_.size()); }
  double density() const;

  /// Solves to `tolerance` relative to |x|_1 + |y|_1; r, c > 0 are the diagonals.
  void solve(const Vector& r, const Vector& c, const Vector& x, const Vector& y, double tolerance,
             Vector& du, Vector& dv);

 private:
  bool solve_by_gradients(const Vector& r, const Vector& c, const Vector& rhs, double tolerance,
                          Vector& dv) const;
  void solve_dense(const Vector& r, const Vector& c, const Vector& rhs, Vector& dv) const;
  void solve_sparse(const Vector& r, const Vector& c, const Vector& x, const Vector& y, Vector& du,
                    Vector& dv) const;

  Index n_, m_;
  std::vector<Index> first_;
  std::vector<int> column_;
  std::vector<double> value_;
};

}  // namespace pushforward::ot::detail
