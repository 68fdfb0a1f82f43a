/// What every solver reports, and how a caller watches and stops one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>

namespace pushforward {

/// Why a solver stopped.
enum class Termination {
  converged,
  max_iterations,
  stalled,
  time_limit,
  interrupted,
  non_finite,
  infeasible  ///< The problem has no solution.
};

constexpr std::array<std::string_view, 7> enum_names(Termination) {
  return {"converged",   "max_iterations", "stalled",   "time_limit",
          "interrupted", "non_finite",     "infeasible"};
}

inline constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// The part of a result that all solvers share. Not converging is a result, not an exception.
struct SolveReport {
  bool converged = false;  ///< True only if the stated criterion was measured within tolerance.
  Termination termination = Termination::max_iterations;
  std::int64_t iterations = 0;
  double residual = not_known;  ///< The controlling error, as the solver documents it.
  double seconds = 0.0;         ///< Wall time.
  int threads = 1;              ///< Threads used.
};

/// What an observer sees, at most once per iteration.
struct Progress {
  std::string_view phase;
  std::int64_t done = 0;
  std::int64_t total = 0;        ///< 0 when unknown.
  double residual = not_known;   ///< The controlling error ...
  double tolerance = not_known;  ///< ... and where it has to get.
};

/// Returns false to stop the run, which then ends with `Termination::interrupted`.
using Observer = std::function<bool(const Progress&)>;

}  // namespace pushforward
