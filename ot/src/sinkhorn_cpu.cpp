// Backends on the processor: points, stored costs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/sinkhorn_backend.hpp"
#include "ot/src/softmin_pass.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::block_count;
using pushforward::detail::ordered_sum;
using pushforward::detail::parallel_blocks;

constexpr double infinite = std::numeric_limits<double>::infinity();

// A sweep keeps one column sum per block of rows: so many blocks at most, and so much memory.
constexpr Index sweep_blocks = 16;
constexpr Index sweep_columns = 32'768;
constexpr Index product_block = 64;

template <class T, class Side>
class ScoreBackend : public SinkhornBackend {
 public:
  ScoreBackend(Side by_rows, Side by_columns, Vector a, Vector b, int threads)
      : SinkhornBackend(std::move(a), std::move(b)),
        threads_(threads),
        by_rows_(std::move(by_rows), b_, threads),
        by_columns_(std::move(by_columns), a_, threads),
        sweep_block_(std::max<Index>(64, (block_count(rows(), sweep_blocks) + 3) / 4 * 4)) {
    for (Index j = 0; j < cols(); ++j) {
      if (b_[j] > 0.0) least_b_ = std::min(least_b_, b_[j]);
    }
    set_epsilon(1.0);
  }

  void set_epsilon(double epsilon) override {
    SinkhornBackend::set_epsilon(epsilon);
    by_rows_.set_epsilon(epsilon);
    by_columns_.set_epsilon(epsilon);
  }

  void soft_rows(VectorIn g, VectorOut f) override {
    ++passes_;
    by_rows_.load_columns(g);
    by_rows_.soft_rows(f);
  }

  void soft_columns(VectorIn f, VectorOut g) override {
    ++passes_;
    by_columns_.load_columns(f);
    by_columns_.soft_rows(g);
  }

  double sweep(double omega, VectorOut f, VectorOut g) override {
    if (cols() <= sweep_columns && least_b_ >= SafeSums<T>::least_weight) {
      if (const auto error = fused_sweep(omega, f, g)) return *error;
    }
    return SinkhornBackend::sweep(omega, f, g);
  }

  void apply(VectorIn f, VectorIn g, PointsIn v, PointsOut out, bool squared) override {
    ++passes_;
    products(by_rows_, a_, f, g, v, out, squared);
  }

  void apply_transposed(VectorIn f, VectorIn g, PointsIn v, PointsOut out) override {
    ++passes_;
    products(by_columns_, b_, g, f, v, out, false);
  }

  void fill_plan(VectorIn f, VectorIn g, Matrix& plan) override {
    ++passes_;
    plan.resize(cols(), rows());
    by_rows_.load_columns(g);
    const Index width = by_rows_.kernels().width, group = by_rows_.kernels().group;
    const auto take = [&](Index, Index i, Index count, const std::vector<T>& buffer, const double*,
                          const T* shift) {
      for (Index r = 0; r < count; ++r) {
        const double factor = row_factor(by_rows_, a_, f, i + r, shift[r]);
        for (Index first = 0; first < cols(); first += width) {
          const T* e = buffer.data() + first * group + r * width;
          const Index last = std::min(cols(), first + width);
          for (Index j = first; j < last; ++j) plan(j, i + r) = factor * double{e[j - first]};
        }
      }
      return true;
    };
    by_rows_.exponentials(f, product_block, take);
  }

 protected:
  using Pass = SoftminPass<T, Side>;
  const Pass& by_rows() const { return by_rows_; }
  int threads() const { return threads_; }

 private:
  // a_i times what rounding the shift to T took away.
  static double row_factor(const Pass& pass, const Vector& a, VectorIn f, Index i, T shift) {
    const double exact = (f[i] - pass.side().row_part()[i]) * pass.scale();
    return a[i] * std::exp2(exact - double{shift});
  }

  std::optional<double> fused_sweep(double omega, VectorOut f, VectorOut g);

