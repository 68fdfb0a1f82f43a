/// Rounding onto the marginals: from almost a coupling to a coupling.
#pragma once

#include "pushforward/core/types.hpp"
#include "pushforward/ot/coupling.hpp"

namespace pushforward::ot {

/// A coupling of a and b within L1 distance 2 (|P 1 - a|_1 + |P^T 1 - b|_1) of P.
///
/// Rows are scaled down to at most a, then columns to at most b; what is then missing, da and db,
/// is shipped along da db^T / sum da. Marginals are exact to rounding.
/// @param coupling  with non-negative masses. @param a, b  of equal sums, to rounding.
/// @throws std::invalid_argument unless the shapes agree.
/// Source: \cite altschuler2017.
DenseCoupling round_to_marginals(const DenseCoupling& coupling, VectorIn a, VectorIn b);

/// The same; what is missing is shipped in order (north-west corner), so that at most n + m - 1
/// entries are added. The bound on the distance is the same.
SparseCoupling round_to_marginals(const SparseCoupling& coupling, VectorIn a, VectorIn b);

/// The same without anything of size n x m: the scalings go into f and g, and da db^T / sum da
/// stays a product.
PotentialCoupling round_to_marginals(const PotentialCoupling& coupling, VectorIn a, VectorIn b);

}  // namespace pushforward::ot
