#include "ot/src/cell_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include <Eigen/Cholesky>

namespace pushforward::ot::detail {
namespace {

constexpr Index width = BoundedCells<double>::width;
constexpr Index group = BoundedCells<double>::group;

Index count_of(Index n, Index block) { return (n + block - 1) / block; }

// Halves the places [begin, end) by panels along the widest coordinate, down to single panels.
void sort_into_panels(PointsIn atoms, std::vector<std::int32_t>& order, Index begin, Index end) {
  if (end - begin <= width) return;
  const auto first = order.begin() + begin;
  const auto last = order.begin() + end;
  Index widest = 0;
  double extent = -1.0;
  for (Index k = 0; k < atoms.rows(); ++k) {
    const auto [low, high] =
        std::minmax_element(first, last, [&](auto i, auto j) { return atoms(k, i) < atoms(k, j); });
    if (atoms(k, *high) - atoms(k, *low) > extent) {
      extent = atoms(k, *high) - atoms(k, *low);
      widest = k;
    }
  }
  const Index middle = begin + count_of(end - begin, width) / 2 * width;
  std::nth_element(first, order.begin() + middle, last, [&](auto i, auto j) {
    const double a = atoms(widest, i), b = atoms(widest, j);
    return a < b || (a == b && i < j);
  });
  sort_into_panels(atoms, order, begin, middle);
  sort_into_panels(atoms, order, middle, end);
}

// Rows that take heights on a panel to the least-squares slope, a ridge making it unique.
Matrix slope_rows(const Matrix& y) {
  const Matrix centred = y.colwise() - y.rowwise().mean();
  Matrix gram = centred * centred.transpose();
  gram.diagonal().array() += 1e-9 * gram.trace() + std::numeric_limits<double>::min();
  return gram.llt().solve(centred);
}

}  // namespace

template <class T>
const CellSearch::Packed<T>& CellSearch::packed() const {
  if constexpr (std::is_same_v<T, float>) {
    return single_;
  } else {
    return double_;
  }
}

CellSearch::CellSearch(PointsIn atoms)
    : dim_(atoms.rows()), size_(atoms.cols()), panels_(count_of(size_, width)) {
  labels_.resize(static_cast<std::size_t>(size_));
  std::iota(labels_.begin(), labels_.end(), 0);
  sort_into_panels(atoms, labels_, 0, size_);
  fit_.resize(dim_, size_);
  for (Index begin = 0; begin < size_; begin += width) {
    const Index count = std::min(width, size_ - begin);
    Matrix y(dim_, count);
    for (Index l = 0; l < count; ++l) {
      y.col(l) = atoms.col(labels_[static_cast<std::size_t>(begin + l)]);
    }
    fit_.middleCols(begin, count) = slope_rows(y);
  }
  pack_atoms(atoms, single_);
  pack_atoms(atoms, double_);
  labels_.resize(static_cast<std::size_t>(panels_ * width),
                 std::numeric_limits<std::int32_t>::max());
}

template <class T>
void CellSearch::pack_atoms(PointsIn atoms, Packed<T>& packed) const {
  packed.atoms.assign(static_cast<std::size_t>(panels_ * width * dim_), T{0});
  packed.heights.assign(static_cast<std::size_t>(panels_ * width),
                        -std::numeric_limits<T>::infinity());
  packed.bounds.assign(static_cast<std::size_t>(bounds() * (1 + 3 * dim_)), T{0});
  for (Index p = 0; p < bounds(); ++p) {
    T* field = packed.bounds.data() + p / group * group * (1 + 3 * dim_) + p % group;
    field[0] = -std::numeric_limits<T>::infinity();
    if (p >= panels_) continue;
    const Index count = std::min(width, size_ - p * width);
    for (Index k = 0; k < dim_; ++k) {
      T* row = packed.atoms.data() + (p * dim_ + k) * width;
      for (Index l = 0; l < count; ++l) {
        row[l] = static_cast<T>(atoms(k, labels_[static_cast<std::size_t>(p * width + l)]));
      }
      const double low = *std::min_element(row, row + count);
      const double high = *std::max_element(row, row + count);
      const T centre = static_cast<T>(0.5 * (low + high));
      T* of_k = field + (1 + 3 * k) * group;
      of_k[0] = centre;
      of_k[2 * group] = static_cast<T>(std::max(high - centre, centre - low));
      packed.largest_coordinate =
          std::max({packed.largest_coordinate, std::abs(low), std::abs(high)});
    }
  }
}

void CellSearch::set_heights(VectorIn heights) {
  Matrix bases = Matrix::Zero(dim_, panels_);
  for (Index place = 0; place < size_; ++place) {
    bases.col(place / width) -= fit_.col(place) * heights[labels_[static_cast<std::size_t>(place)]];
  }
  pack_heights(bases, heights, single_);
  pack_heights(bases, heights, double_);
}

template <class T>
void CellSearch::pack_heights(const Matrix& bases, VectorIn heights, Packed<T>& packed) const {
  double largest = 0.0;  // of the terms of a score or a bound that do not grow with x
  for (Index p = 0; p < panels_; ++p) {
    T* field = packed.bounds.data() + p / group * group * (1 + 3 * dim_) + p % group;
    T* h = packed.heights.data() + p * width;
    const T* atoms = packed.atoms.data() + p * dim_ * width;
    const Index count = std::min(width, size_ - p * width);
    for (Index l = 0; l < count; ++l) {
      h[l] = static_cast<T>(heights[labels_[static_cast<std::size_t>(p * width + l)]]);
    }
    const auto [low, high] = std::minmax_element(h, h + count);
    double swing = 0.0;  // of <base, y - centre>
    for (Index k = 0; k < dim_; ++k) {
      T* of_k = field + (1 + 3 * k) * group;
      of_k[group] = static_cast<T>(bases(k, p));
      swing += std::abs(static_cast<double>(of_k[group])) * static_cast<double>(of_k[2 * group]);
    }
    // A fit far beyond the heights would cost the bounds their accuracy. NaN fails the test, too.
    if (!(swing <= 4.0 * (static_cast<double>(*high) - static_cast<double>(*low)))) {
      swing = 0.0;
      for (Index k = 0; k < dim_; ++k) field[(2 + 3 * k) * group] = T{0};
    }
    double top = -std::numeric_limits<double>::infinity();
    for (Index l = 0; l < count; ++l) {
      double value = static_cast<double>(h[l]);
      for (Index k = 0; k < dim_; ++k) {
        const T* of_k = field + (1 + 3 * k) * group;
        value += static_cast<double>(of_k[group]) *
                 (static_cast<double>(atoms[k * width + l]) - static_cast<double>(of_k[0]));
      }
      top = std::max(top, value);
    }
    field[0] = static_cast<T>(top);
    largest = std::max({largest, 2.0 * swing + std::abs(static_cast<double>(*low)),
                        2.0 * swing + std::abs(static_cast<double>(*high))});
  }
  // Score and bound are sums of at most 3 d + 2 terms, together below 3 (norm * largest coordinate
  // + largest); each rounds at most twice, the numbers that make up the bound once more.
  const double roundings = 16.0 * static_cast<double>(dim_ + 2);
  const double unit = 0.5 * static_cast<double>(std::numeric_limits<T>::epsilon());
  packed.slack_slope = static_cast<T>(roundings * unit * packed.largest_coordinate);
  packed.slack_offset = static_cast<T>(roundings * unit * largest) + std::numeric_limits<T>::min();
}

Index CellSearch::bounds() const { return count_of(panels_, group) * group; }

template <class T>
BoundedCells<T> CellSearch::view() const {
  const Packed<T>& p = packed<T>();
  return {.atoms = p.atoms.data(),
          .heights = p.heights.data(),
          .labels = labels_.data(),
          .bounds = p.bounds.data(),
          .dim = dim_,
          .panels = panels_,
          .slack_slope = p.slack_slope,
          .slack_offset = p.slack_offset};
}

template BoundedCells<float> CellSearch::view<float>() const;
template BoundedCells<double> CellSearch::view<double>() const;

}  // namespace pushforward::ot::detail
