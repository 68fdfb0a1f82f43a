#include "ot/src/soft_step.hpp"

#include <algorithm>
#include <cmath>

#include "core/src/parallel.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::parallel_blocks;

constexpr Index row_block = 64;
constexpr Index lanes = 16;
constexpr float no_point = -1e9F;
constexpr double cut_bits = 18.0;  // below the density 1

Index padded(Index n) { return (n + lanes - 1) / lanes * lanes; }

bool in_range(const float* sums, Index n) {
  return std::all_of(sums, sums + n, [](float s) { return s > 1e-20F && s < 1e20F; });
}

}  // namespace

void SoftStep::operator()(SoftCloud& to, SoftCloud& from, double epsilon) {
  const double unit = 1.4426950408889634 / epsilon;  // log2 e
  const Index cols = from.size();
  const Index d = from.points.rows();
  double mass = 0.0;
  for (Index j = 0; j < cols; ++j) mass += std::exp2(from.log_mass[j]);
  const double log_mass = std::log2(mass);
  weighted_ = from.potential + ((from.log_mass.array() - log_mass) / unit).matrix();
  u_.assign(static_cast<std::size_t>(padded(cols)), no_point);
  y_.assign(static_cast<std::size_t>(d * padded(cols)), 0.0F);
  for (Index j = 0; j < cols; ++j) {
    u_[static_cast<std::size_t>(j)] =
        static_cast<float>((weighted_[j] - scale_ * from.points.col(j).squaredNorm()) * unit);
    for (Index k = 0; k < d; ++k) {
      y_[static_cast<std::size_t>(k * padded(cols) + j)] = static_cast<float>(from.points(k, j));
    }
  }
  if (to.tree.size() == 0 || from.tree.size() == 0) {
    parallel_blocks(to.size(), row_block, threads_, [&](Index begin, Index end, Index) {
      all_pairs(to, from, {begin, end}, unit);
    });
    return;
  }
  from.tree.set_potential(weighted_.data(), scale_);
  to.tree.set_potential(to.potential.data(), scale_);
  const std::vector<CellTree::Cell> cells = to.tree.parts(row_block);
  parallel_blocks(static_cast<Index>(cells.size()), 1, threads_, [&](Index k, Index, Index) {
    const CellTree::Cell cell = cells[static_cast<std::size_t>(k)];
    if (!near_pairs(to, from, cell, unit)) all_pairs(to, from, to.tree.range(cell), unit);
  });
}

void SoftStep::all_pairs(SoftCloud& to, const SoftCloud& from, Range rows, double unit) const {
  const SoftTransformKernels& kernels = soft_transform_kernels(active_isa());
  const Index d = to.points.rows();
  const Index count = rows.end - rows.begin;
  std::vector<float> x(static_cast<std::size_t>(count * d));
  float offset[row_block], sum[row_block];
  Vector norms(count);
  for (Index i = 0; i < count; ++i) {
    const auto point = to.points.col(rows.begin + i);
    norms[i] = scale_ * point.squaredNorm();
    offset[i] = static_cast<float>((to.potential[rows.begin + i] - norms[i]) * unit);
    for (Index k = 0; k < d; ++k) {
      x[static_cast<std::size_t>(i * d + k)] = static_cast<float>(2.0 * scale_ * unit * point[k]);
    }
  }
  const Index columns = padded(from.size());
  const SoftBlock block{x.data(), y_.data(), u_.data(), columns, d, count, columns};
  kernels.sums(block, offset, sum);
  if (!in_range(sum, count)) {
    kernels.largest(block, offset);
    for (Index i = 0; i < count; ++i) offset[i] = -offset[i];
    kernels.sums(block, offset, sum);
  }
  for (Index i = 0; i < count; ++i) {
    const double total = static_cast<double>(offset[i]) - std::log2(static_cast<double>(sum[i]));
    to.potential[rows.begin + i] = norms[i] + total / unit;
  }
}

// False if the potential is too far off to tell what is near. In coordinates about the cell, so
// that single precision sees differences only.
bool SoftStep::near_pairs(SoftCloud& to, const SoftCloud& from, CellTree::Cell cell,
                          double unit) const {
  const Index d = to.points.rows();
  const Range rows = to.tree.range(cell);
  const Index count = rows.end - rows.begin;
  std::vector<CellTree::Cell> leaves;
  CellSearch(to.tree, from.tree).leaves(cell, cut_bits / unit, leaves);
  Index cols = 0;
  for (const CellTree::Cell leaf : leaves)
    cols += from.tree.range(leaf).end - from.tree.range(leaf).begin;
  if (cols == 0) return false;
  const Index columns = padded(cols);
  std::vector<float> x(static_cast<std::size_t>(count * d)),
      u(static_cast<std::size_t>(columns), no_point),
      y(static_cast<std::size_t>(columns * d), 0.0F);
  const Vector centre = to.points.middleCols(rows.begin, count).rowwise().mean();
  const double level = to.potential[rows.begin];
  Index at = 0;
  for (const CellTree::Cell leaf : leaves) {
    const Range part = from.tree.range(leaf);
    for (Index j = part.begin; j < part.end; ++j, ++at) {
      double square = 0.0;
      for (Index k = 0; k < d; ++k) {
        const double t = from.points(k, j) - centre[k];
        square += t * t;
        y[static_cast<std::size_t>(k * columns + at)] = static_cast<float>(t);
      }
      u[static_cast<std::size_t>(at)] =
          static_cast<float>((weighted_[j] + level - scale_ * square) * unit);
    }
  }
  float offset[row_block], sum[row_block];
  for (Index i = 0; i < count; ++i) {
    double square = 0.0;
    for (Index k = 0; k < d; ++k) {
      const double t = to.points(k, rows.begin + i) - centre[k];
      square += t * t;
      x[static_cast<std::size_t>(i * d + k)] = static_cast<float>(2.0 * scale_ * unit * t);
    }
    offset[i] = static_cast<float>((to.potential[rows.begin + i] - level - scale_ * square) * unit);
  }
  soft_transform_kernels(active_isa())
      .sums({x.data(), y.data(), u.data(), columns, d, count, columns}, offset, sum);
  if (!in_range(sum, count)) return false;
  for (Index i = 0; i < count; ++i) {
    to.potential[rows.begin + i] -= std::log2(static_cast<double>(sum[i])) / unit;
  }
  return true;
}

}  // namespace pushforward::ot::detail
