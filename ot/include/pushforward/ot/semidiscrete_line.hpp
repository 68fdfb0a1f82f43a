/// Semi-discrete transport on the line, where cells are intervals between quantiles.
#pragma once

#include "pushforward/core/measure.hpp"
#include "pushforward/core/options.hpp"
#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/certificate.hpp"
#include "pushforward/ot/line_law.hpp"

namespace pushforward::ot {

/// The cells {x : x z_j + h_j >= x z_k + h_k for all k} of any heights on the line, z_j being site
/// j measured from the origin of the law.
struct LineCells {
  Vector masses;          ///< N.
  Vector second_moments;  ///< N: int_{cell j} |x - y_j|^2.
};

/// @param sites    N finite numbers, in any order.
/// @param heights  N finite numbers. Of equal sites the highest has the cell, the first of those.
/// @throws std::invalid_argument for other sizes or entries that are not finite.
/// Work O(N log N).
LineCells line_cells(const LineLaw& law, VectorIn sites, VectorIn heights, int threads = 0);

struct SemidiscreteLineOptions {
  double tolerance = 1e-9;  ///< `converged` means that |m - nu|_1 was measured to be at most this.
  int threads = 0;          ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("tolerance", self.tolerance, positive, "L1 mass error that counts as solved");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// `residual` is `mass_l1_error`.
struct SemidiscreteLineResult : SolveReport {
  IndexVector order;  ///< N: the sites from left to right.
  /// N - 1: between the cells of order[k] and order[k + 1], as ordinary numbers. Where sites
  /// coincide the cell is split in that order.
  Vector boundaries;

  Vector weights;  ///< N: cell j is where |x - y_j|^2 - w_j is least; sum_j nu_j w_j = 0.
  Vector heights;  ///< N: h_j = (w_j - z_j^2) / 2 + const, z_j = y_j - origin; sum_j nu_j h_j = 0.
  double origin = 0.0;

  Vector masses;       ///< N: of the intervals between the boundaries, measured by the law.
  Vector barycenters;  ///< N: mean place of each interval; the site itself if it has no mass.
  double mass_error = not_known;     ///< max_j |m_j - nu_j| / nu_j over nu_j > 0.
  double mass_l1_error = not_known;  ///< |m - nu|_1.
  /// |m(h) - nu|_1 for the cells that the doubles in `heights` define. Where sites lie close
  /// together heights to 16 digits do not settle a boundary to 16 digits; boundaries do.
  double potential_mass_l1_error = not_known;
  Index empty_cells = 0;  ///< Sites with nu_j > 0 whose interval has no mass in double.

  double transport_cost = not_known;  ///< W_2^2, the primal value of the certificate.
  DualityGap certificate;             ///< int |x - T(x)|^2 and D(w) at `heights`, to rounding.
};

/// Optimal transport from a law on the line to weighted sites, cost |x - y|^2, in closed form:
/// boundaries are the quantiles of cumulated weights, and
///   w_{k+1} - w_k = (e_k - y_{k+1})^2 - (e_k - y_k)^2 at the boundary e_k of sorted sites.
///
/// Weights are cumulated from both ends, so cells in either tail keep their digits. Equal sites are
/// merged: they get one weight and split their cell. A site of weight zero gets the largest weight
/// for which its cell is empty.
/// @throws std::invalid_argument for sites of another dimension, a null law or a bad option.
/// Work O(N log N) and N quantiles and moments; memory O(N). Same bits for any number of threads.
/// Source: \cite peyre2019.
SemidiscreteLineResult semidiscrete_line(const LineLawPtr& source, const DiscreteMeasure& target,
                                         const SemidiscreteLineOptions& options = {});

}  // namespace pushforward::ot
