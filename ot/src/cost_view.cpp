#include "pushforward/ot/cost_view.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/measure.hpp"

#include "ot/src/cost_kernels.hpp"

namespace pushforward::ot {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

std::string place(Index i, Index j) {
  return "cost(" + std::to_string(i) + ", " + std::to_string(j) + ")";
}

double largest_entry(const Matrix& x) { return x.size() == 0 ? 0.0 : x.cwiseAbs().maxCoeff(); }

}  // namespace

void CostView::tile(Index i, Index j, PointsOut out) const {
  for (Index c = 0; c < out.cols(); ++c) {
    double* to = out.data() + c * out.outerStride();
    const double* from = column(j + c, i, i + out.rows(), to);
    if (from != to) std::copy_n(from, out.rows(), to);
  }
}

MatrixCost::MatrixCost(PointsIn cost)
    : CostView(cost.rows(), cost.cols()), data_(cost.data()), stride_(cost.outerStride()) {
  require(cost.rows() >= 1, "MatrixCost", "cost.rows()", cost.rows(), "at least 1");
  require(cost.cols() >= 1, "MatrixCost", "cost.cols()", cost.cols(), "at least 1");
  for (Index j = 0; j < cost.cols(); ++j) {
    const double largest = cost.col(j).cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
    if (std::isfinite(largest)) {
      largest_ = std::max(largest_, largest);
      continue;
    }
    Index i = 0;
    while (std::isfinite(cost(i, j))) ++i;
    pushforward::detail::throw_invalid("MatrixCost", place(i, j),
                                       pushforward::detail::shown(cost(i, j)), "a finite number");
  }
}

PointCost::PointCost(PointsIn x, PointsIn y, Cost cost)
    : CostView(x.cols(), y.cols()), x_(x.transpose()), y_(y.transpose()), cost_(std::move(cost)) {
  require(x.rows() >= 1, "PointCost", "x.rows()", x.rows(), "at least 1");
  require(y.rows() == x.rows(), "PointCost", "y.rows()", y.rows(),
          std::to_string(x.rows()) + ", the dimension of x");
  require(x.cols() >= 1, "PointCost", "x.cols()", x.cols(), "at least 1");
  require(y.cols() >= 1, "PointCost", "y.cols()", y.cols(), "at least 1");
  pushforward::detail::require_finite(x, "PointCost", "x");
  pushforward::detail::require_finite(y, "PointCost", "y");
}

double PointCost::entry(Index i, Index j) const {
  double value;
  column(j, i, i + 1, &value);
  return value;
}

const double* PointCost::column(Index j, Index begin, Index end, double* buffer) const {
  const Index n = end - begin;
  const detail::PointColumn block{x_.data() + begin, x_.rows(), y_.data() + j,
                                  y_.rows(),         x_.cols(), n};
  const detail::CostKernels& kernels = detail::cost_kernels(active_isa());
  switch (cost_.kind()) {
    case CostKind::squared_euclidean:
      kernels.squared(block, 1.0, buffer);
      return buffer;
    case CostKind::half_squared_euclidean:
      kernels.squared(block, 0.5, buffer);
      return buffer;
    case CostKind::euclidean:
      kernels.squared(block, 1.0, buffer);
      kernels.square_root(buffer, n);
      return buffer;
    case CostKind::negative_dot:
      kernels.negative_dot(block, buffer);
      return buffer;
    case CostKind::lp:
      if (cost_.power() == 1.0) {
        kernels.absolute(block, buffer);
        return buffer;
      }
      if (cost_.power() == 2.0) {
        kernels.squared(block, 1.0, buffer);
        return buffer;
      }
      break;
    case CostKind::user:
      break;
  }
  const Vector y = y_.row(j).transpose();
  Vector x(dim());
  for (Index i = 0; i < n; ++i) {
    x = x_.row(begin + i).transpose();
    buffer[i] = cost_(x, y);
  }
  return buffer;
}

double PointCost::largest_magnitude() const {
  if (cost_.kind() == CostKind::user) {
    double largest = 0.0;
    Vector buffer(rows());
    for (Index j = 0; j < cols(); ++j) {
      column(j, 0, rows(), buffer.data());
      largest = std::max(largest, buffer.cwiseAbs().maxCoeff());
    }
    return largest;
  }
  // The box around both clouds bounds every difference.
  const Vector low = x_.colwise().minCoeff().cwiseMin(y_.colwise().minCoeff()).transpose();
  const Vector high = x_.colwise().maxCoeff().cwiseMax(y_.colwise().maxCoeff()).transpose();
  if (cost_.kind() == CostKind::negative_dot) {
    return static_cast<double>(dim()) * largest_entry(x_) * largest_entry(y_);
  }
  return cost_(low, high);
}

