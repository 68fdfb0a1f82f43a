#include "ot/src/given_start.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pushforward/core/errors.hpp"

namespace pushforward::ot::detail {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr Index sampled_columns = 64;

void check(const Vector& potential, Index size, const char* where, const char* name) {
  if (potential.size() == 0) return;
  require(potential.size() == size, where, (std::string(name) + ".size()").c_str(),
          potential.size(), std::to_string(size));
  for (Index k = 0; k < size; ++k) {
    require(std::isfinite(potential[k]), where, std::string(name) + "[" + std::to_string(k) + "]",
            potential[k], "a finite number");
  }
}

// What f with its transform proves beyond f = 0 with its own, a unit of mass, judged by a sample of
// the columns; at least, if rounding is against it.
double proven_beyond_zero(const Vector& f, const CostView& cost, VectorIn a, VectorIn b) {
  const Index columns = std::min(sampled_columns, cost.cols());
  Vector buffer(cost.rows());
  double rise = 0.0, mass = 0.0;
  for (Index s = 0; s < columns; ++s) {
    const Index j = s * cost.cols() / columns;
    const Eigen::Map<const Vector> column(cost.column(j, 0, cost.rows(), buffer.data()),
                                          cost.rows());
    const double plain = column.minCoeff();
    if (!(plain < infinite)) continue;  // no arc enters
    rise += b[j] * ((column - f).minCoeff() - plain);
    mass += b[j];
  }
  const double rounding = 0x1p-40 * f.cwiseAbs().maxCoeff();  // all there is to see for huge f
  return rise / mass + a.dot(f) / a.sum() - rounding;
}

// Transforms are infinite where no arc is allowed.
Vector tamed(const Vector& p) { return p.array().isFinite().select(p, 0.0); }

}  // namespace

void check_start(const Potentials& start, Index n, Index m, const char* where) {
  require(start.f.size() > 0 || start.g.size() > 0, where, "f.size()", start.f.size(),
          std::to_string(n) + ", or g in place of f");
  check(start.f, n, where, "f");
  check(start.g, m, where, "g");
}

std::optional<Potentials> useful_start(const Potentials& start, const CostView& cost, VectorIn a,
                                       VectorIn b, ArcSearch& search, int threads) {
  Potentials p = start;
  if (p.f.size() == 0) p.f = tamed(c_transform_rows(cost, p.g, threads));
  const double proven = proven_beyond_zero(p.f, cost, a, b);
  if (!(proven > 0.0) || !std::isfinite(proven)) return std::nullopt;
  p.g = tamed(p.g.size() == 0 ? c_transform(cost, p.f, threads) : search.transform(p.f, p.g));
  return p;
}

}  // namespace pushforward::ot::detail
