/// Linear optimal partial transport: measures as vectors over one reference, so that comparing K of
/// them takes K solves.
#pragma once

#include "pushforward/core/report.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/network_simplex.hpp"

namespace pushforward::ot {

/// A target seen from a reference (x, a): how much of each reference point is kept and where it
/// goes.
struct PartialEmbedding : SolveReport {
  Vector mass;                   ///< n: sum_j P_ij, what point i keeps.
  Matrix displacement;           ///< d x n: mean destination less x_i; 0 where nothing is kept.
  Vector unmatched;              ///< m: target masses that no reference mass reaches.
  double lost = 0.0;             ///< Their sum.
  double objective = not_known;  ///< The penalised partial cost between reference and target.
};

/// By the exact coupling of `penalized_partial_transport` for |x - y|^2.
/// @param x, a    reference: d x n, and n masses. @param y, b  target: d x m, and m masses.
/// @param lambda  price of a unit of mass left at either end, at least 0.
/// @throws std::invalid_argument for bad masses, shapes or options.
/// Source: \cite bai2023.
PartialEmbedding partial_embedding(PointsIn x, VectorIn a, PointsIn y, VectorIn b, double lambda,
                                   const NetworkSimplexOptions& options = {});

/// sum_i min(p_i, q_i) min(|u_i - v_i|^2, 2 lambda) + lambda (sum_i |p_i - q_i| + lost of both):
/// a stand-in for the partial cost between two targets, exact between reference and target when no
/// mass splits. For lambda to infinity and equal masses, the linear transport distance squared.
/// @throws std::invalid_argument for embeddings over different references.
double embedding_discrepancy(const PartialEmbedding& first, const PartialEmbedding& second,
                             double lambda);

/// The reference's own embedding: all masses kept in place.
PartialEmbedding reference_embedding(PointsIn x, VectorIn a);

struct WeightedPoints {
  Matrix points;  ///< d x k
  Vector masses;  ///< k, some of which may be zero.
};

/// Between reference (t = 0) and target (t = 1, its mass that split at the mean): mass p_i at
/// x_i + t u_i, (1 - t)(a_i - p_i) at x_i and t of each unmatched mass at y_j: 2 n + m points.
/// @param t  between 0 and 1.
WeightedPoints embedding_interpolation(PointsIn x, VectorIn a, PointsIn y,
                                       const PartialEmbedding& embedding, double t);

}  // namespace pushforward::ot
