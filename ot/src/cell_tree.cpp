#include "ot/src/cell_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <Eigen/Dense>

namespace pushforward::ot::detail {
namespace {

// Far more than the rounding of the few operations of a bound and of a cost in four dimensions,
// and what may vanish below the smallest numbers.
constexpr double rounding = 0x1p-46;
constexpr double smallest = 0x1p-1050;

using Square = Eigen::Matrix<double, 4, 4, Eigen::DontAlign>;
using Four = Eigen::Matrix<double, 4, 1, Eigen::DontAlign>;

}  // namespace

struct CellTree::Moments {
  double count = 0.0, potential = 0.0;
  Four mean = Four::Zero(), mixed = Four::Zero();  // mixed: sum of (x - mean) (p - mean p)
  Square spread = Square::Zero();                  // sum of (x - mean) (x - mean)^T

  void add(const Moments& other) {
    const double total = count + other.count;
    const double share = other.count / total;
    const Four step = other.mean - mean;
    const double rise = other.potential - potential;
    spread += other.spread + (count * share) * step * step.transpose();
    mixed += other.mixed + (count * share * rise) * step;
    mean += share * step;
    potential += share * rise;
    count = total;
  }
};

CellTree::CellTree(const Matrix& coordinates, Index leaf)
    : size_(coordinates.rows()), dim_(coordinates.cols()) {
  points_.resize(static_cast<std::size_t>(size_ * dim_));
  for (Index i = 0; i < size_; ++i) {
    for (Index k = 0; k < dim_; ++k) {
      points_[static_cast<std::size_t>(i * dim_ + k)] = coordinates(i, k);
    }
  }
  build(coordinates, 0, size_, leaf);
}

void CellTree::build(const Matrix& coordinates, Index begin, Index end, Index leaf) {
  const Cell c = cells();
  cells_.push_back({.begin = static_cast<std::int32_t>(begin),
                    .end = static_cast<std::int32_t>(end),
                    .next = 0,
                    .centre = {},
                    .half = {},
                    .displacement = {}});
  if (end - begin > leaf) {
    const Index middle = begin + (end - begin) / 2;
    build(coordinates, begin, middle, leaf);
    build(coordinates, middle, end, leaf);
  }
  Bounds& cell = cells_[static_cast<std::size_t>(c)];
  cell.next = cells();
  for (Index k = 0; k < dim_; ++k) {
    const auto values = coordinates.col(k).segment(begin, end - begin);
    const double low = values.minCoeff();
    const double high = values.maxCoeff();
    const auto at = static_cast<std::size_t>(k);
    cell.centre[at] = 0.5 * low + 0.5 * high;
    cell.half[at] = (1.0 + 4.0 * std::numeric_limits<double>::epsilon()) *
                    std::max(high - cell.centre[at], cell.centre[at] - low);
  }
}

void CellTree::set_potential(const double* potential, double scale) {
  scale_ = scale;
  if (size_ == 0) return;
  regress(0, potential);
  for (Bounds& cell : cells_) set_least(cell, potential);
}

// The slope of the potential in the cell by least squares: of s |x - T(x)|^2 it is 2 s (x - T(x)).
// Any displacement gives a bound; this one gives a sharp one.
CellTree::Moments CellTree::regress(Cell c, const double* potential) {
  const auto at = static_cast<std::size_t>(c);
  Moments moments;
  if (is_leaf(c)) {
    for (Index i = cells_[at].begin; i < cells_[at].end; ++i) {
      Moments one{.count = 1.0, .potential = potential[i]};
      for (Index k = 0; k < dim_; ++k)
        one.mean[k] = points_[static_cast<std::size_t>(i * dim_ + k)];
      moments.add(one);
    }
  } else {
    moments = regress(c + 1, potential);
    moments.add(regress(cells_[at + 1].next, potential));
  }
  // A little ridge keeps directions without extent out of the slope.
  Square matrix = moments.spread;
  const double trace = matrix.trace();
  matrix.diagonal().array() += 1e-9 * trace;
  matrix.diagonal().tail(4 - dim_).setConstant(trace > 0.0 ? trace : 1.0);
  const Four slope = trace > 0.0 ? Four(matrix.ldlt().solve(moments.mixed)) : Four::Zero();
  for (Index k = 0; k < dim_; ++k) {
    const double value = slope[k] / (2.0 * scale_);
    cells_[at].displacement[static_cast<std::size_t>(k)] = std::isfinite(value) ? value : 0.0;
  }
  return moments;
}

void CellTree::set_least(Bounds& cell, const double* potential) const {
  cell.least = std::numeric_limits<double>::infinity();
  double largest = 0.0, reach = 0.0;
  for (Index i = cell.begin; i < cell.end; ++i) {
    const double* x = &points_[static_cast<std::size_t>(i * dim_)];
    double value = 0.0;
    for (Index k = 0; k < dim_; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const double t = x[k] - cell.centre[at];
      value += t * (t + 2.0 * cell.displacement[at]);
    }
    cell.least = std::min(cell.least, scale_ * value - potential[i]);
    largest = std::max(largest, std::abs(potential[i]));
  }
  for (Index k = 0; k < dim_; ++k) {
    const auto at = static_cast<std::size_t>(k);
    reach += cell.half[at] * (cell.half[at] + 2.0 * std::abs(cell.displacement[at]));
  }
  cell.size = largest + scale_ * reach;
}

std::vector<CellTree::Cell> CellTree::parts(Index size) const {
  std::vector<Cell> found;
  for (Cell c = 0; c < cells();) {
    const Bounds& cell = bounds(c);
    const bool taken = is_leaf(c) || cell.end - cell.begin <= size;
    if (taken) found.push_back(c);
    c = taken ? cell.next : c + 1;
  }
  return found;
}

double CellTree::continued(Cell c, const Point& at) const {
  const Bounds& cell = bounds(c);
  double value = -cell.least;
  for (Index k = 0; k < dim_; ++k) {
    const auto i = static_cast<std::size_t>(k);
    const double t = at[i] - cell.centre[i];
    value += scale_ * t * (t + 2.0 * cell.displacement[i]);
  }
  return value;
}

CellTree::Cell CellTree::leaf_of(Index i) const {
  Cell c = 0;
  while (!is_leaf(c)) c = i < bounds(c + 1).end ? c + 1 : bounds(c + 1).next;
  return c;
}

// With x = centre + dx, y = centre + dy and D the difference of the centres,
//   s |x - y|^2 = s |D|^2 + (s |dx|^2 + 2 s <D, dx>) + (s |dy|^2 - 2 s <D, dy>) - 2 s <dx, dy>.
// `least` bounds each bracket less its potential at the cell's own displacement instead of D.
double CellSearch::least(const CellTree::Bounds& x, const CellTree::Bounds& y) const {
  double square = 0.0, slack = 0.0;
  for (Index k = 0; k < here_.dim_; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const double d = x.centre[at] - y.centre[at];
    square += d * d;
    slack += x.half[at] * (std::abs(d - x.displacement[at]) + y.half[at]) +
             y.half[at] * std::abs(d + y.displacement[at]);
  }
  const double s = here_.scale_;
  const double size = x.size + y.size + s * (square + 2.0 * slack);
  return x.least + y.least + s * (square - 2.0 * slack) - rounding * size - smallest;
}

void CellSearch::leaves(CellTree::Cell cell, double limit,
                        std::vector<CellTree::Cell>& found) const {
  found.clear();
  const CellTree::Bounds& x = here_.bounds(cell);
  const double bound = limit + rounding * std::abs(limit);
  for (CellTree::Cell c = 0; c < there_.cells();) {
    const CellTree::Bounds& y = there_.bounds(c);
    if (least(x, y) > bound) {  // false for NaN: then nothing is left out
      c = y.next;
    } else {
      if (there_.is_leaf(c)) found.push_back(c);
      ++c;
    }
  }
}

bool CellSearch::may_hold(Index i, double p, CellTree::Cell leaf, double limit) const {
  const CellTree::Bounds& y = there_.bounds(leaf);
  const double* x = &here_.points_[static_cast<std::size_t>(i * here_.dim_)];
  double square = 0.0, slack = 0.0;
  for (Index k = 0; k < here_.dim_; ++k) {
    const auto at = static_cast<std::size_t>(k);
    const double d = x[k] - y.centre[at];
    square += d * d;
    slack += y.half[at] * std::abs(d + y.displacement[at]);
  }
  const double s = here_.scale_;
  const double size = std::abs(p) + y.size + s * (square + 2.0 * slack) + std::abs(limit);
  return !(y.least - p + s * (square - 2.0 * slack) - rounding * size - smallest > limit);
}

}  // namespace pushforward::ot::detail
