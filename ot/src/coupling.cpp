#include "pushforward/ot/coupling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "pushforward/core/errors.hpp"

#include "ot/src/compensated_sum.hpp"

namespace pushforward::ot {
namespace {

void require_apply(Index given, Index wanted, const char* what) {
  require(given == wanted, "Coupling", what, given, std::to_string(wanted) + ", one per point");
}

bool larger(const Coupling::Entry& p, const Coupling::Entry& q) {
  return p.mass != q.mass ? p.mass > q.mass : p.col < q.col;
}

std::vector<Coupling::Entry> first_largest(std::vector<Coupling::Entry> entries, Index k) {
  const auto kept =
      std::min<std::size_t>(static_cast<std::size_t>(std::max<Index>(k, 0)), entries.size());
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(kept);
  std::partial_sort(entries.begin(), middle, entries.end(), larger);
  entries.resize(kept);
  return entries;
}

}  // namespace

Eigen::Matrix<Index, 2, Eigen::Dynamic, Eigen::DontAlign> Coupling::sample(const RngKey& key,
                                                                           Index count) const {
  require(count >= 0, "Coupling::sample", "count", count, "at least 0");
  const auto cumulated = [](const Vector& masses) {
    Vector sums(masses.size());
    detail::CompensatedSum sum;
    for (Index i = 0; i < masses.size(); ++i) {
      sum.add(masses[i]);
      sums[i] = sum.value();
    }
    return sums;
  };
  // The last place that has mass, should rounding put t at the very end.
  const auto draw = [](const Vector& sums, double t) {
    const double* end = sums.data() + sums.size();
    const double* at = std::upper_bound(sums.data(), end, t * end[-1]);
    if (at == end) at = std::lower_bound(sums.data(), end, end[-1]);
    return static_cast<Index>(at - sums.data());
  };
  const Vector rows_before = cumulated(row_marginal());
  require(rows_before[rows() - 1] > 0.0, "Coupling::sample", "sum of masses",
          rows_before[rows() - 1], "a positive sum");
  Matrix uniforms(2, count);
  fill_uniform(key, uniforms);
  Eigen::Matrix<Index, 2, Eigen::Dynamic, Eigen::DontAlign> pairs(2, count);
  // Draws of one row share its masses: they are visited row by row, each at its own place.
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (Index k = 0; k < count; ++k) pairs(0, k) = draw(rows_before, uniforms(0, k));
  std::stable_sort(order.begin(), order.end(),
                   [&](Index p, Index q) { return pairs(0, p) < pairs(0, q); });
  Vector masses(cols()), sums;
  Index at = -1;
  for (const Index k : order) {
    if (pairs(0, k) != at) {
      at = pairs(0, k);
      row(at, masses);
      sums = cumulated(masses);
    }
    pairs(1, k) = draw(sums, uniforms(1, k));
  }
  return pairs;
}

Coupling::BarycentricMap Coupling::barycentric_map(PointsIn x, PointsIn y) const {
  require_apply(x.cols(), rows(), "x.cols()");
  require_apply(y.cols(), cols(), "y.cols()");
  require(y.rows() == x.rows(), "Coupling", "y.rows()", y.rows(),
          std::to_string(x.rows()) + ", the dimension of x");
  BarycentricMap map{.points = apply(y), .has_mass = {}};
  const Vector masses = row_marginal();
  for (Index i = 0; i < rows(); ++i) {
    map.has_mass.push_back(masses[i] > 0.0);
    if (masses[i] > 0.0) {
      map.points.col(i) /= masses[i];
    } else {
      map.points.col(i) = x.col(i);
    }
  }
  return map;
}

// ---- dense ----

DenseCoupling::DenseCoupling(Matrix masses)
    : Coupling(masses.rows(), masses.cols()), masses_(std::move(masses)) {
  require(rows() >= 1, "DenseCoupling", "masses.rows()", rows(), "at least 1");
  require(cols() >= 1, "DenseCoupling", "masses.cols()", cols(), "at least 1");
  for (Index j = 0; j < cols(); ++j) {
    for (Index i = 0; i < rows(); ++i) {
      if (std::isfinite(masses_(i, j)) && masses_(i, j) >= 0.0) continue;
      pushforward::detail::throw_invalid(
          "DenseCoupling", "masses(" + std::to_string(i) + ", " + std::to_string(j) + ")",
          pushforward::detail::shown(masses_(i, j)), "a finite number of at least 0");
    }
  }
}

Vector DenseCoupling::row_marginal() const { return masses_.rowwise().sum(); }
Vector DenseCoupling::col_marginal() const { return masses_.colwise().sum().transpose(); }

Matrix DenseCoupling::apply(PointsIn v) const {
  require_apply(v.cols(), cols(), "v.cols()");
  return v * masses_.transpose();
}

Matrix DenseCoupling::apply_transposed(PointsIn v) const {
  require_apply(v.cols(), rows(), "v.cols()");
  return v * masses_;
}

double DenseCoupling::transport_cost(const CostView& cost) const {
  detail::CompensatedSum sum;
  Vector buffer(rows());
  for (Index j = 0; j < cols(); ++j) {
    const double* column = cost.column(j, 0, rows(), buffer.data());
    for (Index i = 0; i < rows(); ++i) {
      if (masses_(i, j) > 0.0) sum.add_product(masses_(i, j), column[i]);
    }
  }
  return sum.value();
}

std::vector<Coupling::Entry> DenseCoupling::largest(Index i, Index k) const {
  std::vector<Entry> entries;
  for (Index j = 0; j < cols(); ++j) entries.push_back({i, j, masses_(i, j)});
  return first_largest(std::move(entries), k);
}

void DenseCoupling::row(Index i, VectorOut masses) const { masses = masses_.row(i).transpose(); }

// ---- sparse ----

SparseCoupling::SparseCoupling(Index rows, Index cols, std::vector<Entry> entries)
    : Coupling(rows, cols) {
  for (std::size_t k = 0; k < entries.size(); ++k) {
    const std::string at = "entries[" + std::to_string(k) + "]";
    const Entry& e = entries[k];
    require(e.row >= 0 && e.row < rows, "SparseCoupling", at + ".row", e.row,
            "between 0 and " + std::to_string(rows - 1));
    require(e.col >= 0 && e.col < cols, "SparseCoupling", at + ".col", e.col,
            "between 0 and " + std::to_string(cols - 1));
    require(std::isfinite(e.mass) && e.mass >= 0.0, "SparseCoupling", at + ".mass", e.mass,
            "a finite number of at least 0");
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& p, const Entry& q) {
    return p.row != q.row ? p.row < q.row : p.col < q.col;
  });
  first_.assign(static_cast<std::size_t>(rows) + 1, 0);
  for (const Entry& e : entries) {
    if (e.mass == 0.0) continue;
    if (!entries_.empty() && entries_.back().row == e.row && entries_.back().col == e.col) {
      entries_.back().mass += e.mass;
      continue;
    }
    entries_.push_back(e);
    ++first_[static_cast<std::size_t>(e.row) + 1];
  }
  std::partial_sum(first_.begin(), first_.end(), first_.begin());
}

