/// The uniform law on an axis-parallel box.
#pragma once

#include "pushforward/core/density.hpp"

namespace pushforward {

/// p(x) = 1 / volume on {lower <= x <= upper}, 0 outside.
class UniformBox final : public LogDensity, public Sampler {
 public:
  /// @param lower, upper  d finite numbers each, lower[k] < upper[k].
  /// @throws std::invalid_argument naming the first bad side.
  UniformBox(VectorIn lower, VectorIn upper);

  /// [0, 1]^dim.
  static UniformBox unit(Index dim);

  Index dim() const override { return lower_.size(); }
  const Vector& lower() const { return lower_; }
  const Vector& upper() const { return upper_; }

  Vector mean() const;        ///< (lower + upper) / 2.
  Matrix covariance() const;  ///< diag((upper - lower)^2 / 12).

  /// Normalised; minus infinity outside the closed box.
  void log_density(PointsIn x, VectorOut log_p) const override;

  /// Points in the closed box, from uniforms strictly inside the unit cube.
  void draw(const RngKey& key, PointsOut x) const override;

 private:
  Vector lower_;
  Vector upper_;
};

}  // namespace pushforward