  void products(Pass& pass, const Vector& a, VectorIn f, VectorIn g, PointsIn v, PointsOut out,
                bool squared) {
    pass.load_columns(g);
    Matrix padded = Matrix::Zero(pass.padded(), v.rows());
    padded.topRows(v.cols()) = v.transpose();
    const SoftminKernelsOf<T>& kernels = pass.kernels();
    pass.exponentials(
        f, product_block,
        [&](Index, Index i, Index count, std::vector<T>& buffer, const double*, const T* shift) {
          if (squared) {
            for (T& e : buffer) e *= e;
          }
          std::vector<double> dots(static_cast<std::size_t>(kernels.group));
          for (Index k = 0; k < v.rows(); ++k) {
            kernels.dot_rows(buffer.data(), padded.data() + k * padded.rows(), pass.panels(),
                             dots.data());
            for (Index r = 0; r < count; ++r) {
              const double factor = row_factor(pass, a, f, i + r, shift[r]);
              out(k, i + r) = (squared ? factor * factor : factor) * dots[std::size_t(r)];
            }
          }
          return true;
        });
  }

  int threads_;
  Pass by_rows_, by_columns_;
  Index sweep_block_;
  double least_b_ = infinite;
};

// The exponentials of a few rows wait in the cache until the rows' new potentials are known, and
// are then added to the column sums: one exponential a pair for both half steps. Gives up, leaving
// f and g as they were, where the exponentials might have left the range of T.
template <class T, class Side>
std::optional<double> ScoreBackend<T, Side>::fused_sweep(double omega, VectorOut f, VectorOut g) {
  using Safe = SafeSums<T>;
  const Index n = rows(), m = cols(), padded = by_rows_.padded();
  const Index blocks = block_count(n, sweep_block_);
  by_rows_.load_columns(g);
  Matrix columns = Matrix::Zero(padded, blocks);
  Vector errors = Vector::Zero(blocks), moved = f;
  std::vector<char> safe(static_cast<std::size_t>(blocks), 1);
  by_rows_.exponentials(
      f, sweep_block_,
      [&](Index b, Index i, Index count, const std::vector<T>& buffer, const double* sums,
          const T* shift) {
        T scale[16] = {};
        for (Index r = 0; r < count; ++r) {
          if (!(sums[r] >= Safe::tight_low && sums[r] <= Safe::tight_high)) {
            safe[static_cast<std::size_t>(b)] = 0;
            return false;
          }
          const double soft = by_rows_.soft(i + r, sums[r], shift[r]);
          errors[b] += a_[i + r] * std::abs(std::expm1((f[i + r] - soft) / epsilon_));
          moved[i + r] = f[i + r] + omega * (soft - f[i + r]);
          scale[r] = static_cast<T>(row_factor(by_rows_, a_, moved, i + r, shift[r]));
        }
        by_rows_.kernels().add_rows(buffer.data(), scale, by_rows_.panels(),
                                    columns.data() + b * padded);
        return true;
      });
  if (std::find(safe.begin(), safe.end(), 0) != safe.end()) return std::nullopt;
  Vector soft_g = g;
  for (Index j = 0; j < m; ++j) {
    if (b_[j] == 0.0) continue;  // filled in by soft_columns when the run ends
    double sum = 0.0;
    for (Index b = 0; b < blocks; ++b) sum += columns(j, b);
    const double ratio = sum / b_[j];
    if (!(ratio >= Safe::tight_low && ratio <= Safe::tight_high)) return std::nullopt;
    soft_g[j] = by_rows_.loaded(j) - std::log(ratio) * epsilon_;
  }
  passes_ += 2;
  f = moved;
  g += omega * (soft_g - g);
  return errors.sum();
}

// Costs p_i + q_j - kappa <x_i, y_j>, points about their joint mean.
struct Bilinear {
  Matrix x, y;
  double kappa;
  Vector p, q;
};

