#include "pushforward/ot/certificate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "pushforward/core/errors.hpp"

#include "core/src/parallel.hpp"
#include "ot/src/compensated_sum.hpp"
#include "ot/src/cost_kernels.hpp"

namespace pushforward::ot {
namespace {

using pushforward::detail::parallel_blocks;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double unit = 0x1p-53;    // the largest relative error of one rounding
constexpr Index column_block = 32;  // columns a task works on ...
constexpr Index strip = 1024;       // ... by strips of rows whose costs stay in the first cache

// What the sums of a bound may lose, in units of rounding of the sum of their magnitudes: products
// and sums are compensated; the rest is the rounding of each potential and of each cost.
constexpr double sum_rounding = 16.0 * unit;

double relative_entry_rounding(const CostView& cost) {
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  if (points == nullptr) return 0.0;
  switch (points->cost().kind()) {
    case CostKind::negative_dot:  // absolute, below
    case CostKind::user:          // the function is the cost
      return 0.0;
    case CostKind::lp:
      return (static_cast<double>(points->dim()) + 8.0 + 2.0 * points->cost().power()) * unit;
    default:
      return (static_cast<double>(points->dim()) + 4.0) * unit;
  }
}

void require_sizes(const CostView& cost, VectorIn a, VectorIn b) {
  require(a.size() == cost.rows(), "certify", "a.size()", a.size(), "the rows of the cost");
  require(b.size() == cost.cols(), "certify", "b.size()", b.size(), "the columns of the cost");
}

}  // namespace

Vector c_transform(const CostView& cost, VectorIn f, int threads) {
  require(f.size() == cost.rows(), "c_transform", "f.size()", f.size(), "the rows of the cost");
  Vector g = Vector::Constant(cost.cols(), infinite);
  if (const auto* sparse = dynamic_cast<const SparseCost*>(&cost)) {
    for (Index j = 0; j < cost.cols(); ++j) {
      for (Index k = sparse->first(j); k < sparse->first(j + 1); ++k) {
        g[j] = std::min(g[j], sparse->cost_of(k) - f[sparse->row_of(k)]);
      }
    }
    return g;
  }
  const detail::CostKernels& kernels = detail::cost_kernels(active_isa());
  parallel_blocks(cost.cols(), column_block, threads, [&](Index begin, Index end, Index) {
    double buffer[strip];
    for (Index top = 0; top < cost.rows(); top += strip) {
      const Index bottom = std::min(cost.rows(), top + strip);
      for (Index j = begin; j < end; ++j) {
        const double* column = cost.column(j, top, bottom, buffer);
        g[j] = std::min(g[j], kernels.least(column, f.data() + top, bottom - top).value);
      }
    }
  });
  return g;
}

Vector c_transform_rows(const CostView& cost, VectorIn g, int threads) {
  require(g.size() == cost.cols(), "c_transform_rows", "g.size()", g.size(),
          "the columns of the cost");
  Vector f = Vector::Constant(cost.rows(), infinite);
  if (const auto* sparse = dynamic_cast<const SparseCost*>(&cost)) {
    for (Index j = 0; j < cost.cols(); ++j) {
      for (Index k = sparse->first(j); k < sparse->first(j + 1); ++k) {
        double& least = f[sparse->row_of(k)];
        least = std::min(least, sparse->cost_of(k) - g[j]);
      }
    }
    return f;
  }
  const detail::CostKernels& kernels = detail::cost_kernels(active_isa());
  parallel_blocks(cost.rows(), strip, threads, [&](Index begin, Index end, Index) {
    double buffer[strip];
    for (Index j = 0; j < cost.cols(); ++j) {
      const double* column = cost.column(j, begin, end, buffer);
      kernels.lower(column, g[j], f.data() + begin, end - begin);
    }
  });
  return f;
}

Potentials feasible_potentials(const CostView& cost, VectorIn g, int threads) {
  Potentials potentials{.f = c_transform_rows(cost, g, threads)};
  potentials.g = c_transform(cost, potentials.f, threads);
  return potentials;
}

void balance_gauge(VectorIn a, VectorIn b, Potentials& potentials) {
  const double mass = a.sum() + b.sum();
  // In differences from one entry each, so that a large common offset does not cost digits.
  const double shift =
      (detail::compensated_dot(b, potentials.g) - detail::compensated_dot(a, potentials.f)) / mass;
  if (!std::isfinite(shift)) return;
  potentials.f.array() += shift;
  potentials.g.array() -= shift;
}

double entry_rounding(const CostView& cost) {
  const auto* points = dynamic_cast<const PointCost*>(&cost);
  if (points == nullptr || points->cost().kind() != CostKind::negative_dot) return 0.0;
  return (static_cast<double>(points->dim()) + 4.0) * unit * cost.largest_magnitude();
}

double lower_bound(VectorIn a, VectorIn b, const Potentials& potentials, double cost_rounding) {
  detail::CompensatedSum sum, magnitude, excess;
  const auto take = [&](double mass, double potential, double side) {
    excess.add(side * mass);
    if (mass == 0.0) return;  // its potential may be infinite
    sum.add_product(mass, potential);
    magnitude.add(mass * std::abs(potential));
  };
  double largest = 0.0;
  for (Index i = 0; i < a.size(); ++i) take(a[i], potentials.f[i], 1.0);
  for (Index j = 0; j < b.size(); ++j) take(b[j], potentials.g[j], -1.0);
  const double mass = std::max(a.sum(), b.sum());
  // Masses that differ by rounding are those of a neighbouring problem.
  if (mass > 0.0) largest = magnitude.value() / mass;
  const double slack =
      sum_rounding * magnitude.value() + cost_rounding * mass + std::abs(excess.value()) * largest;
  return sum.value() - slack;
}

double upper_bound(const CostView& cost, const SparseCoupling& coupling, double cost_rounding) {
  detail::CompensatedSum sum, magnitude, mass;
  for (const Coupling::Entry& e : coupling.entries()) {
    const double c = cost.entry(e.row, e.col);
    sum.add_product(e.mass, c);
    magnitude.add(e.mass * std::abs(c));
    mass.add(e.mass);
  }
  return sum.value() + (sum_rounding + relative_entry_rounding(cost)) * magnitude.value() +
         cost_rounding * mass.value();
}

DualityGap certify(const CostView& cost, VectorIn a, VectorIn b, const Potentials& potentials,
                   const SparseCoupling& coupling) {
  require_sizes(cost, a, b);
  const double rounding = entry_rounding(cost);
  DualityGap gap{.primal = upper_bound(cost, coupling, rounding),
                 .dual = lower_bound(a, b, potentials, rounding)};
  gap.dual -= relative_entry_rounding(cost) * std::abs(gap.dual);
  return gap;
}

Slackness complementary_slackness(const CostView& cost, const Potentials& potentials,
                                  const SparseCoupling& coupling, int threads) {
  const Vector highest = c_transform(cost, potentials.f, threads);
  Slackness slackness{0.0, 0.0};
  for (Index j = 0; j < cost.cols(); ++j) {
    slackness.infeasibility = std::max(slackness.infeasibility, potentials.g[j] - highest[j]);
  }
  for (const Coupling::Entry& e : coupling.entries()) {
    slackness.on_support =
        std::max(slackness.on_support,
                 std::abs((cost.entry(e.row, e.col) - potentials.f[e.row]) - potentials.g[e.col]));
  }
  return slackness;
}

}  // namespace pushforward::ot
