/// What every semi-discrete solver reports, whether it draws from the source or integrates it.
#pragma once

#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// A mean and its standard error: positive for a Monte Carlo mean, 0 for an integral.
struct MonteCarloEstimate {
  double value = not_known;
  double standard_error = not_known;
};

/// Cell j of the transport from mu to nu = sum_j nu_j delta_{y_j}, cost |x - y|^2, is where
/// <x, y_j> + h_j is largest; in power weights w_j = 2 h_j + |y_j|^2, where |x - y_j|^2 - w_j is
/// smallest. Adding a constant to all heights, or all weights, changes nothing.
struct SemidiscreteReport : SolveReport {
  Vector heights;  ///< N: h, in the gauge sum_j nu_j w_j = 0.
  Vector masses;   ///< N: m_j = mu(cell j), drawn or integrated.

  double mass_error = not_known;     ///< max_j |m_j - nu_j| / nu_j over the atoms with nu_j > 0.
  double mass_l1_error = not_known;  ///< |m - nu|_1.
  MonteCarloEstimate primal;         ///< Integral of |x - T(x)|^2 dmu.
  MonteCarloEstimate dual;  ///< D(w) = integral of min_j(|x - y_j|^2 - w_j) dmu + <nu, w> <= W_2^2.
  Index empty_cells = 0;    ///< Atoms with nu_j > 0 whose cell has no mass, or was never drawn.
};

/// w_j = 2 h_j + |y_j|^2.
/// @param atoms    d x N. @param heights  N.
/// @throws std::invalid_argument unless the sizes agree.
Vector power_weights(PointsIn atoms, VectorIn heights);

/// h_j = (w_j - |y_j|^2) / 2.
Vector brenier_heights(PointsIn atoms, VectorIn weights);

/// g_j = w_j / 2: the potential of the cost |x - y|^2 / 2.
Vector half_cost_potentials(PointsIn atoms, VectorIn heights);

}  // namespace pushforward::ot
