#include "ot/src/sparse_system.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

#include <Eigen/Cholesky>
#include <Eigen/SparseCholesky>

#include "core/src/parallel.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::parallel_blocks;

constexpr Index row_block = 64;
constexpr int most_gradients = 600;  // conjugate gradient steps before a factorisation
constexpr Index largest_dense = 2500;

// The mass of entries by their binary exponent below the row's: finer would not drop more than a
// factor of two of `drop`.
constexpr int bins = 128;

int exponent(double positive) {
  return static_cast<int>(std::bit_cast<std::uint64_t>(positive) >> 52);
}

// The largest power of two below which entries of the row add up to at most `mass`.
double threshold(const double* row, Index m, double mass) {
  double top = 0.0;
  for (Index j = 0; j < m; ++j) top = std::max(top, row[j]);
  if (top == 0.0) return 0.0;
  const int highest = exponent(top);
  std::array<double, bins> weight{};
  for (Index j = 0; j < m; ++j) {
    weight[static_cast<std::size_t>(std::min(bins - 1, highest - exponent(row[j])))] += row[j];
  }
  int k = bins - 1;
  for (double dropped = 0.0; k > 0; --k) {
    dropped += weight[static_cast<std::size_t>(k)];
    if (dropped > mass) break;
  }
  return std::ldexp(1.0, std::max(1, highest - k) - 1023);
}

}  // namespace

SparseSystem::SparseSystem(const Matrix& plan, const Vector& a, double drop, int threads)
    : n_(plan.cols()), m_(plan.rows()), first_(static_cast<std::size_t>(n_ + 1), 0) {
  const Index blocks = pushforward::detail::block_count(n_, row_block);
  Matrix tops = Matrix::Zero(m_, blocks);
  parallel_blocks(n_, row_block, threads, [&](Index begin, Index end, Index b) {
    for (Index i = begin; i < end; ++i) tops.col(b) = tops.col(b).cwiseMax(plan.col(i));
  });
  Vector top = tops.col(0);
  for (Index b = 1; b < blocks; ++b) top = top.cwiseMax(tops.col(b));
  // Blocks of rows are scanned in parallel and joined in order.
  struct Block {
    std::vector<int> column;
    std::vector<double> value;
  };
  std::vector<Block> parts(static_cast<std::size_t>(blocks));
  parallel_blocks(n_, row_block, threads, [&](Index begin, Index end, Index b) {
    Block& part = parts[static_cast<std::size_t>(b)];
    for (Index i = begin; i < end; ++i) {
      const double* row = plan.col(i).data();
      const double cut = threshold(row, m_, drop * a[i]);
      for (Index j = 0; j < m_; ++j) {
        if (!(row[j] > 0.0 && (row[j] >= cut || row[j] == top[j]))) continue;
        part.column.push_back(static_cast<int>(j));
        part.value.push_back(row[j]);
      }
      first_[static_cast<std::size_t>(i + 1)] = static_cast<Index>(part.column.size());
    }
  });
  Index before = 0;
  for (Index b = 0; b < blocks; ++b) {
    const Block& part = parts[static_cast<std::size_t>(b)];
    const Index end = std::min(n_, (b + 1) * row_block);
    for (Index i = b * row_block; i < end; ++i) first_[static_cast<std::size_t>(i + 1)] += before;
    before += static_cast<Index>(part.column.size());
    column_.insert(column_.end(), part.column.begin(), part.column.end());
    value_.insert(value_.end(), part.value.begin(), part.value.end());
  }
}

double SparseSystem::density() const {
  return static_cast<double>(kept()) / (static_cast<double>(n_) * static_cast<double>(m_));
}

// f is eliminated: (diag c - P^T diag(1/r) P) dv = y - P^T (x / r).
void SparseSystem::solve(const Vector& r, const Vector& c, const Vector& x, const Vector& y,
                         double tolerance, Vector& du, Vector& dv) {
  Vector rhs = y;
  for (Index i = 0; i < n_; ++i) {
    const double scaled = x[i] / r[i];
    for (Index k = first_[std::size_t(i)]; k < first_[std::size_t(i + 1)]; ++k) {
      rhs[column_[std::size_t(k)]] -= value_[std::size_t(k)] * scaled;
    }
  }
  if (!solve_by_gradients(r, c, rhs, tolerance, dv)) {
    if (m_ <= largest_dense) {
      solve_dense(r, c, rhs, dv);
    } else {
      return solve_sparse(r, c, x, y, du, dv);
    }
  }
  du.resize(n_);
  for (Index i = 0; i < n_; ++i) {
    double sum = 0.0;
    for (Index k = first_[std::size_t(i)]; k < first_[std::size_t(i + 1)]; ++k) {
      sum += value_[std::size_t(k)] * dv[column_[std::size_t(k)]];
    }
    du[i] = (x[i] - sum) / r[i];
  }
}

