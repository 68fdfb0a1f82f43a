/// Means with standard errors, quantiles and fitted lines: what a measured number is stated with.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward {

/// Mean and variance of a stream of numbers, updated without cancellation and mergeable.
/// Source: \cite welford1962, merging \cite chan1983.
class RunningMoments {
 public:
  void add(double value);
  void add(VectorIn values);
  void merge(const RunningMoments& other);

  Index count() const { return count_; }
  double mean() const;            ///< NaN before the first value.
  double variance() const;        ///< Unbiased; NaN before the second value.
  double standard_error() const;  ///< Of the mean, for independent values; NaN as variance().

 private:
  Index count_ = 0;
  double mean_ = 0.0;
  double squares_ = 0.0;  // sum of squared deviations from the mean
};

/// The p-quantile, linear between order statistics: p = 0 gives the least value, 1 the largest.
/// @throws std::invalid_argument for no values, a NaN among them, or p outside [0, 1].
double quantile(VectorIn values, double p);

/// One for each entry of p, sorting once.
Vector quantiles(VectorIn values, VectorIn p);

/// y = intercept + slope x, fitted by least squares.
struct LineFit {
  double slope;
  double intercept;
  double slope_standard_error;
  double intercept_standard_error;  ///< At x = 0.
  double chi_squared;               ///< Sum of squared residuals, in units of the stated errors.
};

/// Errors of y unknown and alike: standard errors come from the residuals, NaN for two points.
/// @throws std::invalid_argument unless there are two different x and all numbers are finite.
LineFit fit_line(VectorIn x, VectorIn y);

/// Errors of y known: points weigh 1 / standard_errors^2 and the errors of the fit follow from
/// them, whatever the residuals. chi_squared is then about n - 2 if the line is true.
LineFit fit_line(VectorIn x, VectorIn y, VectorIn standard_errors);

/// The exponent p of error ~ h^p: a line through (log h, log error). With standard errors of the
/// errors given, log(error) is known to standard_errors / error.
LineFit fit_power(VectorIn h, VectorIn error);
LineFit fit_power(VectorIn h, VectorIn error, VectorIn standard_errors);

}  // namespace pushforward
