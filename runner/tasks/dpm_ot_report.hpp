/// What the expressway comparison tells: numbers, figures, tables and the words to read them by.
#pragma once

#include "runner/tasks/dpm_ot_comparison.hpp"

namespace pushforward::runner {

void report_comparison(const Comparison& comparison, const DpmOtTask& task,
                       const SamplingTarget& target, RunContext& context);

}  // namespace pushforward::runner
