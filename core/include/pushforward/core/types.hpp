/// Scalars, vectors and point sets as every module passes them.
#pragma once

#include <Eigen/Core>

namespace pushforward {

using Index = Eigen::Index;

/// Owned storage. `DontAlign` keeps the allocator, and so the binary interface, the same whatever
/// `-march` the caller compiles with.
using Vector = Eigen::Matrix<double, Eigen::Dynamic, 1, Eigen::DontAlign>;
using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::DontAlign>;
using IndexVector = Eigen::Matrix<Index, Eigen::Dynamic, 1, Eigen::DontAlign>;

/// n points in R^d are the columns of a d x n matrix; these also bind maps and column blocks.
using PointsIn = const Eigen::Ref<const Matrix>&;
using PointsOut = Eigen::Ref<Matrix>;
using VectorIn = const Eigen::Ref<const Vector>&;
using VectorOut = Eigen::Ref<Vector>;

}  // namespace pushforward
