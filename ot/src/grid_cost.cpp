#include "pushforward/ot/grid_cost.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "pushforward/core/errors.hpp"
#include "pushforward/core/options.hpp"

#include "ot/src/grid_lines.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "GridCost";

Index nodes(const std::vector<Vector>& axes) {
  require(!axes.empty(), here, "axes.size()", axes.size(), "at least one axis");
  Index n = 1;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::string name = "axes[" + std::to_string(k) + "]";
    require(axes[k].size() > 0, here, name + ".size()", axes[k].size(), "at least one node");
    for (Index r = 0; r < axes[k].size(); ++r) {
      require(std::isfinite(axes[k][r]), here, name + "[" + std::to_string(r) + "]", axes[k][r],
              "a finite coordinate");
    }
    n *= axes[k].size();
  }
  return n;
}

bool adds_up(CostKind kind) { return kind != CostKind::euclidean && kind != CostKind::user; }

}  // namespace

GridCost::GridCost(std::vector<Vector> axes, Cost cost)
    : CostView(nodes(axes), nodes(axes)), axes_(std::move(axes)) {
  require(adds_up(cost.kind()), here, "cost", name(cost.kind()),
          "a cost that is a sum over the axes");
  Index stride = 1;
  for (const Vector& axis : axes_) {
    Matrix costs(axis.size(), axis.size());
    for (Index i = 0; i < axis.size(); ++i) {
      for (Index j = 0; j < axis.size(); ++j) {
        costs(j, i) = cost(axis.segment(i, 1), axis.segment(j, 1));
      }
    }
    costs_.push_back(std::move(costs));
    strides_.push_back(stride);
    stride *= axis.size();
  }
}

double GridCost::entry(Index i, Index j) const {
  double sum = 0.0;
  for (const Matrix& costs : costs_) {
    const Index length = costs.rows();
    sum += costs(j % length, i % length);
    i /= length;
    j /= length;
  }
  return sum;
}

const double* GridCost::column(Index j, Index begin, Index end, double* buffer) const {
  for (Index i = begin; i < end; ++i) buffer[i - begin] = entry(i, j);
  return buffer;
}

double GridCost::largest_magnitude() const {
  double sum = 0.0;
  for (const Matrix& costs : costs_) sum += costs.cwiseAbs().maxCoeff();
  return sum;
}

// min_j (sum_k c_k - g_j), one axis after the other: the negative of a running maximum.
Vector GridCost::hard_minimum(VectorIn g, bool transposed, int threads) const {
  Vector best = -g;
  for (Index k = 0; k < dim(); ++k) {
    const Matrix& costs = axis_cost(k);
    const Index length = costs.rows();
    detail::for_lines(*this, k, threads, [&](Index first, Index stride) {
      const Vector line = Eigen::Map<const Vector, 0, Eigen::InnerStride<>>(
          best.data() + first, length, Eigen::InnerStride<>(stride));
      for (Index i = 0; i < length; ++i) {
        best[first + i * stride] = transposed ? (costs.row(i).transpose() + line).minCoeff()
                                              : (costs.col(i) + line).minCoeff();
      }
    });
  }
  return best;
}

Potentials GridCost::feasible_potentials(VectorIn g, int threads) const {
  require(g.size() == cols(), here, "g.size()", g.size(), std::to_string(cols()));
  Potentials potentials{.f = hard_minimum(g, false, threads)};
  potentials.g = hard_minimum(potentials.f, true, threads);
  return potentials;
}

}  // namespace pushforward::ot
