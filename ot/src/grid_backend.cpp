// Soft minima on product grids: one-dimensional log-sum-exps along each axis in turn.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "ot/src/grid_lines.hpp"
#include "ot/src/sinkhorn_backend.hpp"
#include "ot/src/softmin_kernels.hpp"
#include "ot/src/softmin_pass.hpp"

namespace pushforward::ot::detail {
namespace {

class GridBackend final : public SinkhornBackend {
 public:
  GridBackend(std::shared_ptr<const GridCost> grid, Vector a, Vector b, int threads)
      : SinkhornBackend(std::move(a), std::move(b)), grid_(std::move(grid)), threads_(threads) {
    for (Index k = 0; k < grid_->dim(); ++k) transposed_.push_back(grid_->axis_cost(k).transpose());
  }

  void soft_rows(VectorIn g, VectorOut f) override {
    ++passes_;
    f = log_sums(heights(g, b_), false, 1.0) * (-1.0 / scale());
  }
  void soft_columns(VectorIn f, VectorOut g) override {
    ++passes_;
    g = log_sums(heights(f, a_), true, 1.0) * (-1.0 / scale());
  }

  void apply(VectorIn f, VectorIn g, PointsIn v, PointsOut out, bool squared) override {
    products(f, g, a_, b_, v, out, squared, false);
  }
  void apply_transposed(VectorIn f, VectorIn g, PointsIn v, PointsOut out) override {
    products(g, f, b_, a_, v, out, false, true);
  }

  void fill_plan(VectorIn, VectorIn, Matrix&) override {
    throw std::logic_error("grids have no stored coupling");
  }

  // Axis k with its costs as weights, after soft sums along all others.
  double transport_cost(VectorIn f, VectorIn g) override {
    ++passes_;
    const Vector source = heights(f, a_);
    double total = 0.0;
    for (Index k = 0; k < grid_->dim(); ++k) {
      Vector partial = heights(g, b_);
      for (Index l = 0; l < grid_->dim(); ++l) {
        if (l != k) sum_along(l, false, 1.0, partial);
      }
      const Matrix& costs = grid_->axis_cost(k);
      const Index length = costs.rows(), step = grid_->stride(k);
      Vector parts(rows() / length);
      for_lines(*grid_, k, threads_, [&](Index first, Index stride) {
        double sum = 0.0;
        for (Index i = 0; i < length; ++i) {
          for (Index j = 0; j < length; ++j) {
            const double c = costs(j, i);
            sum += c * std::exp2(source[first + i * stride] + partial[first + j * stride] -
                                 scale() * c);
          }
        }
        parts[first / (step * length) * step + first % step] = sum;
      });
      total += parts.sum();
    }
    return total;
  }

  double product_cost(VectorIn u, VectorIn v) const override {
    double total = 0.0;
    for (Index k = 0; k < grid_->dim(); ++k) {
      total += marginal(u, k).dot(Vector(transposed_[std::size_t(k)] * marginal(v, k)));
    }
    return total;
  }

  double cost_range() const override {
    double range = 0.0;
    for (Index k = 0; k < grid_->dim(); ++k) {
      range += grid_->axis_cost(k).maxCoeff() - grid_->axis_cost(k).minCoeff();
    }
    return range;
  }

 private:
  double scale() const { return log2_e / epsilon_; }

  Vector heights(VectorIn potential, const Vector& weights) const {
    return potential * scale() + Vector(weights.array().log() * log2_e);
  }

  // In place along axis k: log2 sum_j 2^(line_j - power scale c_ij).
  void sum_along(Index k, bool transposed, double power, Vector& values) const {
    const SoftminKernelsOf<double>& kernels = softmin_kernels(active_isa()).f64;
    const Matrix& costs = transposed ? transposed_[std::size_t(k)] : grid_->axis_cost(k);
    const Index length = costs.rows();
    const Index panels = (length + kernels.width - 1) / kernels.width;
    for_lines(*grid_, k, threads_, [&](Index first, Index stride) {
      std::vector<double> line(static_cast<std::size_t>(panels * kernels.width),
                               -std::numeric_limits<double>::infinity());
      std::vector<double> sums(static_cast<std::size_t>(length));
      for (Index j = 0; j < length; ++j) line[std::size_t(j)] = values[first + j * stride];
      kernels.stored.log_sums({costs.data(), length, length, power * scale(), line.data(), panels},
                              length, sums.data());
      for (Index i = 0; i < length; ++i) values[first + i * stride] = sums[std::size_t(i)];
    });
  }

  Vector log_sums(Vector values, bool transposed, double power) const {
    for (Index k = 0; k < grid_->dim(); ++k) sum_along(k, transposed, power, values);
    return values;
  }

  // Positive and negative parts of v apart, since logarithms are of positive numbers.
  void products(VectorIn f, VectorIn g, const Vector& a, const Vector& b, PointsIn v, PointsOut out,
                bool squared, bool transposed) {
    ++passes_;
    const double power = squared ? 2.0 : 1.0;
    const Vector own = heights(f, a) * power, others = heights(g, b) * power;
    for (Index k = 0; k < v.rows(); ++k) {
      Vector result = Vector::Zero(own.size());
      for (const double sign : {1.0, -1.0}) {
        const Vector part = (sign * v.row(k)).cwiseMax(0.0).transpose();
        if (part.maxCoeff() <= 0.0) continue;
        const Vector sums =
            log_sums(others + Vector(part.array().log() * log2_e), transposed, power);
        for (Index i = 0; i < result.size(); ++i) result[i] += sign * std::exp2(own[i] + sums[i]);
      }
      out.row(k) = result.transpose();
    }
  }

  Vector marginal(VectorIn u, Index k) const {
    const Index length = grid_->axis(k).size(), stride = grid_->stride(k);
    Vector sums = Vector::Zero(length);
    for (Index i = 0; i < u.size(); ++i) sums[i / stride % length] += u[i];
    return sums;
  }

  std::shared_ptr<const GridCost> grid_;
  std::vector<Matrix> transposed_;
  int threads_;
};

}  // namespace

std::unique_ptr<SinkhornBackend> make_grid_backend(std::shared_ptr<const GridCost> grid, Vector a,
                                                   Vector b, int threads) {
  return std::make_unique<GridBackend>(std::move(grid), std::move(a), std::move(b), threads);
}

}  // namespace pushforward::ot::detail
