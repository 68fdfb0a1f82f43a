/// Densities and samplers: small virtual interfaces over blocks of points.
#pragma once

#include <optional>

#include "pushforward/core/rng.hpp"
#include "pushforward/core/types.hpp"

namespace pushforward {

/// A law that can be drawn from.
class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual Index dim() const = 0;
  /// x: d x n. Column i is a pure function of (key.seed, key.step, key.purpose, key.chain + i).
  virtual void draw(const RngKey& key, PointsOut x) const = 0;

  /// The mean m of a law that is Gaussian, nothing of any other. For independent draws X and X' of a
  /// Gaussian, m + cos(t) (X - m) + sin(t) (X' - m) is a draw as well, for every t.
  virtual std::optional<Vector> gaussian_mean() const { return std::nullopt; }

  Matrix draws(const RngKey& key, Index n) const {
    Matrix x(dim(), n);
    draw(key, x);
    return x;
  }
};

/// log p up to a constant that the class documents. Const members are safe from many threads.
class LogDensity {
 public:
  virtual ~LogDensity() = default;
  virtual Index dim() const = 0;
  /// x: d x n. log_p: n.
  virtual void log_density(PointsIn x, VectorOut log_p) const = 0;
};

/// A log-density with its score, the gradient of log p.
class SmoothLogDensity : public LogDensity {
 public:
  /// x: d x n. log_p: n. score: d x n.
  virtual void log_density_and_score(PointsIn x, VectorOut log_p, PointsOut score) const = 0;
};

}  // namespace pushforward