Bilinear bilinear(const PointCost& cost) {
  Bilinear form{cost.source_coordinates().transpose(), cost.target_coordinates().transpose(), 2.0,
                Vector(), Vector()};
  const Vector centre = 0.5 * (form.x.rowwise().mean() + form.y.rowwise().mean());
  const auto centred = [&](const Matrix& points) { return Matrix(points.colwise() - centre); };
  switch (cost.cost().kind()) {
    case CostKind::squared_euclidean:
      form.x = centred(form.x);
      form.y = centred(form.y);
      form.p = form.x.colwise().squaredNorm().transpose();
      form.q = form.y.colwise().squaredNorm().transpose();
      break;
    case CostKind::half_squared_euclidean:
      form.x = centred(form.x);
      form.y = centred(form.y);
      form.kappa = 1.0;
      form.p = 0.5 * form.x.colwise().squaredNorm().transpose();
      form.q = 0.5 * form.y.colwise().squaredNorm().transpose();
      break;
    default:  // -<x, y> = -<x - c, y - c> - <x - c, c> - <c, y>
      form.kappa = 1.0;
      form.q = -(form.y.transpose() * centre);
      form.x = centred(form.x);
      form.y = centred(form.y);
      form.p = -(form.x.transpose() * centre);
  }
  return form;
}

template <class T>
class PointBackend final : public ScoreBackend<T, PointSide<T>> {
 public:
  PointBackend(const Bilinear& form, Vector a, Vector b, int threads)
      : ScoreBackend<T, PointSide<T>>(PointSide<T>(form.x, form.y, form.kappa, form.p, form.q),
                                      PointSide<T>(form.y, form.x, form.kappa, form.q, form.p),
                                      std::move(a), std::move(b), threads),
        x_(form.x),
        y_(form.y),
        p_(form.p),
        q_(form.q),
        kappa_(form.kappa) {}

  // sum p r + sum q c - kappa sum_i <x_i, (P y)_i>: the costs themselves are not needed.
  double transport_cost(VectorIn f, VectorIn g) override {
    Matrix v(y_.rows() + 2, y_.cols());
    v.topRows(y_.rows()) = y_;
    v.row(y_.rows()).setOnes();
    v.row(y_.rows() + 1) = q_.transpose();
    Matrix sums(v.rows(), this->rows());
    this->apply(f, g, v, sums, false);
    return (p_.transpose().array() * sums.row(y_.rows()).array()).sum() +
           sums.row(y_.rows() + 1).sum() - kappa_ * x_.cwiseProduct(sums.topRows(y_.rows())).sum();
  }

  double product_cost(VectorIn u, VectorIn v) const override {
    return p_.dot(u) * v.sum() + u.sum() * q_.dot(v) - kappa_ * Vector(x_ * u).dot(Vector(y_ * v));
  }

  double cost_range() const override {
    const double reach = std::sqrt(x_.colwise().squaredNorm().maxCoeff()) +
                         std::sqrt(y_.colwise().squaredNorm().maxCoeff());
    const double linear = p_.maxCoeff() - p_.minCoeff() + q_.maxCoeff() - q_.minCoeff();
    return kappa_ == 2.0 ? reach * reach : std::min(linear + 0.5 * reach * reach, 1e300);
  }

 private:
  Matrix x_, y_;
  Vector p_, q_;
  double kappa_;
};

// Columns in the caller's memory where they are stored, rows in a transposed copy. Where rows lie
// far above the spread of the costs their minima are taken away, in copies of both.
struct StoredCosts {
  explicit StoredCosts(const CostView& view, int threads) {
    const Index n = view.rows(), m = view.cols();
    const bool in_place = dynamic_cast<const MatrixCost*>(&view) != nullptr;
    if (in_place) {
      columns = view.column(0, 0, n, nullptr);
      stride = m > 1 ? view.column(1, 0, n, nullptr) - columns : n;
    } else {
      copy.resize(n, m);
      parallel_blocks(m, 16, threads, [&](Index begin, Index end, Index) {
        view.tile(0, begin, copy.middleCols(begin, end - begin));
      });
      columns = copy.data();
      stride = n;
    }
    transposed.resize(m, n);
    parallel_blocks(n, 64, threads, [&](Index begin, Index end, Index) {
      for (Index j = 0; j < m; ++j) {
        for (Index i = begin; i < end; ++i) transposed(j, i) = columns[i + j * stride];
      }
    });
    const Vector least = transposed.colwise().minCoeff().transpose();
    const Vector most = transposed.colwise().maxCoeff().transpose();
    if (least.cwiseAbs().maxCoeff() <= 16.0 * (most - least).maxCoeff()) return;
    offset = least;
    transposed.rowwise() -= offset.transpose();
    copy = transposed.transpose();
    columns = copy.data();
    stride = n;
  }
  Matrix copy, transposed;
  Vector offset;
  const double* columns = nullptr;
  Index stride = 0;
};

