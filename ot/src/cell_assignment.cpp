#include "ot/src/cell_assignment.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "ot/src/circle_kernels.hpp"

namespace pushforward::ot::detail {
namespace {

Index panel_count(Index size, Index width) { return (size + width - 1) / width; }

template <class T>
void pack(PointsIn atoms, Index width, std::vector<T>& packed) {
  const Index d = atoms.rows();
  packed.assign(static_cast<std::size_t>(panel_count(atoms.cols(), width) * width * d), T{0});
  for (Index j = 0; j < atoms.cols(); ++j) {
    T* lane = packed.data() + (j / width) * width * d + j % width;
    for (Index k = 0; k < d; ++k) lane[k * width] = static_cast<T>(atoms(k, j));
  }
}

template <class T>
void pack_heights(VectorIn heights, std::vector<T>& packed) {
  std::fill(packed.begin(), packed.end(), -std::numeric_limits<T>::infinity());
  std::transform(heights.begin(), heights.end(), packed.begin(),
                 [](double h) { return static_cast<T>(h); });
}

// Measured: docs/benchmarks.md.
constexpr Index bounds_pay_from = 256;
constexpr Index bounds_pay_up_to_dim = 4;

bool bounds_pay(Index dim, Index size) {
  return dim <= bounds_pay_up_to_dim && size >= bounds_pay_from;
}

}  // namespace

CellAssignment::CellAssignment(PointsIn atoms, Isa isa, CellMethod method)
    : size_(atoms.cols()), dim_(atoms.rows()), isa_(isa) {
  largest_norm_ = std::sqrt(atoms.colwise().squaredNorm().maxCoeff());
  if (method == CellMethod::bounded ||
      (method == CellMethod::automatic && bounds_pay(dim_, size_))) {
    search_.emplace(atoms);
  } else {
    const auto& kernels = cell_assignment_kernels(isa_);
    pack(atoms, kernels.width_f32, atoms_f32_);
    pack(atoms, kernels.width_f64, atoms_f64_);
    heights_f32_.resize(atoms_f32_.size() / static_cast<std::size_t>(dim_));
    heights_f64_.resize(atoms_f64_.size() / static_cast<std::size_t>(dim_));
  }
  set_heights(Vector::Zero(size_));
}

void CellAssignment::set_heights(VectorIn heights) {
  largest_height_ = heights.cwiseAbs().maxCoeff();
  if (search_) {
    search_->set_heights(heights);
    return;
  }
  pack_heights(heights, heights_f32_);
  pack_heights(heights, heights_f64_);
}

Index CellAssignment::block() const {
  const Index fitting = 32'768 / dim_;  // 128 KiB of single-precision queries
  return std::clamp<Index>(fitting - fitting % 8, 32, 512);
}

void CellAssignment::best(const float* x, Index n, Index slots, float* values,
                          std::int32_t* labels) const {
  std::fill_n(values, n * slots, -std::numeric_limits<float>::infinity());
  std::fill_n(labels, n * slots, -1);
  const BestCells<float> best{values, labels, slots};
  if (search_) {
    std::vector<float> scratch(static_cast<std::size_t>(search_->bounds()));
    cell_search_kernels(isa_).best_f32(search_->view<float>(), x, n, best, scratch.data());
    return;
  }
  const auto& kernels = cell_assignment_kernels(isa_);
  const Index panels = static_cast<Index>(heights_f32_.size()) / kernels.width_f32;
  kernels.best_f32({atoms_f32_.data(), heights_f32_.data(), dim_, panels}, x, n, best);
}

void CellAssignment::best(const double* x, Index n, Index slots, double* values,
                          std::int32_t* labels) const {
  std::fill_n(values, n * slots, -std::numeric_limits<double>::infinity());
  std::fill_n(labels, n * slots, -1);
  const BestCells<double> best{values, labels, slots};
  if (search_) {
    std::vector<double> scratch(static_cast<std::size_t>(search_->bounds()));
    cell_search_kernels(isa_).best_f64(search_->view<double>(), x, n, best, scratch.data());
    return;
  }
  const auto& kernels = cell_assignment_kernels(isa_);
  const Index panels = static_cast<Index>(heights_f64_.size()) / kernels.width_f64;
  kernels.best_f64({atoms_f64_.data(), heights_f64_.data(), dim_, panels}, x, n, best);
}

void CellAssignment::circles(const float* x, Index pairs, Index points, Index slots, float* values,
                             std::int32_t* labels) const {
  std::fill_n(values, points * pairs * slots, -std::numeric_limits<float>::infinity());
  std::fill_n(labels, points * pairs * slots, -1);
  const auto size = static_cast<Index>(heights_f32_.size());
  const Index panels = size / cell_assignment_kernels(isa_).width_f32;
  const auto scratch = std::make_unique_for_overwrite<float[]>(
      static_cast<std::size_t>(2 * std::min<Index>(pairs, waiting_pairs) * size));
  circle_kernels(isa_).best({atoms_f32_.data(), heights_f32_.data(), dim_, panels}, x, pairs,
                            points, {values, labels, slots}, scratch.get());
}

void CellAssignment::best_on_circles(const float* x, Index pairs, Index slots, float* values,
                                     std::int32_t* labels) const {
  circles(x, pairs, points_on_circle, slots, values, labels);
}

// A score is d products and a height, each rounded to u and added in order, so its error is at most
// (d + 4) u (|x| |y| + |h|); two scores differ by the sum of their errors.
double CellAssignment::score_error(double norm) const {
  return 1.01 * static_cast<double>(dim_ + 4) * 0x1p-53 * (norm * largest_norm_ + largest_height_);
}

bool CellAssignment::is_decided(double norm, const float* best_two) const {
  const double gap = static_cast<double>(best_two[0]) - static_cast<double>(best_two[1]);
  return gap > 2.0 * 0x1p29 * score_error(norm);
}

void CellAssignment::best_exact(const double* x, Index n, std::int32_t* labels) const {
  const std::vector<float> single(x, x + n * dim_);
  std::vector<float> values(static_cast<std::size_t>(2 * n));
  std::vector<std::int32_t> best_two(static_cast<std::size_t>(2 * n));
  best(single.data(), n, 2, values.data(), best_two.data());
  for (Index i = 0; i < n; ++i) {
    labels[i] = best_two[static_cast<std::size_t>(2 * i)];
    const double norm = Eigen::Map<const Vector>(x + i * dim_, dim_).norm();
    if (is_decided(norm, values.data() + 2 * i)) continue;
    double value;
    best(x + i * dim_, 1, 1, &value, labels + i);
  }
}

void CellAssignment::best_exact_opposite(const double* x, Index n, std::int32_t* labels) const {
  const std::vector<float> single(x, x + n * dim_);
  std::vector<float> values(static_cast<std::size_t>(4 * n));
  std::vector<std::int32_t> best_two(static_cast<std::size_t>(4 * n));
  circles(single.data(), n / 2, points_on_axes, 2, values.data(), best_two.data());
  std::vector<Index> open;  // places of points that double precision decides, all at once
  std::vector<double> points;
  for (Index i = 0; i < n; ++i) {
    const Eigen::Map<const Vector> end(x + i * dim_, dim_);
    const double norm = end.norm();
    for (const Index side : {0, 1}) {
      const Index list = i / 2 * points_on_axes + 2 * side + i % 2;
      labels[2 * i + side] = best_two[static_cast<std::size_t>(2 * list)];
      if (is_decided(norm, values.data() + 2 * list)) continue;
      open.push_back(2 * i + side);
      for (const double coordinate : end) points.push_back(side == 0 ? coordinate : -coordinate);
    }
  }
  std::vector<double> scores(open.size());
  std::vector<std::int32_t> decided(open.size());
  best(points.data(), static_cast<Index>(open.size()), 1, scores.data(), decided.data());
  for (std::size_t k = 0; k < open.size(); ++k) labels[open[k]] = decided[k];
}

}  // namespace pushforward::ot::detail
