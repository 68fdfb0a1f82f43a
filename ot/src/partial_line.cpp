#include "pushforward/ot/partial_line.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

std::vector<double> sorted(VectorIn x, const char* where, const char* name) {
  for (Index i = 0; i < x.size(); ++i) {
    require(std::isfinite(x[i]), where, std::string(name) + "[" + std::to_string(i) + "]", x[i],
            "a finite number");
  }
  std::vector<double> points(x.begin(), x.end());
  std::sort(points.begin(), points.end());
  return points;
}

void require_power(double p, const char* where) {
  require(p >= 1.0 && std::isfinite(p), where, "p", p, "a finite number of at least 1");
}

double power_cost(double x, double y, double p) {
  const double distance = std::abs(x - y);
  return p == 2.0 ? distance * distance : std::pow(distance, p);
}

}  // namespace

LinePartial partial_line(VectorIn x, VectorIn y, double lambda, double p) {
  constexpr const char* where = "partial_line";
  require(lambda >= 0.0 && std::isfinite(lambda), where, "lambda", lambda,
          "a finite number of at least 0");
  require_power(p, where);
  const std::vector<double> from = sorted(x, where, "x"), to = sorted(y, where, "y");
  const std::size_t m = to.size();
  // best[j]: the first i sources against the first j targets.
  std::vector<LinePartial> best(m + 1), next(m + 1);
  for (std::size_t j = 0; j <= m; ++j) best[j] = {lambda * static_cast<double>(j), 0};
  const auto left = [lambda](const LinePartial& one) {
    return LinePartial{one.objective + lambda, one.pairs};
  };
  for (const double source : from) {
    next[0] = left(best[0]);
    for (std::size_t j = 1; j <= m; ++j) {
      LinePartial least{best[j - 1].objective + power_cost(source, to[j - 1], p),
                        best[j - 1].pairs + 1};
      for (const LinePartial& other : {left(best[j]), left(next[j - 1])}) {
        if (other.objective < least.objective) least = other;
      }
      next[j] = least;
    }
    best.swap(next);
  }
  return best[m];
}

Vector partial_line_costs(VectorIn x, VectorIn y, double p) {
  constexpr const char* where = "partial_line_costs";
  require_power(p, where);
  const std::vector<double> from = sorted(x, where, "x"), to = sorted(y, where, "y");
  const auto m = static_cast<Index>(to.size());
  const Index most = std::min(static_cast<Index>(from.size()), m);
  // Column j, row k: k pairs among the sources so far and the first j targets.
  Matrix best = Matrix::Constant(most + 1, m + 1, std::numeric_limits<double>::infinity());
  best.row(0).setZero();
  Matrix next = best;
  for (const double source : from) {
    for (Index j = 1; j <= m; ++j) {
      const double cost = power_cost(source, to[static_cast<std::size_t>(j - 1)], p);
      for (Index k = 1; k <= most; ++k) {
        next(k, j) = std::min({best(k, j), next(k, j - 1), best(k - 1, j - 1) + cost});
      }
    }
    best.swap(next);
  }
  return best.col(m);
}

}  // namespace pushforward::ot
