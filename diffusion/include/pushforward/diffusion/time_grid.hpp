/// Time grids: which noise levels a sampler visits.
///
/// A grid of N steps is a list of N + 1 strictly decreasing noise levels rho_0 > ... > rho_N >= 0.
/// A last level 0 asks for clean data: the step into it returns the denoiser's value.
#pragma once

#include <string_view>
#include <variant>

#include "pushforward/core/options.hpp"
#include "pushforward/core/types.hpp"
#include "pushforward/diffusion/noise_schedule.hpp"

namespace pushforward::diffusion {

/// Equal steps of the path's own clock t.
struct UniformGrid {
  static constexpr std::string_view type_name = "uniform";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
  bool operator==(const UniformGrid&) const = default;
};

/// Equal steps of rho^(1 / power). Power 1 is uniform in rho; a large power tends to uniform in
/// log rho. Source: \cite karras2022.
struct KarrasGrid {
  static constexpr std::string_view type_name = "karras";
  double power = 7.0;
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("power", self.power, positive, "levels are equally spaced in rho^(1 / power)");
  }
  bool operator==(const KarrasGrid&) const = default;
};

/// Equal steps of lambda = -log(rho): each level is the same multiple of the one before.
struct LogSnrGrid {
  static constexpr std::string_view type_name = "log_snr";
  template <class Self, class Field>
  static void describe(Self&, Field&&) {}
  bool operator==(const LogSnrGrid&) const = default;
};

/// Equal steps of the angle atan(rho / scale), down to angle 0 when the grid ends at level 0.
///
/// On data N(0, scale^2 I) a first-order step shrinks the standard deviation by the cosine of the
/// change of angle; log cos is concave, so equal steps of the angle are optimal there.
struct AngleGrid {
  static constexpr std::string_view type_name = "angle";
  double scale = 1.0;  ///< Standard deviation of the data.
  template <class Self, class Field>
  static void describe(Self& self, Field&& field) {
    field("scale", self.scale, positive, "length scale of the angle: the data's spread");
  }
  bool operator==(const AngleGrid&) const = default;
};

/// A grid is chosen by its type; JSON names it by `type_name`.
using TimeGrid = std::variant<UniformGrid, KarrasGrid, LogSnrGrid, AngleGrid>;

/// Where a grid begins and ends.
struct LevelRange {
  double first = 80.0;  ///< rho_0
  double last = 0.002;  ///< The last positive level; not used by an angle grid that ends at 0.
  bool to_zero = true;  ///< Whether a final level 0 follows.
};

/// The levels of a grid with `steps` steps, steps + 1 of them.
///
/// With `to_zero` the last step goes from `range.last` to 0, so that steps - 1 intervals are
/// left for the spacing (one step goes from `range.first` straight to 0).
/// @throws std::invalid_argument for steps < 1, a range that is empty, not positive or outside the
///   path's own, or levels so close that they coincide in double precision.
Vector time_grid(const TimeGrid& grid, const NoisePath& path, Index steps, LevelRange range);

/// The same over the path's whole range, ending at 0.
Vector time_grid(const TimeGrid& grid, const NoisePath& path, Index steps);

/// Checks levels that a caller made: at least two, finite, strictly decreasing, not negative, zero
/// only at the end, and those that are positive inside the path's range up to rounding.
/// @throws std::invalid_argument that begins with `where` and names the first bad level.
void validate_levels(std::string_view where, VectorIn levels, const NoisePath& path);

}  // namespace pushforward::diffusion
