#include "ot/src/laplacian_multigrid.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pushforward::ot::detail {
namespace {

constexpr int coarsest_size = 120;  // solved densely, in less time than a cycle at the top
constexpr double strong = 0.08;     // coupling, relative to the diagonals, that aggregates follow
// 4/3 over the largest eigenvalue of D^-1 L, which Gershgorin bounds by 2: the optimal weight of
// one step of damped Jacobi on the prolongation.
constexpr double damping = 2.0 / 3.0;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// Columns are put in any order, each once per row, then sorted by row.
class RowBuilder {
 public:
  RowBuilder(int rows, int columns) : slot_(at(columns), -1) { out_.first.reserve(at(rows) + 1); }

  void add(int column, double value) {
    int& slot = slot_[at(column)];
    if (slot < begin_) {
      slot = static_cast<int>(out_.column.size());
      out_.column.push_back(column);
      out_.value.push_back(value);
    } else {
      out_.value[at(slot)] += value;
    }
  }
  void end_row() {
    begin_ = static_cast<int>(out_.column.size());
    out_.first.push_back(begin_);
  }
  SparseRows finish() { return std::move(out_); }

  static RowBuilder begin(int rows, int columns) {
    RowBuilder builder(rows, columns);
    builder.out_.first.push_back(0);
    return builder;
  }

