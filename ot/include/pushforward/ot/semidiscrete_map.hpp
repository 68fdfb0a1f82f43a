/// The semi-discrete transport map, and its extension between the atoms.
#pragma once

#include <cstdint>
#include <memory>

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/ot/semidiscrete.hpp"

namespace pushforward::ot {

struct SemidiscreteMapOptions {
  int neighbours = 0;           ///< Atoms that the extension looks at; 0 takes min(d + 1, 16).
  double max_angle = 0.0;       ///< Radians: planes that meet at more are across a discontinuity.
  double angle_quantile = 0.0;  ///< If positive, `max_angle` is this quantile of the fitted angles.
  int fit_draws_per_atom = 64;  ///< Source draws behind the mass centres and the quantile.
  std::uint64_t seed = 0;
  int threads = 0;  ///< 0 takes the OpenMP default.

  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("neighbours", self.neighbours, at_least(0),
          "atoms that the extension looks at; 0 takes min(d + 1, 16)");
    field("max_angle", self.max_angle, between(0.0, 3.1415926535897932),
          "radians; planes that meet at more are across a discontinuity");
    field("angle_quantile", self.angle_quantile, between(0.0, 1.0),
          "if positive, max_angle is this quantile of the angles seen while fitting");
    field("fit_draws_per_atom", self.fit_draws_per_atom, at_least(1),
          "source draws behind the mass centres of the cells");
    field("seed", self.seed, any_value, "of the fitting draws");
    field("threads", self.threads, at_least(0), "0 takes the OpenMP default");
  }
  void validate() const;  ///< @throws std::invalid_argument naming the first bad field.
};

/// What an evaluation of the extension saw.
struct ExtensionReport {
  double singular_share = 0.0;  ///< Queries with at least one neighbour rejected by its angle.
  double mean_kept = 0.0;       ///< Atoms that a query's value was mixed from, on average.
  /// Root mean square over the queries of max |y_j - T(x)|, j kept: bounds W_2 between the images
  /// of the queries under the extension and under T.
  double displacement_bound = 0.0;
};

/// T(x) = y_j with <x, y_j> + h_j largest, and its extension
///
///   T~(x) = sum_j lambda_j y_j,  lambda_j proportional to 1 / |x - c_j|,
///
/// over those of the `neighbours` highest planes at x whose dihedral angle with the highest is at
/// most `max_angle`; c_j is the mass centre of cell j. With max_angle = 0, or where no neighbour is
/// left, T~ = T. Angles are between the normals (z_j, -1) of the planes, z_j the atoms centred and
/// scaled to mean norm one, so they do not depend on units.
/// Const members are safe to call from many threads. Source: \cite li2023.
class SemidiscreteMap {
 public:
  /// @param heights  N, of `problem.target`; atoms of weight zero are never reached.
  /// @throws std::invalid_argument for sizes that do not match, heights that are not finite, a null
  ///         source or a bad option.
  SemidiscreteMap(const SemidiscreteProblem& problem, VectorIn heights,
                  const SemidiscreteMapOptions& options = {});
  ~SemidiscreteMap();
  SemidiscreteMap(SemidiscreteMap&&) noexcept;
  SemidiscreteMap& operator=(SemidiscreteMap&&) noexcept;

  Index dim() const;
  double max_angle() const;       ///< In use: as given, or the fitted quantile.
  const Matrix& centres() const;  ///< d x N; NaN for cells that no fitting draw reached.

  /// The atom of each column of x (d x n), the lowest index where several are equally high.
  IndexVector cells(PointsIn x) const;
  /// y: d x n, T(x) for each column.
  void nearest(PointsIn x, PointsOut y) const;
  /// y: d x n, T~(x) for each column.
  ExtensionReport extend(PointsIn x, PointsOut y) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace pushforward::ot
