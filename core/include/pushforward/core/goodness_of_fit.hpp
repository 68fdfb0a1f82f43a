/// Whether draws come from a stated law: statistics with the probability of their being this large.
#pragma once

#include <functional>

#include "pushforward/core/types.hpp"

namespace pushforward {

/// A statistic of draws, and the probability that draws of the stated law exceed it.
struct GoodnessOfFit {
  double statistic;
  double p_value;
};

/// Pearson's statistic sum_j (n_j - n p_j)^2 / (n p_j) of counts n_j against probabilities p_j,
/// with the p-value of its limit, chi-squared with K - 1 degrees of freedom; for one class both say
/// that nothing was seen: 0 and 1. The limit serves from about n p_j = 5 on.
/// @param counts         K, not negative, of positive sum.
/// @param probabilities  K, positive, of sum 1 within 1e-9.
/// @throws std::invalid_argument naming the first bad argument.
GoodnessOfFit pearson_test(const IndexVector& counts, VectorIn probabilities);

/// The Kolmogorov-Smirnov statistic D = sup_x |F_n(x) - F(x)| of n draws against a continuous
/// distribution function F, with p_value = min(1, 2 exp(-2 n D^2)): a bound for every n, and the
/// leading term of the limit law. Source: \cite massart1990.
/// @throws std::invalid_argument for no draws, a draw that is not finite, or F outside [0, 1].
GoodnessOfFit kolmogorov_test(VectorIn draws, const std::function<double(double)>& cdf);

}  // namespace pushforward
