/// The report of a run: one HTML file that holds everything and needs nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runner/figure.hpp"

namespace pushforward::runner {

/// One assertion on the result and what came of it.
struct ReportCheck {
  std::string id;
  std::string statement;  ///< What is asserted, as a sentence: "largest cell mass error".
  Measured measured;
  std::string bound;    ///< "at most 0.005", "slope 1 ± 0.1".
  std::string outcome;  ///< "pass", "fail" or "inconclusive".
  std::string note;     ///< Why, when it did not pass; may be empty.
};

/// A headline quantity.
struct ReportNumber {
  std::string name;
  Measured measured;
  std::string unit;
  std::string method;  ///< How it was obtained; may be empty.
};

/// A part of the story: text first, then tables, then figures.
struct ReportSection {
  std::string title;
  std::vector<std::string> paragraphs;  ///< Plain text; `code` in backticks, **bold** in stars.
  std::vector<Table> tables;
  std::vector<Figure> figures;
};

/// All that a report shows, in the order in which it shows it.
struct ReportModel {
  std::string title;    ///< The run's name.
  std::string task;     ///< "diffusion.dpm_ot".
  std::string verdict;  ///< "ok", "not_converged", "check_failed", "inconclusive", "interrupted",
                        ///< "failed".
  std::string verdict_note;  ///< Why, in a sentence; may be empty.
  std::vector<ReportCheck> checks;
  std::string summary;  ///< What was run, in one sentence.
  std::vector<ReportNumber> numbers;
  std::vector<ReportSection> sections;
  std::vector<std::string> warnings;
  std::string resolved_config;  ///< The JSON text.
  std::vector<std::pair<std::string, std::string>> provenance;
  std::vector<std::string> reproduce;  ///< Commands, one a line.
};

/// @param most_bytes  when the page would be larger, its largest figures are replaced by a line
///                    that says so and names their files.
std::string report_html(const ReportModel& model, std::size_t most_bytes = 2'000'000);

/// A file of the report, by its path inside the run folder.
struct ReportFile {
  std::string path;
  std::string content;
};

/// `report.html`, `report.json` (from which `read_report` rebuilds the model) and, for each figure,
/// `figures/ID.svg`, `figures/ID.json` and `figures/ID.vl.json`.
/// @throws std::invalid_argument for an invalid figure or two figures of one id.
std::vector<ReportFile> report_files(const ReportModel& model);

/// The model from the files that `report_files` named, nothing computed again.
/// @throws std::runtime_error naming the file that is missing or damaged, and how.
ReportModel read_report(const std::filesystem::path& run_folder);

}  // namespace pushforward::runner
