#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"
#include "pushforward/ot/coupling.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

using pushforward::detail::ordered_sum;
using pushforward::detail::parallel_blocks;

constexpr Index block = 64;

void require_size(Index given, Index wanted, const char* what) {
  require(given == wanted, "PotentialCoupling", what, given, std::to_string(wanted));
}

}  // namespace

PotentialCoupling::PotentialCoupling(std::shared_ptr<const CostView> cost, Vector a, Vector b,
                                     Vector f, Vector g, double epsilon, int threads)
    : PotentialCoupling(std::move(cost), std::move(a), std::move(b), std::move(f), std::move(g),
                        epsilon, Vector(), Vector(), threads) {}

PotentialCoupling::PotentialCoupling(std::shared_ptr<const CostView> cost, Vector a, Vector b,
                                     Vector f, Vector g, double epsilon, Vector r, Vector s,
                                     int threads)
    : Coupling(a.size(), b.size()),
      cost_(std::move(cost)),
      a_(std::move(a)),
      b_(std::move(b)),
      f_(std::move(f)),
      g_(std::move(g)),
      epsilon_(epsilon),
      r_(std::move(r)),
      s_(std::move(s)),
      threads_(threads) {
  require_size(cost_->rows(), rows(), "cost.rows()");
  require_size(cost_->cols(), cols(), "cost.cols()");
  require_size(f_.size(), rows(), "f.size()");
  require_size(g_.size(), cols(), "g.size()");
  require(epsilon > 0.0 && std::isfinite(epsilon), "PotentialCoupling", "epsilon", epsilon,
          "greater than 0");
  if (r_.size() == 0 && s_.size() == 0) {
    r_ = Vector::Zero(rows());
    s_ = Vector::Zero(cols());
  }
  require_size(r_.size(), rows(), "r.size()");
  require_size(s_.size(), cols(), "s.size()");
}

void PotentialCoupling::column(Index j, Index begin, Index end, double* masses) const {
  const double* costs = cost_->column(j, begin, end, masses);
  for (Index i = begin; i < end; ++i) {
    const double weight = a_[i] * b_[j];
    const double entropic =
        weight > 0.0 ? weight * std::exp((f_[i] + g_[j] - costs[i - begin]) / epsilon_) : 0.0;
    masses[i - begin] = entropic + r_[i] * s_[j];
  }
}

Vector PotentialCoupling::row_marginal() const {
  return apply(Matrix::Ones(1, cols())).transpose();
}

Vector PotentialCoupling::col_marginal() const {
  return apply_transposed(Matrix::Ones(1, rows())).transpose();
}

Matrix PotentialCoupling::apply(PointsIn v) const {
  require_size(v.cols(), cols(), "v.cols()");
  Matrix result = Matrix::Zero(v.rows(), rows());
  parallel_blocks(rows(), block, threads_, [&](Index begin, Index end, Index) {
    Vector masses(end - begin);
    for (Index j = 0; j < cols(); ++j) {
      column(j, begin, end, masses.data());
      result.middleCols(begin, end - begin).noalias() += v.col(j) * masses.transpose();
    }
  });
  return result;
}

Matrix PotentialCoupling::apply_transposed(PointsIn v) const {
  require_size(v.cols(), rows(), "v.cols()");
  Matrix result(v.rows(), cols());
  parallel_blocks(cols(), block, threads_, [&](Index begin, Index end, Index) {
    Vector masses(rows());
    for (Index j = begin; j < end; ++j) {
      column(j, 0, rows(), masses.data());
      result.col(j).noalias() = v * masses;
    }
  });
  return result;
}

double PotentialCoupling::transport_cost(const CostView& cost) const {
  return ordered_sum(cols(), block, threads_, [&](Index begin, Index end) {
    detail::CompensatedSum sum;
    Vector masses(rows()), buffer(rows());
    for (Index j = begin; j < end; ++j) {
      column(j, 0, rows(), masses.data());
      const double* costs = cost.column(j, 0, rows(), buffer.data());
      for (Index i = 0; i < rows(); ++i) {
        if (masses[i] > 0.0) sum.add(masses[i] * costs[i]);
      }
    }
    return sum.value();
  });
}

std::vector<Coupling::Entry> PotentialCoupling::largest(Index i, Index k) const {
  Vector masses(cols());
  row(i, masses);
  std::vector<Entry> entries;
  for (Index j = 0; j < cols(); ++j) entries.push_back({i, j, masses[j]});
  const auto kept =
      std::min<std::size_t>(static_cast<std::size_t>(std::max<Index>(k, 0)), entries.size());
  std::partial_sort(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(kept),
                    entries.end(), [](const Entry& p, const Entry& q) {
                      return p.mass != q.mass ? p.mass > q.mass : p.col < q.col;
                    });
  entries.resize(kept);
  return entries;
}

void PotentialCoupling::row(Index i, VectorOut masses) const {
  for (Index j = 0; j < cols(); ++j) column(j, i, i + 1, &masses[j]);
}

}  // namespace pushforward::ot
