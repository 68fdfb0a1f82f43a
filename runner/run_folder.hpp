/// A run on disk: its folder, its files, and what keeps both whole while it is under way.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/execute.hpp"
#include "runner/files.hpp"
#include "runner/progress_view.hpp"
#include "runner/signals.hpp"

namespace pushforward::runner {

/// A file that only grows, but for being cut back when a run is resumed.
class AppendFile {
 public:
  /// @throws Refused E703
  AppendFile(const std::filesystem::path& path, std::uint64_t keep_bytes);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  void line(const std::string& text);
  /// Flushes to disk.
  void settle();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// The host of a run that lives in a folder: status, metrics, log, checkpoints, signals, limits.
class FolderHost final : public RunHost {
 public:
  FolderHost(std::filesystem::path folder, const RunPlan& plan, ProgressView& view,
             const FoundCheckpoint* resumed);

  void stage(std::string_view name, bool restored) override;
  void progress(const Progress& progress) override;
  Stop stop() override;
  bool checkpoint_due() override;
  void save(Checkpoint& checkpoint) override;
  void completed(const Checkpoint& end) override { end_ = end; }
  void metric(const std::string& line) override { metrics_.line(line); }
  void warning(const std::string& text) override;

  void log(std::string_view level, const std::string& message);
  void write_status(std::string_view state);
  /// Leaves the run's end as its only checkpoint, for a larger budget to go on from.
  void keep_end();
  /// Where the run stands: its stage and the last step that was polled.
  const std::string& stage_name() const { return stage_; }
  std::int64_t step() const { return done_; }
  void settle() { metrics_.settle(); }
  double seconds() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::filesystem::path folder_;
  const RunPlan& plan_;
  ProgressView& view_;
  SignalFlags signals_;
  AppendFile metrics_;
  AppendFile log_;
  int number_;  // of the newest checkpoint
  double interval_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_save_ = Clock::now();
  Clock::time_point last_status_{};
  std::string stage_;
  std::int64_t done_ = 0, total_ = 0;
  std::optional<Checkpoint> end_;
};

struct RunOptions {
  std::filesystem::path out = {};  ///< empty: runs/<name>-<time>-<hash>
  ProgressMode progress = ProgressMode::automatic;
  std::vector<std::string> command_line = {};
  bool quiet = false;               ///< no summary
  bool allow_build_change = false;  ///< resume what another build began
};

struct FinishedRun {
  std::filesystem::path folder;
  RunResult result;
  int exit_status = 0;
  Findings problems = {};  ///< why results that are kept end with exit status 5
};

/// Runs a plan in a folder of its own.
FinishedRun run_in_new_folder(const RunPlan& plan, const RunOptions& options);

/// Goes on with the run in `folder` from its newest checkpoint. A finished run goes on only if
/// `overrides` let a budget of its task grow.
/// @throws Refused E80x (exit status 8), E902 (9)
FinishedRun resume_in_folder(const std::filesystem::path& folder, const Registry& registry,
                             const std::vector<std::string>& overrides, const RunOptions& options);

/// The plan that the run in `folder` carried out.
RunPlan plan_of_run(const std::filesystem::path& folder, const Registry& registry,
                    const std::vector<std::string>& overrides = {});

/// At most 25 lines: verdict, numbers, checks, warnings, time, folder, what to do next.
std::string summary_text(const FinishedRun& run, const RunPlan& plan, double seconds);

/// Why a run whose results are kept ends with exit status 5, and what to do (E501, E502).
Findings numerical_findings(const FinishedRun& run, const RunPlan& plan);

/// Writes the files of a report into a run folder.
void write_report(const std::filesystem::path& folder, const ReportModel& model);

/// What the report of a run shows.
ReportModel report_model(const RunPlan& plan, const RunResult& result, const Json& provenance,
                         const std::string& run_folder_name);

}  // namespace pushforward::runner
