/// The report's part on time: where it went, and what was recorded against it.
#pragma once

#include <string>

#include "runner/run_result.hpp"

namespace pushforward::runner {

/// @param metrics  the text of metrics.jsonl: the stages' lines in order, one for each time
/// recorded. Times differ from run to run, so that a report does too; results do not.
ReportSection time_section(const RunResult& result, const std::string& metrics);

}  // namespace pushforward::runner
