#include "pushforward/diffusion/time_grid.hpp"

#include <cmath>
#include <string>

#include "pushforward/core/errors.hpp"

namespace pushforward::diffusion {
namespace {

// A spacing is a variable u(rho) in which levels are equidistant, with its inverse.
struct Spacing {
  const NoisePath& path;

  double variable(const UniformGrid&, double rho) const { return path.t_of_rho(rho); }
  double level(const UniformGrid&, double u) const { return path.rho(u); }

  double variable(const KarrasGrid& g, double rho) const { return std::pow(rho, 1.0 / g.power); }
  double level(const KarrasGrid& g, double u) const { return std::pow(u, g.power); }

  double variable(const LogSnrGrid&, double rho) const { return std::log(rho); }
  double level(const LogSnrGrid&, double u) const { return std::exp(u); }

  double variable(const AngleGrid& g, double rho) const { return std::atan(rho / g.scale); }
  double level(const AngleGrid& g, double u) const { return g.scale * std::tan(u); }
};

// Levels at the ends of the path's range come back from t with a rounding error of this size.
constexpr double range_slack = 1e-9;

void require_in_range(std::string_view where, const std::string& name, double rho,
                      const NoisePath& path) {
  const double low = path.rho_min();
  const double high = path.rho_max();
  require(rho >= low * (1.0 - range_slack) && rho <= high * (1.0 + range_slack), where, name, rho,
          "inside the range of the path " + std::string(path.type_name()) + ", " +
              detail::shortest(low) + " to " + detail::shortest(high));
}

}  // namespace

void validate_levels(std::string_view where, VectorIn levels, const NoisePath& path) {
  require(levels.size() >= 2, where, "levels.size()", levels.size(), "at least 2");
  for (Index i = 0; i < levels.size(); ++i) {
    const std::string name = "levels[" + std::to_string(i) + "]";
    const double rho = levels[i];
    const bool last = i + 1 == levels.size();
    require(std::isfinite(rho) && rho >= 0.0, where, name, rho, "a finite level of at least 0");
    require(rho > 0.0 || last, where, name, rho, "positive: only the last level may be 0");
    if (i > 0) {
      require(rho < levels[i - 1], where, name, rho,
              "less than the level before, " + detail::shortest(levels[i - 1]));
    }
    if (rho > 0.0) require_in_range(where, name, rho, path);
  }
}

Vector time_grid(const TimeGrid& grid, const NoisePath& path, Index steps, LevelRange range) {
  constexpr std::string_view where = "time_grid";
  require(steps >= 1, where, "steps", steps, "at least 1");
  require(std::isfinite(range.first) && range.first > 0.0, where, "first", range.first,
          "a positive level");
  require_in_range(where, "first", range.first, path);
  std::visit([&](const auto& g) { validate_fields(g.type_name, g); }, grid);
  const bool angle_to_zero = range.to_zero && std::holds_alternative<AngleGrid>(grid);
  if (!angle_to_zero && !(range.to_zero && steps == 1)) {
    require(std::isfinite(range.last) && range.last > 0.0, where, "last", range.last,
            "a positive level");
    require(range.last < range.first, where, "last", range.last,
            "less than first, which is " + detail::shortest(range.first));
    require_in_range(where, "last", range.last, path);
  }

  Vector levels(steps + 1);
  const Index positive_steps = range.to_zero && !angle_to_zero ? steps - 1 : steps;
  std::visit(
      [&](const auto& g) {
        const Spacing spacing{path};
        const double begin = spacing.variable(g, range.first);
        const double end =
            angle_to_zero ? 0.0 : (positive_steps > 0 ? spacing.variable(g, range.last) : begin);
        for (Index i = 1; i < positive_steps; ++i) {
          const double share = static_cast<double>(i) / static_cast<double>(positive_steps);
          levels[i] = spacing.level(g, begin + share * (end - begin));
        }
      },
      grid);
  // The ends are what was asked for, not what came back through the spacing's inverse.
  if (positive_steps > 0 && !angle_to_zero) levels[positive_steps] = range.last;
  levels[0] = range.first;
  if (range.to_zero) levels[steps] = 0.0;
  validate_levels(where, levels, path);
  return levels;
}

Vector time_grid(const TimeGrid& grid, const NoisePath& path, Index steps) {
  return time_grid(grid, path, steps, {path.rho_max(), path.rho_min(), true});
}

}  // namespace pushforward::diffusion
