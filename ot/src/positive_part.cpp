#include "ot/src/positive_part.hpp"

#include <utility>

#include "ot/src/cell_order.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr Index least_points_to_sort = 1000;

// Some rows and columns of stored or otherwise given costs.
class SubsetCost final : public CostView {
 public:
  SubsetCost(const CostView& cost, std::vector<Index> rows, std::vector<Index> cols)
      : CostView(static_cast<Index>(rows.size()), static_cast<Index>(cols.size())),
        cost_(cost),
        rows_(std::move(rows)),
        cols_(std::move(cols)) {}

  double entry(Index i, Index j) const override {
    return cost_.entry(rows_[static_cast<std::size_t>(i)], cols_[static_cast<std::size_t>(j)]);
  }
  const double* column(Index j, Index begin, Index end, double* buffer) const override {
    for (Index i = begin; i < end; ++i) buffer[i - begin] = entry(i, j);
    return buffer;
  }
  bool is_lazy() const override { return cost_.is_lazy(); }
  double largest_magnitude() const override { return cost_.largest_magnitude(); }

 private:
  const CostView& cost_;
  std::vector<Index> rows_, cols_;
};

std::vector<Index> positive(const Vector& masses) {
  std::vector<Index> kept;
  for (Index i = 0; i < masses.size(); ++i) {
    if (masses[i] > 0.0) kept.push_back(i);
  }
  return kept;
}

Matrix picked(const Matrix& coordinates, const std::vector<Index>& kept) {
  Matrix points(coordinates.cols(), static_cast<Index>(kept.size()));
  for (Index i = 0; i < points.cols(); ++i) {
    points.col(i) = coordinates.row(kept[static_cast<std::size_t>(i)]).transpose();
  }
  return points;
}

std::shared_ptr<const CostView> subset(const CostView& cost, const std::vector<Index>& rows,
                                       const std::vector<Index>& cols) {
  if (const auto* points = dynamic_cast<const PointCost*>(&cost)) {
    return std::make_shared<PointCost>(picked(points->source_coordinates(), rows),
                                       picked(points->target_coordinates(), cols), points->cost());
  }
  if (const auto* sparse = dynamic_cast<const SparseCost*>(&cost)) {
    std::vector<Index> place(static_cast<std::size_t>(cost.rows()), -1);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      place[static_cast<std::size_t>(rows[i])] = static_cast<Index>(i);
    }
    std::vector<Index> row, col;
    std::vector<double> value;
    for (std::size_t j = 0; j < cols.size(); ++j) {
      for (Index k = sparse->first(cols[j]); k < sparse->first(cols[j] + 1); ++k) {
        const Index i = place[static_cast<std::size_t>(sparse->row_of(k))];
        if (i < 0) continue;
        row.push_back(i);
        col.push_back(static_cast<Index>(j));
        value.push_back(sparse->cost_of(k));
      }
    }
    const auto arcs = static_cast<Index>(row.size());
    return std::make_shared<SparseCost>(static_cast<Index>(rows.size()),
                                        static_cast<Index>(cols.size()),
                                        Eigen::Map<const IndexVector>(row.data(), arcs),
                                        Eigen::Map<const IndexVector>(col.data(), arcs),
                                        Eigen::Map<const Vector>(value.data(), arcs));
  }
  return std::make_shared<SubsetCost>(cost, rows, cols);
}

// Points that are near one another get indices that are, so that walks through large trees stay in
// the cache.
void sort_by_cells(const Matrix& coordinates, std::vector<Index>& kept) {
  const std::vector<Index> order = cell_order(picked(coordinates, kept));
  std::vector<Index> sorted(kept.size());
  for (std::size_t k = 0; k < kept.size(); ++k) {
    sorted[k] = kept[static_cast<std::size_t>(order[k])];
  }
  kept = std::move(sorted);
}

}  // namespace

PositivePart positive_part(const CostView& cost, const Masses& masses) {
  PositivePart part{.rows = positive(masses.a), .cols = positive(masses.b), .masses = masses};
  const auto n = static_cast<Index>(part.rows.size());
  const auto m = static_cast<Index>(part.cols.size());
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  const bool sorts = points != nullptr && n + m >= least_points_to_sort;
  if (sorts) {
    sort_by_cells(points->source_coordinates(), part.rows);
    sort_by_cells(points->target_coordinates(), part.cols);
  } else if (n == cost.rows() && m == cost.cols()) {
    part.cost = std::shared_ptr<const CostView>(std::shared_ptr<const CostView>(), &cost);
    return part;
  }
  part.masses.a.resize(n);
  part.masses.b.resize(m);
  for (Index i = 0; i < n; ++i) part.masses.a[i] = masses.a[part.rows[static_cast<std::size_t>(i)]];
  for (Index j = 0; j < m; ++j) part.masses.b[j] = masses.b[part.cols[static_cast<std::size_t>(j)]];
  part.cost = subset(cost, part.rows, part.cols);
  return part;
}

}  // namespace pushforward::ot::detail