SparseCost::SparseCost(Index rows, Index cols, const IndexVector& row, const IndexVector& col,
                       VectorIn cost)
    : CostView(rows, cols) {
  constexpr const char* here = "SparseCost";
  require(rows >= 1, here, "rows", rows, "at least 1");
  require(cols >= 1, here, "cols", cols, "at least 1");
  require(col.size() == row.size(), here, "col.size()", col.size(),
          std::to_string(row.size()) + ", the size of row");
  require(cost.size() == row.size(), here, "cost.size()", cost.size(),
          std::to_string(row.size()) + ", the size of row");
  std::vector<Index> order;
  for (Index k = 0; k < row.size(); ++k) {
    const std::string at = "[" + std::to_string(k) + "]";
    require(row[k] >= 0 && row[k] < rows, here, "row" + at, row[k],
            "between 0 and " + std::to_string(rows - 1));
    require(col[k] >= 0 && col[k] < cols, here, "col" + at, col[k],
            "between 0 and " + std::to_string(cols - 1));
    require(cost[k] > -infinite, here, "cost" + at, cost[k],
            "a finite number, or inf for a forbidden arc");
    if (cost[k] < infinite) order.push_back(k);
  }
  std::sort(order.begin(), order.end(),
            [&](Index p, Index q) { return col[p] != col[q] ? col[p] < col[q] : row[p] < row[q]; });
  first_.assign(static_cast<std::size_t>(cols) + 1, 0);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const Index arc = order[k];
    if (k > 0) {
      const Index before = order[k - 1];
      require(col[before] != col[arc] || row[before] != row[arc], here,
              "row[" + std::to_string(std::max(arc, before)) + "]", row[arc],
              "an arc not named before");
    }
    row_.push_back(row[arc]);
    value_.push_back(cost[arc]);
    ++first_[static_cast<std::size_t>(col[arc]) + 1];
  }
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
}

SparseCost SparseCost::from_matrix(PointsIn cost) {
  std::vector<Index> row, col;
  std::vector<double> value;
  for (Index j = 0; j < cost.cols(); ++j) {
    for (Index i = 0; i < cost.rows(); ++i) {
      if (!(cost(i, j) > -infinite)) {
        pushforward::detail::throw_invalid("SparseCost", place(i, j),
                                           pushforward::detail::shown(cost(i, j)),
                                           "a finite number, or inf for a forbidden arc");
      }
      if (cost(i, j) == infinite) continue;
      row.push_back(i);
      col.push_back(j);
      value.push_back(cost(i, j));
    }
  }
  const auto size = static_cast<Index>(row.size());
  return {cost.rows(), cost.cols(), Eigen::Map<const IndexVector>(row.data(), size),
          Eigen::Map<const IndexVector>(col.data(), size),
          Eigen::Map<const Vector>(value.data(), size)};
}

double SparseCost::entry(Index i, Index j) const {
  const auto begin = row_.begin() + first(j);
  const auto end = row_.begin() + first(j + 1);
  const auto at = std::lower_bound(begin, end, i);
  return at != end && *at == i ? cost_of(at - row_.begin()) : infinite;
}

const double* SparseCost::column(Index j, Index begin, Index end, double* buffer) const {
  std::fill_n(buffer, end - begin, infinite);
  const auto last = row_.begin() + first(j + 1);
  for (auto at = std::lower_bound(row_.begin() + first(j), last, begin); at != last && *at < end;
       ++at) {
    buffer[*at - begin] = cost_of(at - row_.begin());
  }
  return buffer;
}

double SparseCost::largest_magnitude() const {
  double largest = 0.0;
  for (const double value : value_) largest = std::max(largest, std::abs(value));
  return largest;
}

double typical_cost(const CostView& cost) {
  constexpr Index pairs = 4096;
  std::vector<double> sizes;
  const auto take = [&sizes](double c) {
    if (c < infinite) sizes.push_back(std::abs(c));
  };
  const Index n = cost.rows();
  const Index m = cost.cols();
  if (n <= pairs / m) {
    for (Index j = 0; j < m; ++j) {
      for (Index i = 0; i < n; ++i) take(cost.entry(i, j));
    }
  } else {
    // Golden-ratio steps visit rows and columns evenly and in no common rhythm.
    for (Index k = 0; k < pairs; ++k) {
      const double t = static_cast<double>(k) + 0.5;
      const double u = t * 0.6180339887498949;
      take(cost.entry(static_cast<Index>((u - std::floor(u)) * static_cast<double>(n)),
                      static_cast<Index>(t / static_cast<double>(pairs) * static_cast<double>(m))));
    }
  }
  if (sizes.empty()) return 0.0;
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  if (*middle > 0.0) return *middle;
  double sum = 0.0;
  for (const double size : sizes) sum += size / static_cast<double>(sizes.size());
  return sum;
}

}  // namespace pushforward::ot