bool SparseSystem::solve_by_gradients(const Vector& r, const Vector& c, const Vector& rhs,
                                      double tolerance, Vector& dv) const {
  Vector diagonal = c;
  for (Index i = 0; i < n_; ++i) {
    for (Index k = first_[std::size_t(i)]; k < first_[std::size_t(i + 1)]; ++k) {
      const double p = value_[std::size_t(k)];
      diagonal[column_[std::size_t(k)]] -= p * p / r[i];
    }
  }
  diagonal = diagonal.cwiseMax(1e-12 * c);
  const auto product = [&](const Vector& v, Vector& out) {
    out = c.cwiseProduct(v);
    for (Index i = 0; i < n_; ++i) {
      const auto begin = std::size_t(first_[std::size_t(i)]),
                 end = std::size_t(first_[std::size_t(i + 1)]);
      double even = 0.0, odd = 0.0;
      std::size_t k = begin;
      for (; k + 1 < end; k += 2) {
        even += value_[k] * v[column_[k]];
        odd += value_[k + 1] * v[column_[k + 1]];
      }
      if (k < end) even += value_[k] * v[column_[k]];
      const double scaled = (even + odd) / r[i];
      for (k = begin; k < end; ++k) out[column_[k]] -= value_[k] * scaled;
    }
  };
  dv = Vector::Zero(m_);
  Vector residual = rhs, direction = residual.cwiseQuotient(diagonal), q(m_);
  const double goal = tolerance * rhs.lpNorm<1>();
  double rho = residual.dot(direction);
  for (int step = 0; step < most_gradients; ++step) {
    if (residual.lpNorm<1>() <= goal) return true;
    product(direction, q);
    const double curvature = direction.dot(q);
    if (!(curvature > 0.0)) return false;
    const double length = rho / curvature;
    dv += length * direction;
    residual -= length * q;
    const Vector z = residual.cwiseQuotient(diagonal);
    const double next = residual.dot(z);
    direction = z + (next / rho) * direction;
    rho = next;
  }
  return false;
}

void SparseSystem::solve_dense(const Vector& r, const Vector& c, const Vector& rhs,
                               Vector& dv) const {
  Matrix schur = c.asDiagonal();
  for (Index i = 0; i < n_; ++i) {
    const auto begin = std::size_t(first_[std::size_t(i)]),
               end = std::size_t(first_[std::size_t(i + 1)]);
    for (std::size_t k = begin; k < end; ++k) {
      const double scaled = value_[k] / r[i];
      // Columns rise along a row: this fills the lower triangle.
      for (std::size_t l = k; l < end; ++l) schur(column_[l], column_[k]) -= value_[l] * scaled;
    }
  }
  // The last potential is fixed: only sums of the two matter.
  const Index k = m_ - 1;
  dv = Vector::Zero(m_);
  if (k > 0) dv.head(k) = Eigen::LLT<Eigen::MatrixXd>(schur.topLeftCorner(k, k)).solve(rhs.head(k));
}

void SparseSystem::solve_sparse(const Vector& r, const Vector& c, const Vector& x, const Vector& y,
                                Vector& du, Vector& dv) const {
  using Sparse = Eigen::SparseMatrix<double>;
  const Index size = n_ + m_ - 1;
  std::vector<Eigen::Triplet<double>> entries;
  entries.reserve(value_.size() + static_cast<std::size_t>(size));
  for (Index i = 0; i < n_; ++i) {
    entries.emplace_back(int(i), int(i), r[i]);
    for (Index k = first_[std::size_t(i)]; k < first_[std::size_t(i + 1)]; ++k) {
      const int j = column_[std::size_t(k)];
      if (j < m_ - 1) entries.emplace_back(int(n_) + j, int(i), value_[std::size_t(k)]);
    }
  }
  for (Index j = 0; j + 1 < m_; ++j) entries.emplace_back(int(n_ + j), int(n_ + j), c[j]);
  Sparse matrix(size, size);
  matrix.setFromTriplets(entries.begin(), entries.end());
  Eigen::SimplicialLDLT<Sparse> factor(matrix);
  Vector rhs(size);
  rhs << x, y.head(m_ - 1);
  const Vector solution = factor.solve(rhs);
  du = solution.head(n_);
  dv = Vector::Zero(m_);
  dv.head(m_ - 1) = solution.tail(m_ - 1);
}

}  // namespace pushforward::ot::detail