Vector SparseCoupling::row_marginal() const {
  std::vector<detail::CompensatedSum> sums(static_cast<std::size_t>(rows()));
  for (const Entry& e : entries_) sums[static_cast<std::size_t>(e.row)].add(e.mass);
  Vector masses(rows());
  for (Index i = 0; i < rows(); ++i) masses[i] = sums[static_cast<std::size_t>(i)].value();
  return masses;
}

Vector SparseCoupling::col_marginal() const {
  std::vector<detail::CompensatedSum> sums(static_cast<std::size_t>(cols()));
  for (const Entry& e : entries_) sums[static_cast<std::size_t>(e.col)].add(e.mass);
  Vector masses(cols());
  for (Index j = 0; j < cols(); ++j) masses[j] = sums[static_cast<std::size_t>(j)].value();
  return masses;
}

Matrix SparseCoupling::apply(PointsIn v) const {
  require_apply(v.cols(), cols(), "v.cols()");
  Matrix result = Matrix::Zero(v.rows(), rows());
  for (const Entry& e : entries_) result.col(e.row) += e.mass * v.col(e.col);
  return result;
}

Matrix SparseCoupling::apply_transposed(PointsIn v) const {
  require_apply(v.cols(), rows(), "v.cols()");
  Matrix result = Matrix::Zero(v.rows(), cols());
  for (const Entry& e : entries_) result.col(e.col) += e.mass * v.col(e.row);
  return result;
}

double SparseCoupling::transport_cost(const CostView& cost) const {
  detail::CompensatedSum sum;
  for (const Entry& e : entries_) sum.add_product(e.mass, cost.entry(e.row, e.col));
  return sum.value();
}

std::vector<Coupling::Entry> SparseCoupling::largest(Index i, Index k) const {
  return first_largest({entries_.begin() + first(i), entries_.begin() + first(i + 1)}, k);
}

void SparseCoupling::row(Index i, VectorOut masses) const {
  masses.setZero();
  for (Index k = first(i); k < first(i + 1); ++k) {
    const Entry& e = entries_[static_cast<std::size_t>(k)];
    masses[e.col] = e.mass;
  }
}

}  // namespace pushforward::ot
