/// Laguerre cells: a source cut up by power weights, and the integrals over the pieces.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

#include "pushforward/core/density.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward::ot {

/// A shape that is not what it was said to be: empty, not convex, folded over.
class InvalidGeometry : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// The common facet of two cells, first < second, with the integral of the density over it.
struct CellFacet {
  Index first, second;
  double integral;
};

/// Integrals over the cells L_j = {x: |x - y_j|^2 - w_j <= |x - y_k|^2 - w_k for all k}.
struct CellMeasures {
  Vector masses;                  ///< N: m_j = mu(L_j).
  Matrix first_moments;           ///< d x N: integral of x - y_j over L_j.
  Vector second_moments;          ///< N: integral of |x - y_j|^2 over L_j.
  std::vector<CellFacet> facets;  ///< dm_j/dw_k = -integral / (2 |y_j - y_k|), each pair once.
  double mass_residual = 0.0;     ///< |sum_j m_j - 1|: rounding, and the proof that cells tile.
  Index empty_cells = 0;          ///< Cells without interior in the domain.
};

/// The cells of one source and one set of distinct sites, for one vector of weights after another.
///
/// Keeps what it learns: cells of weights near the last ones cost a fraction of the first. The
/// measures depend on the sequence of weights by rounding alone, and not on the number of threads.
class LaguerreCells {
 public:
  virtual ~LaguerreCells() = default;
  /// @param weights        N finite numbers.
  /// @param uniform_share  integrates (1 - t) mu + t (uniform law on the domain), t in [0, 1]: a
  ///                       source without density on part of its domain then has some there.
  virtual CellMeasures measures(VectorIn weights, double uniform_share) = 0;
  CellMeasures measures(VectorIn weights) { return measures(weights, 0.0); }
  /// Nothing if a cell has no interior in the domain, which may be known long before the measures.
  virtual std::optional<CellMeasures> measures_if_full(VectorIn weights, double uniform_share) {
    CellMeasures all = measures(weights, uniform_share);
    if (all.empty_cells > 0) return std::nullopt;
    return all;
  }

  /// min over x in the domain of |x - y|^2 - min_k(|x - y_k|^2 - w_k), for the weights of the last
  /// measures: with a smaller weight a further site y would have no cell.
  virtual double largest_empty_weight(VectorIn site) const = 0;
};

/// A probability law with a density whose integrals over Laguerre cells are known, not estimated.
/// Draws come from the same law, so that a stochastic solver takes it too.
class LaguerreSource : public Sampler {
 public:
  /// Mass in the unit of the user; the law is what remains after division by it.
  virtual double total_mass() const = 0;
  /// A box around the domain: d x 2, lower and upper corner.
  virtual Matrix bounding_box() const = 0;
  /// A large box, inside of the domain where one is easily found: d x 2.
  virtual Matrix inner_box() const = 0;
  /// @param sites    d x N, finite and distinct, anywhere.
  /// @param threads  0 takes the OpenMP default.
  virtual std::unique_ptr<LaguerreCells> cells(PointsIn sites, int threads) const = 0;
};

/// The measures of one diagram.
/// @param sites    d x N, finite and distinct: equal sites have no cells of their own.
/// @param weights  N, finite.
/// @throws std::invalid_argument for a dimension mismatch, a bad entry or a repeated site.
/// Work O(N log N) expected for N sites in general position, memory O(N).
CellMeasures laguerre_measures(const LaguerreSource& source, PointsIn sites, VectorIn weights,
                               int threads = 0);

}  // namespace pushforward::ot
