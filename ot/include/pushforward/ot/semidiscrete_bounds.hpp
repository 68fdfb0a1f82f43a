/// Error bounds of semi-discrete transport, from what a solve reports.
#pragma once

#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// An upper bound of max |y_i - y_j| over the columns of `points` (d x n): the lesser of twice the
/// radius about their mean and the diagonal of their bounding box. Work O(n d).
double diameter_bound(PointsIn points);

/// W_2^2(T#mu, nu) <= diameter^2 |m - nu|_1 / 2 for T#mu = sum_j m_j delta_{y_j}: the mass that is
/// too much in some atoms, half of |m - nu|_1, has to move by the diameter at most.
/// @throws std::invalid_argument unless both are non-negative and |m - nu|_1 <= 2.
double image_w2_squared_bound(double diameter, double mass_l1_error);

/// W_1(T#mu, nu) <= diameter |m - nu|_1 / 2. Throws as above.
double image_w1_bound(double diameter, double mass_l1_error);

/// An interval for W_2(mu, nu).
struct W2Bracket {
  double low = 0.0;
  double high = 0.0;
};

/// The bracket sqrt(cost) -+ W_2(T#mu, nu): T_w is optimal onto its own image whatever the weights
/// w, so W_2(mu, T#mu) = sqrt(cost), and the triangle inequality does the rest. The dual value D(w)
/// is a lower bound of W_2^2(mu, nu) besides, and W_2^2 - D(w) says how far w is from the best.
/// @param cost              E |x - T(x)|^2.
/// @param image_w2_squared  a bound of W_2^2(T#mu, nu).
W2Bracket w2_bracket(double cost, double image_w2_squared);

/// W_2(T~#mu, T#mu) <= sqrt(E r^2) for an extension with |T~(x) - T(x)| <= r(x): the root mean
/// square of `displacements`, drawn at x from mu.
double extension_w2_bound(VectorIn displacements);

}  // namespace pushforward::ot
