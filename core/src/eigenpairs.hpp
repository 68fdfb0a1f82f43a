/// Eigenvalues and eigenvectors of symmetric matrices, in the library's own unaligned storage.
#pragma once

#include <utility>

#include <Eigen/SVD>

#include "pushforward/core/types.hpp"

namespace pushforward::detail {

/// C = V diag(values) V^T, values ascending, V orthogonal.
struct Eigenpairs {
  Vector values;
  Matrix vectors;
};

/// Backward stable: errors of a few ulps of |C|. Work O(d^3) times a few sweeps.
///
/// Eigen's own symmetric solver keeps its workspace in aligned types, whose functions a client
/// compiled for another instruction set may bring along and the linker prefer: they would then take
/// memory for aligned that is not. The Jacobi SVD keeps the storage options of its argument. With
/// C shifted by a bound of its spectrum the singular values are the eigenvalues.
inline Eigenpairs symmetric_eigenpairs(const Matrix& c) {
  const double shift = c.cwiseAbs().rowwise().sum().maxCoeff();
  Matrix shifted = 0.5 * (c + c.transpose());
  shifted.diagonal().array() += shift;
  const Eigen::JacobiSVD<Matrix, Eigen::NoQRPreconditioner> svd(shifted, Eigen::ComputeFullU);
  return {svd.singularValues().reverse().array() - shift, svd.matrixU().rowwise().reverse()};
}

}  // namespace pushforward::detail