 private:
  SparseRows out_;
  std::vector<int> slot_;  ///< Of each column, where it was put last.
  int begin_ = 0;          ///< Of the row.
};

bool is_strong(const LaplacianRows& a, int i, int k, double threshold) {
  const double entry = a.off.value[at(k)];
  return entry * entry >=
         threshold * threshold * a.diagonal[at(i)] * a.diagonal[at(a.off.column[at(k)])];
}

/// The aggregate of each node, and their number.
std::pair<std::vector<int>, int> aggregates(const LaplacianRows& a, double threshold) {
  const int n = a.size();
  std::vector<int> aggregate(at(n), -1);
  int count = 0;
  const auto for_strong = [&](int i, auto&& body) {
    for (int k = a.off.first[at(i)]; k < a.off.first[at(i) + 1]; ++k) {
      if (is_strong(a, i, k, threshold)) body(a.off.column[at(k)], -a.off.value[at(k)]);
    }
  };
  // Whole neighbourhoods that do not touch ...
  for (int i = 0; i < n; ++i) {
    bool is_free = aggregate[at(i)] < 0;
    if (is_free) for_strong(i, [&](int j, double) { is_free = is_free && aggregate[at(j)] < 0; });
    if (!is_free) continue;
    aggregate[at(i)] = count;
    for_strong(i, [&](int j, double) { aggregate[at(j)] = count; });
    ++count;
  }
  // ... then what lies between, to the neighbour it is coupled with most ...
  const std::vector<int> roots = aggregate;
  for (int i = 0; i < n; ++i) {
    if (aggregate[at(i)] >= 0) continue;
    double largest = 0.0;
    for_strong(i, [&](int j, double weight) {
      if (roots[at(j)] < 0 || weight <= largest) return;
      largest = weight;
      aggregate[at(i)] = roots[at(j)];
    });
  }
  // ... and what is left, among itself.
  for (int i = 0; i < n; ++i) {
    if (aggregate[at(i)] >= 0) continue;
    aggregate[at(i)] = count;
    for_strong(i, [&](int j, double) {
      if (aggregate[at(j)] < 0) aggregate[at(j)] = count;
    });
    ++count;
  }
  return {std::move(aggregate), count};
}

/// (I - damping D^-1 A') P_0 with P_0 the indicators of aggregates and A' the strong part of A, of
/// row sums zero like A.
SparseRows smoothed_prolongation(const LaplacianRows& a, const std::vector<int>& aggregate,
                                 int count, double threshold) {
  auto rows = RowBuilder::begin(a.size(), count);
  for (int i = 0; i < a.size(); ++i) {
    double diagonal = 0.0;
    for (int k = a.off.first[at(i)]; k < a.off.first[at(i) + 1]; ++k) {
      if (is_strong(a, i, k, threshold)) diagonal -= a.off.value[at(k)];
    }
    rows.add(aggregate[at(i)], diagonal > 0.0 ? 1.0 - damping : 1.0);
    for (int k = a.off.first[at(i)]; k < a.off.first[at(i) + 1]; ++k) {
      if (!is_strong(a, i, k, threshold)) continue;
      rows.add(aggregate[at(a.off.column[at(k)])], -damping * a.off.value[at(k)] / diagonal);
    }
    rows.end_row();
  }
  return rows.finish();
}

SparseRows transpose(const SparseRows& p, int columns) {
  SparseRows t;
  t.first.assign(at(columns) + 1, 0);
  for (const int c : p.column) ++t.first[at(c) + 1];
  for (int c = 0; c < columns; ++c) t.first[at(c) + 1] += t.first[at(c)];
  t.column.resize(p.column.size());
  t.value.resize(p.value.size());
  std::vector<int> next(t.first.begin(), t.first.end() - 1);
  for (int i = 0; i < p.rows(); ++i) {
    for (int k = p.first[at(i)]; k < p.first[at(i) + 1]; ++k) {
      const int slot = next[at(p.column[at(k)])]++;
      t.column[at(slot)] = i;
      t.value[at(slot)] = p.value[at(k)];
    }
  }
  return t;
}

/// P^T A P.
LaplacianRows coarse_matrix(const LaplacianRows& a, const SparseRows& p, int count) {
  auto product = RowBuilder::begin(a.size(), count);
  const auto add_row = [](RowBuilder& out, const SparseRows& m, int row, double factor) {
    for (int k = m.first[at(row)]; k < m.first[at(row) + 1]; ++k) {
      out.add(m.column[at(k)], factor * m.value[at(k)]);
    }
  };
  for (int i = 0; i < a.size(); ++i) {
    add_row(product, p, i, a.diagonal[at(i)]);
    for (int k = a.off.first[at(i)]; k < a.off.first[at(i) + 1]; ++k) {
      add_row(product, p, a.off.column[at(k)], a.off.value[at(k)]);
    }
    product.end_row();
  }
  const SparseRows ap = product.finish(), pt = transpose(p, count);
  auto rows = RowBuilder::begin(count, count);
  for (int c = 0; c < count; ++c) {
    for (int k = pt.first[at(c)]; k < pt.first[at(c) + 1]; ++k) {
      add_row(rows, ap, pt.column[at(k)], pt.value[at(k)]);
    }
    rows.end_row();
  }
  const SparseRows full = rows.finish();
  LaplacianRows coarse;
  coarse.diagonal.assign(at(count), 0.0);
  coarse.off.first.push_back(0);
  for (int c = 0; c < count; ++c) {
    for (int k = full.first[at(c)]; k < full.first[at(c) + 1]; ++k) {
      if (full.column[at(k)] == c) {
        coarse.diagonal[at(c)] = full.value[at(k)];
      } else {
        coarse.off.column.push_back(full.column[at(k)]);
        coarse.off.value.push_back(full.value[at(k)]);
      }
    }
    coarse.off.first.push_back(static_cast<int>(coarse.off.column.size()));
  }
  return coarse;
}

double off_diagonal(const LaplacianRows& a, int i, const double* x) {
  double sum = 0.0;
  for (int k = a.off.first[at(i)]; k < a.off.first[at(i) + 1]; ++k) {
    sum += a.off.value[at(k)] * x[a.off.column[at(k)]];
  }
  return sum;
}

void relax(const LaplacianRows& a, const double* b, double* x, bool is_forward) {
  const int n = a.size();
  for (int s = 0; s < n; ++s) {
    const int i = is_forward ? s : n - 1 - s;
    if (a.diagonal[at(i)] > 0.0) x[i] = (b[i] - off_diagonal(a, i, x)) / a.diagonal[at(i)];
  }
}

Eigen::MatrixXd dense(const LaplacianRows& a) {
  // The kernel gets the mean eigenvalue; the rest is unchanged. A little more keeps a graph that is
  // not connected solvable.
  const int n = a.size();
  double trace = 0.0;
  for (const double d : a.diagonal) trace += d;
  if (trace == 0.0) trace = 1.0;
  const double mean = trace / n;
  Eigen::MatrixXd m = Eigen::MatrixXd::Constant(n, n, mean / n);
  for (int i = 0; i < n; ++i) {
    m(i, i) += a.diagonal[at(i)] + 1e-14 * mean;
    for (int k = a.off.first[at(i)]; k < a.off.first[at(i) + 1]; ++k) {
      m(i, a.off.column[at(k)]) += a.off.value[at(k)];
    }
  }
  return m;
}

}  // namespace

