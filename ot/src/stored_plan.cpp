// Iterations on a stored coupling: P at potentials (f0, g0), and scalings of its rows and columns
// since. No exponential of a pair is taken twice unless the potentials have moved far.
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/sinkhorn_backend.hpp"
#include "ot/src/softmin_kernels.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::block_count;
using pushforward::detail::parallel_blocks;

constexpr Index row_block = 64;
// Entries below 1e-308 are lost from the stored plan; scaled up by e^60 they are still nothing.
constexpr double farthest = 30.0;
// The largest entry that is kept: beyond, rows and columns are far from their marginals.
constexpr double largest_sum = 1e100;

class StoredPlanBackend final : public SinkhornBackend {
 public:
  StoredPlanBackend(std::unique_ptr<SinkhornBackend> inner, int threads)
      : SinkhornBackend(inner->a(), inner->b()),
        inner_(std::move(inner)),
        kernels_(softmin_kernels(active_isa())),
        threads_(threads) {
    epsilon_ = inner_->epsilon();
    has_zeros_ = (a_.array() == 0.0).any() || (b_.array() == 0.0).any();
  }

  void set_epsilon(double epsilon) override {
    if (epsilon != epsilon_) built_ = false;
    SinkhornBackend::set_epsilon(epsilon);
    inner_->set_epsilon(epsilon);
  }

  std::int64_t passes() const override { return passes_ + inner_->passes(); }

  void soft_rows(VectorIn g, VectorOut f) override {
    if (has_zeros_ || !near(g, g0_)) return inner_->soft_rows(g, f);
    ++passes_;
    const Vector v = scaling(g, g0_);
    for_rows([&](Index i, Index count, Index) {
      double dots[16];
      kernels_.plan.dot(plan_.col(i).data(), cols(), count, cols(), v.data(), dots);
      for (Index r = 0; r < count; ++r) f[i + r] = soft(i + r, dots[r], f[i + r]);
    });
  }

  void soft_columns(VectorIn f, VectorOut g) override {
    if (has_zeros_ || !near(f, f0_)) return inner_->soft_columns(f, g);
    ++passes_;
    const Vector sums = column_sums(scaling(f, f0_));
    for (Index j = 0; j < cols(); ++j) g[j] = g0_[j] - epsilon_ * std::log(sums[j] / b_[j]);
  }

  double sweep(double omega, VectorOut f, VectorOut g) override {
    if (!prepare(f, g)) return inner_->sweep(omega, f, g);
    passes_ += 2;
    const Vector v = scaling(g, g0_);
    Vector errors = Vector::Zero(block_count(rows(), row_block));
    Matrix columns = Matrix::Zero(cols(), groups());
    for_rows([&](Index i, Index count, Index b) {
      double dots[16], u[16];
      kernels_.plan.dot(plan_.col(i).data(), cols(), count, cols(), v.data(), dots);
      for (Index r = 0; r < count; ++r) {
        const double exact = soft(i + r, dots[r], f[i + r]);
        const double step = exact - f[i + r];
        errors[i / row_block] += a_[i + r] * std::abs(std::expm1(-step / epsilon_));
        f[i + r] += omega * step;
        u[r] = std::exp((f[i + r] - f0_[i + r]) / epsilon_);
      }
      kernels_.plan.add(plan_.col(i).data(), cols(), count, cols(), u, columns.col(b).data());
    });
    const Vector sums = columns.rowwise().sum();
    for (Index j = 0; j < cols(); ++j) {
      if (b_[j] == 0.0) continue;
      const double exact = g0_[j] - epsilon_ * std::log(sums[j] / b_[j]);
      g[j] += omega * (exact - g[j]);
    }
    return errors.sum();
  }

  void apply(VectorIn f, VectorIn g, PointsIn v, PointsOut out, bool squared) override {
    if (!prepare(f, g)) return inner_->apply(f, g, v, out, squared);
    ++passes_;
    const Vector u = scaling(f, f0_), w = scaling(g, g0_);
    const auto dot = squared ? kernels_.plan.dot_squares : kernels_.plan.dot;
    for (Index k = 0; k < v.rows(); ++k) {
      const Vector weighted = squared ? Vector(w.array().square() * v.row(k).transpose().array())
                                      : Vector(w.array() * v.row(k).transpose().array());
      for_rows([&](Index i, Index count, Index) {
        double dots[16];
        dot(plan_.col(i).data(), cols(), count, cols(), weighted.data(), dots);
        for (Index r = 0; r < count; ++r) {
          out(k, i + r) = (squared ? u[i + r] * u[i + r] : u[i + r]) * dots[r];
        }
      });
    }
  }

