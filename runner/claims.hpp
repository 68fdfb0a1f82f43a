/// Claims of the literature, what was measured, and whether it bears them out.
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/report.hpp"

namespace pushforward::runner {

enum class ClaimKind { theorem, table, identity };
constexpr std::array<std::string_view, 3> enum_names(ClaimKind) {
  return {"theorem", "table", "identity"};
}

enum class ClaimVerdict { pass, fail, inconclusive };
constexpr std::array<std::string_view, 3> enum_names(ClaimVerdict) {
  return {"pass", "fail", "inconclusive"};
}

/// A claim and what came of its checks.
struct ClaimOutcome {
  std::filesystem::path file;
  std::string sentence;
  std::string source;  ///< Citation key.
  ClaimKind kind = ClaimKind::theorem;
  std::vector<ReportCheck> checks;
  std::string problem;  ///< Why there is no measurement, or why it counts as failed; else empty.
  std::optional<Figure> figure;
  std::string config;  ///< The resolved experiment, as JSON text.
  double seconds = 0.0;

  /// Fails if a check failed, if the run did, or if nothing was checked.
  ClaimVerdict verdict() const;
};

/// "All 12 claims hold." or how many do not.
std::string claims_sentence(const std::vector<ClaimOutcome>& outcomes);

/// A table of text with one line a check, fitted to `width` columns (stacked below 72); `color`
/// adds terminal colours to verdicts.
std::string claims_table(const std::vector<ClaimOutcome>& outcomes, std::size_t width, bool color);

/// One page of all claims with a figure each; a claim without a figure gets one of its checks.
std::string claims_page(const std::vector<ClaimOutcome>& outcomes);

/// One JSON object a claim, for tools.
std::string claims_json_lines(const std::vector<ClaimOutcome>& outcomes);

/// 0 if every claim passed, else 6.
int claims_exit_status(const std::vector<ClaimOutcome>& outcomes);

}  // namespace pushforward::runner
