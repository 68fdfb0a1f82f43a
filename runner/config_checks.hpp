/// What of `checks` can be judged before the run: their rules, and the runs that they compare with.
#pragma once

#include "runner/config.hpp"

namespace pushforward::runner {

/// Rules between the keys of each check, known quantities, and whether each check's `when` holds.
/// `task` nullptr: the config names no known task.
void check_rules(const Json& given, const Task* task, const Json& resolved,
                 std::vector<CheckSpec>& checks, Findings& findings);

/// Prepares the runs that checks compare with: resolves and validates the config of each run that
/// is to be made besides, and reads the results of stored ones, which then count as input files.
/// `shape` is that of the whole config.
void load_other_runs(const Json& given, const Shape& shape, bool allow_outside, RunPlan& plan,
                     Findings& findings);

}  // namespace pushforward::runner
