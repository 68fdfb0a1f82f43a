/// Claim files: reading, running, and the command `check`.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "runner/claims.hpp"
#include "runner/config.hpp"
#include "runner/execute.hpp"

namespace pushforward::runner {

/// A claim file that has passed every check, with the plan of its experiment.
struct Claim {
  std::filesystem::path file;
  std::string sentence;
  std::string source;
  ClaimKind kind = ClaimKind::theorem;
  std::string figure;  ///< Which figure of the run to show; empty: the first.
  RunPlan plan;
};

/// The files themselves, and the `.json` and `.jsonc` files of folders, by name.
/// @throws Refused E205 for what does not exist and for a folder without claims.
std::vector<std::filesystem::path> claim_files(const std::vector<std::filesystem::path>& given);

/// @throws Refused with everything that is wrong, by file, line and pointer; problems of the
/// experiment have pointers below /experiment, those of checks below /checks.
Claim read_claim(const std::filesystem::path& file, const Registry& registry);

/// Runs the experiment. A run that fails or does not converge is a failed claim, not an exception.
ClaimOutcome check_claim(const Claim& claim, RunHost& host);

struct CheckOptions {
  std::vector<std::filesystem::path> files;  ///< Empty: examples/claims.
  std::filesystem::path page;                ///< Empty: runs/claims-<time>/report.html.
  bool json = false;                         ///< One JSON object a claim instead of the table.
  std::size_t width = 100;
  bool color = false;
};

/// All files are read before the first is run, so that a mistake in the last shows at once.
/// @param out  the table or JSON lines; @param notes  progress and the path of the page.
/// @returns the exit status: 0, 6, 130 or 143.
int check_claims(const CheckOptions& options, const Registry& registry, RunHost& host,
                 std::ostream& out, std::ostream& notes);

}  // namespace pushforward::runner