  void apply_transposed(VectorIn f, VectorIn g, PointsIn v, PointsOut out) override {
    if (!prepare(f, g)) return inner_->apply_transposed(f, g, v, out);
    ++passes_;
    const Vector u = scaling(f, f0_), w = scaling(g, g0_);
    for (Index k = 0; k < v.rows(); ++k) {
      out.row(k) =
          (w.array() * column_sums(u.cwiseProduct(v.row(k).transpose())).array()).transpose();
    }
  }

  // Takes the scalings into the plan, or takes it anew.
  const Matrix& plan(VectorIn f, VectorIn g) override {
    if (!near(f, f0_) || !near(g, g0_)) {
      rebuild(f, g);
    } else if (f != f0_ || g != g0_) {
      ++passes_;
      const Vector u = scaling(f, f0_), w = scaling(g, g0_);
      parallel_blocks(rows(), row_block, threads_, [&](Index begin, Index end, Index) {
        for (Index i = begin; i < end; ++i) plan_.col(i).array() *= u[i] * w.array();
      });
      f0_ = f;
      g0_ = g;
    }
    return plan_;
  }

  void fill_plan(VectorIn f, VectorIn g, Matrix& plan) override { inner_->fill_plan(f, g, plan); }
  double transport_cost(VectorIn f, VectorIn g) override { return inner_->transport_cost(f, g); }
  double product_cost(VectorIn u, VectorIn v) const override { return inner_->product_cost(u, v); }
  const Vector& row_offset() const override { return inner_->row_offset(); }
  double cost_range() const override { return inner_->cost_range(); }

 private:
  bool near(VectorIn x, const Vector& x0) const {
    return built_ && (x - x0).cwiseAbs().maxCoeff() <= farthest * epsilon_;
  }
  Vector scaling(VectorIn x, const Vector& x0) const { return ((x - x0) / epsilon_).array().exp(); }

  double soft(Index i, double sum, double otherwise) const {
    return a_[i] > 0.0 ? f0_[i] - epsilon_ * std::log(sum / a_[i]) : otherwise;
  }

  void rebuild(VectorIn f, VectorIn g) {
    inner_->fill_plan(f, g, plan_);
    f0_ = f;
    g0_ = g;
    // Non-finite entries make the sum of their row so.
    std::vector<char> good(static_cast<std::size_t>(block_count(rows(), row_block)), 1);
    parallel_blocks(rows(), row_block, threads_, [&](Index begin, Index end, Index block) {
      for (Index i = begin; i < end; ++i) {
        const double sum = plan_.col(i).sum();
        if (a_[i] > 0.0 && !(sum > 1e-100 * a_[i] && sum <= largest_sum)) {
          good[static_cast<std::size_t>(block)] = 0;
        }
      }
    });
    built_ = std::find(good.begin(), good.end(), 0) == good.end();
  }

  bool prepare(VectorIn f, VectorIn g) {
    if (!near(f, f0_) || !near(g, g0_)) rebuild(f, g);
    return built_;
  }

  // Column sums are kept once per group of blocks of rows.
  Index group_blocks() const { return (block_count(rows(), row_block) + 15) / 16; }
  Index groups() const { return block_count(block_count(rows(), row_block), group_blocks()); }

  // body(i, count, group) for few rows at a time.
  template <class Body>
  void for_rows(Body&& body) {
    parallel_blocks(rows(), row_block * group_blocks(), threads_,
                    [&](Index begin, Index end, Index b) {
                      const Index step = kernels_.f64.group;
                      for (Index i = begin; i < end; i += step) {
                        body(i, std::min(step, end - i), b);
                      }
                    });
  }

  Vector column_sums(const Vector& u) {
    Matrix columns = Matrix::Zero(cols(), groups());
    for_rows([&](Index i, Index count, Index b) {
      kernels_.plan.add(plan_.col(i).data(), cols(), count, cols(), u.data() + i,
                        columns.col(b).data());
    });
    return columns.rowwise().sum();
  }

  std::unique_ptr<SinkhornBackend> inner_;
  const SoftminKernels& kernels_;
  int threads_;
  bool built_ = false;
  bool has_zeros_ = false;  // the stored coupling knows nothing of points without weight
  Vector f0_, g0_;
};

}  // namespace

std::unique_ptr<SinkhornBackend> make_stored_plan_backend(std::unique_ptr<SinkhornBackend> inner,
                                                          int threads) {
  return std::make_unique<StoredPlanBackend>(std::move(inner), threads);
}

}  // namespace pushforward::ot::detail