void LaplacianRows::apply(const double* x, double* y) const {
  for (int i = 0; i < size(); ++i) y[i] = diagonal[at(i)] * x[i] + off_diagonal(*this, i, x);
}

LaplacianRows laplacian_rows(Index nodes, const std::vector<LaplacianEdge>& edges) {
  const auto n = static_cast<std::size_t>(nodes);
  LaplacianRows a;
  a.diagonal.assign(n, 0.0);
  a.off.first.assign(n + 1, 0);
  for (const LaplacianEdge& edge : edges) {
    ++a.off.first[static_cast<std::size_t>(edge.first) + 1];
    ++a.off.first[static_cast<std::size_t>(edge.second) + 1];
  }
  for (std::size_t i = 0; i < n; ++i) a.off.first[i + 1] += a.off.first[i];
  a.off.column.resize(2 * edges.size());
  a.off.value.resize(2 * edges.size());
  std::vector<int> next(a.off.first.begin(), a.off.first.end() - 1);
  const auto put = [&](Index row, Index column, double weight) {
    const auto slot = at(next[static_cast<std::size_t>(row)]++);
    a.off.column[slot] = static_cast<int>(column);
    a.off.value[slot] = -weight;
    a.diagonal[static_cast<std::size_t>(row)] += weight;
  };
  for (const LaplacianEdge& edge : edges) {
    put(edge.first, edge.second, edge.weight);
    put(edge.second, edge.first, edge.weight);
  }
  return a;
}

LaplacianMultigrid::LaplacianMultigrid(const LaplacianRows& fine) {
  levels_.emplace_back();
  const LaplacianRows* matrix = &fine;
  double threshold = strong;
  while (matrix->size() > coarsest_size) {
    const auto [aggregate, count] = aggregates(*matrix, threshold);
    if (count >= matrix->size() * 9 / 10) break;  // little is coupled: relaxing is enough
    Level& level = levels_.back();
    level.prolongation = smoothed_prolongation(*matrix, aggregate, count, threshold);
    LaplacianRows coarse = coarse_matrix(*matrix, level.prolongation, count);
    levels_.emplace_back();
    levels_.back().matrix = std::move(coarse);
    matrix = &levels_.back().matrix;
    threshold *= 0.5;  // prolongation overlaps more and more: couplings spread
  }
  if (matrix->size() <= 8 * coarsest_size) coarsest_.compute(dense(*matrix));
  for (std::size_t l = 0; l < levels_.size(); ++l) {
    const auto n = l == 0 ? at(fine.size()) : at(levels_[l].matrix.size());
    levels_[l].x.resize(n);
    levels_[l].b.resize(n);
    levels_[l].residual.resize(n);
  }
}

void LaplacianMultigrid::cycle(const LaplacianRows& fine, const double* b, double* x) {
  cycle(0, fine, b, x);
}

void LaplacianMultigrid::cycle(std::size_t l, const LaplacianRows& matrix, const double* b,
                               double* x) {
  const int n = matrix.size();
  if (l + 1 == levels_.size() && coarsest_.rows() == n) {
    Eigen::Map<Eigen::VectorXd>(x, n) =
        coarsest_.solve(Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(b, n)));
    return;
  }
  std::fill_n(x, n, 0.0);
  relax(matrix, b, x, true);
  if (l + 1 < levels_.size()) {
    Level& level = levels_[l];
    Level& next = levels_[l + 1];
    const SparseRows& p = level.prolongation;
    matrix.apply(x, level.residual.data());
    std::fill(next.b.begin(), next.b.end(), 0.0);
    for (int i = 0; i < n; ++i) {
      const double r = b[i] - level.residual[at(i)];
      for (int k = p.first[at(i)]; k < p.first[at(i) + 1]; ++k) {
        next.b[at(p.column[at(k)])] += p.value[at(k)] * r;
      }
    }
    cycle(l + 1, next.matrix, next.b.data(), next.x.data());
    for (int i = 0; i < n; ++i) {
      double correction = 0.0;
      for (int k = p.first[at(i)]; k < p.first[at(i) + 1]; ++k) {
        correction += p.value[at(k)] * next.x[at(p.column[at(k)])];
      }
      x[i] += correction;
    }
  }
  relax(matrix, b, x, false);
}

}  // namespace pushforward::ot::detail
