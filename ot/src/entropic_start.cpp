#include "ot/src/entropic_start.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "ot/src/cell_order.hpp"
#include "ot/src/soft_step.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr double refinement = 2.0;  // of epsilon and of the clouds, from stage to stage
constexpr Index coarsest = 256;     // points
constexpr Index fewest_points_for_cells = 1000;
constexpr Index leaf_points = 16;

// Coarser versions of a measure. In few dimensions, means of cells: they keep the mass where it is
// on large scales, which is what potentials are slow to learn. In many dimensions cells are too
// wide for that and points of the measure itself stand for it.
class Coarsening {
 public:
  Coarsening(const Matrix& coordinates, const Vector& centre, VectorIn mass, std::uint64_t seed)
      : points_(coordinates.transpose().colwise() - centre),
        mass_(mass),
        averages_(points_.rows() <= CellTree::most_dimensions) {
    if (averages_) {
      order_ = cell_order(points_);
    } else {
      shuffle(seed);
    }
  }

  Index size() const { return points_.cols(); }

  // `count` points with the potential of a coarser cloud, continued by its tangents, or `scale`
  // times their squared norms if there is none.
  SoftCloud cloud(Index count, double scale, SoftCloud* coarser = nullptr) const {
    SoftCloud cloud{.points = Matrix::Zero(points_.rows(), count), .log_mass = Vector(count)};
    for (Index c = 0; c < count; ++c) {
      const Index begin = averages_ ? c * size() / count : c;
      const Index end = averages_ ? (c + 1) * size() / count : c + 1;
      double mass = 0.0;
      for (Index k = begin; k < end; ++k) {
        const Index i = order_[static_cast<std::size_t>(k)];
        cloud.points.col(c) += mass_[i] * points_.col(i);
        mass += mass_[i];
      }
      cloud.points.col(c) /= mass;
      cloud.log_mass[c] = std::log2(mass);
    }
    cloud.potential = scale * cloud.points.colwise().squaredNorm().transpose();
    if (averages_ && count >= fewest_points_for_cells) {
      cloud.tree = CellTree(cloud.points.transpose(), leaf_points);
    }
    if (coarser != nullptr && coarser->tree.size() > 0) {
      coarser->tree.set_potential(coarser->potential.data(), scale);
      for (Index c = 0; c < count; ++c) {
        CellTree::Point at{};
        for (Index k = 0; k < points_.rows(); ++k) {
          at[static_cast<std::size_t>(k)] = cloud.points(k, c);
        }
        const CellTree::Cell leaf = coarser->tree.leaf_of(c * coarser->size() / count);
        cloud.potential[c] = coarser->tree.continued(leaf, at);
      }
    }
    return cloud;
  }

  // Potentials of cloud(size()), in the order of the measure.
  Vector in_first_order(const Vector& potential) const {
    Vector result(size());
    for (Index k = 0; k < size(); ++k) result[order_[static_cast<std::size_t>(k)]] = potential[k];
    return result;
  }

 private:
  void shuffle(std::uint64_t state) {
    order_.resize(static_cast<std::size_t>(size()));
    std::iota(order_.begin(), order_.end(), 0);
    for (Index i = size() - 1; i > 0; --i) {
      // splitmix64
      std::uint64_t z = state += 0x9E3779B97F4A7C15u;
      z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
      z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
      z ^= z >> 31;
      std::swap(order_[static_cast<std::size_t>(i)],
                order_[static_cast<std::size_t>(z % static_cast<std::uint64_t>(i + 1))]);
    }
  }

  Matrix points_;
  Vector mass_;
  bool averages_;
  std::vector<Index> order_;
};

// The epsilon to end with, in units of the spread of the cost: a fixed number of times the squared
// distance of neighbours, measured to be best at n = 4000, and no less than single precision bears.
double last_epsilon(Index dim, Index size) {
  const double measured = dim <= 4 ? 0.003 : 0.008;
  const double rate = 2.0 / static_cast<double>(std::max<Index>(dim, 2));
  return std::clamp(measured * std::pow(4000.0 / static_cast<double>(size), rate), 2e-5, 0.1);
}

// What is slow to converge are differences across many cells, and on coarse clouds, where they are
// cheapest to settle, sweeps cost little.
int sweeps(Index dim, int stages_left) {
  if (dim > CellTree::most_dimensions) return 3;
  return static_cast<int>(
      std::min(100.0, (dim <= 2 ? 8.0 : 4.0) * std::pow(2.0, 0.5 * stages_left)));
}

}  // namespace

bool has_entropic_start(const CostView& cost) {
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  if (points == nullptr) return false;
  const CostKind kind = points->cost().kind();
  return kind == CostKind::squared_euclidean || kind == CostKind::half_squared_euclidean ||
         kind == CostKind::negative_dot || (kind == CostKind::lp && points->cost().power() == 2.0);
}

Potentials entropic_start(const PointCost& cost, VectorIn a, VectorIn b, int threads) {
  const CostKind kind = cost.cost().kind();
  const bool halved = kind == CostKind::half_squared_euclidean || kind == CostKind::negative_dot;
  const double scale = halved ? 0.5 : 1.0;
  const Vector centre = 0.5 * (cost.source_coordinates().colwise().mean() +
                               cost.target_coordinates().colwise().mean())
                                  .transpose();
  const Coarsening source(cost.source_coordinates(), centre, a, 1);
  const Coarsening target(cost.target_coordinates(), centre, b, 2);
  SoftCloud x = source.cloud(source.size(), scale);
  SoftCloud y = target.cloud(target.size(), scale);
  const double spread = x.potential.mean() + y.potential.mean();
  SoftStep step(scale, threads);

  if (cost.largest_magnitude() == 0.0 || spread == 0.0) {
    return {Vector::Zero(a.size()), Vector::Zero(b.size())};
  }
  const double last = last_epsilon(cost.dim(), std::max(a.size(), b.size())) * spread;
  int stages = 0;
  for (double e = 0.5 * spread; e > last; e /= refinement) ++stages;
  double epsilon = 0.5 * spread;
  for (int stage = 0; stage <= stages; ++stage, epsilon /= refinement) {
    const double share = std::pow(refinement, stage - stages);
    const auto count = [&](Index size) {
      return std::min(size,
                      std::max(coarsest, static_cast<Index>(share * static_cast<double>(size))));
    };
    if (stage == 0 || count(source.size()) > x.size() || count(target.size()) > y.size()) {
      SoftCloud finer = source.cloud(count(source.size()), scale, stage > 0 ? &x : nullptr);
      if (stage > 0) step(finer, y, epsilon);
      x = std::move(finer);
      y = target.cloud(count(target.size()), scale, stage > 0 ? &y : nullptr);
      step(y, x, epsilon);
    }
    for (int sweep = sweeps(cost.dim(), stages - stage); sweep > 0; --sweep) {
      step(x, y, epsilon);
      step(y, x, epsilon);
    }
  }
  Potentials potentials{source.in_first_order(x.potential), target.in_first_order(y.potential)};
  if (kind == CostKind::negative_dot) {
    // -<x, y> is |x - y|^2 / 2 less the half squares.
    potentials.f -= 0.5 * cost.source_coordinates().rowwise().squaredNorm();
    potentials.g -= 0.5 * cost.target_coordinates().rowwise().squaredNorm();
  }
  return potentials;
}

}  // namespace pushforward::ot::detail
