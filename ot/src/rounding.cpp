#include "pushforward/ot/rounding.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "pushforward/core/errors.hpp"

namespace pushforward::ot {
namespace {

void require_shapes(const Coupling& coupling, VectorIn a, VectorIn b) {
  constexpr const char* here = "round_to_marginals";
  require(a.size() == coupling.rows(), here, "a.size()", a.size(),
          std::to_string(coupling.rows()) + ", the rows of the coupling");
  require(b.size() == coupling.cols(), here, "b.size()", b.size(),
          std::to_string(coupling.cols()) + ", the columns of the coupling");
}

// min(1, wanted / have): rows and columns are only ever scaled down.
Vector scales(VectorIn wanted, const Vector& have) {
  return (have.array() > wanted.array())
      .select((wanted.array() / have.array()).matrix(), Vector::Ones(have.size()));
}

Vector missing(VectorIn wanted, const Vector& have) { return (wanted - have).cwiseMax(0.0); }

}  // namespace

DenseCoupling round_to_marginals(const DenseCoupling& coupling, VectorIn a, VectorIn b) {
  require_shapes(coupling, a, b);
  Matrix masses = scales(a, coupling.row_marginal()).asDiagonal() * coupling.matrix();
  const Vector columns = masses.colwise().sum().transpose();
  masses = masses * scales(b, columns).asDiagonal();
  const Vector da = missing(a, masses.rowwise().sum());
  const Vector db = missing(b, masses.colwise().sum().transpose());
  // Both sums are the same to rounding; the larger keeps the columns from overflowing.
  const double sum = std::max(da.sum(), db.sum());
  if (sum > 0.0) masses.noalias() += da * (db / sum).transpose();
  return DenseCoupling(std::move(masses));
}

SparseCoupling round_to_marginals(const SparseCoupling& coupling, VectorIn a, VectorIn b) {
  require_shapes(coupling, a, b);
  std::vector<Coupling::Entry> entries = coupling.entries();
  const Vector rows = scales(a, coupling.row_marginal());
  for (Coupling::Entry& e : entries) e.mass *= rows[e.row];
  const Vector cols =
      scales(b, SparseCoupling(coupling.rows(), coupling.cols(), entries).col_marginal());
  for (Coupling::Entry& e : entries) e.mass *= cols[e.col];
  const SparseCoupling scaled(coupling.rows(), coupling.cols(), entries);
  Vector da = missing(a, scaled.row_marginal());
  Vector db = missing(b, scaled.col_marginal());
  for (Index i = 0, j = 0; i < da.size() && j < db.size();) {
    const double shipped = std::min(da[i], db[j]);
    if (shipped > 0.0) entries.push_back({i, j, shipped});
    da[i] -= shipped;
    db[j] -= shipped;
    if (da[i] <= 0.0) {
      ++i;
    } else {
      ++j;
    }
  }
  return {coupling.rows(), coupling.cols(), std::move(entries)};
}

PotentialCoupling round_to_marginals(const PotentialCoupling& coupling, VectorIn a, VectorIn b) {
  require_shapes(coupling, a, b);
  const double epsilon = coupling.epsilon();
  const auto log_scaled = [epsilon](const Vector& potentials, const Vector& factors) {
    return Vector(potentials.array() + epsilon * factors.array().max(1e-300).log());
  };
  const Vector f = log_scaled(coupling.f(), scales(a, coupling.row_marginal()));
  const PotentialCoupling rows(coupling.cost(), coupling.a(), coupling.b(), f, coupling.g(),
                               epsilon);
  const Vector g = log_scaled(coupling.g(), scales(b, rows.col_marginal()));
  const PotentialCoupling scaled(coupling.cost(), coupling.a(), coupling.b(), f, g, epsilon);
  const Vector da = missing(a, scaled.row_marginal());
  Vector db = missing(b, scaled.col_marginal());
  const double sum = std::max(da.sum(), db.sum());
  if (sum > 0.0) db /= sum;
  return {coupling.cost(), coupling.a(), coupling.b(), f, g, epsilon, da, db};
}

}  // namespace pushforward::ot
