/// The measures that an embedding task compares, and how they are seen.
#pragma once

#include <vector>

#include "pushforward/ot/partial_embedding.hpp"

#include "runner/tasks/ot_embedding.hpp"

namespace pushforward::runner {

struct EmbeddedMeasures {
  std::vector<ot::WeightedPoints> measures;
  std::vector<int> classes;      ///< One for each.
  ot::WeightedPoints reference;  ///< Total mass one.
  int width = 0;                 ///< Of images in pixels; 0: they are none.
};

/// How many, and points and dimension of each; zeros where data could not be read.
struct MeasuresSize {
  Index count, points, dim;
};
MeasuresSize size_of(const EmbeddingTask::Problem& problem, const DataSet& data);

/// Cross-field rules below /problem/measures.
void validate_measures(const EmbeddingTask::Problem& problem, const DataSet& data,
                       ConfigProblems& problems);

EmbeddedMeasures make_measures(const EmbeddingTask::Problem& problem, const RunContext& context);

/// Coordinates in the plane whose squared distances are nearest to the discrepancies in the sense
/// of classical scaling. @param discrepancies  K x K, symmetric. @returns 2 x K.
Matrix plane_map(const Matrix& discrepancies);

/// The first two principal coordinates of the embeddings as vectors, sqrt(p_i) u_i for every point
/// of the reference, and the share of the variance that they hold.
struct PrincipalPlane {
  Matrix coordinates;  ///< 2 x K
  double share;
};
/// @param mass  n x K. @param displacement  d n x K, coordinates together.
PrincipalPlane principal_plane(const Matrix& mass, const Matrix& displacement);

/// Shares of the columns whose nearest class mean, taken without themselves, is that of their own.
double nearest_mean_accuracy(const Matrix& points, const std::vector<int>& classes);

/// The masses spread bilinearly over a grid of pixels, row by row from the top.
Vector rasterised(const ot::WeightedPoints& points, int width, int height);

}  // namespace pushforward::runner
