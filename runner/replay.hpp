/// Looks at one step of a run without storing anything.
#pragma once

#include <cstdint>
#include <string>

#include "runner/config.hpp"

namespace pushforward::runner {

/// A step of a stage, as messages name it: "transport:812".
struct ReplayPoint {
  std::string stage;
  std::int64_t step = 0;
  /// @throws Refused E101 (exit status 2) if `text` has no such form
  static ReplayPoint parse(const std::string& text);
};

/// Runs `plan` up to `point` and one step on, and returns the stage's state before and after: every
/// array, number and count, with ranges and what is not finite.
/// @throws Refused E102 (exit status 2) if the run does not come there
/// @throws Refused E501 (exit status 5) if the step fails, with the state before it
std::string replay(const RunPlan& plan, const ReplayPoint& point);

}  // namespace pushforward::runner
