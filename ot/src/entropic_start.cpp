#include "ot/src/entropic_start.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "core/src/parallel.hpp"
#include "ot/src/cell_order.hpp"
#include "ot/src/soft_transform_kernels.hpp"

namespace pushforward::ot::detail {
namespace {

using pushforward::detail::parallel_blocks;

constexpr double bits = 1.4426950408889634;  // log2 e
constexpr Index row_block = 64;
constexpr float no_point = -1e9F;
constexpr double refinement = 2.0;  // of epsilon and of the clouds, from stage to stage
constexpr Index coarsest = 256;     // points
constexpr int sweeps = 3;           // a stage

// A cloud, or a coarser one in its place.
struct Cloud {
  Matrix points;    // d x n, centred
  Vector norms;     // p(x) or q(y): the part of the cost that depends on this cloud alone
  Vector log_mass;  // log2 of the masses
  Vector potential;
};

// Coarser versions of a measure. In few dimensions, means of cells: they keep the mass where it is
// on large scales, which is what potentials are slow to learn. In many dimensions cells are too
// wide for that and points of the measure itself stand for it.
class Coarsening {
 public:
  Coarsening(const Matrix& coordinates, const Vector& centre, double norm_factor, VectorIn mass,
             std::uint64_t seed)
      : points_(coordinates.transpose().colwise() - centre),
        mass_(mass),
        norm_factor_(norm_factor),
        averages_(points_.rows() <= most_dimensions_for_cells) {
    if (averages_) {
      order_ = cell_order(points_);
    } else {
      shuffle(seed);
    }
  }

  Index size() const { return points_.cols(); }

  Cloud cloud(Index count) const {
    Cloud cloud{.points = Matrix::Zero(points_.rows(), count), .log_mass = Vector(count)};
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
    cloud.norms = norm_factor_ * cloud.points.colwise().squaredNorm().transpose();
    cloud.potential = cloud.norms;
    return cloud;
  }

  // Potentials of cloud(size()), in the order of the measure.
  Vector in_first_order(const Vector& potential) const {
    Vector result(size());
    for (Index k = 0; k < size(); ++k) result[order_[static_cast<std::size_t>(k)]] = potential[k];
    return result;
  }

 private:
  static constexpr Index most_dimensions_for_cells = 4;

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
  double norm_factor_;
  bool averages_;
  std::vector<Index> order_;
};

// to.potential_i = -epsilon log sum_j b_j exp((g_j - c_ij) / epsilon), b of sum one.
// The old potential keeps the exponents small; where it is too far off, the largest one does.
class HalfStep {
 public:
  HalfStep(double bilinear, int threads)
      : kernels_(soft_transform_kernels(active_isa())), bilinear_(bilinear), threads_(threads) {}

  void operator()(Cloud& to, const Cloud& from, double epsilon) {
    const Index rows = to.points.cols();
    const Index cols = from.points.cols();
    const double scale = bits / epsilon;
    const Index d = to.points.rows();
    const Index padded = (cols + 15) / 16 * 16;
    y_.assign(static_cast<std::size_t>(d * padded), 0.0F);
    u_.assign(static_cast<std::size_t>(padded), no_point);
    double mass = 0.0;
    for (Index j = 0; j < cols; ++j) mass += std::exp2(from.log_mass[j]);
    const double log_mass = std::log2(mass);
    for (Index j = 0; j < cols; ++j) {
      u_[static_cast<std::size_t>(j)] = static_cast<float>(
          (from.potential[j] - from.norms[j]) * scale + from.log_mass[j] - log_mass);
      for (Index k = 0; k < d; ++k) {
        y_[static_cast<std::size_t>(k * padded + j)] = static_cast<float>(from.points(k, j));
      }
    }
    parallel_blocks(rows, row_block, threads_, [&](Index begin, Index end, Index) {
      std::vector<float> x(static_cast<std::size_t>((end - begin) * d));
      for (Index i = begin; i < end; ++i) {
        for (Index k = 0; k < d; ++k) {
          x[static_cast<std::size_t>((i - begin) * d + k)] =
              static_cast<float>(bilinear_ * scale * to.points(k, i));
        }
      }
      const SoftBlock block{x.data(), y_.data(), u_.data(), padded, d, end - begin, padded};
      float offset[row_block], sum[row_block];
      for (Index i = begin; i < end; ++i) {
        offset[i - begin] = static_cast<float>((to.potential[i] - to.norms[i]) * scale);
      }
      kernels_.sums(block, offset, sum);
      const bool good =
          std::all_of(sum, sum + (end - begin), [](float s) { return s > 1e-20F && s < 1e20F; });
      if (!good) {
        kernels_.largest(block, offset);
        for (Index i = 0; i < end - begin; ++i) offset[i] = -offset[i];
        kernels_.sums(block, offset, sum);
      }
      for (Index i = begin; i < end; ++i) {
        to.potential[i] = to.norms[i] + (static_cast<double>(offset[i - begin]) -
                                         std::log2(static_cast<double>(sum[i - begin]))) /
                                            scale;
      }
    });
  }

 private:
  const SoftTransformKernels& kernels_;
  double bilinear_;
  int threads_;
  std::vector<float> y_, u_;
};

// The epsilon to end with, in units of the spread of the cost: a fixed number of times the squared
// distance of neighbours, measured to be best at n = 4000, and no less than single precision bears.
double last_epsilon(Index dim, Index size) {
  const double measured = dim <= 4 ? 0.003 : 0.008;
  const double rate = 2.0 / static_cast<double>(std::max<Index>(dim, 2));
  return std::clamp(measured * std::pow(4000.0 / static_cast<double>(size), rate), 2e-5, 0.1);
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
  const double bilinear = halved ? 1.0 : 2.0;
  const Vector centre = 0.5 * (cost.source_coordinates().colwise().mean() +
                               cost.target_coordinates().colwise().mean())
                                  .transpose();
  const Coarsening source(cost.source_coordinates(), centre, 0.5 * bilinear, a, 1);
  const Coarsening target(cost.target_coordinates(), centre, 0.5 * bilinear, b, 2);
  Cloud x = source.cloud(source.size());
  Cloud y = target.cloud(target.size());
  const double spread = x.norms.mean() + y.norms.mean();
  HalfStep step(bilinear, threads);

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
    if (stage == 0 || count(source.size()) > x.points.cols() ||
        count(target.size()) > y.points.cols()) {
      Cloud finer = source.cloud(count(source.size()));
      if (stage > 0) step(finer, y, epsilon);
      x = std::move(finer);
      y = target.cloud(count(target.size()));
      step(y, x, epsilon);
    }
    for (int sweep = 0; sweep < sweeps; ++sweep) {
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
