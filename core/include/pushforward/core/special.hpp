/// Scalar functions that keep their digits where the textbook formula loses them.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward {

/// log sum_i exp(x_i); -infinity for no terms or all of them -infinity, +infinity if one is, NaN if
/// one is.
double log_sum_exp(VectorIn x);

/// log(1 - e^x) for x <= 0, exact to rounding near 0 and far below it; NaN for x > 0.
double log1m_exp(double x);

/// P(Z <= x) for a standard normal Z.
double normal_cdf(double x);

/// log P(Z <= x), with full relative accuracy in both tails, down to x = -1e150.
double log_normal_cdf(double x);

/// The x with P(Z <= x) = p; -infinity at 0 and +infinity at 1.
/// @throws std::invalid_argument unless p lies between 0 and 1.
double normal_quantile(double p);

}  // namespace pushforward
