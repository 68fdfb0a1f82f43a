/// Couplings: how much mass goes from each source to each target, stored, sparse, or implied by
/// potentials.
#pragma once

#include <memory>
#include <vector>

#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/cost_view.hpp"

namespace pushforward::ot {

/// P_ij >= 0, the mass that goes from source i to target j.
class Coupling {
 public:
  /// One entry of a coupling.
  struct Entry {
    Index row, col;
    double mass;
  };

  virtual ~Coupling() = default;
  Index rows() const { return rows_; }  ///< n, sources.
  Index cols() const { return cols_; }  ///< m, targets.

  virtual Vector row_marginal() const = 0;  ///< n: sum_j P_ij.
  virtual Vector col_marginal() const = 0;  ///< m: sum_i P_ij.

  /// Column i of the result is sum_j P_ij v_j. @param v  k x m. @returns k x n.
  virtual Matrix apply(PointsIn v) const = 0;
  /// Column j of the result is sum_i P_ij v_i. @param v  k x n. @returns k x m.
  virtual Matrix apply_transposed(PointsIn v) const = 0;

  virtual double transport_cost(const CostView& cost) const = 0;  ///< <P, C> over P > 0.

  /// The k largest entries of row i, largest first, lowest column first among equals.
  virtual std::vector<Entry> largest(Index i, Index k) const = 0;

  /// `count` independent pairs (i, j) drawn with probability P_ij / sum P: 2 x count.
  Eigen::Matrix<Index, 2, Eigen::Dynamic, Eigen::DontAlign> sample(const RngKey& key,
                                                                   Index count) const;

  struct BarycentricMap {
    Matrix points;               ///< d x n: sum_j P_ij y_j / sum_j P_ij; x_i where that is 0 / 0.
    std::vector<bool> has_mass;  ///< n: false where points(:, i) is x_i for want of mass.
  };
  /// Where the mass of each source goes on average. @param x, y  d x n and d x m.
  BarycentricMap barycentric_map(PointsIn x, PointsIn y) const;

 protected:
  Coupling(Index rows, Index cols) : rows_(rows), cols_(cols) {}
  /// Row i, overwritten: m numbers.
  virtual void row(Index i, VectorOut masses) const = 0;

 private:
  Index rows_, cols_;
};

class DenseCoupling final : public Coupling {
 public:
  explicit DenseCoupling(Matrix masses);  ///< n x m, non-negative and finite.

  Vector row_marginal() const override;
  Vector col_marginal() const override;
  Matrix apply(PointsIn v) const override;
  Matrix apply_transposed(PointsIn v) const override;
  double transport_cost(const CostView& cost) const override;
  std::vector<Entry> largest(Index i, Index k) const override;
  const Matrix& matrix() const { return masses_; }

 private:
  void row(Index i, VectorOut masses) const override;
  Matrix masses_;
};

/// Entries by rows, each row by rising column. Exact solvers give at most n + m - 1 of them.
class SparseCoupling final : public Coupling {
 public:
  SparseCoupling() : Coupling(0, 0) {}
  /// @param entries  in any order; equal places are added, zeros dropped.
  /// @throws std::invalid_argument for a place outside n x m or a mass that is negative or not
  /// finite.
  SparseCoupling(Index rows, Index cols, std::vector<Entry> entries);

  Vector row_marginal() const override;
  Vector col_marginal() const override;
  Matrix apply(PointsIn v) const override;
  Matrix apply_transposed(PointsIn v) const override;
  double transport_cost(const CostView& cost) const override;
  std::vector<Entry> largest(Index i, Index k) const override;

  const std::vector<Entry>& entries() const { return entries_; }
  /// Entries first(i) to first(i + 1) - 1 are of row i.
  Index first(Index i) const { return first_[static_cast<std::size_t>(i)]; }

 private:
  void row(Index i, VectorOut masses) const override;
  std::vector<Entry> entries_;
  std::vector<Index> first_;
};

/// P_ij = a_i b_j exp((f_i + g_j - C_ij) / epsilon) + r_i s_j: the coupling of entropic potentials
/// and the rank-one part by which rounding makes its marginals exact. Holds O(n + m) numbers;
/// entries are computed when asked for.
class PotentialCoupling final : public Coupling {
 public:
  PotentialCoupling(std::shared_ptr<const CostView> cost, Vector a, Vector b, Vector f, Vector g,
                    double epsilon, int threads = 0);
  /// The same with r and s, of n and m non-negative numbers.
  PotentialCoupling(std::shared_ptr<const CostView> cost, Vector a, Vector b, Vector f, Vector g,
                    double epsilon, Vector r, Vector s, int threads = 0);

  Vector row_marginal() const override;
  Vector col_marginal() const override;
  Matrix apply(PointsIn v) const override;
  Matrix apply_transposed(PointsIn v) const override;
  double transport_cost(const CostView& cost) const override;
  std::vector<Entry> largest(Index i, Index k) const override;

  const std::shared_ptr<const CostView>& cost() const { return cost_; }
  const Vector& a() const { return a_; }
  const Vector& b() const { return b_; }
  const Vector& f() const { return f_; }
  const Vector& g() const { return g_; }
  double epsilon() const { return epsilon_; }

 private:
  void row(Index i, VectorOut masses) const override;
  /// Rows [begin, end) of column j.
  void column(Index j, Index begin, Index end, double* masses) const;

  std::shared_ptr<const CostView> cost_;
  Vector a_, b_, f_, g_;
  double epsilon_;
  Vector r_, s_;
  int threads_;
};

}  // namespace pushforward::ot