class MatrixBackend final : private StoredCosts, public ScoreBackend<double, StoredSide> {
 public:
  MatrixBackend(std::shared_ptr<const CostView> cost, Vector a, Vector b, int threads)
      : StoredCosts(*cost, threads),
        ScoreBackend(StoredSide(transposed.data(), transposed.rows(), a.size(), b.size()),
                     StoredSide(columns, stride, b.size(), a.size()), a, b, threads),
        view_(std::move(cost)) {}

  double transport_cost(VectorIn f, VectorIn g) override {
    ++passes_;
    return ordered_sum(rows(), product_block, threads(), [&](Index begin, Index end) {
      double sum = 0.0;
      for (Index i = begin; i < end; ++i) {
        const auto costs = transposed.col(i).array();
        sum += a_[i] * (((f[i] + g.array() - costs) / epsilon_).exp() * b_.array() *
                        (b_.array() > 0.0).select(costs, 0.0))
                           .sum();
      }
      return sum;
    });
  }

  double product_cost(VectorIn u, VectorIn v) const override {
    return u.dot(Vector(transposed.transpose() * v));
  }
  const Vector& row_offset() const override { return offset; }
  double cost_range() const override { return transposed.maxCoeff() - transposed.minCoeff(); }

 private:
  std::shared_ptr<const CostView> view_;  // owns the columns
};

}  // namespace

double SinkhornBackend::row_error(VectorIn f, VectorIn soft) const {
  double error = 0.0;
  for (Index i = 0; i < rows(); ++i) {
    if (a_[i] > 0.0) {
      error += a_[i] * std::abs(std::expm1(std::min((f[i] - soft[i]) / epsilon_, 50.0)));
    }
  }
  return error;
}

double SinkhornBackend::sweep(double omega, VectorOut f, VectorOut g) {
  Vector soft = f;
  soft_rows(g, soft);
  const double error = row_error(f, soft);
  f += omega * (soft - f);
  soft = g;
  soft_columns(f, soft);
  g += omega * (soft - g);
  return error;
}

bool is_streamed(const CostView& cost) {
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  if (points == nullptr) return false;
  const CostKind kind = points->cost().kind();
  return kind == CostKind::squared_euclidean || kind == CostKind::half_squared_euclidean ||
         kind == CostKind::negative_dot;
}

std::unique_ptr<SinkhornBackend> make_sinkhorn_backend(std::shared_ptr<const CostView> cost,
                                                       Vector a, Vector b, Precision precision,
                                                       int threads) {
  if (auto grid = std::dynamic_pointer_cast<const GridCost>(cost)) {
    return make_grid_backend(std::move(grid), std::move(a), std::move(b), threads);
  }
  if (!is_streamed(*cost)) {
    return std::make_unique<MatrixBackend>(std::move(cost), std::move(a), std::move(b), threads);
  }
  const Bilinear form = bilinear(dynamic_cast<const PointCost&>(*cost));
  if (precision == Precision::mixed) {
    return std::make_unique<PointBackend<float>>(form, std::move(a), std::move(b), threads);
  }
  return std::make_unique<PointBackend<double>>(form, std::move(a), std::move(b), threads);
}

}  // namespace pushforward::ot::detail
