#include "pushforward/core/stats.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "pushforward/core/errors.hpp"

namespace pushforward {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::string indexed(const char* name, Index i) {
  return std::string(name) + "[" + std::to_string(i) + "]";
}

void require_finite(const char* where, const char* name, VectorIn v) {
  for (Index i = 0; i < v.size(); ++i) {
    require(std::isfinite(v[i]), where, indexed(name, i), v[i], "a finite number");
  }
}

void require_positive(const char* where, const char* name, VectorIn v) {
  for (Index i = 0; i < v.size(); ++i) {
    require(std::isfinite(v[i]) && v[i] > 0.0, where, indexed(name, i), v[i], "a positive number");
  }
}

void check_pairs(const char* where, VectorIn x, VectorIn y) {
  require(x.size() >= 2, where, "x.size()", x.size(), "at least 2");
  require(y.size() == x.size(), where, "y.size()", y.size(), "one per entry of x");
  require_finite(where, "x", x);
  require_finite(where, "y", y);
  require(x.minCoeff() < x.maxCoeff(), where, "x", x[0], "two different values");
}

// Standard errors as if y_i had variance 1 / w_i.
LineFit weighted_line(VectorIn x, VectorIn y, const Vector& w) {
  const double total = w.sum();
  const double x_mean = w.dot(x) / total;
  const double y_mean = w.dot(y) / total;
  const Vector u = x.array() - x_mean;
  const double squares = w.dot(u.cwiseAbs2());
  LineFit fit{};
  fit.slope = (w.array() * u.array() * (y.array() - y_mean)).sum() / squares;
  fit.intercept = y_mean - fit.slope * x_mean;
  const Vector residual = (y.array() - y_mean) - fit.slope * u.array();
  fit.chi_squared = w.dot(residual.cwiseAbs2());
  fit.slope_standard_error = std::sqrt(1.0 / squares);
  fit.intercept_standard_error = std::sqrt(1.0 / total + x_mean * x_mean / squares);
  return fit;
}

double sorted_quantile(const Vector& sorted, double p) {
  const double place = p * static_cast<double>(sorted.size() - 1);
  const Index below = std::min(static_cast<Index>(place), sorted.size() - 1);
  const Index above = std::min(below + 1, sorted.size() - 1);
  const double share = place - static_cast<double>(below);
  return share == 0.0 ? sorted[below] : std::lerp(sorted[below], sorted[above], share);
}

}  // namespace

void RunningMoments::add(double value) {
  ++count_;
  const double change = value - mean_;
  mean_ += change / static_cast<double>(count_);
  squares_ += change * (value - mean_);
}

void RunningMoments::add(VectorIn values) {
  for (Index i = 0; i < values.size(); ++i) add(values[i]);
}

void RunningMoments::merge(const RunningMoments& other) {
  if (other.count_ == 0) return;
  const double n = static_cast<double>(count_);
  const double m = static_cast<double>(other.count_);
  const double change = other.mean_ - mean_;
  count_ += other.count_;
  mean_ += change * (m / (n + m));
  squares_ += other.squares_ + change * change * (n * m / (n + m));
}

double RunningMoments::mean() const { return count_ == 0 ? unknown : mean_; }

double RunningMoments::variance() const {
  return count_ < 2 ? unknown : squares_ / static_cast<double>(count_ - 1);
}

double RunningMoments::standard_error() const {
  return std::sqrt(variance() / static_cast<double>(count_));
}

double quantile(VectorIn values, double p) { return quantiles(values, Vector::Constant(1, p))[0]; }

Vector quantiles(VectorIn values, VectorIn p) {
  const char* where = "quantiles";
  require(values.size() > 0, where, "values.size()", values.size(), "at least 1");
  for (Index i = 0; i < values.size(); ++i) {
    require(!std::isnan(values[i]), where, indexed("values", i), values[i], "a number");
  }
  for (Index i = 0; i < p.size(); ++i) {
    require(p[i] >= 0.0 && p[i] <= 1.0, where, indexed("p", i), p[i], "between 0 and 1");
  }
  Vector sorted = values;
  std::sort(sorted.data(), sorted.data() + sorted.size());
  return p.unaryExpr([&](double share) { return sorted_quantile(sorted, share); });
}

LineFit fit_line(VectorIn x, VectorIn y) {
  check_pairs("fit_line", x, y);
  LineFit fit = weighted_line(x, y, Vector::Ones(x.size()));
  const double n = static_cast<double>(x.size());
  const double deviation = n > 2.0 ? std::sqrt(fit.chi_squared / (n - 2.0)) : unknown;
  fit.slope_standard_error *= deviation;
  fit.intercept_standard_error *= deviation;
  return fit;
}

LineFit fit_line(VectorIn x, VectorIn y, VectorIn standard_errors) {
  check_pairs("fit_line", x, y);
  require(standard_errors.size() == x.size(), "fit_line", "standard_errors.size()",
          standard_errors.size(), "one per entry of x");
  require_positive("fit_line", "standard_errors", standard_errors);
  return weighted_line(x, y, standard_errors.cwiseAbs2().cwiseInverse());
}

LineFit fit_power(VectorIn h, VectorIn error) {
  require_positive("fit_power", "h", h);
  require_positive("fit_power", "error", error);
  return fit_line(h.array().log().matrix(), error.array().log().matrix());
}

LineFit fit_power(VectorIn h, VectorIn error, VectorIn standard_errors) {
  require_positive("fit_power", "h", h);
  require_positive("fit_power", "error", error);
  require(standard_errors.size() == error.size(), "fit_power", "standard_errors.size()",
          standard_errors.size(), "one per entry of error");
  return fit_line(h.array().log().matrix(), error.array().log().matrix(),
                  standard_errors.cwiseQuotient(error));
}

}  // namespace pushforward
