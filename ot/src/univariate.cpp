#include "pushforward/ot/univariate.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

constexpr const char* here = "univariate_wasserstein_power";

double power(double distance, double p) {
  const double x = std::abs(distance);
  return p == 1.0 ? x : p == 2.0 ? x * x : std::pow(x, p);
}

void check_power(double p) {
  require(p >= 1.0 && std::isfinite(p), here, "p", p, "a finite number of at least 1");
}

Vector sorted(VectorIn x, const char* argument) {
  require(x.size() >= 1, here, argument, x.size(), "at least one number");
  pushforward::detail::require_finite(x, here, argument);
  Vector values = x;
  std::sort(values.data(), values.data() + values.size());
  return values;
}

struct Atom {
  double place;
  double mass;
};

std::vector<Atom> sorted_atoms(const DiscreteMeasure& measure, const char* argument) {
  require(measure.dim() == 1, here, argument, measure.dim(), "a measure of dimension 1");
  std::vector<Atom> atoms;
  for (Index i = 0; i < measure.size(); ++i) {
    if (measure.weights()[i] > 0.0) atoms.push_back({measure.points()(0, i), measure.weights()[i]});
  }
  std::sort(atoms.begin(), atoms.end(),
            [](const Atom& a, const Atom& b) { return a.place < b.place; });
  return atoms;
}

// int_low^high |x - quantile(t)|^p dt by Gauss-Legendre, exact for polynomials of degree 9.
double step_cost(double x, const std::function<double(double)>& quantile, double p, double low,
                 double high) {
  static constexpr std::array<std::pair<double, double>, 3> rule{
      {{0.0, 128.0 / 225.0},
       {0.5384693101056830910, 0.4786286704993664680},
       {0.9061798459386639928, 0.2369268850561890875}}};
  const double half = 0.5 * (high - low);
  double sum = 0.0;
  for (const auto& [node, weight] : rule) {
    for (const double side : {-1.0, 1.0}) {
      if (node == 0.0 && side > 0.0) continue;
      // Measured from the nearer end, so that t stays strictly inside (low, high).
      const double offset = half * (1.0 - node);
      sum += weight * power(x - quantile(side < 0.0 ? low + offset : high - offset), p);
    }
  }
  return half * sum;
}

constexpr double negligible_mass = 0x1p-44;  // doubles next to 1 still tell its nodes apart

}  // namespace

double univariate_wasserstein_power(const DiscreteMeasure& source, const DiscreteMeasure& target,
                                    double p) {
  check_power(p);
  std::vector<Atom> from = sorted_atoms(source, "source.dim()");
  std::vector<Atom> to = sorted_atoms(target, "target.dim()");
  double cost = 0.0;
  // Rounding may leave some 1e-16 of mass on one side at the end; it is not shipped.
  for (std::size_t i = 0, j = 0; i < from.size() && j < to.size();) {
    const double shipped = std::min(from[i].mass, to[j].mass);
    cost += shipped * power(from[i].place - to[j].place, p);
    from[i].mass -= shipped;
    to[j].mass -= shipped;
    if (from[i].mass <= 0.0) ++i;
    if (to[j].mass <= 0.0) ++j;
  }
  return cost;
}

double univariate_wasserstein_power(VectorIn x, VectorIn y, double p) {
  check_power(p);
  const Vector from = sorted(x, "x");
  const Vector to = sorted(y, "y");
  const Index n = from.size();
  const Index m = to.size();
  // Cumulated masses in units of 1 / (n m) are whole numbers.
  double cost = 0.0;
  Index at = 0;
  for (Index i = 0, j = 0; i < n && j < m;) {
    const Index next = std::min((i + 1) * m, (j + 1) * n);
    cost += static_cast<double>(next - at) * power(from[i] - to[j], p);
    at = next;
    if (next == (i + 1) * m) ++i;
    if (next == (j + 1) * n) ++j;
  }
  return cost / static_cast<double>(n) / static_cast<double>(m);
}

double univariate_wasserstein_power(VectorIn x, const std::function<double(double)>& quantile,
                                    double p) {
  check_power(p);
  const Vector from = sorted(x, "x");
  const Index n = from.size();
  const double step = 1.0 / static_cast<double>(n);
  double cost = 0.0;
  // Pieces that halve towards an end, where the quantile may be infinite.
  const auto towards_zero = [&](double value, double width) {
    for (; width > negligible_mass; width *= 0.5) {
      cost += step_cost(value, quantile, p, 0.5 * width, width);
    }
  };
  const auto towards_one = [&](double value, double width) {
    for (; width > negligible_mass; width *= 0.5) {
      cost += step_cost(value, quantile, p, 1.0 - width, 1.0 - 0.5 * width);
    }
  };
  towards_zero(from[0], n == 1 ? 0.5 : step);
  for (Index i = 1; i + 1 < n; ++i) {
    const auto k = static_cast<double>(i);
    cost += step_cost(from[i], quantile, p, k * step, (k + 1.0) * step);
  }
  towards_one(from[n - 1], n == 1 ? 0.5 : step);
  return cost;
}

}  // namespace pushforward::ot
