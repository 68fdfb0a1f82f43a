/// Where a result comes from: program, machine, inputs.
#pragma once

#include <string>
#include <vector>

#include "runner/config.hpp"

namespace pushforward::runner {

/// Facts about this executable that were fixed when it was built.
struct BuildInfo {
  std::string version, revision, build_type, compiler, flags, eigen, boost, json, openmp;
};
BuildInfo build_info();

/// A fingerprint of the running executable: equal ids mean equal programs.
const std::string& build_id();

std::string utc_now();    ///< 2026-03-01T10:15:00Z
std::string utc_stamp();  ///< 20260301T101500Z
std::string host_name();

/// provenance.json, without its end time.
Json provenance(const RunPlan& plan, const std::vector<std::string>& command_line);

/// Floating-point mode: rounding and whether denormals are kept.
std::string float_environment();

}  // namespace pushforward::runner
